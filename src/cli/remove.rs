//! `tokenward remove`: forget credentials; the provider is not told.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::several::{self, Report, Which};
use crate::engine::api::Command;
use crate::model::credential::CredentialView;
use crate::model::name::CredentialName;
use clap::Args;
use std::collections::BTreeSet;

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
    /// With the last credential of a client that was registered from here, delete the client at the provider too (RFC
    /// 7592); left out, a person is asked.
    #[arg(long)]
    delete_client: bool,
}

/// Removes them, one after the other.
pub fn run(args: &RemoveArgs, context: &Context) -> Result<(), Failure> {
    let lines = Session::with(context, |session| {
        let names = args.which.resolve(session, |_| true)?;
        several::confirm(context, args.yes, "Forget", &names)?;
        let remove = |name: &CredentialName| {
            let name = name.clone();
            session.ask(|reply| Command::Remove {
                name,
                only: None,
                reply,
            })
        };
        let results = names.iter().map(remove).collect::<Vec<_>>();
        let providers: BTreeSet<&str> = names.iter().map(CredentialName::provider).collect();
        for provider in providers {
            clean_up(args, context, session, provider)?;
        }
        Ok(names.into_iter().zip(results).collect::<Vec<_>>())
    })?;
    let lines = lines
        .into_iter()
        .map(|(name, result)| (name, result.map(|()| serde_json::json!({}))));
    Report::new(lines.collect()).print(context, |name, _| format!("{name}: removed"))
}

/// Deletes a client that was registered from here once nothing is left of it, if the person agrees.
fn clean_up(
    args: &RemoveArgs,
    context: &Context,
    session: &Session,
    provider: &str,
) -> Result<(), Failure> {
    let is_left = |view: &CredentialView| view.profile.name.provider() == provider;
    if session.all()?.iter().any(is_left) {
        return Ok(());
    }
    let clients = session.ask(|reply| Command::Clients { reply })?;
    let is_ours = clients
        .iter()
        .any(|client| client.provider == provider && client.is_registered);
    if !is_ours {
        return Ok(());
    }
    let question = format!("Delete the client that was registered with {provider} too? [y/N] ");
    let agrees = args.delete_client
        || (!args.yes
            && context.output.can_ask()
            && matches!(context.output.ask(&question)?.as_str(), "y" | "Y" | "yes"));
    if !agrees {
        context.output.say(&format!(
            "The client registered with {provider} is kept for the next sign-in."
        ));
        return Ok(());
    }
    let provider_name = provider.to_owned();
    session.ask(|reply| Command::DeleteClient {
        provider: provider_name,
        reply,
    })?;
    context
        .output
        .say(&format!("{provider}: its client was deleted there"));
    Ok(())
}
