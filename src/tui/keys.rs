//! Keys and pasted text: to the field that has the focus, else through the key table to what they are for.

use crate::tui::actions;
use crate::tui::app::{App, Session};
use crate::tui::curtain;
use crate::tui::effect::Effect;
use crate::tui::hints;
use crate::tui::keymap::{self, Action};
use crate::tui::overlays::act;
use crate::tui::update::settle;
use crate::tui::workspace::{Tab, Workspace};
use crossterm::event::{KeyCode, KeyEvent};

/// Takes a key.
pub fn press(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    settle(app);
    let scopes = app.scopes();
    let program = keymap::action(&[keymap::Scope::Program], key);
    if let Some(action) = program {
        return everywhere(app, action);
    }
    let typed = match (&mut app.curtain, app.overlays.last_mut()) {
        (Some(curtain), _) => curtain.page.type_key(key),
        (None, Some(overlay)) => overlay.type_key(key),
        (None, None) => type_key(app, key),
    };
    if typed {
        return Vec::new();
    }
    match keymap::action(&scopes, key).filter(|action| hints::is_offered(app, *action)) {
        Some(action) => perform(app, action),
        None => act::other_key(app),
    }
}

/// Does what an action is for, wherever the keys are now.
pub fn perform(app: &mut App, action: Action) -> Vec<Effect> {
    if app.curtain.is_some() {
        return curtain::act(app, action);
    }
    if let Some(overlay) = app.overlays.pop() {
        return act::act(app, overlay, action);
    }
    match &mut app.session {
        Session::Create(_) | Session::Unlock(_) if action == Action::Quit => vec![Effect::Quit],
        Session::Create(page) => page.act(action),
        Session::Unlock(page) => page.act(action),
        Session::Open(_) => actions::perform(app, action),
    }
}

fn everywhere(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        // A slip must not cost what was typed into a wizard: there Ctrl-C closes first.
        Action::Quit if !app.overlays.is_empty() && app.curtain.is_none() => {
            let Some(overlay) = app.overlays.pop() else {
                return Vec::new();
            };
            act::close(overlay)
        }
        Action::Quit => vec![Effect::Quit],
        Action::Suspend => vec![Effect::Suspend],
        Action::Redraw => vec![Effect::Redraw],
        _ => Vec::new(),
    }
}

fn type_key(app: &mut App, key: KeyEvent) -> bool {
    match &mut app.session {
        Session::Create(page) => page.type_key(key),
        Session::Unlock(page) => page.type_key(key),
        Session::Open(workspace) => type_filter(workspace, key),
    }
}

fn type_filter(workspace: &mut Workspace, key: KeyEvent) -> bool {
    match workspace.tab {
        Tab::Credentials if workspace.list.filtering => {
            let list = &mut workspace.list;
            if ends_filter(key, &mut list.filtering) {
                return key.code == KeyCode::Enter;
            }
            let typed = list.filter.handle(key);
            workspace.rows.set_filter(list.filter.text());
            typed
        }
        Tab::Activity if workspace.log.filtering => {
            let log = &mut workspace.log;
            if ends_filter(key, &mut log.filtering) {
                return key.code == KeyCode::Enter;
            }
            let typed = log.filter.handle(key);
            log.refilter();
            typed
        }
        Tab::Credentials | Tab::Inbox | Tab::Activity | Tab::Health | Tab::Grants => false,
    }
}

// Enter keeps the filter, Esc drops it (through the table); arrows go to the list at once.
fn ends_filter(key: KeyEvent, filtering: &mut bool) -> bool {
    let ends = matches!(
        key.code,
        KeyCode::Enter
            | KeyCode::Esc
            | KeyCode::Up
            | KeyCode::Down
            | KeyCode::Tab
            | KeyCode::BackTab
    );
    if ends {
        *filtering = false;
    }
    ends
}

/// Takes pasted text: into the field that has the focus, nowhere else.
pub fn paste(app: &mut App, text: &str) {
    if let Some(curtain) = &mut app.curtain {
        curtain.page.paste(text);
        return;
    }
    if let Some(overlay) = app.overlays.last_mut() {
        overlay.paste(text);
        return;
    }
    match &mut app.session {
        Session::Create(page) => page.paste(text),
        Session::Unlock(page) => page.paste(text),
        Session::Open(workspace) => match workspace.tab {
            Tab::Credentials if workspace.list.filtering => {
                workspace.list.filter.paste(text);
                workspace.rows.set_filter(workspace.list.filter.text());
            }
            Tab::Activity if workspace.log.filtering => {
                workspace.log.filter.paste(text);
                workspace.log.refilter();
            }
            Tab::Credentials | Tab::Inbox | Tab::Activity | Tab::Health | Tab::Grants => {}
        },
    }
}
