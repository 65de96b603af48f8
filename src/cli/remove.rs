//! `tokenward remove`: forget credentials; the provider is not told.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::several::{self, Report, Which};
use crate::engine::api::Command;
use clap::Args;

/// Arguments of `tokenward remove`.
#[derive(Debug, Args)]
#[command(after_help = "\
The tokens stay valid at the provider until they expire: `tokenward revoke` first, to end them.
With --json: an array of objects with name and ok, or error, code and hint.")]
pub struct RemoveArgs {
    /// Which credentials.
    #[command(flatten)]
    which: Which,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

/// Removes them, one after the other.
pub fn run(args: &RemoveArgs, context: &Context) -> Result<(), Failure> {
    let lines = Session::with(context, |session| {
        let names = args.which.resolve(session, |_| true)?;
        several::confirm(context, args.yes, "Forget", &names)?;
        let remove = |name: &crate::model::name::CredentialName| {
            let name = name.clone();
            session.ask(|reply| Command::Remove { name, reply })
        };
        let results = names.iter().map(remove).collect::<Vec<_>>();
        Ok(names.into_iter().zip(results).collect::<Vec<_>>())
    })?;
    let lines = lines
        .into_iter()
        .map(|(name, result)| (name, result.map(|()| serde_json::json!({}))));
    Report::new(lines.collect()).print(context, |name, _| format!("{name}: removed"))
}
