//! `tokenward revoke`: tell the provider that the tokens shall die.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::several::{self, Report, Which};
use crate::engine::api::{Command, RevokeOutcome};
use crate::model::credential::Standing;
use clap::Args;

/// Arguments of `tokenward revoke`.
#[derive(Debug, Args)]
#[command(after_help = "\
The credential stays in the list, marked as revoked; `tokenward remove` forgets it.
With --json: an array of objects with name, ok, outcome (confirmed, by_hand) and page, or error, code and hint.")]
pub struct RevokeArgs {
    /// Which credentials.
    #[command(flatten)]
    which: Which,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

/// Revokes them, one after the other.
pub fn run(args: &RevokeArgs, context: &Context) -> Result<(), Failure> {
    let lines = Session::with(context, |session| {
        let names = args.which.resolve(session, |view| {
            !matches!(view.profile.standing, Standing::Revoked { .. })
        })?;
        several::confirm(context, args.yes, "Revoke at the provider:", &names)?;
        let revoke = |name: &crate::model::name::CredentialName| {
            let name = name.clone();
            session.ask(|reply| Command::Revoke { name, reply })
        };
        let results = names.iter().map(revoke).collect::<Vec<_>>();
        Ok(names.into_iter().zip(results).collect::<Vec<_>>())
    })?;
    let lines = lines.into_iter().map(|(name, result)| {
        let detail = result.map(|outcome| serde_json::to_value(outcome).unwrap_or_default());
        (name, detail)
    });
    Report::new(lines.collect()).print(context, |name, detail| {
        match serde_json::from_value(detail.clone()) {
            Ok(RevokeOutcome::ByHand { page: Some(page) }) => {
                format!("{name}: marked as revoked; end the grant at the provider by hand: {page}")
            }
            Ok(RevokeOutcome::ByHand { page: None }) => {
                format!("{name}: marked as revoked; the provider has no revocation: end the grant there by hand")
            }
            Ok(RevokeOutcome::Confirmed) | Err(_) => {
                format!("{name}: revoked, the provider confirmed it")
            }
        }
    })
}
