//! Takes a message, changes the state, says what is to be done outside. No IO, no clock of its own.

use crate::engine::api::Event;
use crate::engine::gate::{GateError, Place};
use crate::model::event::{Activity, Happening};
use crate::model::question;
use crate::model::signin::{self, SignInId, SignInStep};
use crate::tui::answers;
use crate::tui::app::{App, Session};
use crate::tui::curtain::{self, Behind};
use crate::tui::effect::{Ask, Effect};
use crate::tui::granting;
use crate::tui::keys;
use crate::tui::layout;
use crate::tui::message::Message;
use crate::tui::overlays::again;
use crate::tui::overlays::naming::Naming;
use crate::tui::overlays::overlay::Overlay;
use crate::tui::pointer;
use crate::tui::screens::list;
use crate::tui::screens::tale;
use crate::tui::theme::Tone;
use crate::tui::workspace::{Tab, Workspace};

/// Lines of the activity that are asked for at the start.
const FIRST_LINES: usize = 500;

/// Takes a message.
pub fn update(app: &mut App, message: Message) -> Vec<Effect> {
    match message {
        Message::Tick => tick(app),
        Message::Key(key) => {
            app.used_at = app.now;
            keys::press(app, key)
        }
        Message::Mouse(mouse) => {
            app.used_at = app.now;
            pointer::mouse(app, mouse)
        }
        Message::Paste(text) => {
            app.used_at = app.now;
            keys::paste(app, &text);
            Vec::new()
        }
        Message::Resize(columns, rows) => {
            app.size = (columns, rows);
            Vec::new()
        }
        Message::Opened(Ok(place)) => {
            // What opened it was a passphrase, unless somebody else had opened it meanwhile.
            let is_shown = place == Place::Owner && app.curtain.is_none();
            if let Some(proof) = app.proof.as_mut().filter(|_| is_shown) {
                proof.given_at = Some(app.now);
            }
            open(app, place)
        }
        Message::Opened(Err(error)) => {
            closed(app, error);
            Vec::new()
        }
        Message::Locked(answer) => {
            curtain::answered(app, answer);
            Vec::new()
        }
        Message::Proved(answer) if app.curtain.is_some() => {
            curtain::proved(app, answer);
            Vec::new()
        }
        Message::Proved(answer) => again::proved(app, answer),
        Message::Event(event) => happened(app, event),
        Message::Answer(answer) => answers::take(app, *answer),
        Message::Copied(Ok(place)) => {
            if let Some(lease) = &mut app.clipboard {
                lease.place = place;
            }
            Vec::new()
        }
        Message::Copied(Err(why)) => {
            app.clipboard = None;
            app.say(Tone::Trouble, &format!("nothing was copied: {why}"));
            Vec::new()
        }
        Message::Browser(outcome) => {
            browser(app, outcome);
            Vec::new()
        }
        Message::Preferred(preferences) => {
            preferences.take_effect(app);
            Vec::new()
        }
        Message::Approved(true) => {
            app.say(Tone::Good, "approved at the demo's provider");
            Vec::new()
        }
        Message::Approved(false) => {
            app.say(
                Tone::Dim,
                "nothing waits for approval at the demo's provider",
            );
            Vec::new()
        }
    }
}

/// The vault is open: the first questions.
pub fn opened(app: &mut App, place: Place) -> Vec<Effect> {
    let workspace = Workspace::new(place);
    app.session = Session::Open(Box::new(workspace));
    app.overlays.clear();
    ask_for_all(app)
}

/// Asks for everything that is shown: nothing is known of it yet, or it may be old.
pub fn ask_for_all(app: &mut App) -> Vec<Effect> {
    if let Some(workspace) = app.open_mut() {
        workspace.rows.expect_list();
    }
    let asks = [
        Ask::List,
        Ask::Activity(None, FIRST_LINES),
        Ask::Providers,
        Ask::Parcels,
        Ask::Questions,
        Ask::Grants,
        Ask::Status,
    ];
    asks.into_iter().map(Effect::Ask).collect()
}

fn closed(app: &mut App, error: GateError) {
    match &mut app.session {
        Session::Create(page) => page.failed(error),
        Session::Unlock(page) => page.failed(error),
        Session::Open(_) => {
            if let Some(curtain) = &mut app.curtain {
                curtain.page.failed(error);
            }
        }
    }
}

/// The vault was opened: for the first time here, or again.
fn open(app: &mut App, place: Place) -> Vec<Effect> {
    let is_again = app.curtain.is_some();
    match app.open_mut().filter(|_| is_again) {
        None => opened(app, place),
        Some(workspace) => {
            // Whoever owned it may have left meanwhile.
            workspace.place = place;
            workspace.stopped = false;
            curtain::unlocked(app)
        }
    }
}

fn browser(app: &mut App, outcome: Result<(), String>) {
    let note = match outcome {
        Ok(()) => (Tone::Good, "a browser was started".to_owned()),
        Err(why) => (
            Tone::Trouble,
            format!("no browser could be started: {why}; copy the address instead"),
        ),
    };
    match app.overlays.last_mut() {
        Some(Overlay::Wizard(wizard)) if wizard.session.is_some() => {
            if let Some(session) = &mut wizard.session {
                session.note = Some(note);
            }
        }
        _ => app.say(note.0, &note.1),
    }
}

fn tick(app: &mut App) -> Vec<Effect> {
    let now = app.now;
    app.notices.expire(now);
    let mut effects = curtain::lock_when_idle(app);
    let is_hidden = app.curtain.is_some();
    if app
        .clipboard
        .as_ref()
        .is_some_and(|lease| lease.until <= now)
    {
        app.clipboard = None;
        effects.push(Effect::ClearClipboard);
        app.say(Tone::Dim, "the token was cleared from the clipboard");
    }
    if let Some(workspace) = app.open_mut() {
        if workspace
            .revealed
            .as_ref()
            .is_some_and(|revealed| revealed.until <= now)
        {
            workspace.revealed = None;
        }
        // The forecast comes nearer without any event.
        if now.as_secs() % 60 == 0 {
            workspace.inbox.gather(&workspace.rows, now);
        }
        if workspace.tab == Tab::Health && !workspace.stopped && !is_hidden {
            workspace.figures.gather(&workspace.rows, now);
            effects.push(Effect::Ask(Ask::Status));
        }
    }
    effects
}

fn happened(app: &mut App, event: Event) -> Vec<Effect> {
    if let Event::SignIn { id, step } = event {
        return sign_in_step(app, id, step);
    }
    let ring = bell(app, &event);
    let mut effects = taken_in(app, event);
    effects.extend(ring);
    effects
}

/// What the terminal is told of it, where it needs a human who did not know yet.
fn bell(app: &mut App, event: &Event) -> Option<Effect> {
    let (now, names) = (app.now, app.notify.names && app.curtain.is_none());
    let workspace = app.open_mut()?;
    let text = match event {
        Event::Changed { view } => {
            let need = workspace
                .needing
                .see(view, now)
                .filter(|_| workspace.listed)?;
            match names {
                true => format!("{}: {}", view.profile.name, need.words()),
                false => "a credential needs you".to_owned(),
            }
        }
        Event::Alerts { new, .. } => {
            let kind = new.first()?.kind;
            format!("activity log: {}", kind.words())
        }
        Event::Removed { name } => {
            workspace.needing.forget(name);
            return None;
        }
        Event::Questions { open } => {
            let new = question::news(workspace.inbox.questions(), open);
            let first = new.first()?;
            match names {
                true => format!(
                    "{} asks for the grant {}",
                    first.by.short_name(),
                    first.grant
                ),
                false => "a program asks for a grant".to_owned(),
            }
        }
        Event::Happened { .. }
        | Event::SignIn { .. }
        | Event::Loaded { .. }
        | Event::Locked { .. }
        | Event::Unlocked
        | Event::ScreenLocked { .. }
        | Event::Lagged
        | Event::Stopped => return None,
    };
    let sequence = app.around.bell.sequence(app.notify, &text)?;
    Some(Effect::Ring(sequence))
}

fn taken_in(app: &mut App, event: Event) -> Vec<Effect> {
    let Some(workspace) = app.open_mut() else {
        return Vec::new();
    };
    match event {
        Event::Changed { view } => {
            if workspace.revealed.as_ref().is_some_and(|revealed| {
                // What is shown is no longer the token.
                revealed.name == view.profile.name
                    && workspace
                        .rows
                        .get(&revealed.name)
                        .is_some_and(|old| old.generation != view.generation)
            }) {
                workspace.revealed = None;
            }
            // What was told of it is no longer so.
            let ask = workspace
                .detail
                .as_ref()
                .filter(|open| open.story.is_some() && open.name == view.profile.name)
                .map(|open| Effect::Ask(Ask::Why(open.name.clone())));
            workspace.rows.upsert(view);
            return ask.into_iter().collect();
        }
        Event::Removed { name } => workspace.rows.remove(&name),
        Event::Happened { activity } => {
            if let Some(detail) = &mut workspace.detail
                && activity.name.as_ref() == Some(&detail.name)
                && let Some(history) = &mut detail.history
                && !history.contains(&activity)
            {
                history.push(activity.clone());
            }
            let notice = notice(&activity);
            let is_about_a_grant = matches!(activity.what, Happening::Grant { .. })
                || activity.by.as_deref().is_some_and(|by| by.grant.is_some());
            workspace.log.happened(activity);
            // What was fetched with a grant, and by whom, changes with it.
            let looks = is_about_a_grant && workspace.tab == Tab::Grants && !workspace.stopped;
            if let Some((tone, text)) = notice {
                app.say(tone, &text);
            }
            if looks {
                return vec![Effect::Ask(Ask::Grants)];
            }
        }
        Event::Loaded { loaded, total } => {
            workspace.loading = (loaded < total).then_some((loaded, total));
            if loaded >= total {
                workspace.rows.expect_list();
                return vec![Effect::Ask(Ask::List)];
            }
        }
        Event::Questions { open } => return granting::asked(app, open),
        Event::Alerts { open, new } => {
            workspace.inbox.take_alerts(open);
            if let [alert, rest @ ..] = new.as_slice() {
                let more = match rest.len() {
                    0 => String::new(),
                    more => format!(" ({more} more in the inbox)"),
                };
                app.say(Tone::Trouble, &format!("{}{more}", alert.text));
            }
        }
        Event::Lagged => {
            workspace.rows.expect_list();
            let lines = Ask::Activity(None, FIRST_LINES);
            let asks = [Ask::List, lines, Ask::Questions, Ask::Grants, Ask::Status];
            return asks.into_iter().map(Effect::Ask).collect();
        }
        Event::Stopped => {
            workspace.stopped = true;
            app.say(Tone::Trouble, "the engine has stopped");
        }
        Event::Locked { lock } => return curtain::lower(app, lock, Behind::Vault),
        Event::ScreenLocked { lock } => {
            // Where there is no passphrase, none could be proved.
            if app.proof.is_some() {
                return curtain::lower(app, lock, Behind::Screen);
            }
        }
        Event::Unlocked => return curtain::unlocked(app),
        Event::SignIn { .. } => {}
    }
    Vec::new()
}

/// What has to be said as it happens: what is in no list, and what wants a person before long.
fn notice(activity: &Activity) -> Option<(Tone, String)> {
    let sentence = || tale::sentence(activity).1;
    match (&activity.what, &activity.name) {
        (Happening::Unreadable { .. }, _) => {
            let text = format!("{}: `tokenward vault verify` says why", sentence());
            Some((Tone::Trouble, text))
        }
        (Happening::SettingsRefused { .. } | Happening::HookFailed { .. }, _) => {
            Some((Tone::Trouble, sentence()))
        }
        (Happening::SettingsChanged { .. }, _) => Some((Tone::Plain, sentence())),
        (Happening::Grant { what, .. }, _) if what.is_failure() => {
            Some((Tone::Trouble, sentence()))
        }
        (Happening::EndsSoon { .. }, Some(name)) => {
            Some((Tone::Soon, format!("{name}: {}", sentence())))
        }
        _ => None,
    }
}

fn sign_in_step(app: &mut App, id: SignInId, step: SignInStep) -> Vec<Effect> {
    let ours = app.overlays.iter().position(|overlay| match overlay {
        Overlay::Wizard(wizard) => wizard
            .session
            .as_ref()
            .is_some_and(|session| session.id == id),
        Overlay::Help(_)
        | Overlay::Palette(_)
        | Overlay::Confirm(_)
        | Overlay::Story(_)
        | Overlay::Trend(_)
        | Overlay::Again(_)
        | Overlay::Naming(_)
        | Overlay::Arrival(_)
        | Overlay::Asked(_)
        | Overlay::Identify(_) => false,
    });
    match step {
        SignInStep::SignedIn {
            name,
            apart,
            is_unnamed,
            aside,
        } => {
            if let Some(at) = ours {
                let overlay = app.overlays.remove(at);
                let is_key = matches!(&overlay, Overlay::Wizard(wizard) if wizard.is_key());
                match &apart {
                    _ if is_unnamed => {
                        let why = signin::why_asked(apart.as_ref());
                        let naming = Naming::new(name.clone(), why);
                        app.overlays.insert(at, Overlay::Naming(naming));
                    }
                    None if is_key => app.say(Tone::Good, &format!("kept: {name}")),
                    None => app.say(
                        Tone::Good,
                        &format!("signed in: {name} is kept fresh from now on"),
                    ),
                    Some(apart) => app.say(
                        Tone::Soon,
                        &format!("signed in as {name}: {}", apart.sentence()),
                    ),
                }
                if let Some(aside) = aside {
                    app.say(Tone::Soon, &aside.sentence());
                }
                if let Some(workspace) = app.open_mut() {
                    workspace.tab = Tab::Credentials;
                    workspace.detail = None;
                    workspace.expected = Some(name);
                }
            } else if app.began(id) {
                let text = format!("{name} was kept before it could be given up");
                app.say(Tone::Soon, &text);
            }
            vec![Effect::Ask(Ask::Providers)]
        }
        SignInStep::Cancelled => {
            if let Some(at) = ours {
                app.overlays.remove(at);
            }
            if app.began(id) {
                app.say(Tone::Dim, "the sign-in was given up");
            }
            Vec::new()
        }
        step => {
            if let Some(Overlay::Wizard(wizard)) = ours.and_then(|at| app.overlays.get_mut(at))
                && let Some(session) = &mut wizard.session
            {
                session.step(step);
            }
            Vec::new()
        }
    }
}

/// Brings everything that is made from the credentials up to date; before keys are taken and before a frame is drawn.
pub fn settle(app: &mut App) {
    let (now, size) = (app.now, app.size);
    if layout::is_too_small(size) {
        return;
    }
    if let Some(workspace) = app.open_mut() {
        let height = list::height(&workspace.list, size);
        workspace.settle(now, height);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::message::{Answer, Purpose};
    use crate::tui::{app, example};
    use std::time::Duration;

    #[test]
    fn a_copied_token_leaves_the_clipboard_after_thirty_seconds_and_not_before() {
        let mut app = example::open(80, 24);
        let name = example::name("github/alice");
        let answer = Answer::Token(name, Purpose::Copy, Ok(example::token("made-up")));
        let effects = update(&mut app, Message::Answer(Box::new(answer)));
        assert!(matches!(effects.as_slice(), [Effect::CopyToken(_)]));
        assert_eq!(app::CLIPBOARD_STAYS, Duration::from_secs(30));
        app.now = app.now.plus(Duration::from_millis(29_999));
        assert!(update(&mut app, Message::Tick).is_empty());
        app.now = app.now.plus(Duration::from_millis(1));
        let effects = update(&mut app, Message::Tick);
        assert!(matches!(effects.as_slice(), [Effect::ClearClipboard]));
        assert!(update(&mut app, Message::Tick).is_empty(), "once");
        assert!(example::shown(&mut app).contains("cleared from the clipboard"));
    }

    #[test]
    fn a_mark_goes_with_its_credential() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "*");
        example::shown(&mut app);
        assert_eq!(app.open().unwrap().targets().len(), 7);
        let name = example::name("slack/acme");
        let gone = Event::Removed { name: name.clone() };
        update(&mut app, Message::Event(gone));
        example::shown(&mut app);
        let targets = app.open().unwrap().targets();
        assert!(targets.len() == 6 && !targets.contains(&name));
    }

    #[test]
    fn an_engine_that_stopped_is_said_for_as_long_as_the_screen_stays() {
        let mut app = example::open(80, 24);
        update(&mut app, Message::Event(Event::Stopped));
        app.now = app.now.plus(Duration::from_secs(60));
        update(&mut app, Message::Tick);
        let text = example::shown(&mut app);
        assert!(text.contains("start tokenward again"), "{text}");
        example::press(&mut app, "4");
        assert!(update(&mut app, Message::Tick).is_empty(), "nobody to ask");
    }

    #[test]
    fn a_coming_sign_in_is_said_when_it_is_told() {
        let mut app = example::open(80, 24);
        let activity = Activity::new(
            app.now,
            Some(example::name("google/alice@example.com")),
            Happening::EndsSoon {
                before: app.now.plus(Duration::from_secs(7 * 86_400)),
                because: crate::model::health::ForecastReason::ProviderSaid,
            },
        );
        update(&mut app, Message::Event(Event::Happened { activity }));
        insta::assert_snapshot!("ends_soon", example::shown(&mut app));
    }

    #[test]
    fn who_missed_events_asks_for_everything_again() {
        let mut app = example::open(80, 24);
        let effects = update(&mut app, Message::Event(Event::Lagged));
        let asks = [
            Effect::Ask(Ask::List),
            Effect::Ask(Ask::Activity(None, FIRST_LINES)),
            Effect::Ask(Ask::Questions),
            Effect::Ask(Ask::Grants),
            Effect::Ask(Ask::Status),
        ];
        assert_eq!(format!("{effects:?}"), format!("{asks:?}"));
    }

    #[test]
    fn notices_go_with_time_and_stay_in_the_activity() {
        let mut app = example::open(80, 24);
        app.say(Tone::Good, "something was done");
        assert!(example::shown(&mut app).contains("something was done"));
        app.now = app.now.plus(Duration::from_secs(7));
        update(&mut app, Message::Tick);
        assert!(!example::shown(&mut app).contains("something was done"));
        example::press(&mut app, "3");
        assert!(example::shown(&mut app).contains("something was done"));
    }
}
