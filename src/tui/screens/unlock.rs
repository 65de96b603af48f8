//! The locked vault: its place, a field, what went wrong last time; nothing else.

use crate::engine::gate::GateError;
use crate::secret::Passphrase;
use crate::tui::app::App;
use crate::tui::boxes;
use crate::tui::effect::Effect;
use crate::tui::field::Field;
use crate::tui::hints;
use crate::tui::keymap::{Action, Scope};
use crate::tui::layout;
use crate::tui::paint::{paragraph, put};
use crate::tui::theme::Tone;
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The state.
pub struct Unlock {
    path: String,
    note: Option<String>,
    field: Field,
    trouble: Option<(String, String)>,
    /// The passphrase is being tried.
    pub working: bool,
}

impl Unlock {
    /// An empty page for the vault at `path`; `note` says why it did not open without a question.
    pub fn new(path: String, note: Option<String>) -> Self {
        Self {
            path,
            note,
            field: Field::masked(),
            trouble: None,
            working: false,
        }
    }

    /// Takes a key that may be typing.
    pub fn type_key(&mut self, key: KeyEvent) -> bool {
        !self.working && self.field.handle(key)
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        if !self.working {
            self.field.paste(text);
        }
    }

    /// Does what a key is for.
    pub fn act(&mut self, action: Action) -> Vec<Effect> {
        if action != Action::Submit || self.working || self.field.is_empty() {
            return Vec::new();
        }
        self.working = true;
        self.trouble = None;
        vec![Effect::Unlock(Passphrase::new(self.field.take()))]
    }

    /// The vault was not opened.
    pub fn failed(&mut self, error: GateError) {
        self.working = false;
        self.trouble = Some((error.message, error.hint));
    }
}

/// Draws the page.
pub fn draw(app: &App, unlock: &Unlock, buf: &mut Buffer) {
    let theme = app.theme;
    let area = layout::centred(app.size, 60, 11);
    put(
        buf,
        (area.x, area.y),
        area.width,
        "tokenward",
        theme.focus(),
        theme,
    );
    put(
        buf,
        (area.x, area.y + 1),
        area.width,
        &unlock.path,
        theme.dim(),
        theme,
    );
    let field = Rect {
        y: area.y + 3,
        height: 1,
        ..area
    };
    unlock
        .field
        .draw_labelled(buf, field, ("passphrase", 13), !unlock.working, theme);
    let below = Rect {
        y: area.y + 5,
        height: 4,
        ..area
    };
    if unlock.working {
        put(
            buf,
            (below.x, below.y),
            below.width,
            "unlocking",
            theme.tone(Tone::Work),
            theme,
        );
    } else if let Some((what, help)) = &unlock.trouble {
        boxes::trouble(buf, below, what, help, theme);
    } else if let Some(note) = &unlock.note {
        paragraph(buf, below, note, theme.dim(), theme);
    }
    hints::hint_line(
        app,
        &[Scope::Lock],
        Rect {
            y: area.bottom() - 1,
            height: 1,
            ..area
        },
        buf,
    );
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
