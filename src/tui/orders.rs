//! Orders for the engine about the credentials that are meant: rotate, revoke, remove, their tokens.

use crate::model::name::CredentialName;
use crate::tui::actions::{enter, looked_at};
use crate::tui::app::App;
use crate::tui::effect::{Ask, Effect};
use crate::tui::message::Purpose;
use crate::tui::overlays::act::start_batch;
use crate::tui::overlays::again::{self, Then};
use crate::tui::overlays::confirm::{Confirm, Deed};
use crate::tui::overlays::overlay::Overlay;
use crate::tui::workspace::Workspace;

fn targets(app: &App) -> Vec<CredentialName> {
    app.open().map(Workspace::targets).unwrap_or_default()
}

/// Refreshes the credentials that are meant, now.
pub fn rotate(app: &mut App) -> Vec<Effect> {
    let names = targets(app);
    if names.len() > 1 {
        start_batch(app, "rotated", names.len());
    }
    if let Some(workspace) = app.open_mut() {
        workspace.list.marked.clear();
    }
    names
        .into_iter()
        .map(|name| Effect::Ask(Ask::Rotate(name)))
        .collect()
}

/// Asks before something dangerous is done to the credentials that are meant.
pub fn ask(app: &mut App, deed: Deed) {
    let names = targets(app);
    if !names.is_empty() {
        app.overlays
            .push(Overlay::Confirm(Confirm::new(deed, names)));
    }
}

/// Asks before every credential that is shown is refreshed.
pub fn ask_all(app: &mut App) {
    let Some(workspace) = app.open() else { return };
    let names: Vec<CredentialName> = workspace
        .rows
        .shown()
        .filter(|view| view.profile.is_renewable())
        .map(|view| view.profile.name.clone())
        .collect();
    if !names.is_empty() {
        app.overlays
            .push(Overlay::Confirm(Confirm::new(Deed::RotateAll, names)));
    }
}

/// Asks for the access token of the credential that is looked at.
pub fn token(app: &mut App, purpose: Purpose) -> Vec<Effect> {
    match looked_at(app) {
        Some(name) => vec![Effect::Ask(Ask::Token(name, purpose))],
        None => Vec::new(),
    }
}

/// Shows the access token of the credential that is looked at, or hides it.
pub fn reveal(app: &mut App) -> Vec<Effect> {
    let Some(name) = looked_at(app) else {
        return Vec::new();
    };
    let Some(workspace) = app.open_mut() else {
        return Vec::new();
    };
    if workspace
        .revealed
        .take()
        .is_some_and(|revealed| revealed.name == name)
    {
        return Vec::new();
    }
    again::guard(app, Then::Reveal(name))
}

/// Asks for an access token, to be shown beside its credential.
pub fn show(app: &mut App, name: CredentialName) -> Vec<Effect> {
    let Some(workspace) = app.open_mut() else {
        return Vec::new();
    };
    let mut effects = Vec::new();
    if workspace.detail.is_none() {
        effects = enter(workspace, Some(name.clone()));
    }
    effects.push(Effect::Ask(Ask::Token(name, Purpose::Reveal)));
    effects
}
