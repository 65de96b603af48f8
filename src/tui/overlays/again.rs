//! The passphrase asked for once more, before something that a passer-by must not do; Esc leaves it.

use crate::clock::Timestamp;
use crate::engine::gate::GateError;
use crate::model::name::CredentialName;
use crate::secret::Passphrase;
use crate::tui::app::App;
use crate::tui::boxes;
use crate::tui::effect::Effect;
use crate::tui::field::Field;
use crate::tui::hints;
use crate::tui::keymap::{Action, Scope};
use crate::tui::layout;
use crate::tui::orders;
use crate::tui::overlays::act;
use crate::tui::overlays::confirm::Confirm;
use crate::tui::overlays::overlay::Overlay;
use crate::tui::paint::{paragraph, wrap};
use crate::tui::screens::lock::{self, LABEL, Progress};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::time::Duration;

/// When the passphrase was given last, and for how long that counts.
#[derive(Debug, Clone, Copy)]
pub struct Proof {
    /// How long.
    pub counts_for: Duration,
    /// When; `None`: not in this window.
    pub given_at: Option<Timestamp>,
}

impl Proof {
    fn is_fresh(&self, now: Timestamp) -> bool {
        // A clock that was set back proves nothing.
        self.given_at
            .is_some_and(|at| at <= now && now < at.plus(self.counts_for))
    }
}

/// What is done once the passphrase was right.
pub enum Then {
    /// An access token is shown.
    Reveal(CredentialName),
    /// What was confirmed already is done to many.
    All(Confirm),
}

impl Then {
    const fn why(&self) -> &'static str {
        match self {
            Self::Reveal(_) => {
                "Whoever sees this token can use it. Show that you know the passphrase of the vault."
            }
            Self::All(_) => {
                "This ends many accesses at once. Show that you know the passphrase of the vault."
            }
        }
    }
}

/// The question.
pub struct Again {
    then: Then,
    field: Field,
    progress: Progress,
}

impl Again {
    /// Takes a key into the field.
    pub fn type_key(&mut self, key: KeyEvent) -> bool {
        !self.progress.is_working() && key.code != KeyCode::Enter && self.field.handle(key)
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        if !self.progress.is_working() {
            self.field.paste(text);
        }
    }
}

/// Does it at once if the passphrase was given lately or there is none; else asks for it first.
pub fn guard(app: &mut App, then: Then) -> Vec<Effect> {
    if app.proof.is_none_or(|proof| proof.is_fresh(app.now)) {
        return go_on(app, then);
    }
    app.overlays.push(Overlay::Again(Again {
        then,
        field: Field::masked(),
        progress: Progress::Typing,
    }));
    Vec::new()
}

/// Does what an action is for.
pub fn act(app: &mut App, mut again: Again, action: Action) -> Vec<Effect> {
    if action == Action::Keep {
        return Vec::new();
    }
    let is_ready = !again.progress.is_working() && !again.field.is_empty();
    let mut effects = Vec::new();
    if action == Action::Submit && is_ready {
        again.progress = Progress::Working;
        effects.push(Effect::Prove(Passphrase::new(again.field.take())));
    }
    app.overlays.push(Overlay::Again(again));
    effects
}

/// The passphrase was right, or not. Who closed the question meanwhile has still proved it.
pub fn proved(app: &mut App, answer: Result<(), GateError>) -> Vec<Effect> {
    let is_asked = |overlay: &Overlay| matches!(overlay, Overlay::Again(_));
    let at = app.overlays.iter().position(is_asked);
    match answer {
        Ok(()) => {
            if let Some(proof) = &mut app.proof {
                proof.given_at = Some(app.now);
            }
            match at.map(|at| app.overlays.remove(at)) {
                Some(Overlay::Again(again)) => go_on(app, again.then),
                Some(_) | None => Vec::new(),
            }
        }
        Err(error) => {
            if let Some(Overlay::Again(again)) = at.and_then(|at| app.overlays.get_mut(at)) {
                again.progress = error.into();
            }
            Vec::new()
        }
    }
}

fn go_on(app: &mut App, then: Then) -> Vec<Effect> {
    match then {
        Then::Reveal(name) => orders::show(app, name),
        Then::All(confirm) => act::carry_out(app, &confirm),
    }
}

/// Draws the question.
pub fn draw(app: &App, again: &Again, buf: &mut Buffer) {
    let theme = app.theme;
    let width = 64.min(app.size.0.saturating_sub(4));
    let why = again.then.why();
    let lines = u16::try_from(wrap(why, usize::from(width - 4)).len()).unwrap_or(4);
    let area = layout::centred(app.size, width, lines + 10);
    let inner = boxes::boxed(app, area, "The passphrase once more", "", buf);
    let used = paragraph(buf, inner, why, theme.plain(), theme) + 1;
    let line = Rect {
        y: inner.y + used,
        height: 1,
        ..inner
    };
    let is_typing = !again.progress.is_working();
    let label = ("passphrase", LABEL);
    again
        .field
        .draw_labelled(buf, line, label, is_typing, theme);
    let below = Rect {
        y: line.y + 2,
        height: inner.bottom().saturating_sub(line.y + 3),
        ..inner
    };
    lock::progress(app, &again.progress, ("looking", ""), below, buf);
    let keys = Rect {
        y: inner.bottom() - 1,
        height: 1,
        ..inner
    };
    hints::hint_line(app, &[Scope::Again], keys, buf);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::effect::Ask;
    use crate::tui::example;
    use crate::tui::message::Message;
    use crate::tui::update::update;
    use insta::assert_snapshot;

    fn guarded(columns: u16, rows: u16) -> App {
        let mut app = example::open(columns, rows);
        app.proof = Some(Proof {
            counts_for: Duration::from_secs(300),
            given_at: None,
        });
        app
    }

    fn wrong() -> GateError {
        GateError {
            message: "the passphrase opens no slot of the vault".to_owned(),
            hint: "try again (mind the keyboard layout)".to_owned(),
            wrong_passphrase: true,
        }
    }

    fn is_reveal(effects: &[Effect]) -> bool {
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Ask(Ask::Token(..))))
    }

    #[test]
    fn a_token_is_shown_after_the_passphrase_and_for_five_minutes_without_it() {
        for (columns, rows) in [(80, 24), (120, 36)] {
            let mut app = guarded(columns, rows);
            assert!(example::press(&mut app, "v").is_empty());
            assert_snapshot!(format!("again_{columns}"), example::shown(&mut app));
            assert!(example::press(&mut app, "\n").is_empty(), "nothing typed");
            let effects = example::press(&mut app, "wrong\n");
            assert!(matches!(effects.as_slice(), [Effect::Prove(_)]));
            assert!(example::press(&mut app, "more\n").is_empty(), "asked once");
            assert!(update(&mut app, Message::Proved(Err(wrong()))).is_empty());
            assert_snapshot!(format!("again_wrong_{columns}"), example::shown(&mut app));
            assert_eq!(example::press(&mut app, "right\n").len(), 1);
            assert!(is_reveal(&update(&mut app, Message::Proved(Ok(())))));
            assert!(app.overlays.is_empty());

            app.now = app.now.plus(Duration::from_secs(299));
            assert!(is_reveal(&example::press(&mut app, "v")));
            app.now = app.now.plus(Duration::from_secs(1));
            assert!(!is_reveal(&example::press(&mut app, "v")));
            app.now = app.now.minus(Duration::from_secs(7200));
            example::press(&mut app, "\x1b");
            assert!(app.overlays.is_empty());
            assert!(
                !is_reveal(&example::press(&mut app, "v")),
                "the clock was set back"
            );
        }
    }

    #[test]
    fn many_are_revoked_after_the_word_and_the_passphrase_and_one_after_a_key() {
        let mut app = guarded(80, 24);
        assert_eq!(example::press(&mut app, "xy").len(), 1);
        assert!(example::press(&mut app, "*xrevoke\n").is_empty());
        assert_snapshot!("again_many", example::shown(&mut app));
        assert_eq!(example::press(&mut app, "right\n").len(), 1);
        assert_eq!(update(&mut app, Message::Proved(Ok(()))).len(), 7);
    }

    #[test]
    fn leaving_the_question_does_nothing() {
        let mut app = guarded(80, 24);
        assert!(example::press(&mut app, "vwrong\x1b").is_empty());
        assert!(app.overlays.is_empty());
        assert!(update(&mut app, Message::Proved(Ok(()))).is_empty());
    }
}
