//! The tokens of one credential: masked, or the access token for the ten seconds it is revealed.

use crate::model::credential::CredentialView;
use crate::tui::app::App;
use crate::tui::bar::{self, Life};
use crate::tui::keymap::{Action, Scope, key_for};
use crate::tui::screens::page::Page;
use crate::tui::screens::reveal;
use crate::tui::theme::Tone;
use crate::tui::words;
use crate::tui::workspace::{REVEAL_STAYS, Workspace};

/// Adds what is known of the tokens; the access token itself only while it is revealed.
pub fn add(page: &mut Page<'_>, workspace: &Workspace, view: &CredentialView) {
    let app = page.app;
    let profile = &view.profile;
    let revealed = workspace
        .revealed
        .as_ref()
        .filter(|revealed| revealed.name == profile.name);
    let key = |action| key_for(Scope::Detail, action, app.theme);
    match revealed {
        Some(revealed) => {
            for (at, line) in reveal::lines(revealed, page.room()).iter().enumerate() {
                page.plain(if at == 0 { "access" } else { "" }, line);
            }
            let left = app.now.until(revealed.until);
            let life = Life {
                left: (left.as_secs_f64() / REVEAL_STAYS.as_secs_f64()).clamp(0.0, 1.0),
                planned: None,
            };
            let bar = bar::cells(life, 10, app.theme).concat();
            page.fact(
                "",
                &format!("masked again in {}s {bar}", left.as_secs() + 1),
                Tone::Work,
            );
        }
        None => {
            let dots = app.theme.signs().masked.repeat(12);
            let hint = format!(
                "   {} reveal  {} copy",
                key(Action::Reveal),
                key(Action::Copy)
            );
            let print = profile.access_fingerprint.to_string();
            let print = print.get(..9).unwrap_or(&print);
            page.pair("access", &format!("{dots}  fingerprint {print}"), &hint);
        }
    }
    page.fact("", &validity(app, view), Tone::Dim);
    if profile.has_refresh_token {
        let since = words::moment(profile.signed_in_at, app.now, &app.around.zone);
        page.fact(
            "refresh",
            &format!(
                "generation {} of this family, signed in {since}",
                view.generation.0
            ),
            Tone::Plain,
        );
        if let Some(forecast) = words::forecast(&view.forecast, app.now, &app.around.zone) {
            page.fact("", &forecast, Tone::Dim);
        }
    } else {
        page.fact(
            "refresh",
            "no refresh token: sign in again when it ends",
            Tone::Plain,
        );
    }
    if let Some(claims) = &profile.claims {
        let who = [&claims.email, &claims.name, &claims.subject]
            .into_iter()
            .flatten()
            .next();
        let verified = match claims.email_verified {
            Some(true) => ", verified",
            Some(false) => ", not verified",
            None => "",
        };
        let issuer = claims
            .issuer
            .as_deref()
            .map(|issuer| format!(", {issuer}"))
            .unwrap_or_default();
        let signed = if claims.verified {
            ", signature checked"
        } else {
            ""
        };
        let text = format!(
            "{}{verified}{issuer}{signed}",
            who.map_or("", String::as_str)
        );
        page.fact("id token", &text, Tone::Plain);
    }
}

fn validity(app: &App, view: &CredentialView) -> String {
    let moment = |at| words::moment(at, app.now, &app.around.zone);
    let dot = app.theme.signs().dot;
    let mut text = format!("issued {}", moment(view.profile.issued_at));
    match view.profile.expires_at {
        Some(end) if end > app.now => text.push_str(&format!(" {dot} expires {}", moment(end))),
        Some(end) => text.push_str(&format!(" {dot} expired {}", moment(end))),
        None => text.push_str(&format!(" {dot} no expiry")),
    }
    if let Some(at) = view.refresh_at.filter(|at| *at > app.now) {
        text.push_str(&format!(" {dot} refresh {}", moment(at)));
    }
    text
}
