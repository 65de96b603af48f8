//! The locked vault: its place, a field, what went wrong last time; nothing else.

use crate::engine::gate::GateError;
use crate::secret::Passphrase;
use crate::tui::app::App;
use crate::tui::effect::Effect;
use crate::tui::field::Field;
use crate::tui::keymap::Action;
use crate::tui::screens::lock::{self, LABEL, Progress};
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The state.
pub struct Unlock {
    path: String,
    note: Option<String>,
    field: Field,
    progress: Progress,
    /// An empty field is an answer too: something else opens the vault.
    pub opens_by_itself: bool,
}

impl Unlock {
    /// An empty page for the vault at `path`; `note` says why it did not open without a question.
    pub fn new(path: String, note: Option<String>) -> Self {
        Self {
            path,
            note,
            field: Field::masked(),
            progress: Progress::Typing,
            opens_by_itself: false,
        }
    }

    /// Takes a key that may be typing.
    pub fn type_key(&mut self, key: KeyEvent) -> bool {
        !self.progress.is_working() && self.field.handle(key)
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        if !self.progress.is_working() {
            self.field.paste(text);
        }
    }

    /// Does what a key is for.
    pub fn act(&mut self, action: Action) -> Vec<Effect> {
        if action != Action::Submit {
            return Vec::new();
        }
        self.answer().map(Effect::Unlock).into_iter().collect()
    }

    /// What was typed, to be used now; `Some(None)`: nothing, where nothing is needed.
    pub fn answer(&mut self) -> Option<Option<Passphrase>> {
        let is_ready = !self.field.is_empty() || self.opens_by_itself;
        if self.progress.is_working() || !is_ready {
            return None;
        }
        self.progress = Progress::Working;
        let typed = (!self.field.is_empty()).then(|| Passphrase::new(self.field.take()));
        Some(typed)
    }

    /// What was typed was used, and something is to be typed again.
    pub fn go_on_typing(&mut self) {
        self.progress = Progress::Typing;
    }

    /// The vault was not opened.
    pub fn failed(&mut self, error: GateError) {
        self.progress = error.into();
    }
}

/// Draws the page.
pub fn draw(app: &App, unlock: &Unlock, buf: &mut Buffer) {
    let area = lock::page(app, (60, 11), "", &unlock.path, buf);
    let line = Rect { height: 1, ..area };
    let focused = !unlock.progress.is_working();
    let label = ("passphrase", LABEL);
    unlock
        .field
        .draw_labelled(buf, line, label, focused, app.theme);
    let below = Rect {
        y: area.y + 2,
        height: area.height - 2,
        ..area
    };
    let words = ("unlocking", unlock.note.as_deref().unwrap_or_default());
    lock::progress(app, &unlock.progress, words, below, buf);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::app::Session;
    use crate::tui::example;
    use insta::assert_snapshot;

    #[test]
    fn a_wrong_passphrase_is_told_and_can_be_tried_again() {
        let mut app = example::open(80, 24);
        app.session = Session::Unlock(Unlock::new(
            "/home/alice/vault.db".to_owned(),
            Some("The keyring is locked.".to_owned()),
        ));
        assert_snapshot!("unlock", example::shown(&mut app));
        let effects = example::press(&mut app, "wrong\n");
        assert!(matches!(effects.as_slice(), [Effect::Unlock(_)]));
        let error = GateError {
            message: "the passphrase is wrong".to_owned(),
            hint: "try again; Caps Lock may be on".to_owned(),
            wrong_passphrase: true,
        };
        crate::tui::update::update(&mut app, crate::tui::message::Message::Opened(Err(error)));
        assert_snapshot!("unlock_wrong", example::shown(&mut app));
        assert_eq!(example::press(&mut app, "right\n").len(), 1);
    }
}
