//! What actions do to the wizard: to and fro between its pages, and within a sign-in that is under way.

use crate::secret::AuthorizationCode;
use crate::tui::app::App;
use crate::tui::effect::{Ask, Effect};
use crate::tui::keymap::Action;
use crate::tui::overlays::overlay::Overlay;
use crate::tui::signin::session::{SignIn, Stage};
use crate::tui::signin::wizard::{Page, Wizard};
use crate::tui::theme::Tone;

/// Does what an action is for; the wizard goes back onto the stack unless it is closed.
pub fn act(app: &mut App, mut wizard: Box<Wizard>, action: Action) -> Vec<Effect> {
    let effects = match (wizard.page, action) {
        (Page::Session, _) => return in_session(app, wizard, action),
        (_, Action::Back) => {
            if !wizard.back() {
                return Vec::new();
            }
            Vec::new()
        }
        (Page::Scopes, Action::OpenBrowser) => Vec::new(),
        (_, Action::OpenBrowser) => setup_page(&wizard),
        (Page::Scopes, action) => {
            if wizard.scopes.act(action) && wizard.advance() {
                start(app, &mut wizard)
            } else {
                Vec::new()
            }
        }
        // What was typed is kept; there is nothing to choose from yet.
        (Page::Provider, Action::Submit) if wizard.providers.is_empty() => Vec::new(),
        (_, Action::Submit) => submit(app, &mut wizard),
        (Page::Provider, action) => {
            wizard.pick.act(action);
            Vec::new()
        }
        (Page::Issuer, action) => {
            wizard.issuer.act(action);
            Vec::new()
        }
        (Page::Parameters, action) => {
            wizard.parameters.act(action);
            Vec::new()
        }
        (Page::Key, action) => {
            wizard.key.act(action);
            Vec::new()
        }
        (Page::Client, action) => {
            client(&mut wizard, action);
            Vec::new()
        }
        (Page::Flow, action) => {
            let last = wizard.flows().len().saturating_sub(1);
            match action {
                Action::Up => wizard.flow = wizard.flow.saturating_sub(1),
                Action::Down => wizard.flow = (wizard.flow + 1).min(last),
                _ => {}
            }
            Vec::new()
        }
    };
    app.overlays.push(Overlay::Wizard(wizard));
    effects
}

fn setup_page(wizard: &Wizard) -> Vec<Effect> {
    let url = wizard.setup_page().map(str::to_owned);
    url.map(Effect::OpenBrowser).into_iter().collect()
}

// Up and down choose between the kept client and another one, and go through the fields of the other.
fn client(wizard: &mut Wizard, action: Action) {
    let has_kept = wizard
        .known()
        .is_some_and(|known| known.client_id.is_some());
    match action {
        Action::Down if wizard.kept_client => wizard.kept_client = false,
        Action::PreviousField if has_kept && wizard.client.focus() == 0 => {
            wizard.kept_client = true
        }
        action => wizard.client.act(action),
    }
}

fn submit(app: &mut App, wizard: &mut Wizard) -> Vec<Effect> {
    let form = match wizard.page {
        // The endpoints by hand are there to be skipped.
        Page::Issuer if wizard.issuer.focus() == 0 => Some(&mut wizard.issuer),
        Page::Parameters => Some(&mut wizard.parameters),
        Page::Client if !wizard.kept_client => Some(&mut wizard.client),
        Page::Key => Some(&mut wizard.key),
        Page::Provider
        | Page::Issuer
        | Page::Client
        | Page::Scopes
        | Page::Flow
        | Page::Session => None,
    };
    if let Some(form) = form.filter(|form| !form.is_at_end()) {
        form.act(Action::NextField);
        return Vec::new();
    }
    if wizard.advance() {
        start(app, wizard)
    } else {
        Vec::new()
    }
}

/// Starts the sign-in with what was decided.
pub fn start(app: &mut App, wizard: &mut Wizard) -> Vec<Effect> {
    let id = app.next_sign_in();
    wizard.page = Page::Session;
    wizard.session = Some(SignIn::new(id));
    let request = wizard.request(id, app.now, &app.around.zone);
    vec![Effect::Ask(Ask::SignIn(Box::new(request)))]
}

fn in_session(app: &mut App, mut wizard: Box<Wizard>, action: Action) -> Vec<Effect> {
    let Some(session) = &mut wizard.session else {
        return Vec::new();
    };
    let effects = match action {
        Action::Cancel | Action::Back => return cancel(app, wizard),
        Action::TryAgain if session.is_failed() => start(app, &mut wizard),
        Action::OpenBrowser => session
            .address()
            .map(|url| Effect::OpenBrowser(url.to_owned()))
            .into_iter()
            .collect(),
        Action::CopyAddress => {
            let copied = session
                .copied()
                .map(|text| Effect::CopyText(text.to_owned()));
            if copied.is_some() {
                session.note = Some((Tone::Good, "copied".to_owned()));
            }
            copied.into_iter().collect()
        }
        Action::Approve => vec![Effect::Approve],
        Action::Submit => pasted(session),
        _ => Vec::new(),
    };
    app.overlays.push(Overlay::Wizard(wizard));
    effects
}

fn pasted(session: &mut SignIn) -> Vec<Effect> {
    let Stage::Browser { pasted, .. } = &mut session.stage else {
        return Vec::new();
    };
    if pasted.is_empty() {
        return Vec::new();
    }
    session.note = None;
    vec![Effect::Ask(Ask::Paste(
        session.id,
        AuthorizationCode::new(pasted.take()),
    ))]
}

// Failed, Esc goes back to the pages, where everything typed is kept; under way, it gives the sign-in up.
fn cancel(app: &mut App, mut wizard: Box<Wizard>) -> Vec<Effect> {
    let running = wizard
        .session
        .as_ref()
        .filter(|session| !session.is_failed())
        .map(|session| session.id);
    let gives_up = running.is_some() && wizard.again.is_some();
    if !gives_up && wizard.back() {
        app.overlays.push(Overlay::Wizard(wizard));
    }
    running
        .map(|id| Effect::Ask(Ask::CancelSignIn(id)))
        .into_iter()
        .collect()
}
