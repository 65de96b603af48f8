//! What was done with credentials and with the vault, told in a sentence: the acts that an audit asks about.

use crate::model::event::{Activity, Happening};
use crate::model::inquiry::Liveness;
use crate::model::lock::LockReason;
use crate::model::program::Program;
use crate::tui::theme::Tone;
use crate::tui::words;

/// One line about it, and how it is meant. What else may happen is told by [`tale`](crate::tui::screens::tale).
pub fn sentence(activity: &Activity) -> (Tone, String) {
    let (tone, mut text) = deed(activity);
    if let Some(by) = activity.by.as_deref().map(|program| format!(", {program}"))
        && !text.contains(&by)
    {
        text.push_str(&by);
    }
    (tone, text)
}

fn deed(activity: &Activity) -> (Tone, String) {
    let by = activity
        .by
        .as_deref()
        .map_or_else(String::new, |program| format!(", {program}"));
    match &activity.what {
        Happening::HandedOut { purpose, count } => {
            let times = if *count == 1 {
                String::new()
            } else {
                format!(" {count} times")
            };
            (Tone::Dim, format!("{}{times}{by}", purpose.word()))
        }
        Happening::Asked { act, provider } => {
            let at = provider.as_ref().filter(|_| activity.name.is_none());
            let at = at.map_or_else(String::new, |provider| format!(" at {provider}"));
            let said = format!("somebody asked for {}{at}{by}", act.words());
            (Tone::Plain, said)
        }
        Happening::Validated {
            liveness,
            introspected,
        } => validated(*liveness, *introspected),
        Happening::LinesLost { count } => (
            Tone::Trouble,
            format!("{} of this log could not be written", lines(*count)),
        ),
        Happening::SettingsChanged {
            changed,
            at_the_next_start,
        } => settings_changed(changed, at_the_next_start),
        Happening::SettingsRefused { why } => (
            Tone::Trouble,
            format!("the settings cannot be used, those of before go on: {why}"),
        ),
        Happening::Grant { grant, what } => {
            let tone = if what.is_failure() {
                Tone::Trouble
            } else {
                Tone::Plain
            };
            (tone, format!("the grant {grant} {}", what.words()))
        }
        Happening::HookFailed { program, on, why } => (
            Tone::Trouble,
            format!("the hook {program} failed for {}: {why}", on.word()),
        ),
        Happening::LimitExceeded { limit } => (Tone::Soon, format!("asked too often{by}: {limit}")),
        Happening::AlertSeen { alert, .. } => (
            Tone::Dim,
            format!("somebody looked at an alert: {}", alert.words()),
        ),
        Happening::WrongPassphrase { count, last } => {
            let many = words::count(many(*count), "wrong passphrase");
            let last = last.map_or_else(String::new, |at| {
                format!(", the last at {}", at.to_rfc3339())
            });
            (
                Tone::Trouble,
                format!("{many} since the last unlocking{last}"),
            )
        }
        Happening::Locked { reason } => {
            // Who is told beside it says as much as that somebody asked.
            let why = match reason {
                LockReason::Asked if !by.is_empty() => String::new(),
                reason => format!(": {}", reason.words()),
            };
            (Tone::Plain, format!("the vault was locked{why}"))
        }
        Happening::Unlocked => (Tone::Good, "the vault was unlocked again".to_owned()),
        Happening::RecipientExchanged { recipient } => (
            Tone::Trouble,
            format!(
                "somebody exchanged the vault's public recipient for {recipient}: `tokenward inbox`"
            ),
        ),
        Happening::SlotAdded { slot } => (Tone::Soon, format!("a way to unlock was added: {slot}")),
        Happening::SlotRemoved { slot } => {
            (Tone::Soon, format!("a way to unlock was removed: {slot}"))
        }
        Happening::KeyRotated { records } => (
            Tone::Good,
            format!(
                "the vault has a new key; {} sealed anew",
                words::count(many(*records), "record")
            ),
        ),
        Happening::BackedUp { credentials } => (
            Tone::Good,
            format!(
                "a backup of {} was written",
                words::count(many(*credentials), "credential")
            ),
        ),
        Happening::CopiesRemoved { copies } => (
            Tone::Soon,
            format!(
                "{} removed: copies of the vault that opened in the way of before",
                words::count(many(*copies), "old file")
            ),
        ),
        Happening::Restored { of } => (
            Tone::Soon,
            format!("restored from a backup of {}", of.to_rfc3339()),
        ),
        Happening::PutBack { generation, .. } => (
            Tone::Soon,
            format!("generation {} of its tokens was put back", generation.0),
        ),
        Happening::Exported { credentials } => (
            Tone::Soon,
            format!(
                "{} exported{by}",
                words::count(many(*credentials), "credential")
            ),
        ),
        Happening::Imported {
            credentials, from, ..
        } => (
            Tone::Good,
            format!(
                "{} imported from {from}",
                words::count(many(*credentials), "credential")
            ),
        ),
        Happening::ParcelRefused { from, was } => {
            let from = from.as_ref().map(|from| format!(" ({from})"));
            let from = from.unwrap_or_default();
            match was {
                Some(was) => (
                    Tone::Soon,
                    format!("{was} was refused from the inbox{from}, and is to be revoked"),
                ),
                None => (
                    Tone::Soon,
                    format!("refused from the inbox{from}, its tokens not revoked{by}"),
                ),
            }
        }
        Happening::Identified { generation } => (
            Tone::Soon,
            format!(
                "a token that was shown to the vault is one of generation {}",
                generation.0
            ),
        ),
        Happening::SignedIn { .. }
        | Happening::SignInFailed { .. }
        | Happening::Refreshed { .. }
        | Happening::RefreshFailed { .. }
        | Happening::Recovered { .. }
        | Happening::EndsSoon { .. }
        | Happening::Revoked { .. }
        | Happening::RevokeFailed { .. }
        | Happening::ScopesMissed { .. }
        | Happening::Renamed { .. }
        | Happening::Superseded { .. }
        | Happening::Checked { .. }
        | Happening::ClientDeleted { .. }
        | Happening::Removed { .. }
        | Happening::VaultCreated
        | Happening::SlotsChanged
        | Happening::EngineStarted { .. }
        | Happening::Unreadable { .. }
        | Happening::TokensLost
        | Happening::ClockJumped { .. } => (Tone::Plain, activity.what.kind().to_owned()),
    }
}

/// A program with all that is known of it.
pub fn program(program: &Program) -> String {
    let mut parts = vec![program.name().to_owned()];
    if program.in_ui {
        parts.insert(0, "a person in the UI".to_owned());
    }
    parts.extend(program.pid.map(|pid| format!("process {pid}")));
    parts.extend(program.uid.map(|uid| format!("user {uid}")));
    if program.executable.is_some() || program.user_agent.is_some() {
        parts.extend(
            program
                .address
                .as_ref()
                .map(|address| format!("from {address}")),
        );
    }
    parts.join(", ")
}

fn validated(liveness: Liveness, introspected: bool) -> (Tone, String) {
    let how = if introspected {
        "introspected"
    } else {
        "validated"
    };
    match liveness {
        Liveness::Alive => (Tone::Good, format!("{how}: the provider takes the token")),
        Liveness::Dead => (
            Tone::Trouble,
            format!("{how}: the provider takes the token no more"),
        ),
        Liveness::Unknown => (Tone::Dim, format!("{how}: the provider did not say")),
    }
}

fn lines(count: u64) -> String {
    words::count(many(count), "line")
}

fn many(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// What is said of settings that were read anew.
fn settings_changed(changed: &[String], at_the_next_start: &[String]) -> (Tone, String) {
    let mut text = "the settings were read anew".to_owned();
    if !changed.is_empty() {
        text.push_str(&format!(": {}", changed.join(", ")));
    }
    if at_the_next_start.is_empty() {
        return (Tone::Plain, text);
    }
    let later = at_the_next_start.join(", ");
    (
        Tone::Soon,
        format!("{text}; only at the next start: {later}"),
    )
}
