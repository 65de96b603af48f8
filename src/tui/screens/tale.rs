//! What happened, told: a sentence for a line, and the whole story.

use crate::clock::Timestamp;
use crate::model::event::{Activity, Happening};
use crate::model::failure::Failure;
use crate::model::inquiry::Liveness;
use crate::model::likely::Likelihood;
use crate::tui::screens::kept;
use crate::tui::theme::Tone;
use crate::tui::words;
use jiff::tz::TimeZone;
use std::time::Duration;

/// One line about what happened, and how it is meant.
pub fn sentence(activity: &Activity) -> (Tone, String) {
    match &activity.what {
        Happening::SignedIn { generation } => (
            Tone::Good,
            format!("signed in, generation {}", generation.0),
        ),
        Happening::SignInFailed { failure, provider } => {
            let at = provider.as_ref().filter(|_| activity.name.is_none());
            let at = at.map_or_else(String::new, |provider| format!(" at {provider}"));
            let said = format!("sign-in{at} failed: {}", words::within(&failure.cause));
            (Tone::Trouble, said)
        }
        Happening::Refreshed {
            generation,
            took_ms,
            rotated,
        } => {
            let rotated = if *rotated { ", new refresh token" } else { "" };
            (
                Tone::Good,
                format!(
                    "refreshed in {took_ms} ms, generation {}{rotated}",
                    generation.0
                ),
            )
        }
        Happening::RefreshFailed { failure, next } => {
            let then = if next.is_some() {
                ", tried again later"
            } else {
                ""
            };
            let tone = if next.is_some() {
                Tone::Soon
            } else {
                Tone::Trouble
            };
            (
                tone,
                format!("refresh failed: {}{then}", code_and_cause(failure)),
            )
        }
        Happening::Recovered { generation } => (
            Tone::Soon,
            format!(
                "a refresh was cut off at generation {}; recovering",
                generation.0
            ),
        ),
        Happening::EndsSoon { before, because } => {
            let why = words::ended_by(*because).unwrap_or("the refresh token ends then");
            let left = words::about(activity.at.until(*before));
            (Tone::Soon, format!("sign in again within {left}: {why}"))
        }
        Happening::Revoked { proof, by_hand } => {
            let tone = if *proof == Liveness::Alive {
                Tone::Trouble
            } else {
                Tone::Dim
            };
            let how = match by_hand {
                true => "marked as revoked, to be ended by hand at the provider",
                false => "revoked at the provider",
            };
            (tone, format!("{how}, {}", words::proof(*proof)))
        }
        Happening::RevokeFailed { failure, next } => {
            let then = if next.is_some() {
                ", told again later"
            } else {
                ""
            };
            let cause = words::within(&failure.cause);
            (
                Tone::Trouble,
                format!("could not be revoked: {cause}{then}"),
            )
        }
        Happening::HandedOut { .. }
        | Happening::Asked { .. }
        | Happening::Validated { .. }
        | Happening::SettingsChanged { .. }
        | Happening::SettingsRefused { .. }
        | Happening::Grant { .. }
        | Happening::HookFailed { .. }
        | Happening::Locked { .. }
        | Happening::Unlocked
        | Happening::RecipientExchanged { .. }
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
        | Happening::Identified { .. }
        | Happening::LinesLost { .. }
        | Happening::LimitExceeded { .. }
        | Happening::AlertSeen { .. }
        | Happening::WrongPassphrase { .. } => kept::sentence(activity),
        Happening::Removed { .. } => (Tone::Dim, "removed here".to_owned()),
        Happening::ScopesMissed { scopes } => (
            Tone::Soon,
            format!("a program needs more scopes: {}", scopes.join(" ")),
        ),
        Happening::Renamed { from } => (Tone::Dim, format!("called so now, {from} before")),
        Happening::Superseded { failure: None } => (
            Tone::Dim,
            "the tokens of the sign-in before were revoked".to_owned(),
        ),
        Happening::Superseded {
            failure: Some(failure),
        } => (
            Tone::Soon,
            format!(
                "the tokens of the sign-in before could not be revoked: {}",
                words::within(&failure.cause)
            ),
        ),
        Happening::Checked { liveness } => match liveness {
            Liveness::Alive => (
                Tone::Good,
                "checked: the provider takes the token".to_owned(),
            ),
            Liveness::Dead => (
                Tone::Trouble,
                "checked: the provider takes the token no more".to_owned(),
            ),
            Liveness::Unknown => (Tone::Dim, "checked: the provider did not say".to_owned()),
        },
        Happening::ClientDeleted { provider } => {
            (Tone::Dim, format!("the client was deleted at {provider}"))
        }
        Happening::VaultCreated => (Tone::Good, "the vault was created".to_owned()),
        Happening::SlotsChanged => (
            Tone::Soon,
            "the ways to unlock the vault were changed".to_owned(),
        ),
        Happening::EngineStarted { credentials } => {
            let many = usize::try_from(*credentials).unwrap_or(usize::MAX);
            (
                Tone::Dim,
                format!(
                    "the engine started with {}",
                    words::count(many, "credential")
                ),
            )
        }
        Happening::Unreadable { credentials } => {
            let many = usize::try_from(*credentials).unwrap_or(usize::MAX);
            let many = words::count(many, "credential");
            (Tone::Trouble, format!("{many} cannot be opened"))
        }
        Happening::TokensLost => (
            Tone::Trouble,
            "the new tokens are lost: the vault could not be written".to_owned(),
        ),
        Happening::ClockJumped { by_ms } => {
            let by = words::span(Duration::from_millis(by_ms.unsigned_abs()));
            let how = if *by_ms < 0 {
                "was set back"
            } else {
                "ran ahead (sleep, or set)"
            };
            (
                Tone::Soon,
                format!("the clock {how} by {by}; everything is planned anew"),
            )
        }
    }
}

fn code_and_cause(failure: &Failure) -> String {
    let cause = words::within(&failure.cause);
    // The cause of a bare status names it already.
    if failure.code.starts_with("http_") {
        cause
    } else {
        format!("{cause} ({})", failure.code)
    }
}

/// The whole story in labelled lines.
pub fn story(activity: &Activity, now: Timestamp, zone: &TimeZone) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("when", words::moment(activity.at, now, zone)),
        (
            "whose",
            activity
                .name
                .as_ref()
                .map_or("the engine's own".to_owned(), ToString::to_string),
        ),
        ("what", sentence(activity).1),
    ];
    if let Some(program) = &activity.by {
        lines.push(("who", kept::program(program)));
    }
    if let Some(operation) = activity.operation {
        lines.push(("operation", operation.to_string()));
    }
    match &activity.what {
        Happening::SignInFailed { failure, .. } => failure_lines(failure, &mut lines),
        Happening::RevokeFailed { failure, next } => {
            failure_lines(failure, &mut lines);
            if let Some(at) = next {
                let moment = words::moment(*at, now, zone);
                lines.push(("then", format!("the provider is told again at {moment}")));
            }
        }
        Happening::Revoked { proof, by_hand } => {
            if *by_hand {
                let how = "the provider has no revocation for it: end the grant there by hand";
                lines.push(("how", how.to_owned()));
            }
            lines.push(("proof", words::proof_sentence(*proof).to_owned()));
        }
        Happening::RefreshFailed { failure, next } => {
            failure_lines(failure, &mut lines);
            let next = match next {
                Some(at) => format!("tried again at {}", words::moment(*at, now, zone)),
                None => "not tried again by itself".to_owned(),
            };
            lines.push(("then", next));
        }
        Happening::Refreshed { rotated, .. } => {
            let kept = if *rotated {
                "the provider replaced the refresh token; the new one was on disk before anyone saw it"
            } else {
                "the provider kept the refresh token as it was"
            };
            lines.push(("token", kept.to_owned()));
        }
        Happening::Recovered { .. } => lines.push((
            "why",
            "the program ended while an answer was on its way; what is kept is tried, newest first"
                .to_owned(),
        )),
        Happening::Unreadable { .. } => lines.push((
            "fix",
            "`tokenward vault verify` names what is wrong with each; a backup may still have it whole"
                .to_owned(),
        )),
        Happening::TokensLost => lines.push((
            "fix",
            "At the next start the tokens before are tried; sign in again if the provider refuses them."
                .to_owned(),
        )),
        Happening::EndsSoon { before, .. } => {
            lines.push(("before", words::moment(*before, now, zone)));
        }
        Happening::Grant { what, .. } => {
            if let Some(family) = what.family() {
                lines.push(("family", family.to_string()));
            }
        }
        Happening::SignedIn { .. }
        | Happening::HandedOut { .. }
        | Happening::Asked { .. }
        | Happening::Validated { .. }
        | Happening::SettingsChanged { .. }
        | Happening::SettingsRefused { .. }
        | Happening::HookFailed { .. }
        | Happening::Locked { .. }
        | Happening::Unlocked
        | Happening::RecipientExchanged { .. }
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
        | Happening::Identified { .. }
        | Happening::LinesLost { .. }
        | Happening::LimitExceeded { .. }
        | Happening::AlertSeen { .. }
        | Happening::WrongPassphrase { .. }
        | Happening::ScopesMissed { .. }
        | Happening::Renamed { .. }
        | Happening::Superseded { .. }
        | Happening::Checked { .. }
        | Happening::ClientDeleted { .. }
        | Happening::Removed { .. }
        | Happening::VaultCreated
        | Happening::SlotsChanged
        | Happening::EngineStarted { .. }
        | Happening::ClockJumped { .. } => {}
    }
    lines
}

/// A likely cause with what speaks for it and what helps.
pub fn likely_words(likely: &Likelihood) -> String {
    let mut text = format!("{} {}", likely.cause.sentence(), likely.evidence);
    if let Some(remedy) = likely.cause.remedy() {
        text.push(' ');
        text.push_str(remedy);
    }
    text
}

/// Cause, meaning, fix, likely causes and the provider's words of a failure, labelled.
pub fn failure_lines(failure: &Failure, lines: &mut Vec<(&'static str, String)>) {
    lines.push(("cause", failure.cause.clone()));
    for (at, likely) in failure.likely().iter().enumerate() {
        let label = if at == 0 { "likely" } else { "or" };
        lines.push((label, likely_words(likely)));
    }
    let meaning = failure.meaning();
    if !meaning.is_empty() {
        lines.push(("means", meaning.to_owned()));
    }
    let advice = failure.advice();
    if !advice.is_empty() {
        lines.push(("fix", advice));
    }
    if let Some(words) = &failure.provider_words {
        lines.push(("it said", words.clone()));
    }
    if let Some(secs) = failure.retry_after_secs {
        let span = words::span(Duration::from_secs(secs.into()));
        lines.push(("asked", format!("not to be called for {span}")));
    }
    lines.push(("code", failure.code.clone()));
}
