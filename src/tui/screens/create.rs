//! The vault's creation: the passphrase twice, its strength beside it.

use crate::engine::gate::GateError;
use crate::model::strength::Strength;
use crate::secret::Passphrase;
use crate::tui::app::App;
use crate::tui::bar;
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
pub struct Create {
    path: String,
    fields: [Field; 2],
    focus: usize,
    strength: Strength,
    trouble: Option<(String, String)>,
    /// The vault is being made.
    pub working: bool,
}

impl Create {
    /// An empty page for a vault at `path`.
    pub fn new(path: String) -> Self {
        Self {
            path,
            fields: [Field::masked(), Field::masked()],
            focus: 0,
            strength: judged(""),
            trouble: None,
            working: false,
        }
    }

    /// Takes a key that may be typing.
    pub fn type_key(&mut self, key: KeyEvent) -> bool {
        !self.working && self.fields[self.focus].handle(key) && self.changed()
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        self.fields[self.focus].paste(text);
        self.changed();
    }

    fn changed(&mut self) -> bool {
        self.trouble = None;
        self.strength = judged(self.fields[0].text());
        true
    }

    /// Does what a key is for.
    pub fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::NextField | Action::PreviousField => self.focus = 1 - self.focus,
            Action::Submit if self.focus == 0 && !self.fields[0].is_empty() => self.focus = 1,
            Action::Submit if !self.working => return self.submit(),
            _ => {}
        }
        Vec::new()
    }

    fn submit(&mut self) -> Vec<Effect> {
        let trouble = if self.fields[0].is_empty() {
            Some((
                "the passphrase is empty",
                "type a sentence that only you would think of",
            ))
        } else if self.fields[0].text() != self.fields[1].text() {
            Some(("the two do not match", "type the same again"))
        } else {
            None
        };
        if let Some((what, help)) = trouble {
            self.trouble = Some((what.to_owned(), help.to_owned()));
            self.focus = usize::from(!self.fields[0].is_empty());
            self.fields[1].clear();
            return Vec::new();
        }
        self.working = true;
        self.fields[1].clear();
        vec![Effect::Create(Passphrase::new(self.fields[0].take()))]
    }

    /// The vault could not be made.
    pub fn failed(&mut self, error: GateError) {
        self.working = false;
        self.focus = 0;
        self.strength = judged("");
        self.trouble = Some((error.message, error.hint));
    }
}

fn judged(text: &str) -> Strength {
    Strength::of(&Passphrase::new(text.to_owned()))
}

/// Draws the page.
pub fn draw(app: &App, create: &Create, buf: &mut Buffer) {
    let theme = app.theme;
    let area = layout::centred(app.size, 66, 15);
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
        (area.x + 11, area.y),
        area.width - 11,
        "a new vault",
        theme.dim(),
        theme,
    );
    put(
        buf,
        (area.x, area.y + 1),
        area.width,
        &create.path,
        theme.dim(),
        theme,
    );
    let text = "Your sign-ins are sealed with a passphrase. It cannot be recovered: choose one that you will remember.";
    let used = paragraph(
        buf,
        Rect {
            y: area.y + 3,
            height: 2,
            ..area
        },
        text,
        theme.plain(),
        theme,
    );
    let mut y = area.y + 4 + used;
    for (at, label) in ["passphrase", "once more"].into_iter().enumerate() {
        let line = Rect {
            y,
            height: 1,
            ..area
        };
        create.fields[at].draw_labelled(
            buf,
            line,
            (label, 13),
            create.focus == at && !create.working,
            theme,
        );
        y += 1;
        if at == 0 {
            strength_line(app, create, (area.x + 13, y), area.width - 13, buf);
            y += 1;
        }
    }
    y += 1;
    if create.working {
        put(
            buf,
            (area.x, y),
            area.width,
            "making the vault",
            theme.tone(Tone::Work),
            theme,
        );
    } else if let Some((what, help)) = &create.trouble {
        boxes::trouble(
            buf,
            Rect {
                y,
                height: 3,
                ..area
            },
            what,
            help,
            theme,
        );
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

fn strength_line(app: &App, create: &Create, at: (u16, u16), room: u16, buf: &mut Buffer) {
    if create.fields[0].is_empty() {
        return;
    }
    let theme = app.theme;
    let strength = &create.strength;
    let tone = match strength.score {
        0 | 1 => Tone::Trouble,
        2 => Tone::Soon,
        _ => Tone::Good,
    };
    let share = f64::from(strength.score.max(1)) / 4.0;
    bar::draining(buf, at, 8, share, theme.tone(tone), theme);
    let x = put(
        buf,
        (at.0 + 9, at.1),
        room - 9,
        strength.word,
        theme.tone(tone),
        theme,
    );
    if let Some(advice) = &strength.advice {
        let room = (at.0 + room).saturating_sub(x + 1);
        put(
            buf,
            (x + 2, at.1),
            room.saturating_sub(1),
            advice,
            theme.dim(),
            theme,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::app::Session;
    use crate::tui::example;
    use insta::assert_snapshot;

    fn page() -> App {
        let mut app = example::open(80, 24);
        app.session = Session::Create(Create::new(
            "/home/alice/.local/share/tokenward/vault.db".to_owned(),
        ));
        app
    }

    #[test]
    fn a_weak_passphrase_is_called_weak_while_it_is_typed() {
        let mut app = page();
        assert_snapshot!("create", example::shown(&mut app));
        example::press(&mut app, "password1");
        assert_snapshot!("create_weak", example::shown(&mut app));
    }

    #[test]
    fn two_that_differ_are_refused_and_two_that_match_are_taken() {
        let mut app = page();
        assert!(example::press(&mut app, "velvet otters\nvelvet otter\n").is_empty());
        assert!(example::shown(&mut app).contains("do not match"));
        let effects = example::press(&mut app, "velvet otters\n");
        assert!(matches!(effects.as_slice(), [Effect::Create(_)]));
        assert!(example::shown(&mut app).contains("making the vault"));
    }
}
