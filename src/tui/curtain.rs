//! What hides everything until the passphrase is given: the vault is locked, or only this screen is.

use crate::clock::Timestamp;
use crate::engine::gate::{GateError, Place};
use crate::model::lock::{LockReason, Locked};
use crate::tui::app::App;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::overlays::overlay::Overlay;
use crate::tui::screens::unlock::Unlock;
use crate::tui::theme::Tone;
use crate::tui::update;
use crate::tui::words;
use std::time::Duration;

/// How a person wants it locked.
#[derive(Debug, Clone, Default)]
pub struct Locking {
    /// Where the vault is.
    pub vault: String,
    /// Minutes without a key or the mouse until it is locked; 0: never.
    pub idle_minutes: u64,
    /// Only the screen, while everything goes on behind it.
    pub screen_only: bool,
    /// Something else than a passphrase opens the vault too.
    pub opens_by_itself: bool,
}

/// What lies behind a curtain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// A locked vault.
    Vault,
    /// An open one: the passphrase has only to be proved.
    Screen,
}

/// The curtain.
pub struct Curtain {
    /// Where the passphrase is typed.
    pub page: Unlock,
    /// What it hides.
    pub behind: Behind,
    /// The screen was locked before the vault was: an unlocked vault does not open it.
    screen_too: bool,
    /// What was being typed was let go.
    lost: bool,
}

/// Locks, because a person wants it or has not been here for a while.
pub fn lock(app: &mut App, reason: LockReason) -> Vec<Effect> {
    let (Some(locking), Some(place)) = (&app.locking, app.place()) else {
        if app.place() == Some(Place::Demo) && reason == LockReason::Asked {
            let text = "the demo is not locked: nobody has a passphrase for its vault, which goes when you leave";
            app.say(Tone::Dim, text);
        }
        return Vec::new();
    };
    if app.curtain.is_some() {
        return Vec::new();
    }
    let now = Locked {
        since: app.now,
        reason,
    };
    // The owner knows by itself whether programs use its vault.
    let is_only_here = place == Place::Attached && !reason.is_wanted();
    if !(locking.screen_only || is_only_here) {
        let mut effects = lower_here(app, now, Behind::Vault);
        effects.push(Effect::Lock(reason));
        return effects;
    }
    if app.proof.is_none() {
        if reason.is_wanted() {
            let text =
                "the vault has no passphrase that could be asked for: tokenward vault add-slot";
            app.say(Tone::Trouble, text);
        }
        return Vec::new();
    }
    lower_here(app, now, Behind::Screen)
}

/// The same as [`lower`] where the person before this screen wanted it.
fn lower_here(app: &mut App, lock: Locked, behind: Behind) -> Vec<Effect> {
    let why = match lock.reason {
        LockReason::Asked => "as you wished".to_owned(),
        LockReason::Panic | LockReason::Idle { .. } | LockReason::Sleep | LockReason::Woke => {
            lock.reason.words()
        }
    };
    lower_because(app, lock, behind, &why)
}

/// Locks when nobody has been here for a while; by the clock on the wall, so that a night's sleep counts.
pub fn lock_when_idle(app: &mut App) -> Vec<Effect> {
    let minutes = app.locking.as_ref().map_or(0, |it| it.idle_minutes);
    let idle = app.now.since(app.used_at);
    if minutes == 0 || idle < Duration::from_secs(minutes.saturating_mul(60)) {
        return Vec::new();
    }
    lock(app, LockReason::Idle { minutes })
}

/// Hides everything, and lets go what must not be left on a locked screen.
pub fn lower(app: &mut App, lock: Locked, behind: Behind) -> Vec<Effect> {
    lower_because(app, lock, behind, &lock.reason.words())
}

fn lower_because(app: &mut App, lock: Locked, behind: Behind, why: &str) -> Vec<Effect> {
    if let Some(curtain) = &mut app.curtain {
        if behind == Behind::Vault {
            curtain.screen_too |= curtain.behind == Behind::Screen;
            curtain.behind = behind;
            curtain.lost |= drop_overlays(&mut app.overlays);
        }
        return Vec::new();
    }
    let Some(workspace) = app.open_mut() else {
        return Vec::new();
    };
    workspace.revealed = None;
    app.notices.clear();
    let locking = app.locking.clone().unwrap_or_default();
    let opens_by_itself = locking.opens_by_itself && behind == Behind::Vault;
    let note = note(app, (lock.since, why), behind, opens_by_itself);
    let mut page = Unlock::new(locking.vault, Some(note));
    page.opens_by_itself = opens_by_itself;
    let lost = behind == Behind::Vault && drop_overlays(&mut app.overlays);
    // What was proved before says nothing of who unlocks it.
    if let Some(proof) = &mut app.proof {
        proof.given_at = None;
    }
    app.curtain = Some(Curtain {
        page,
        behind,
        screen_too: false,
        lost,
    });
    match app.clipboard.take() {
        Some(_) => vec![Effect::ClearClipboard],
        None => Vec::new(),
    }
}

/// What is typed into a form may be a secret, and the engine that a sign-in waits for is gone; tells whether any was lost.
fn drop_overlays(overlays: &mut Vec<Overlay>) -> bool {
    let is_typed = |overlay: &Overlay| matches!(overlay, Overlay::Wizard(_));
    let lost = overlays.iter().any(is_typed);
    overlays.clear();
    lost
}

fn note(
    app: &App,
    (since, why): (Timestamp, &str),
    behind: Behind,
    opens_by_itself: bool,
) -> String {
    let since = words::moment(since, app.now, &app.around.zone);
    let mut note = format!("Locked at {since}: {why}.");
    match behind {
        Behind::Screen => note.push_str(" Tokens are kept fresh meanwhile."),
        Behind::Vault if opens_by_itself => {
            note.push_str(" Enter alone unlocks it by its keyring or key file.");
        }
        Behind::Vault => {}
    }
    note
}

/// Does what a key is for.
pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let Some(curtain) = &mut app.curtain else {
        return Vec::new();
    };
    if action == Action::Quit {
        return vec![Effect::Quit];
    }
    if action != Action::Submit {
        return Vec::new();
    }
    match (curtain.page.answer(), curtain.behind) {
        (Some(given), Behind::Vault) => vec![Effect::Unlock(given)],
        (Some(Some(passphrase)), Behind::Screen) => vec![Effect::Prove(passphrase)],
        (Some(None) | None, _) => Vec::new(),
    }
}

/// The vault was locked, or only the screens were, or the owner could not be told.
pub fn answered(app: &mut App, answer: Result<bool, GateError>) {
    let can_prove = app.proof.is_some();
    let Some(curtain) = &mut app.curtain else {
        return;
    };
    match answer {
        Ok(true) => {}
        // The owner's settings want no more than that.
        Ok(false) if can_prove => curtain.behind = Behind::Screen,
        Ok(false) => {}
        Err(error) => curtain.page.failed(error),
    }
}

/// The passphrase for the screen was right, or not.
pub fn proved(app: &mut App, answer: Result<(), GateError>) {
    match answer {
        Ok(()) => {
            if let Some(proof) = &mut app.proof {
                proof.given_at = Some(app.now);
            }
            // The vault may have been locked meanwhile.
            match &mut app.curtain {
                Some(curtain) if curtain.behind == Behind::Vault => {
                    curtain.screen_too = false;
                    curtain.page.go_on_typing();
                }
                Some(_) | None => raise(app),
            }
        }
        Err(error) => {
            if let Some(curtain) = &mut app.curtain {
                curtain.page.failed(error);
            }
        }
    }
}

/// The vault is open again: what is known of it may be old.
pub fn unlocked(app: &mut App) -> Vec<Effect> {
    let is_proved = app.proof.is_none_or(|proof| proof.given_at.is_some());
    match &mut app.curtain {
        Some(curtain) if curtain.behind == Behind::Vault && curtain.screen_too && !is_proved => {
            curtain.behind = Behind::Screen;
            curtain.page.go_on_typing();
        }
        Some(curtain) if curtain.behind == Behind::Vault => raise(app),
        Some(_) | None => {}
    }
    update::ask_for_all(app)
}

/// Shows what was there before.
fn raise(app: &mut App) {
    if let Some(curtain) = app.curtain.take()
        && curtain.lost
    {
        let text = "the sign-in that was under way was given up when the vault was locked";
        app.say(Tone::Soon, text);
    }
    app.used_at = app.now;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::api::Event;
    use crate::tui::app::{CLIPBOARD_STAYS, Lease};
    use crate::tui::clipboard::Where;
    use crate::tui::example;
    use crate::tui::message::{Answer, Message, Purpose};
    use crate::tui::overlays::again::Proof;
    use crate::tui::update::update;
    use crate::tui::workspace::{Revealed, Tab};
    use insta::assert_snapshot;

    fn app(locking: Locking) -> App {
        let mut app = example::open(80, 24);
        app.locking = Some(Locking {
            vault: "/home/alice/vault.db".to_owned(),
            ..locking
        });
        app.proof = Some(Proof {
            counts_for: Duration::from_secs(60),
            given_at: Some(app.now),
        });
        app
    }

    fn locked(app: &App) -> Option<Behind> {
        app.curtain.as_ref().map(|it| it.behind)
    }

    #[test]
    fn the_lock_key_hides_everything_and_lets_go_what_must_not_be_left() {
        let mut app = app(Locking::default());
        let name = example::name("google/alice@example.com");
        app.clipboard = Some(Lease {
            name: name.clone(),
            until: app.now.plus(CLIPBOARD_STAYS),
            place: Where::Terminal,
        });
        app.open_mut().unwrap().revealed = Some(Revealed {
            name: name.clone(),
            token: example::token("secret"),
            until: app.now.plus(Duration::from_secs(9)),
        });
        example::press(&mut app, "3L");
        assert_eq!(locked(&app), Some(Behind::Vault));
        assert!(app.open().unwrap().revealed.is_none() && app.clipboard.is_none());
        assert_snapshot!("locked", example::shown(&mut app));
        app.size = (40, 10);
        assert!(example::shown(&mut app).contains("tokenward: locked"));
        app.size = (80, 24);

        // A token that was asked for before comes too late.
        for purpose in [Purpose::Reveal, Purpose::Copy] {
            let answer = Answer::Token(name.clone(), purpose, Ok(example::token("secret")));
            assert!(update(&mut app, Message::Answer(Box::new(answer))).is_empty());
        }
        assert!(app.open().unwrap().revealed.is_none() && app.clipboard.is_none());

        assert!(example::press(&mut app, "\n").is_empty(), "nothing typed");
        let effects = example::press(&mut app, "word\n");
        assert!(matches!(effects.as_slice(), [Effect::Unlock(Some(_))]));
        let effects = update(&mut app, Message::Opened(Ok(Place::Owner)));
        assert!(!effects.is_empty(), "everything is asked for anew");
        assert_eq!(
            (locked(&app), app.open().unwrap().tab),
            (None, Tab::Activity)
        );
    }

    #[test]
    fn a_lock_tells_the_owner_and_a_sign_in_that_was_under_way_is_said_to_be_lost() {
        let mut app = app(Locking::default());
        app.open_mut().unwrap().providers = example::providers();
        example::press(&mut app, "a");
        assert!(!app.overlays.is_empty());
        let effects = lock(&mut app, LockReason::Asked);
        assert!(matches!(
            effects.as_slice(),
            [Effect::Lock(LockReason::Asked)]
        ));
        assert!(app.overlays.is_empty());
        update(&mut app, Message::Event(Event::Unlocked));
        assert_eq!(locked(&app), None);
        assert!(example::shown(&mut app).contains("was given up"));
    }

    #[test]
    fn only_the_screen_is_locked_where_that_is_wanted_and_what_was_typed_is_there_again() {
        let mut app = app(Locking {
            screen_only: true,
            opens_by_itself: true,
            ..Locking::default()
        });
        app.open_mut().unwrap().providers = example::providers();
        example::press(&mut app, "a");
        assert!(lock(&mut app, LockReason::Asked).is_empty());
        assert_eq!(locked(&app), Some(Behind::Screen));
        assert_snapshot!("screen_locked", example::shown(&mut app));
        assert!(
            example::press(&mut app, "\n").is_empty(),
            "a keyring proves nothing"
        );
        let effects = example::press(&mut app, "word\n");
        assert!(matches!(effects.as_slice(), [Effect::Prove(_)]));
        let wrong = GateError {
            message: "the passphrase opens no slot".to_owned(),
            hint: "try again".to_owned(),
            wrong_passphrase: true,
        };
        update(&mut app, Message::Proved(Err(wrong)));
        assert!(example::shown(&mut app).contains("opens no slot"));
        update(&mut app, Message::Proved(Ok(())));
        assert_eq!((locked(&app), app.overlays.len()), (None, 1));
    }

    #[test]
    fn it_locks_after_the_minutes_without_a_key_and_not_before() {
        let mut app = app(Locking {
            idle_minutes: 10,
            opens_by_itself: true,
            ..Locking::default()
        });
        example::press(&mut app, "j");
        app.now = example::NOW.plus(Duration::from_secs(599));
        update(&mut app, Message::Tick);
        assert_eq!(locked(&app), None);
        app.now = example::NOW.plus(Duration::from_secs(600));
        let effects = update(&mut app, Message::Tick);
        assert!(matches!(effects.as_slice(), [Effect::Lock(_)]));
        assert_snapshot!("locked_idle", example::shown(&mut app));
        let effects = example::press(&mut app, "\n");
        assert!(matches!(effects.as_slice(), [Effect::Unlock(None)]));
    }

    #[test]
    fn a_clock_set_back_leaves_nothing_open_or_bare_for_longer() {
        let mut app = app(Locking {
            idle_minutes: 10,
            opens_by_itself: true,
            ..Locking::default()
        });
        example::press(&mut app, "j");
        app.clipboard = Some(Lease {
            name: example::name("google/alice@example.com"),
            until: app.now.plus(CLIPBOARD_STAYS),
            place: Where::Terminal,
        });
        let set_back = example::NOW.minus(Duration::from_secs(86_400));
        app.tell_time(set_back);
        app.tell_time(set_back.plus(CLIPBOARD_STAYS));
        let effects = update(&mut app, Message::Tick);
        assert!(matches!(effects.as_slice(), [Effect::ClearClipboard]));
        app.tell_time(set_back.plus(Duration::from_secs(600)));
        let effects = update(&mut app, Message::Tick);
        assert!(matches!(effects.as_slice(), [Effect::Lock(_)]));
    }

    #[test]
    fn an_attached_screen_that_nobody_uses_locks_itself_and_leaves_the_owner_alone() {
        let mut app = app(Locking {
            idle_minutes: 1,
            ..Locking::default()
        });
        app.open_mut().unwrap().place = Place::Attached;
        app.now = example::NOW.plus(Duration::from_secs(60));
        assert!(update(&mut app, Message::Tick).is_empty());
        assert_eq!(locked(&app), Some(Behind::Screen));
        // Then the owner is locked too. Who unlocks it may be elsewhere: this screen stays locked.
        let lock = Locked {
            since: app.now,
            reason: LockReason::Asked,
        };
        update(&mut app, Message::Event(Event::Locked { lock }));
        assert_eq!(locked(&app), Some(Behind::Vault));
        update(&mut app, Message::Event(Event::Unlocked));
        assert_eq!(locked(&app), Some(Behind::Screen));
        update(&mut app, Message::Proved(Ok(())));
        assert_eq!(locked(&app), None);
    }

    #[test]
    fn what_was_proved_before_the_lock_does_not_count_after_it() {
        let mut app = app(Locking::default());
        lock(&mut app, LockReason::Asked);
        update(&mut app, Message::Event(Event::Unlocked));
        assert_eq!(locked(&app), None);
        assert!(app.proof.unwrap().given_at.is_none());
    }

    #[test]
    fn a_passphrase_proved_just_as_the_vault_was_locked_shows_nothing() {
        let mut app = app(Locking {
            screen_only: true,
            ..Locking::default()
        });
        lock(&mut app, LockReason::Asked);
        assert_eq!(locked(&app), Some(Behind::Screen));
        let lock = Locked {
            since: app.now,
            reason: LockReason::Sleep,
        };
        update(&mut app, Message::Event(Event::Locked { lock }));
        update(&mut app, Message::Proved(Ok(())));
        assert_eq!(locked(&app), Some(Behind::Vault));
        update(&mut app, Message::Event(Event::Unlocked));
        assert_eq!(locked(&app), None, "it was proved here");
    }

    #[test]
    fn a_screen_without_a_passphrase_cannot_be_locked_and_says_so() {
        let mut app = app(Locking {
            screen_only: true,
            ..Locking::default()
        });
        app.proof = None;
        lock(&mut app, LockReason::Asked);
        assert_eq!(locked(&app), None);
        assert!(example::shown(&mut app).contains("no passphrase"));
    }
}
