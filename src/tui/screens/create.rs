//! The vault's creation: the passphrase twice, its strength beside it.

use crate::engine::gate::GateError;
use crate::model::strength::Strength;
use crate::secret::Passphrase;
use crate::tui::app::App;
use crate::tui::bar;
use crate::tui::effect::Effect;
use crate::tui::field::Field;
use crate::tui::keymap::Action;
use crate::tui::paint::{paragraph, put};
use crate::tui::screens::lock::{self, LABEL, Progress};
use crate::tui::theme::Tone;
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const ABOUT: &str = "Your sign-ins are sealed with a passphrase. It cannot be recovered: choose one that you will \
                     remember.";

/// What is said under a weak passphrase: a second yes takes it.
const ANYWAY: &str = "Type a better one, or press Enter again to use this one all the same.";

/// The state.
pub struct Create {
    path: String,
    fields: [Field; 2],
    focus: usize,
    strength: Strength,
    warned: bool,
    progress: Progress,
}

impl Create {
    /// An empty page for a vault at `path`.
    pub fn new(path: String) -> Self {
        Self {
            path,
            fields: [Field::masked(), Field::masked()],
            focus: 0,
            strength: judged(""),
            warned: false,
            progress: Progress::Typing,
        }
    }

    /// Takes a key that may be typing.
    pub fn type_key(&mut self, key: KeyEvent) -> bool {
        let typed = !self.progress.is_working() && self.fields[self.focus].handle(key);
        if typed {
            self.changed();
        }
        typed
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        if !self.progress.is_working() {
            self.fields[self.focus].paste(text);
            self.changed();
        }
    }

    fn changed(&mut self) {
        self.progress = Progress::Typing;
        self.warned = false;
        self.strength = judged(self.fields[0].text());
    }

    /// Does what a key is for.
    pub fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::NextField | Action::PreviousField => self.focus = 1 - self.focus,
            Action::Submit if self.focus == 0 && !self.fields[0].is_empty() => self.focus = 1,
            Action::Submit if !self.progress.is_working() => return self.submit(),
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
            Some((
                "the two do not match",
                "type the same again, or go back to the first and change it",
            ))
        } else {
            None
        };
        if let Some((what, help)) = trouble {
            self.progress = Progress::Trouble(what.to_owned(), help.to_owned());
            self.focus = usize::from(!self.fields[0].is_empty());
            self.fields[1].clear();
            return Vec::new();
        }
        if !self.strength.is_enough() && !self.warned {
            self.warned = true;
            self.progress = Progress::Trouble(self.strength.meaning(), ANYWAY.to_owned());
            return Vec::new();
        }
        self.progress = Progress::Working;
        self.fields[1].clear();
        vec![Effect::Create(Passphrase::new(self.fields[0].take()))]
    }

    /// The vault could not be made.
    pub fn failed(&mut self, error: GateError) {
        self.progress = error.into();
        self.focus = 0;
        self.strength = judged("");
    }
}

fn judged(text: &str) -> Strength {
    Strength::of(&Passphrase::new(text.to_owned()))
}

/// Draws the page.
pub fn draw(app: &App, create: &Create, buf: &mut Buffer) {
    let theme = app.theme;
    let area = lock::page(app, (66, 16), "a new vault", &create.path, buf);
    let used = paragraph(buf, area, ABOUT, theme.plain(), theme);
    let first = Rect {
        y: area.y + used + 1,
        height: 1,
        ..area
    };
    let second = Rect {
        y: first.y + 3,
        ..first
    };
    for (at, (label, line)) in [("passphrase", first), ("once more", second)]
        .into_iter()
        .enumerate()
    {
        let focused = create.focus == at && !create.progress.is_working();
        create.fields[at].draw_labelled(buf, line, (label, LABEL), focused, theme);
    }
    if !create.fields[0].is_empty() {
        let beside = Rect {
            x: first.x + LABEL,
            y: first.y + 1,
            width: first.width - LABEL,
            height: 2,
        };
        strength(app, &create.strength, beside, buf);
    }
    let y = second.y + 2;
    let below = Rect {
        y,
        height: area.bottom().saturating_sub(y),
        ..area
    };
    lock::progress(app, &create.progress, ("making the vault", ""), below, buf);
}

fn strength(app: &App, strength: &Strength, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let tone = theme.tone(match strength.score {
        0 | 1 => Tone::Trouble,
        2 => Tone::Soon,
        _ => Tone::Good,
    });
    let share = f64::from(strength.score.max(1)) / 4.0;
    bar::draining(buf, (area.x, area.y), 8, share, tone, theme);
    let word = (area.x + 9, area.y);
    put(buf, word, area.width - 9, strength.word, tone, theme);
    if let Some(advice) = strength.advice.first() {
        let below = (area.x, area.y + 1);
        put(buf, below, area.width, advice, theme.dim(), theme);
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
    fn a_weak_passphrase_is_taken_after_a_second_yes_only() {
        let mut app = page();
        assert!(example::press(&mut app, "password1\npassword1\n").is_empty());
        assert_snapshot!("create_second_yes", example::shown(&mut app));
        // Whatever is typed asks again.
        assert!(example::press(&mut app, "x").is_empty());
        assert!(!example::shown(&mut app).contains("all the same"));
        let mut app = page();
        let effects = example::press(&mut app, "password1\npassword1\n\n");
        assert!(matches!(effects.as_slice(), [Effect::Create(_)]));
    }

    #[test]
    fn two_that_differ_are_refused_and_two_that_match_are_taken() {
        let mut app = page();
        let twice = "velvet otters juggle\nvelvet otters juggle\n";
        assert!(example::press(&mut app, "velvet otters juggle\nvelvet otter\n").is_empty());
        assert!(example::shown(&mut app).contains("do not match"));
        let effects = example::press(&mut app, &twice[21..]);
        assert!(matches!(effects.as_slice(), [Effect::Create(_)]));
        assert!(example::shown(&mut app).contains("making the vault"));
    }
}
