//! The question before something dangerous: what will happen and to whom; the default keeps.

use crate::model::grant::GrantName;
use crate::model::name::CredentialName;
use crate::model::parcel::ParcelView;
use crate::tui::app::App;
use crate::tui::boxes;
use crate::tui::field::Field;
use crate::tui::hints;
use crate::tui::keymap::Scope;
use crate::tui::layout;
use crate::tui::overlays::deed::Deed;
use crate::tui::paint::{paragraph, pieces, put, wrap};
use crate::tui::screens::parcels;
use crate::tui::theme::Tone;
use crate::tui::words;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Names that are listed before the rest is only counted.
const LISTED: usize = 5;

/// The question.
pub struct Confirm {
    /// What.
    pub deed: Deed,
    /// To whom.
    pub names: Vec<CredentialName>,
    /// Or to what of that which came in while the vault was locked.
    pub parcels: Vec<ParcelView>,
    /// Or to which grants.
    pub grants: Vec<GrantName>,
    /// The vault is locked afterwards.
    pub then_locks: bool,
    /// Something else than the word was given.
    pub is_wrong: bool,
    field: Field,
}

impl Confirm {
    /// A question about some credentials.
    pub fn new(deed: Deed, names: Vec<CredentialName>) -> Self {
        Self {
            deed,
            names,
            parcels: Vec::new(),
            grants: Vec::new(),
            then_locks: false,
            is_wrong: false,
            field: Field::default(),
        }
    }

    /// A question about what came in while the vault was locked.
    pub fn of_parcels(deed: Deed, parcels: Vec<ParcelView>) -> Self {
        Self {
            parcels,
            ..Self::new(deed, Vec::new())
        }
    }

    /// A question about what a local program may have.
    pub fn of_grant(name: GrantName) -> Self {
        Self {
            grants: vec![name],
            ..Self::new(Deed::RevokeGrant, Vec::new())
        }
    }

    /// How many it is about.
    pub const fn many(&self) -> usize {
        self.names.len() + self.parcels.len() + self.grants.len()
    }

    fn called(&self) -> Vec<String> {
        let names = self.names.iter().map(ToString::to_string);
        names
            .chain(self.parcels.iter().map(parcels::called))
            .chain(self.grants.iter().map(ToString::to_string))
            .collect()
    }

    /// Whether the word has to be typed: several credentials are lost at one slip otherwise.
    pub const fn wants_word(&self) -> bool {
        match self.deed {
            Deed::Revoke | Deed::Remove | Deed::Refuse | Deed::RefuseRevoking => self.many() > 1,
            Deed::RotateAll | Deed::TakeIn | Deed::Replace | Deed::RevokeGrant => false,
            Deed::RevokeAll => true,
        }
    }

    /// Takes a key when a word has to be typed.
    pub fn type_key(&mut self, key: KeyEvent) -> bool {
        let typed = self.wants_word() && key.code != KeyCode::Enter && self.field.handle(key);
        self.is_wrong &= !typed;
        typed
    }

    /// Takes pasted text when a word has to be typed.
    pub fn paste(&mut self, text: &str) {
        if self.wants_word() {
            self.field.paste(text);
            self.is_wrong = false;
        }
    }

    /// Whether Enter does it: the word is there in full.
    pub fn is_worded(&self) -> bool {
        self.wants_word() && self.field.text().trim() == self.deed.word()
    }

    const fn consequence(&self) -> &'static str {
        self.deed.consequence(self.many() > 1, self.then_locks)
    }

    fn title(&self) -> String {
        let verb = self.deed.verb();
        match self.called().as_slice() {
            [one] => format!("{verb} {one}?"),
            many if self.parcels.is_empty() => {
                format!("{verb} {}?", words::count(many.len(), "credential"))
            }
            many => format!("{verb} {}?", words::count(many.len(), "item")),
        }
    }
}

/// Draws the question.
pub fn draw(app: &App, confirm: &Confirm, buf: &mut Buffer) {
    let theme = app.theme;
    let width = 64.min(app.size.0.saturating_sub(4));
    let text = wrap(confirm.consequence(), usize::from(width - 4));
    let called = confirm.called();
    let listed = called.len().min(LISTED);
    let more = called.len() - listed;
    let names = if called.len() > 1 {
        listed + usize::from(more > 0) + 1
    } else {
        0
    };
    let height =
        u16::try_from(names + text.len()).unwrap_or(10) + 5 + u16::from(confirm.wants_word());
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
        for name in &called[..listed] {
            put(buf, (inner.x, y), inner.width, name, theme.strong(), theme);
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
    let tone = if confirm.deed.is_dangerous() {
        Tone::Trouble
    } else {
        Tone::Work
    };
    if confirm.wants_word() {
        let label = format!("type {} and press Enter: ", confirm.deed.word());
        let wide = crate::tui::paint::columns(&label);
        confirm
            .field
            .draw_labelled(buf, line, (&label, wide), true, theme);
        if confirm.is_wrong {
            let text = format!(
                "That is not the word: nothing was done. Type {}.",
                confirm.deed.word()
            );
            let at = (line.x, line.y + 1);
            put(buf, at, line.width, &text, theme.tone(Tone::Trouble), theme);
        }
    } else {
        let parts = [
            ("y", theme.key()),
            (" ", theme.plain()),
            (confirm.deed.word(), theme.tone(tone)),
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
        let text = example::shown(&mut app);
        assert!(text.contains("That is not the word: nothing was done. Type remove."));
        assert_snapshot!("confirm_many", example::shown(&mut app));
        let effects = example::press(&mut app, "e");
        assert!(effects.is_empty() && !example::shown(&mut app).contains("not the word"));
        let effects = example::press(&mut app, "\n");
        assert_eq!(effects.len(), 7);
        assert!(app.overlays.is_empty());
    }
}
