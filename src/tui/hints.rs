//! The keys that work here, as a line made from the key table; what makes no sense now is left out.

use crate::engine::gate::Place;
use crate::model::credential::Flow;
use crate::model::health::HealthKind;
use crate::tui::app::{App, Session};
use crate::tui::keymap::{self, Action, Scope};
use crate::tui::overlays::overlay::Overlay;
use crate::tui::paint::{self, pieces};
use crate::tui::screens::inbox::{Entry, Inbox};
use crate::tui::workspace::{Tab, Workspace};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Whether an action makes sense now; what does not is neither hinted at nor done.
pub fn is_offered(app: &App, action: Action) -> bool {
    if !is_there(app, action) {
        return false;
    }
    if app.curtain.is_some() {
        return is_of_one_field(action);
    }
    match app.overlays.last() {
        Some(Overlay::Wizard(wizard)) => wizard.offers(action),
        Some(Overlay::Arrival(arrival)) => arrival.offers(app, action),
        Some(Overlay::Asked(asked)) => asked.offers(app, action),
        Some(Overlay::Identify(identify)) => action != Action::Revoke || identify.can_revoke(),
        Some(
            Overlay::Help(_)
            | Overlay::Palette(_)
            | Overlay::Confirm(_)
            | Overlay::Story(_)
            | Overlay::Trend(_)
            | Overlay::Again(_)
            | Overlay::Naming(_),
        ) => true,
        None => match &app.session {
            Session::Open(workspace) => on_screen(workspace, action),
            Session::Unlock(_) => is_of_one_field(action),
            Session::Create(_) => true,
        },
    }
}

/// Whether there is such an action in this UI at all.
pub fn is_there(app: &App, action: Action) -> bool {
    match action {
        Action::Approve => app.can_approve,
        Action::Demo => is_new_here(app),
        _ => true,
    }
}

/// Whether an action would do anything for the row that is looked at: what would not is done when asked for, and says
/// why it cannot, but nobody is led to it.
fn is_of_use(app: &App, action: Action) -> bool {
    let Some(workspace) = app.open().filter(|_| app.overlays.is_empty()) else {
        return true;
    };
    let is_on_rows = workspace.tab == Tab::Credentials && workspace.list.marked.is_empty();
    let Some(view) = workspace.looked_at().filter(|_| is_on_rows) else {
        return true;
    };
    let is_revoked = view.health.kind() == HealthKind::Revoked;
    match action {
        Action::Rotate => !is_revoked && view.profile.flow != Flow::ApiKey,
        Action::Copy | Action::Reveal => !is_revoked,
        Action::Revoke => !is_revoked || view.is_alive_though_revoked(),
        _ => true,
    }
}

/// One field has none beside it.
const fn is_of_one_field(action: Action) -> bool {
    !matches!(action, Action::NextField | Action::PreviousField)
}

/// Whether a newcomer looks at an empty list: who has credentials knows what they look like.
fn is_new_here(app: &App) -> bool {
    let Session::Open(workspace) = &app.session else {
        return false;
    };
    workspace.listed && workspace.rows.is_empty() && workspace.place != Place::Demo
}

fn on_screen(workspace: &Workspace, action: Action) -> bool {
    let needs_row = matches!(
        action,
        Action::Rotate
            | Action::Revoke
            | Action::Remove
            | Action::Copy
            | Action::Reveal
            | Action::Why
            | Action::SignInAgain
            | Action::Open
            | Action::Mark
            | Action::MarkAll
            | Action::Filter
            | Action::Sort
            | Action::Reverse
            | Action::Group
            | Action::RotateAll
            | Action::Widen
    );
    match workspace.tab {
        Tab::Credentials if action == Action::Fold => workspace.rows.is_grouped(),
        Tab::Credentials => !needs_row || !workspace.rows.is_empty(),
        Tab::Inbox => in_inbox(&workspace.inbox, action),
        Tab::Grants => !needs_row || !workspace.grants.is_empty(),
        Tab::Activity | Tab::Health => true,
    }
}

fn in_inbox(inbox: &Inbox, action: Action) -> bool {
    match action {
        Action::Submit => !inbox.is_empty(),
        Action::Open => matches!(inbox.selected(), Some(Entry::Need(_))),
        Action::TakeAllIn | Action::RefuseAll => !inbox.parcels().is_empty(),
        _ => true,
    }
}

/// Draws the keys of some scopes in one line; what matters least is left out first.
pub fn hint_line(app: &App, scopes: &[Scope], area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let mut hints: Vec<(&keymap::Binding, String)> = scopes
        .iter()
        .flat_map(|scope| keymap::bindings(std::slice::from_ref(scope)))
        .filter(|binding| {
            binding.hint > 0
                && !binding.word.is_empty()
                && is_offered(app, binding.action)
                && is_of_use(app, binding.action)
        })
        .map(|binding| {
            (
                binding,
                binding
                    .keys
                    .first()
                    .map(|key| key.label(theme))
                    .unwrap_or_default(),
            )
        })
        .collect();
    let room = usize::from(area.width.saturating_sub(1));
    let width_of =
        |hint: &(&keymap::Binding, String)| paint::width(&hint.1) + paint::width(hint.0.word) + 3;
    while hints.iter().map(width_of).sum::<usize>() > room + 2 {
        let Some(least) = hints.iter().map(|hint| hint.0.hint).max() else {
            return;
        };
        let Some(at) = hints.iter().rposition(|hint| hint.0.hint == least) else {
            return;
        };
        hints.remove(at);
    }
    let mut x = area.x + u16::from(area.x == 0);
    for (binding, key) in hints {
        let parts = [
            (key.as_str(), theme.key()),
            (" ", theme.plain()),
            (binding.word, theme.dim()),
        ];
        x = pieces(
            buf,
            (x, area.y),
            area.right().saturating_sub(x),
            &parts,
            theme,
        ) + 2;
    }
}
