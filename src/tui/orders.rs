//! Orders for the engine about the credentials that are meant: rotate, revoke, remove, their tokens.

use crate::model::name::CredentialName;
use crate::model::parcel::ParcelView;
use crate::tui::actions::{enter, looked_at};
use crate::tui::app::App;
use crate::tui::effect::{Ask, Effect, TakeIn};
use crate::tui::message::Purpose;
use crate::tui::overlays::act::start_batch;
use crate::tui::overlays::again::{self, Then};
use crate::tui::overlays::confirm::Confirm;
use crate::tui::overlays::deed::Deed;
use crate::tui::overlays::overlay::Overlay;
use crate::tui::theme::Tone;
use crate::tui::workspace::{Tab, Workspace};

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
    if app.open().is_some_and(|it| it.tab == Tab::Grants) {
        return ask_grant(app);
    }
    let names = targets(app);
    if !names.is_empty() {
        app.overlays
            .push(Overlay::Confirm(Confirm::new(deed, names)));
    }
}

/// Asks before the grant that is looked at is revoked.
fn ask_grant(app: &mut App) {
    let name = app
        .open()
        .and_then(|it| it.grants.selected())
        .map(|view| view.grant.name.clone());
    if let Some(name) = name {
        app.overlays.push(Overlay::Confirm(Confirm::of_grant(name)));
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

/// The orders that a confirmed question stands for.
pub fn of(confirm: &Confirm) -> Vec<Effect> {
    let each = |order: fn(CredentialName) -> Ask| {
        let names = confirm.names.iter().cloned();
        names.map(|name| Effect::Ask(order(name))).collect()
    };
    match confirm.deed {
        Deed::RevokeAll => vec![Effect::Ask(Ask::RevokeAll)],
        Deed::Revoke => each(Ask::Revoke),
        Deed::Remove => each(Ask::Remove),
        Deed::RotateAll => each(Ask::Rotate),
        Deed::RevokeGrant => {
            let grants = confirm.grants.iter().cloned();
            grants.map(|it| Effect::Ask(Ask::RevokeGrant(it))).collect()
        }
        Deed::TakeIn => taken_in(confirm, |it| it),
        Deed::Replace => taken_in(confirm, |it| TakeIn {
            replaces: true,
            ..it
        }),
        Deed::Refuse => of_parcels(confirm, Ask::Refuse),
        Deed::RefuseRevoking => of_parcels(confirm, Ask::End),
    }
}

fn of_parcels(confirm: &Confirm, order: fn(Box<ParcelView>) -> Ask) -> Vec<Effect> {
    let parcels = confirm.parcels.iter().cloned();
    parcels.map(|it| Effect::Ask(order(Box::new(it)))).collect()
}

fn taken_in(confirm: &Confirm, how: fn(TakeIn) -> TakeIn) -> Vec<Effect> {
    let opened = confirm
        .parcels
        .iter()
        .filter_map(|parcel| Some((parcel.id, parcel.content.as_ref()?)));
    opened
        .map(|(id, content)| Effect::Ask(Ask::TakeIn(how(TakeIn::of(id, content.name.clone())))))
        .collect()
}

/// Asks before all that came in while the vault was locked is taken in; what has the name of another stays.
pub fn ask_take_in(app: &mut App) {
    let Some(workspace) = app.open() else { return };
    let is_free = |parcel: &&ParcelView| {
        let content = parcel.content.as_ref();
        content.is_some_and(|it| workspace.rows.get(&it.name).is_none())
    };
    let free: Vec<ParcelView> = workspace
        .inbox
        .parcels()
        .iter()
        .filter(is_free)
        .cloned()
        .collect();
    if free.is_empty() {
        let text = "none of it can be taken in as it is: look at each by itself";
        return app.say(Tone::Soon, text);
    }
    let confirm = Confirm::of_parcels(Deed::TakeIn, free);
    app.overlays.push(Overlay::Confirm(confirm));
}

/// Asks before all that came in while the vault was locked is thrown away.
pub fn ask_refuse(app: &mut App) {
    let parcels = app.open().map(|it| it.inbox.parcels().to_vec());
    if let Some(parcels) = parcels.filter(|it| !it.is_empty()) {
        let confirm = Confirm::of_parcels(Deed::Refuse, parcels);
        app.overlays.push(Overlay::Confirm(confirm));
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
