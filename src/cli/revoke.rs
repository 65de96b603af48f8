//! `tokenward revoke`: tell the provider that the tokens shall die.

use crate::cli::again;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::inbox::command::{called, waiting};
use crate::cli::session::Session;
use crate::cli::several::{self, Report, Which};
use crate::engine::api::{Command, Fate, FateOf, Refusal, RevokeOutcome};
use crate::model::credential::Standing;
use crate::model::inquiry::Liveness;
use crate::model::name::CredentialName;
use crate::model::parcel::ParcelView;
use crate::tui::words;
use clap::Args;
use serde_json::{Value, json};

/// Arguments of `tokenward revoke`.
#[derive(Debug, Args)]
#[command(after_help = "\
The credential stays in the list, marked as revoked; `tokenward remove` forgets it. Afterwards the tokens are looked for:
by introspection, by a refresh that must be refused, by using the access token. A provider that cannot be reached is told
again by the daemon or the UI; from the first moment nothing of the credential is handed out.
--all asks for the vault's passphrase once more, or takes --passphrase-file; what waits in the inbox is revoked too, and
leaves it.
With --json: an array of objects with name, ok, outcome (confirmed, by_hand), proof (dead, alive, unknown) and page, or
error, code and hint; one of the inbox has its number, item, and kept_as where its tokens live.")]
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
        let items = match args.which.all {
            true => waiting(session)?,
            false => Vec::new(),
        };
        let known = names.iter().map(ToString::to_string);
        let all: Vec<String> = known.chain(items.iter().map(called)).collect();
        several::confirm(context, args.yes, "Revoke at the provider:", &all)?;
        if args.which.all && !all.is_empty() && !session.was_shown_a_secret() {
            again::ask(context, "revoking all")?;
        }
        let revoke = |name: &CredentialName| {
            let name = name.clone();
            session.ask(|reply| Command::Revoke { name, reply })
        };
        let results = names.iter().map(revoke).collect::<Vec<_>>();
        let mut lines: Vec<Line> = names.into_iter().zip(results).map(detailed).collect();
        for item in &items {
            lines.extend(end(session, item));
        }
        Ok(lines)
    })?;
    Report::new(lines).print(context, row)
}

/// A line of a report.
type Line = (CredentialName, Result<Value, Failure>);

fn detailed((name, result): (CredentialName, Result<RevokeOutcome, Failure>)) -> Line {
    let detail = result.map(|outcome| serde_json::to_value(outcome).unwrap_or_default());
    (name, detail)
}

/// Ends something of the inbox.
fn end(session: &Session, item: &ParcelView) -> Option<Line> {
    let id = item.id;
    match session.ask(|reply| Command::EndParcel { id, reply }) {
        Ok(fate) => Some(line(fate)),
        Err(failure) => Some((item.name().ok()?, Err(failure.within(called(item))))),
    }
}

/// What became of one, as a line of a report.
pub fn line(fate: FateOf) -> Line {
    let FateOf {
        name,
        item,
        kept_as,
        fate,
    } = fate;
    let result = match fate {
        Fate::Revoked(outcome) => {
            let mut detail = serde_json::to_value(outcome).unwrap_or_default();
            if let (Some(item), Some(detail)) = (item, detail.as_object_mut()) {
                detail.insert("item".to_owned(), json!(item));
                detail.insert("kept_as".to_owned(), json!(kept_as));
            }
            Ok(detail)
        }
        Fate::Refused(refusal) => Err(match item {
            None => Failure::from(refusal),
            Some(item) => of_item(item, kept_as.as_ref(), refusal),
        }),
    };
    (name, result)
}

fn of_item(item: i64, kept_as: Option<&CredentialName>, refusal: Refusal) -> Failure {
    let failure = Failure::from(refusal);
    let kept = kept_as.map(|name| format!(", kept as {name} until then"));
    let text = format!(
        "item {item} of the inbox{}: {}",
        kept.unwrap_or_default(),
        failure.source
    );
    let said = Failure::new(failure.kind, text);
    failure.hints.into_iter().fold(said, Failure::hint)
}

/// What became of one, with its proof.
pub fn row(name: &CredentialName, detail: &serde_json::Value) -> String {
    let outcome = serde_json::from_value(detail.clone());
    let outcome = outcome.unwrap_or(RevokeOutcome::Confirmed {
        proof: Liveness::Unknown,
    });
    let proof = words::proof(outcome.proof());
    let item = detail["item"].as_i64();
    let name = &match item {
        Some(item) => format!("{name}, item {item} of the inbox"),
        None => name.to_string(),
    };
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
