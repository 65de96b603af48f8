//! What actions do to the uppermost overlay; it was taken off the stack and goes back unless it is done.

use crate::model::lock::LockReason;
use crate::tui::app::App;
use crate::tui::curtain;
use crate::tui::effect::{Ask, Effect};
use crate::tui::keymap::Action;
use crate::tui::keys;
use crate::tui::orders;
use crate::tui::overlays::again::{self, Then};
use crate::tui::overlays::arrival;
use crate::tui::overlays::asked;
use crate::tui::overlays::confirm::Confirm;
use crate::tui::overlays::deed::Deed;
use crate::tui::overlays::help;
use crate::tui::overlays::identify;
use crate::tui::overlays::naming;
use crate::tui::overlays::overlay::Overlay;
use crate::tui::overlays::trend;
use crate::tui::signin::steps;
use crate::tui::theme::Tone;
use crate::tui::workspace::Batch;

/// Does what an action is for.
pub fn act(app: &mut App, overlay: Overlay, action: Action) -> Vec<Effect> {
    match overlay {
        Overlay::Help(scroll) => {
            if action != Action::Back {
                let most = help::lines(app)
                    .len()
                    .saturating_sub(help::height(app.size).into());
                let by = moved(action, help::height(app.size));
                app.overlays
                    .push(Overlay::Help(scroll.saturating_add_signed(by).min(most)));
            }
            Vec::new()
        }
        Overlay::Trend(mut trend) => {
            if action != Action::Back {
                let by = moved(action, trend::body(app.size).height);
                trend.go(app, by);
                app.overlays.push(Overlay::Trend(trend));
            }
            Vec::new()
        }
        Overlay::Story(story) => {
            if action != Action::Back {
                app.overlays.push(Overlay::Story(story));
            } else if story.then_locks {
                return curtain::lock(app, LockReason::Panic);
            }
            Vec::new()
        }
        Overlay::Palette(mut palette) => match action {
            Action::Back => Vec::new(),
            Action::Submit => palette.chosen().map_or(Vec::new(), |action| match action {
                Action::Quit => vec![Effect::Quit],
                Action::Suspend => vec![Effect::Suspend],
                Action::Redraw => vec![Effect::Redraw],
                action => keys::perform(app, action),
            }),
            action => {
                palette.pick.act(action);
                app.overlays.push(Overlay::Palette(palette));
                Vec::new()
            }
        },
        Overlay::Confirm(confirm) => answered(app, confirm, action),
        Overlay::Again(again) => again::act(app, again, action),
        Overlay::Naming(naming) => naming::act(app, naming, action),
        Overlay::Identify(identify) => identify::act(app, identify, action),
        Overlay::Arrival(arrival) => arrival::act(app, *arrival, action),
        Overlay::Asked(asked) => asked::act(app, *asked, action),
        Overlay::Wizard(wizard) => steps::act(app, wizard, action),
    }
}

/// How far an action moves, in lines.
pub fn moved(action: Action, height: u16) -> isize {
    let page = isize::try_from(height.max(2) - 1).unwrap_or(1);
    match action {
        Action::Up => -1,
        Action::Down => 1,
        Action::PageUp => -page,
        Action::PageDown => page,
        Action::First => isize::MIN,
        Action::Last => isize::MAX,
        _ => 0,
    }
}

fn answered(app: &mut App, confirm: Confirm, action: Action) -> Vec<Effect> {
    let does = match action {
        Action::Confirm => !confirm.wants_word(),
        Action::Submit => confirm.is_worded(),
        _ => false,
    };
    if does {
        return match confirm.deed {
            Deed::Revoke if confirm.names.len() > 1 => again::guard(app, Then::All(confirm)),
            Deed::Revoke
            | Deed::Remove
            | Deed::RotateAll
            | Deed::RevokeAll
            | Deed::TakeIn
            | Deed::Replace
            | Deed::Refuse
            | Deed::RefuseRevoking
            | Deed::RevokeGrant => carry_out(app, &confirm),
        };
    }
    if action == Action::Submit && confirm.wants_word() {
        let mut confirm = confirm;
        confirm.is_wrong = true;
        app.overlays.push(Overlay::Confirm(confirm));
    }
    Vec::new()
}

/// Does what was confirmed.
pub fn carry_out(app: &mut App, confirm: &Confirm) -> Vec<Effect> {
    if confirm.many() > 1 && confirm.deed != Deed::RevokeAll {
        start_batch(app, confirm.deed.done(), confirm.many());
    }
    if let Some(workspace) = app.open_mut() {
        workspace.list.marked.clear();
    }
    orders::of(confirm)
}

/// From now on the answers to several orders are counted, not told one by one.
pub fn start_batch(app: &mut App, verb: &'static str, total: usize) {
    if let Some(workspace) = app.open_mut() {
        let before = workspace.batch.take();
        let (earlier, done, failed) =
            before.map_or((0, 0, 0), |batch| (batch.total, batch.done, batch.failed));
        workspace.batch = Some(Batch {
            verb,
            total: total + earlier,
            done,
            failed,
        });
    }
}

/// A key that means nothing: to a question before something dangerous it means no.
pub fn other_key(app: &mut App) -> Vec<Effect> {
    if let Some(Overlay::Confirm(confirm)) = app.overlays.last()
        && !confirm.wants_word()
    {
        app.overlays.pop();
        app.say(Tone::Dim, "everything was kept as it is");
    }
    Vec::new()
}

/// Closes an overlay whatever it is doing; a sign-in under way is given up.
pub fn close(overlay: Overlay) -> Vec<Effect> {
    match overlay {
        Overlay::Wizard(wizard) => match &wizard.session {
            Some(session) if !session.is_failed() => {
                vec![Effect::Ask(Ask::CancelSignIn(session.id))]
            }
            Some(_) | None => Vec::new(),
        },
        Overlay::Help(_)
        | Overlay::Palette(_)
        | Overlay::Confirm(_)
        | Overlay::Story(_)
        | Overlay::Trend(_)
        | Overlay::Again(_)
        | Overlay::Naming(_)
        | Overlay::Arrival(_)
        | Overlay::Asked(_)
        | Overlay::Identify(_) => Vec::new(),
    }
}
