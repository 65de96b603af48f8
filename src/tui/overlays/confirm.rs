//! The question before something dangerous: what will happen and to whom; the default keeps.

use crate::model::name::CredentialName;
use crate::tui::app::App;
use crate::tui::boxes;
use crate::tui::effect::{Ask, Effect};
use crate::tui::field::Field;
use crate::tui::hints;
use crate::tui::keymap::Scope;
use crate::tui::layout;
use crate::tui::paint::{paragraph, pieces, put, wrap};
use crate::tui::theme::Tone;
use crate::tui::words;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Names that are listed before the rest is only counted.
const LISTED: usize = 5;

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Revoke at the provider.
    Revoke,
    /// Forget here.
    Remove,
    /// Refresh many at once.
    RotateAll,
    /// Revoke all there are.
    RevokeAll,
}

/// The question.
pub struct Confirm {
    /// What.
    pub deed: Deed,
    /// To whom.
    pub names: Vec<CredentialName>,
    field: Field,
}

impl Confirm {
    /// A question about some credentials.
    pub fn new(deed: Deed, names: Vec<CredentialName>) -> Self {
        Self {
            deed,
            names,
            field: Field::default(),
        }
    }

    /// Whether the word has to be typed: several credentials are lost at one slip otherwise.
    pub const fn wants_word(&self) -> bool {
        match self.deed {
            Deed::Revoke | Deed::Remove => self.names.len() > 1,
            Deed::RotateAll => false,
            Deed::RevokeAll => true,
        }
    }

    /// The word.
    pub const fn word(&self) -> &'static str {
        match self.deed {
            Deed::Revoke | Deed::RevokeAll => "revoke",
            Deed::Remove => "remove",
            Deed::RotateAll => "rotate",
        }
    }

    /// What is said once it was done.
    pub const fn done(&self) -> &'static str {
        match self.deed {
            Deed::Revoke | Deed::RevokeAll => "revoked",
            Deed::Remove => "removed",
            Deed::RotateAll => "rotated",
        }
    }

    /// Takes a key when a word has to be typed.
    pub fn type_key(&mut self, key: KeyEvent) -> bool {
        self.wants_word() && key.code != KeyCode::Enter && self.field.handle(key)
    }

    /// Takes pasted text when a word has to be typed.
    pub fn paste(&mut self, text: &str) {
        if self.wants_word() {
            self.field.paste(text);
        }
    }

    /// Whether Enter does it: the word is there in full.
    pub fn is_worded(&self) -> bool {
        self.wants_word() && self.field.text().trim() == self.word()
    }

    /// The orders, once it was confirmed.
    pub fn orders(&self) -> Vec<Effect> {
        if self.deed == Deed::RevokeAll {
            return vec![Effect::Ask(Ask::RevokeAll)];
        }
        let order = |name: &CredentialName| match self.deed {
            Deed::Revoke | Deed::RevokeAll => Ask::Revoke(name.clone()),
            Deed::Remove => Ask::Remove(name.clone()),
            Deed::RotateAll => Ask::Rotate(name.clone()),
        };
        self.names
            .iter()
            .map(|name| Effect::Ask(order(name)))
            .collect()
    }

    fn title(&self) -> String {
        let verb = match self.deed {
            Deed::Revoke => "Revoke",
            Deed::RevokeAll => "Panic: revoke everything, that is",
            Deed::Remove => "Remove",
            Deed::RotateAll => "Rotate",
        };
        match self.names.as_slice() {
            [one] => format!("{verb} {one}?"),
            many => format!("{verb} {}?", words::count(many.len(), "credential")),
        }
    }

    const fn consequence(&self) -> &'static str {
        match self.deed {
            Deed::Revoke => {
                "The provider is told to end this access at once. Programs that use it stop working until somebody signs in again. It cannot be taken back."
            }
            Deed::Remove => {
                "It is forgotten here, tokens and all. The provider is not told: the tokens stay valid there until they expire. Revoke first to end them."
            }
            Deed::RevokeAll => {
                "Nothing is handed out from this moment, every provider is told to end its access, and the vault is locked. What cannot be told now is queued. It cannot be taken back."
            }
            Deed::RotateAll => {
                "Every credential that is shown is refreshed now, as many at a time as the limits allow."
            }
        }
    }
}

/// Draws the question.
pub fn draw(app: &App, confirm: &Confirm, buf: &mut Buffer) {
    let theme = app.theme;
    let width = 64.min(app.size.0.saturating_sub(4));
    let text = wrap(confirm.consequence(), usize::from(width - 4));
    let listed = confirm.names.len().min(LISTED);
    let more = confirm.names.len() - listed;
    let names = if confirm.names.len() > 1 {
        listed + usize::from(more > 0) + 1
    } else {
        0
    };
    let height = u16::try_from(names + text.len()).unwrap_or(10) + 5;
    let title = confirm.title();
    let inner = boxes::boxed(
        app,
        layout::centred(app.size, width, height),
        &title,
        "",
        buf,
    );
    let mut y = inner.y;
    if names > 0 {
        for name in &confirm.names[..listed] {
            put(
                buf,
                (inner.x, y),
                inner.width,
                name.as_str(),
                theme.strong(),
                theme,
            );
            y += 1;
        }
        if more > 0 {
            put(
                buf,
                (inner.x, y),
                inner.width,
                &format!("and {} more", words::grouped(more)),
                theme.dim(),
                theme,
            );
            y += 1;
        }
        y += 1;
    }
    y += paragraph(
        buf,
        Rect {
            y,
            height: inner.bottom().saturating_sub(y),
            ..inner
        },
        confirm.consequence(),
        theme.plain(),
        theme,
    ) + 1;
    answers(
        app,
        confirm,
        Rect {
            y,
            height: 1,
            ..inner
        },
        buf,
    );
    hints::hint_line(
        app,
        &[Scope::Confirm],
        Rect {
            y: inner.bottom() - 1,
            height: 1,
            ..inner
        },
        buf,
    );
}

fn answers(app: &App, confirm: &Confirm, line: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let tone = if confirm.deed == Deed::RotateAll {
        Tone::Work
    } else {
        Tone::Trouble
    };
    if confirm.wants_word() {
        let label = format!("type {} and press Enter: ", confirm.word());
        let wide = crate::tui::paint::columns(&label);
        confirm
            .field
            .draw_labelled(buf, line, (&label, wide), true, theme);
    } else {
        let parts = [
            ("y", theme.key()),
            (" ", theme.plain()),
            (confirm.word(), theme.tone(tone)),
            ("   any other key keeps everything as it is", theme.dim()),
        ];
        pieces(buf, (line.x, line.y), line.width, &parts, theme);
    }
}

#[cfg(test)]
mod tests {
    use crate::tui::effect::{Ask, Effect};
    use crate::tui::example;
    use insta::assert_snapshot;

    #[test]
    fn one_wants_a_second_key_and_anything_else_keeps() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "x");
        assert_snapshot!("confirm_one", example::shown(&mut app));
        assert!(example::press(&mut app, "\n").is_empty());
        assert!(app.overlays.is_empty());
        assert!(example::press(&mut app, "xn").is_empty());
        assert!(app.overlays.is_empty());
        let effects = example::press(&mut app, "xy");
        assert!(matches!(effects.as_slice(), [Effect::Ask(Ask::Revoke(_))]));
    }

    #[test]
    fn several_want_the_word() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "*Dremov\n");
        assert_eq!(app.overlays.len(), 1);
        assert_snapshot!("confirm_many", example::shown(&mut app));
        let effects = example::press(&mut app, "e\n");
        assert_eq!(effects.len(), 7);
        assert!(app.overlays.is_empty());
    }
}
