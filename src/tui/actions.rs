//! What actions do on the screens of an open vault.

use crate::model::alert::Alert;
use crate::model::lock::LockReason;
use crate::model::name::CredentialName;
use crate::model::need::Need;
use crate::tui::app::App;
use crate::tui::curtain;
use crate::tui::effect::{Ask, Effect};
use crate::tui::keymap::Action;
use crate::tui::layout::Layout;
use crate::tui::message::Purpose;
use crate::tui::orders;
use crate::tui::overlays::act::moved;
use crate::tui::overlays::arrival::Arrival;
use crate::tui::overlays::asked::Asked;
use crate::tui::overlays::confirm::Confirm;
use crate::tui::overlays::deed::Deed;
use crate::tui::overlays::identify::Identify;
use crate::tui::overlays::overlay::Overlay;
use crate::tui::overlays::palette::Palette;
use crate::tui::overlays::panic;
use crate::tui::overlays::story::Story;
use crate::tui::screens::detail::{self, Detail};
use crate::tui::screens::inbox::{Entry, ITEM_HEIGHT};
use crate::tui::screens::needs::Item;
use crate::tui::screens::{activity, alerts, grants, health, list, tale};
use crate::tui::signin::steps;
use crate::tui::signin::wizard::{Page, Wizard};
use crate::tui::theme::Tone;
use crate::tui::view;
use crate::tui::workspace::{Tab, Workspace};

/// Lines of history that an opened credential asks for.
const HISTORY: usize = 100;

/// Does what an action is for.
pub fn perform(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Quit => return vec![Effect::Quit],
        Action::Demo => return vec![Effect::Demo],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        Action::Help => app.overlays.push(Overlay::Help(0)),
        Action::Palette => app.overlays.push(Overlay::Palette(Palette::new(app))),
        Action::Credentials => go_to(app, Tab::Credentials),
        Action::Inbox => return inbox(app),
        Action::Identify => {
            let identify = Identify::default();
            app.overlays.push(Overlay::Identify(identify));
        }
        Action::Lock => return curtain::lock(app, LockReason::Asked),
        Action::Panic => panic::ask(app),
        Action::Activity => go_to(app, Tab::Activity),
        Action::Health => return health(app),
        Action::Grants => return grants(app),
        Action::NextTab | Action::PreviousTab => return turn(app, action),
        Action::SignIn => return sign_in(app),
        Action::SignInAgain => return again(app, looked_at(app)),
        Action::Approve => return vec![Effect::Approve],
        Action::Up
        | Action::Down
        | Action::PageUp
        | Action::PageDown
        | Action::First
        | Action::Last => {
            go(app, action);
        }
        Action::Open => return open(app),
        Action::Back => back(app),
        Action::Submit => return do_item(app),
        Action::Rotate => return orders::rotate(app),
        Action::RotateAll => orders::ask_all(app),
        Action::Revoke => orders::ask(app, Deed::Revoke),
        Action::Remove => orders::ask(app, Deed::Remove),
        Action::Copy => return orders::token(app, Purpose::Copy),
        Action::Reveal => return orders::reveal(app),
        Action::Why => return why(app),
        Action::Analyse => {
            app.overlays.push(Overlay::Trend(Box::default()));
            return vec![Effect::Ask(Ask::Analysis)];
        }
        Action::Filter => filter(app),
        Action::Mark
        | Action::MarkAll
        | Action::Sort
        | Action::Reverse
        | Action::Group
        | Action::Fold
        | Action::Widen => {
            if let Some(workspace) = app.open_mut() {
                arrange(workspace, action);
            }
        }
        Action::TakeAllIn => orders::ask_take_in(app),
        Action::RefuseAll => orders::ask_refuse(app),
        Action::TakeIn
        | Action::TakeInAs
        | Action::Replace
        | Action::Refuse
        | Action::RefuseRevoking
        | Action::Allow
        | Action::Terms
        | Action::Deny
        | Action::Confirm
        | Action::Keep
        | Action::NextField
        | Action::PreviousField
        | Action::Toggle
        | Action::OpenBrowser
        | Action::CopyAddress
        | Action::Cancel
        | Action::TryAgain => {}
    }
    Vec::new()
}

/// The credential that is looked at.
pub fn looked_at(app: &App) -> Option<CredentialName> {
    app.open()?
        .looked_at()
        .map(|view| view.profile.name.clone())
}

fn go_to(app: &mut App, tab: Tab) {
    if let Some(workspace) = app.open_mut() {
        if workspace.tab == tab {
            workspace.detail = None;
            workspace.grants.leave();
        }
        workspace.tab = tab;
        workspace.list.filtering = false;
        workspace.log.filtering = false;
    }
}

/// What came in while the vault was locked is told by no event: it is looked for now.
fn inbox(app: &mut App) -> Vec<Effect> {
    go_to(app, Tab::Inbox);
    vec![Effect::Ask(Ask::Parcels)]
}

fn health(app: &mut App) -> Vec<Effect> {
    go_to(app, Tab::Health);
    let now = app.now;
    if let Some(workspace) = app.open_mut() {
        workspace.figures.gather(&workspace.rows, now);
    }
    vec![Effect::Ask(Ask::Status)]
}

/// What was fetched meanwhile is told by no event: it is looked for now.
fn grants(app: &mut App) -> Vec<Effect> {
    go_to(app, Tab::Grants);
    [Ask::Grants, Ask::Status]
        .into_iter()
        .map(Effect::Ask)
        .collect()
}

fn turn(app: &mut App, action: Action) -> Vec<Effect> {
    let by = if action == Action::NextTab {
        1
    } else {
        Tab::ALL.len() - 1
    };
    match app.open().map(|workspace| workspace.tab.turned(by)) {
        Some(Tab::Health) => return health(app),
        Some(Tab::Inbox) => return inbox(app),
        Some(Tab::Grants) => return grants(app),
        Some(tab) => go_to(app, tab),
        None => {}
    }
    Vec::new()
}

fn sign_in(app: &mut App) -> Vec<Effect> {
    let ssh = app.around.ssh;
    let Some(workspace) = app.open() else {
        return Vec::new();
    };
    let wizard = Wizard::new(workspace.providers.clone(), ssh);
    app.overlays.push(Overlay::Wizard(Box::new(wizard)));
    vec![Effect::Ask(Ask::Providers)]
}

fn again(app: &mut App, name: Option<CredentialName>) -> Vec<Effect> {
    let ssh = app.around.ssh;
    let Some(workspace) = app.open() else {
        return Vec::new();
    };
    let Some(view) = name.and_then(|name| workspace.rows.get(&name)) else {
        return Vec::new();
    };
    let mut wizard = Box::new(Wizard::again(view, workspace.providers.clone(), ssh));
    // A key is pasted first.
    let effects = if wizard.page == Page::Session {
        steps::start(app, &mut wizard)
    } else {
        Vec::new()
    };
    app.overlays.push(Overlay::Wizard(wizard));
    effects
}

fn go(app: &mut App, action: Action) {
    let layout = Layout::of(app.size);
    let Some(workspace) = app.open() else { return };
    let detail_lines = workspace.detail.as_ref().and_then(|open| {
        let (_, right) = layout.panes(view::has_pane(workspace));
        let area = right.unwrap_or(layout.body);
        let view = workspace.rows.get(&open.name)?;
        Some((
            detail::lines(app, workspace, view, area.width).len(),
            area.height.saturating_sub(1),
        ))
    });
    let size = app.size;
    let providers = health::seen(app, workspace, layout.body);
    let (grant_lines, grant_height) = grants::open_lines(app, workspace);
    let Some(workspace) = app.open_mut() else {
        return;
    };
    match workspace.tab {
        Tab::Credentials => match (&mut workspace.detail, detail_lines) {
            (Some(open), Some((total, height))) => {
                open.scroll(moved(action, height), total, height.into())
            }
            _ => {
                let height = list::height(&workspace.list, size);
                workspace.list.go(moved(action, height), &workspace.rows);
            }
        },
        Tab::Inbox => workspace
            .inbox
            .go(moved(action, layout.body.height / ITEM_HEIGHT)),
        Tab::Activity => {
            let height = activity::lines_area(&workspace.log, layout.body).height;
            workspace.log.go(moved(action, height), height);
        }
        Tab::Health => {
            let height = u16::try_from(providers).unwrap_or(u16::MAX);
            workspace.figures.go(moved(action, height), providers);
        }
        Tab::Grants => {
            let by = moved(action, grant_height);
            workspace.grants.go(by, grant_lines, grant_height);
        }
    }
}

fn open(app: &mut App) -> Vec<Effect> {
    let (now, zone) = (app.now, app.around.zone.clone());
    let Some(workspace) = app.open_mut() else {
        return Vec::new();
    };
    match workspace.tab {
        Tab::Credentials if workspace.list.is_on_group() => {
            arrange(workspace, Action::Fold);
            Vec::new()
        }
        Tab::Credentials => {
            let name = workspace.looked_at().map(|view| view.profile.name.clone());
            enter(workspace, name)
        }
        Tab::Inbox => {
            let name = match workspace.inbox.selected() {
                Some(Entry::Need(item)) => item.name.clone(),
                Some(Entry::Alert(_) | Entry::Question(_) | Entry::Parcel(_)) | None => {
                    return Vec::new();
                }
            };
            workspace.tab = Tab::Credentials;
            workspace.list.select(&name, &workspace.rows);
            enter(workspace, Some(name))
        }
        Tab::Activity => {
            let story = workspace.log.selected().map(|line| match &line.source {
                Some(activity) => Story {
                    title: activity
                        .name
                        .as_ref()
                        .map_or("What happened".to_owned(), ToString::to_string),
                    lines: tale::story(activity, now, &zone),
                    then_locks: false,
                },
                None => Story {
                    title: "Said by this program".to_owned(),
                    lines: vec![
                        ("when", crate::tui::words::moment(line.at, now, &zone)),
                        ("what", line.text.clone()),
                    ],
                    then_locks: false,
                },
            });
            if let Some(story) = story {
                app.overlays.push(Overlay::Story(story));
            }
            Vec::new()
        }
        Tab::Grants => {
            workspace.grants.enter();
            Vec::new()
        }
        Tab::Health => Vec::new(),
    }
}

/// Opens a credential.
pub fn enter(workspace: &mut Workspace, name: Option<CredentialName>) -> Vec<Effect> {
    let Some(name) = name else {
        return Vec::new();
    };
    workspace.detail = Some(Detail::new(name.clone()));
    vec![Effect::Ask(Ask::Activity(Some(name), HISTORY))]
}

/// Opens the story of the credential that is looked at, or turns back to its facts.
fn why(app: &mut App) -> Vec<Effect> {
    let name = looked_at(app);
    let Some(workspace) = app.open_mut() else {
        return Vec::new();
    };
    let mut effects = match &workspace.detail {
        Some(_) => Vec::new(),
        None => enter(workspace, name.clone()),
    };
    if let Some(detail) = &mut workspace.detail
        && detail.turn()
    {
        effects.extend(name.map(|name| Effect::Ask(Ask::Why(name))));
    }
    effects
}

fn back(app: &mut App) {
    let Some(workspace) = app.open_mut() else {
        return;
    };
    match workspace.tab {
        Tab::Credentials if workspace.detail.is_some() => {
            if let Some(open) = workspace
                .detail
                .as_mut()
                .filter(|open| open.story.is_some())
            {
                open.turn();
            } else {
                workspace.detail = None;
                workspace.revealed = None;
            }
        }
        Tab::Credentials if workspace.list.shows_filter() => {
            workspace.list.filtering = false;
            workspace.list.filter.clear();
            workspace.rows.set_filter("");
        }
        Tab::Credentials => workspace.list.marked.clear(),
        Tab::Activity => {
            workspace.log.filter.clear();
            workspace.log.refilter();
        }
        Tab::Grants => workspace.grants.leave(),
        Tab::Inbox | Tab::Health => {}
    }
}

/// Shows the lines that an alert rests on; that it was looked at is noted.
fn look_at(workspace: &mut Workspace, alert: &Alert) -> Vec<Effect> {
    workspace.tab = Tab::Activity;
    workspace.log.filter.clear();
    workspace.log.filter.paste(&alerts::filter(alert));
    workspace.log.refilter();
    workspace.log.select_at(alert.at);
    vec![Effect::Ask(Ask::SeeAlert(alert.key()))]
}

fn do_item(app: &mut App) -> Vec<Effect> {
    let Some(workspace) = app.open_mut() else {
        return Vec::new();
    };
    match workspace.inbox.selected() {
        None => Vec::new(),
        Some(Entry::Alert(alert)) => {
            let alert = alert.clone();
            look_at(workspace, &alert)
        }
        Some(Entry::Question(question)) => {
            let asked = Asked::new(question.clone());
            app.overlays.push(Overlay::Asked(Box::new(asked)));
            Vec::new()
        }
        Some(Entry::Parcel(parcel)) => {
            let arrival = Arrival::new(parcel.clone());
            app.overlays.push(Overlay::Arrival(Box::new(arrival)));
            Vec::new()
        }
        Some(Entry::Need(item)) => {
            let item = item.clone();
            help(app, item)
        }
    }
}

/// Does what a credential needs.
fn help(app: &mut App, item: Item) -> Vec<Effect> {
    match item.need {
        Need::SignIn | Need::Over | Need::Scopes | Need::DiesSoon => again(app, Some(item.name)),
        Need::StillAlive => {
            let confirm = Confirm::new(Deed::Revoke, vec![item.name]);
            app.overlays.push(Overlay::Confirm(confirm));
            Vec::new()
        }
        Need::Setting => {
            anew(app, &item.name);
            Vec::new()
        }
    }
}

fn anew(app: &mut App, name: &CredentialName) {
    let ssh = app.around.ssh;
    let Some(workspace) = app.open() else { return };
    if let Some(view) = workspace.rows.get(name) {
        let wizard = Wizard::anew(view, workspace.providers.clone(), ssh);
        app.overlays.push(Overlay::Wizard(Box::new(wizard)));
    }
}

fn filter(app: &mut App) {
    let Some(workspace) = app.open_mut() else {
        return;
    };
    match workspace.tab {
        Tab::Credentials if workspace.detail.is_none() => workspace.list.filtering = true,
        Tab::Activity => workspace.log.filtering = true,
        Tab::Credentials | Tab::Inbox | Tab::Health | Tab::Grants => {
            app.say(Tone::Dim, "there is nothing to find here")
        }
    }
}

fn arrange(workspace: &mut Workspace, action: Action) {
    let Workspace { list, rows, .. } = workspace;
    match action {
        Action::Mark => {
            if let Some(name) = list.selected(rows).map(|view| view.profile.name.clone()) {
                if !list.marked.remove(&name) {
                    list.marked.insert(name);
                }
                list.go(1, rows);
            }
        }
        Action::MarkAll => {
            let shown: std::collections::BTreeSet<_> =
                rows.shown().map(|view| view.profile.name.clone()).collect();
            list.marked = if list.marked == shown {
                std::collections::BTreeSet::new()
            } else {
                shown
            };
        }
        Action::Sort => rows.cycle_sort(),
        Action::Reverse => rows.reverse(),
        Action::Group => rows.toggle_groups(),
        Action::Fold => {
            if let Some(provider) = list.group(rows) {
                list.select_group(&provider);
                rows.toggle_fold(&provider);
            }
        }
        Action::Widen => list.no_pane = !list.no_pane,
        _ => {}
    }
}
