//! The log of a headless owner: what happened, by name and code, as text or JSON; never a secret.

use crate::cli::failure::Failure;
use crate::engine::api::Event;
use crate::model::event::{Activity, Happening};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Time on log lines in RFC 3339, as everywhere else.
struct Clock;

impl FormatTime for Clock {
    fn format_time(&self, w: &mut tracing_subscriber::fmt::format::Writer<'_>) -> std::fmt::Result {
        w.write_str(&crate::clock::now().to_rfc3339())
    }
}

/// Starts logging to stderr. `TOKENWARD_LOG` is the least severe level that is written: error, warn, info, debug or
/// trace. Only our own lines are written: other crates do not know what is a secret here.
pub fn start(format: LogFormat) -> Result<(), Failure> {
    let level = std::env::var("TOKENWARD_LOG").unwrap_or_else(|_| "info".to_owned());
    let level = level_named(&level).ok_or_else(|| {
        Failure::usage(format!("TOKENWARD_LOG is `{level}`"))
            .hint("use error, warn, info, debug, trace or off")
    })?;
    let ours = Targets::new().with_target("tokenward", level);
    let lines = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_ansi(false)
        .with_writer(std::io::stderr);
    // The journal has times of its own.
    let journal = std::env::var_os("JOURNAL_STREAM").is_some();
    match (format, journal) {
        (LogFormat::Json, _) => {
            let lines = lines.with_timer(Clock).json().flatten_event(true);
            lines.finish().with(ours).init();
        }
        (LogFormat::Text, true) => lines.without_time().finish().with(ours).init(),
        (LogFormat::Text, false) => lines.with_timer(Clock).finish().with(ours).init(),
    }
    Ok(())
}

fn level_named(word: &str) -> Option<LevelFilter> {
    match word {
        "error" | "warn" | "info" | "debug" | "trace" | "off" => word.parse().ok(),
        _ => None,
    }
}

/// Writes what an event tells.
pub fn write(event: &Event) {
    match event {
        Event::Happened { activity } => happened(activity),
        Event::Loaded { loaded, total } if loaded == total => {
            tracing::info!(credentials = total, "all credentials are loaded");
        }
        Event::Lagged => tracing::warn!("some log lines were lost: events came too fast"),
        Event::Alerts { new, .. } => {
            for alert in new {
                let (kind, program) = (alert.kind.words(), alert.program.as_deref());
                let name = alert.credential.as_ref().map(|name| name.as_str());
                tracing::warn!(name, program, kind, "an alert: {}", alert.text);
            }
        }
        Event::Unlocked => tracing::info!("unlocked"),
        Event::Questions { open } => {
            for question in open {
                let (id, grant) = (question.id.0, question.grant.as_str());
                let program = question.by.short_name();
                tracing::warn!(
                    id,
                    grant,
                    program,
                    "a program asks for a grant: tokenward grant questions"
                );
            }
        }
        Event::ScreenLocked { .. } => tracing::info!("the screens were locked"),
        // The line of the activity log says it.
        Event::Locked { .. }
        | Event::Changed { .. }
        | Event::Removed { .. }
        | Event::SignIn { .. }
        | Event::Loaded { .. }
        | Event::Stopped => {}
    }
}

fn program(activity: &Activity) -> Option<&str> {
    activity.by.as_ref().map(|program| program.short_name())
}

fn happened(activity: &Activity) {
    let name = activity.name.as_ref().map_or("", |name| name.as_str());
    match &activity.what {
        Happening::SignedIn { generation } => {
            tracing::info!(name, generation = generation.0, "signed in");
        }
        Happening::SignInFailed { failure, .. } => {
            tracing::warn!(name, code = failure.code, "a sign-in failed");
        }
        Happening::Refreshed {
            generation,
            took_ms,
            rotated,
        } => {
            tracing::info!(
                name,
                generation = generation.0,
                took_ms,
                rotated,
                "refreshed"
            );
        }
        Happening::RefreshFailed { failure, next } => {
            let next = next.map(|next| next.to_rfc3339());
            let next = next.as_deref().unwrap_or("never");
            tracing::warn!(name, code = failure.code, next, "a refresh failed");
        }
        Happening::EndsSoon { before, .. } => {
            let before = before.to_rfc3339();
            tracing::warn!(name, before, "a person has to sign in again before long");
        }
        Happening::Recovered { generation } => {
            tracing::warn!(
                name,
                generation = generation.0,
                "a refresh was cut off by a crash; what is kept is tried again"
            );
        }
        Happening::Revoked { proof, by_hand } => {
            tracing::info!(name, proof = proof.word(), by_hand, "revoked");
        }
        Happening::RevokeFailed { failure, .. } => {
            tracing::warn!(name, code = failure.code, "a revocation failed");
        }
        Happening::Grant { grant, what } => {
            let (grant, family) = (grant.as_str(), what.family().map(|it| it.to_string()));
            let program = program(activity);
            if what.is_failure() {
                tracing::warn!(grant, family, program, "a grant {}", what.words());
            } else {
                tracing::info!(grant, family, program, "a grant {}", what.words());
            }
        }
        Happening::HandedOut { .. }
        | Happening::Asked { .. }
        | Happening::Validated { .. }
        | Happening::AlertSeen { .. }
        | Happening::Unlocked
        | Happening::SlotAdded { .. }
        | Happening::SlotRemoved { .. }
        | Happening::KeyRotated { .. }
        | Happening::BackedUp { .. }
        | Happening::CopiesRemoved { .. }
        | Happening::Restored { .. }
        | Happening::PutBack { .. }
        | Happening::Exported { .. }
        | Happening::Imported { .. }
        | Happening::ParcelRefused { .. }
        | Happening::Identified { .. } => {
            tracing::info!(name, by = program(activity), "{}", activity.what.kind());
        }
        Happening::SettingsChanged {
            changed,
            at_the_next_start,
        } => {
            let (changed, later) = (changed.join(" "), at_the_next_start.join(" "));
            tracing::info!(
                changed,
                at_the_next_start = later,
                "the settings were read anew"
            );
        }
        Happening::SettingsRefused { why } => {
            tracing::error!("the settings cannot be used, those of before go on: {why}");
        }
        // Told by whoever ran it, each time and with what it printed.
        Happening::HookFailed { .. } => {}
        Happening::Locked { reason } => {
            tracing::info!(by = program(activity), why = reason.words(), "locked");
        }
        Happening::RecipientExchanged { recipient } => {
            tracing::error!(
                recipient,
                "somebody exchanged the vault's public recipient; what was sealed to it does not open: tokenward inbox"
            );
        }
        Happening::LinesLost { count } => {
            tracing::error!(count, "lines of the activity log could not be written");
        }
        Happening::LimitExceeded { limit } => {
            tracing::warn!(name, by = program(activity), limit, "a limit was exceeded");
        }
        Happening::WrongPassphrase { count, .. } => {
            tracing::warn!(count, "wrong passphrases since the last unlocking");
        }
        Happening::Removed { .. } => tracing::info!(name, "removed"),
        Happening::ScopesMissed { scopes } => {
            tracing::warn!(
                name,
                scopes = scopes.join(" "),
                "a program needs more scopes"
            );
        }
        Happening::Renamed { from } => tracing::info!(name, from = from.as_str(), "renamed"),
        Happening::Superseded { failure } => {
            let code = failure.as_ref().map(|failure| failure.code.as_str());
            tracing::info!(
                name,
                code,
                "the tokens of the sign-in before were to be revoked"
            );
        }
        Happening::Checked { liveness } => {
            tracing::info!(name, liveness = liveness.word(), "checked at the provider");
        }
        Happening::ClientDeleted { provider } => {
            tracing::info!(provider, "the client was deleted at the provider");
        }
        Happening::VaultCreated => tracing::info!("the vault was created"),
        Happening::SlotsChanged => tracing::info!("the vault's slots were changed"),
        Happening::EngineStarted { credentials } => tracing::info!(credentials, "started"),
        Happening::Unreadable { credentials } => {
            tracing::error!(
                credentials,
                "some credentials cannot be opened; tokenward vault verify names them"
            );
        }
        Happening::TokensLost => tracing::error!(
            name,
            "the new tokens are lost: the vault could not be written; sign in again if those before are refused"
        ),
        Happening::ClockJumped { by_ms } => tracing::warn!(by_ms, "the clock jumped"),
    }
}
