//! The line above the keys: what the selected row needs, or what is ahead of it.

use crate::model::credential::{CredentialView, Standing};
use crate::model::health::Health;
use crate::tui::app::App;
use crate::tui::keymap::{Action, Scope, key_for};
use crate::tui::telling;
use crate::tui::theme::Tone;
use crate::tui::words;

/// The sentence about a credential, and how it is meant.
pub fn about(app: &App, view: &CredentialView) -> (Tone, String) {
    let provider = &view.profile.provider_name;
    let key = |action| key_for(Scope::Credentials, action, app.theme);
    let again = key(Action::SignInAgain);
    match &view.health {
        Health::NeedsLogin { cause } => (
            Tone::Trouble,
            format!(
                "{provider}: {}. {again} signs in again.",
                words::within(&cause.cause)
            ),
        ),
        Health::Misconfigured { cause } => (
            Tone::Trouble,
            format!("{provider}: {}. {}", words::within(&cause.cause), cause.fix),
        ),
        Health::Retrying { next, .. } => {
            let cause = telling::matter(view)
                .map_or("the last attempt failed".to_owned(), |failure| {
                    words::within(&failure.cause)
                });
            let when = words::span(app.now.until(*next));
            (
                Tone::Soon,
                format!(
                    "{provider}: {cause}. Next try in {when}; {} tries now.",
                    key(Action::Rotate)
                ),
            )
        }
        Health::RateLimited { until } => {
            let when = words::moment(*until, app.now, &app.around.zone);
            (
                Tone::Soon,
                format!("{provider}: held back by a rate limit until {when}"),
            )
        }
        Health::Expired if view.profile.is_renewable() => {
            let cause = telling::matter(view).map_or("not refreshed yet".to_owned(), |failure| {
                words::within(&failure.cause)
            });
            (
                Tone::Trouble,
                format!(
                    "{provider}: expired; {cause}. {} tries now.",
                    key(Action::Rotate)
                ),
            )
        }
        Health::Expired => (
            Tone::Trouble,
            format!("{provider}: expired, and there is no refresh token. {again} signs in again."),
        ),
        Health::Revoking { attempt, next } => {
            let state = words::revoking(*attempt, *next, app.now);
            let cause = telling::matter(view).map(|failure| words::within(&failure.cause));
            let cause = cause.map(|cause| format!("; {cause}")).unwrap_or_default();
            let remove = key(Action::Remove);
            let text = format!("{provider}: {state}{cause}. {remove} forgets it untold.");
            (Tone::Soon, text)
        }
        Health::Revoked => {
            let remove = key(Action::Remove);
            let state = match view.profile.standing {
                Standing::Revoked { proof, .. } => format!("revoked, {}", words::proof(proof)),
                Standing::Active
                | Standing::NeedsLogin { .. }
                | Standing::Misconfigured { .. }
                | Standing::Revoking { .. } => "revoked".to_owned(),
            };
            let tone = if view.is_alive_though_revoked() {
                Tone::Trouble
            } else {
                Tone::Dim
            };
            (
                tone,
                format!("{provider}: {state}. {again} signs in again, {remove} forgets it."),
            )
        }
        Health::Refreshing => (
            Tone::Work,
            format!("{provider}: new tokens are on their way"),
        ),
        Health::Fresh | Health::Expiring | Health::Static => ahead(app, view),
    }
}

fn ahead(app: &App, view: &CredentialView) -> (Tone, String) {
    let provider = &view.profile.provider_name;
    let zone = &app.around.zone;
    if let Some(forecast) = words::forecast(&view.forecast, app.now, zone) {
        let tone = if view.forecast.is_soon(app.now) {
            Tone::Soon
        } else {
            Tone::Dim
        };
        return (tone, format!("{provider}: {forecast}"));
    }
    match view.refresh_at {
        Some(at) => (
            Tone::Dim,
            format!(
                "{provider}: refreshed by itself at {}; nothing is known that would end it",
                words::moment(at, app.now, zone)
            ),
        ),
        None if view.profile.expires_at.is_none() => {
            (Tone::Dim, format!("{provider}: this token does not expire"))
        }
        None => (
            Tone::Dim,
            format!("{provider}: refreshed when somebody asks for it"),
        ),
    }
}
