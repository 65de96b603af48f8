//! The mouse: a click chooses, a second one on the same row opens, the wheel scrolls.

use crate::tui::app::{App, Session};
use crate::tui::effect::Effect;
use crate::tui::frame;
use crate::tui::keymap::Action;
use crate::tui::keys;
use crate::tui::layout::{self, Layout};
use crate::tui::overlays::overlay::Overlay;
use crate::tui::paint;
use crate::tui::screens::{activity, grants, list};
use crate::tui::update::settle;
use crate::tui::view;
use crate::tui::workspace::Tab;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

/// Lines a turn of the wheel scrolls.
const WHEEL: usize = 3;

/// Takes what the mouse did.
pub fn mouse(app: &mut App, mouse: MouseEvent) -> Vec<Effect> {
    if layout::is_too_small(app.size) || app.curtain.is_some() {
        return Vec::new();
    }
    settle(app);
    match mouse.kind {
        MouseEventKind::ScrollUp => wheel(app, Action::Up),
        MouseEventKind::ScrollDown => wheel(app, Action::Down),
        MouseEventKind::Down(MouseButton::Left) if app.overlays.is_empty() => {
            click(app, mouse.column, mouse.row)
        }
        _ => Vec::new(),
    }
}

fn wheel(app: &mut App, action: Action) -> Vec<Effect> {
    // In a form the wheel would change the focus, in a wizard's choice too: only what scrolls is scrolled.
    let scrolls = match (app.overlays.last(), &app.session) {
        (Some(Overlay::Help(_) | Overlay::Palette(_)), _) => true,
        (
            Some(
                Overlay::Confirm(_)
                | Overlay::Story(_)
                | Overlay::Trend(_)
                | Overlay::Again(_)
                | Overlay::Naming(_)
                | Overlay::Arrival(_)
                | Overlay::Asked(_)
                | Overlay::Identify(_)
                | Overlay::Wizard(_),
            ),
            _,
        ) => false,
        (None, Session::Open(_)) => true,
        (None, Session::Create(_) | Session::Unlock(_)) => false,
    };
    if scrolls {
        for _ in 0..WHEEL {
            keys::perform(app, action);
        }
    }
    Vec::new()
}

fn click(app: &mut App, column: u16, row: u16) -> Vec<Effect> {
    let layout = Layout::of(app.size);
    let Some(workspace) = app.open_mut() else {
        return Vec::new();
    };
    if row == layout.tabs.y {
        let hit = frame::tab_places(workspace, layout.tabs.width)
            .into_iter()
            .find(|(_, x, title)| (*x..x + paint::columns(title)).contains(&column));
        let action = hit.map(|(tab, ..)| match tab {
            Tab::Credentials => Action::Credentials,
            Tab::Inbox => Action::Inbox,
            Tab::Activity => Action::Activity,
            Tab::Health => Action::Health,
            Tab::Grants => Action::Grants,
        });
        return action.map_or(Vec::new(), |action| keys::perform(app, action));
    }
    if !layout.body.contains((column, row).into()) {
        return Vec::new();
    }
    match workspace.tab {
        Tab::Credentials => on_list(app, column, row),
        Tab::Inbox => {
            on_inbox(app, layout.body, row);
            Vec::new()
        }
        Tab::Activity => {
            let area = activity::lines_area(&workspace.log, layout.body);
            let many = workspace.log.len().min(area.height.into());
            let lowest = area.y + u16::try_from(many).unwrap_or(area.height);
            let up = lowest.saturating_sub(row + 1);
            if row < lowest && row >= area.y {
                workspace.log.point(up.into());
            }
            Vec::new()
        }
        Tab::Health => Vec::new(),
        Tab::Grants => on_grants(app, column, row),
    }
}

fn on_inbox(app: &mut App, area: Rect, row: u16) {
    let Some(workspace) = app.open() else {
        return;
    };
    let places = workspace.inbox.places(app, &workspace.rows, area);
    let hit = places
        .into_iter()
        .find(|(_, place)| (place.y..place.bottom()).contains(&row));
    if let (Some((item, _)), Some(workspace)) = (hit, app.open_mut()) {
        workspace.inbox.go(isize::MIN);
        workspace.inbox.go(isize::try_from(item).unwrap_or(0));
    }
}

fn on_grants(app: &mut App, column: u16, row: u16) -> Vec<Effect> {
    let layout = Layout::of(app.size);
    let Some(workspace) = app.open_mut() else {
        return Vec::new();
    };
    let grants = &mut workspace.grants;
    let (left, right) = layout.panes(!grants.is_empty());
    if right.is_some_and(|right| column >= right.x) {
        grants.enter();
        return Vec::new();
    }
    if right.is_none() && grants.is_open() {
        return Vec::new();
    }
    grants.leave();
    let rows = grants::rows_area(left);
    let line = row.checked_sub(rows.y).map(usize::from);
    let hit = line.and_then(|line| grants.point(line, rows.height));
    match hit {
        Some(true) => keys::perform(app, Action::Open),
        Some(false) | None => Vec::new(),
    }
}

fn on_list(app: &mut App, column: u16, row: u16) -> Vec<Effect> {
    let layout = Layout::of(app.size);
    let Some(workspace) = app.open_mut() else {
        return Vec::new();
    };
    let (left, right) = layout.panes(view::has_pane(workspace));
    let on_pane = right.is_some_and(|right| column >= right.x);
    if on_pane {
        return if workspace.detail.is_none() {
            keys::perform(app, Action::Open)
        } else {
            Vec::new()
        };
    }
    if right.is_none() && workspace.detail.is_some() {
        return Vec::new();
    }
    workspace.detail = None;
    let area = list::rows_area(&workspace.list, left);
    if row < area.y {
        return Vec::new();
    }
    let line = workspace.list.line_at(usize::from(row - area.y));
    let before = workspace.looked_at().map(|view| view.profile.name.clone());
    if !workspace.list.point(line, &workspace.rows) {
        return Vec::new();
    }
    let now = workspace.looked_at().map(|view| view.profile.name.clone());
    if before == now {
        keys::perform(app, Action::Open)
    } else {
        Vec::new()
    }
}
