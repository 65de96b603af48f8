//! `tokenward rename`: calls a credential by another account's name.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::engine::api::Command;
use crate::model::name::CredentialName;
use clap::Args;
use serde_json::json;

/// Arguments of `tokenward rename`.
#[derive(Debug, Args)]
#[command(after_help = "\
The tokens, their history of refreshes and their settings stay; lines of activity stay under the old name.
With --json: one object with name and from.")]
pub struct RenameArgs {
    /// Which, provider/account.
    name: CredentialName,
    /// The account part it gets; the provider's part stays.
    account: String,
}

/// Renames it.
pub fn run(args: &RenameArgs, context: &Context) -> Result<(), Failure> {
    let account = args.name.account_meant(&args.account);
    let view = Session::with(context, |session| {
        session.ask(|reply| Command::Rename {
            name: args.name.clone(),
            account: account.to_owned(),
            reply,
        })
    })?;
    let name = &view.profile.name;
    if context.output.json {
        return context
            .output
            .json_line(&json!({ "name": name, "from": args.name }));
    }
    context.output.data(&format!("{name}\n"))
}
