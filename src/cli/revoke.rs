//! `tokenward revoke`: tell the provider that the tokens shall die.

use crate::cli::again;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::several::{self, Report, Which};
use crate::engine::api::{Command, RevokeOutcome};
use crate::model::credential::Standing;
use crate::model::inquiry::Liveness;
use crate::model::name::CredentialName;
use crate::tui::words;
use clap::Args;

/// Arguments of `tokenward revoke`.
#[derive(Debug, Args)]
#[command(after_help = "\
The credential stays in the list, marked as revoked; `tokenward remove` forgets it. Afterwards the tokens are looked for:
by introspection, by a refresh that must be refused, by using the access token. A provider that cannot be reached is told
again by the daemon or the UI; from the first moment nothing of the credential is handed out.
--all asks for the vault's passphrase once more, or takes --passphrase-file.
With --json: an array of objects with name, ok, outcome (confirmed, by_hand), proof (dead, alive, unknown) and page, or
error, code and hint.")]
pub struct RevokeArgs {
    /// Which credentials.
    #[command(flatten)]
    which: Which,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

/// Revokes one, about which the person was asked already.
pub fn one(name: CredentialName, context: &Context) -> Result<(), Failure> {
    let which = Which::one(name);
    run(&RevokeArgs { which, yes: true }, context)
}

/// Revokes them, one after the other.
pub fn run(args: &RevokeArgs, context: &Context) -> Result<(), Failure> {
    let lines = Session::with(context, |session| {
        let names = args.which.resolve(session, |view| {
            !matches!(view.profile.standing, Standing::Revoked { .. })
                || view.is_alive_though_revoked()
        })?;
        several::confirm(context, args.yes, "Revoke at the provider:", &names)?;
        if args.which.all && !names.is_empty() && !session.was_shown_a_secret() {
            again::ask(context, "revoking all")?;
        }
        let revoke = |name: &CredentialName| {
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
    Report::new(lines.collect()).print(context, row)
}

/// What became of one, with its proof.
pub fn row(name: &CredentialName, detail: &serde_json::Value) -> String {
    let outcome = serde_json::from_value(detail.clone());
    let outcome = outcome.unwrap_or(RevokeOutcome::Confirmed {
        proof: Liveness::Unknown,
    });
    let proof = words::proof(outcome.proof());
    match &outcome {
        RevokeOutcome::ByHand {
            page: Some(page), ..
        } => {
            format!(
                "{name}: marked as revoked ({proof}); end the grant at the provider by hand: {page}"
            )
        }
        RevokeOutcome::ByHand { page: None, .. } => format!(
            "{name}: marked as revoked ({proof}); the provider has no revocation: end the grant there by hand"
        ),
        RevokeOutcome::Confirmed { .. } => {
            format!("{name}: revoked, the provider confirmed it; {proof}")
        }
    }
}
