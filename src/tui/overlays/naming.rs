//! The question for an account's name, where the provider did not tell whose the new tokens are; Esc keeps.

use crate::engine::api::Refusal;
use crate::model::name::CredentialName;
use crate::tui::app::App;
use crate::tui::boxes;
use crate::tui::effect::{Ask, Effect};
use crate::tui::field::Field;
use crate::tui::hints;
use crate::tui::keymap::{Action, Scope};
use crate::tui::layout;
use crate::tui::overlays::overlay::Overlay;
use crate::tui::paint::{paragraph, pieces, put, wrap};
use crate::tui::theme::Tone;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The question.
pub struct Naming {
    /// What the credential is called so far.
    pub name: CredentialName,
    why: String,
    field: Field,
    stage: Stage,
}

/// Where the question stands.
enum Stage {
    Asked,
    Answered,
    Refused(String),
}

impl Naming {
    /// A question about a credential that was just signed in to, and why it is asked.
    pub fn new(name: CredentialName, why: String) -> Self {
        Self {
            name,
            why,
            field: Field::default(),
            stage: Stage::Asked,
        }
    }

    /// Takes a key into the field.
    pub fn type_key(&mut self, key: KeyEvent) -> bool {
        key.code != KeyCode::Enter && self.field.handle(key)
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        self.field.paste(text);
    }

    /// Takes what became of the answer; the field keeps what was typed.
    pub fn refused(&mut self, refusal: &Refusal) {
        self.stage = Stage::Refused(format!("{refusal}. {}", refusal.hint()));
    }

    fn note(&self) -> Option<(Tone, &str)> {
        match &self.stage {
            Stage::Asked => None,
            Stage::Answered => Some((Tone::Work, "calling it so")),
            Stage::Refused(why) => Some((Tone::Trouble, why)),
        }
    }
}

/// Does what an action is for; the question stays until its answer is taken or the name is kept.
pub fn act(app: &mut App, mut naming: Naming, action: Action) -> Vec<Effect> {
    let typed = naming.field.text().trim().to_owned();
    let keeps = action == Action::Keep || (action == Action::Submit && typed.is_empty());
    if keeps {
        return Vec::new();
    }
    let waits = matches!(naming.stage, Stage::Answered);
    let mut effects = Vec::new();
    if action == Action::Submit && !waits {
        let account = naming.name.account_meant(&typed).to_owned();
        effects.push(Effect::Ask(Ask::Rename(naming.name.clone(), account)));
        naming.stage = Stage::Answered;
    }
    app.overlays.push(Overlay::Naming(naming));
    effects
}

/// Draws the question.
pub fn draw(app: &App, naming: &Naming, buf: &mut Buffer) {
    let theme = app.theme;
    let width = 64.min(app.size.0.saturating_sub(4));
    let room = usize::from(width - 4);
    let lines = |text: &str| u16::try_from(wrap(text, room).len()).unwrap_or(4);
    let below = naming.note().map_or(0, |(_, note)| lines(note));
    let height = lines(&naming.why) + below + 8;
    let area = layout::centred(app.size, width, height);
    let inner = boxes::boxed(app, area, "Whose account is it?", "", buf);
    let told = [
        ("Signed in, kept as ", theme.plain()),
        (naming.name.as_str(), theme.strong()),
    ];
    pieces(buf, (inner.x, inner.y), inner.width, &told, theme);
    let mut rest = below_of(inner, 1);
    rest = below_of(
        rest,
        paragraph(buf, rest, &naming.why, theme.dim(), theme) + 1,
    );
    let line = Rect { height: 1, ..rest };
    let label = ("account  ", 9);
    naming.field.draw_labelled(buf, line, label, true, theme);
    if naming.field.is_empty() {
        let at = (line.x + 11, line.y);
        let empty = "a name for it; empty keeps it as it is";
        put(
            buf,
            at,
            line.width.saturating_sub(11),
            empty,
            theme.dim(),
            theme,
        );
    }
    if let Some((tone, note)) = naming.note() {
        paragraph(buf, below_of(rest, 2), note, theme.tone(tone), theme);
    }
    let hints = Rect {
        y: inner.bottom() - 1,
        height: 1,
        ..inner
    };
    hints::hint_line(app, &[Scope::Naming], hints, buf);
}

fn below_of(area: Rect, lines: u16) -> Rect {
    Rect {
        y: area.y + lines,
        height: area.height.saturating_sub(lines),
        ..area
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::example;
    use crate::tui::message::{Answer, Message};
    use crate::tui::update::update;
    use insta::assert_snapshot;

    const WHY: &str = "The provider does not tell whose account this is.";

    fn asked(columns: u16, rows: u16) -> App {
        let mut app = example::open(columns, rows);
        let name = example::name("github/work-bot");
        let naming = Naming::new(name, WHY.to_owned());
        app.overlays.push(Overlay::Naming(naming));
        app
    }

    fn answered(app: &mut App, result: Result<&str, Refusal>) {
        let from = example::name("github/work-bot");
        let result = result.map(|new| {
            let health = crate::model::health::Health::Static;
            example::credential(new, "GitHub", health, 0, 0)
        });
        let answer = Answer::Renamed(from, result.map(Box::new));
        update(app, Message::Answer(Box::new(answer)));
    }

    fn taken() -> Refusal {
        Refusal::Invalid {
            message: "there is a credential named github/alice already".to_owned(),
            hint: "Choose another name, or remove that one first.".to_owned(),
        }
    }

    #[test]
    fn a_name_that_is_taken_is_refused_and_asked_for_again() {
        for (columns, rows) in [(80, 24), (120, 36)] {
            let mut app = asked(columns, rows);
            assert_snapshot!(format!("naming_{columns}"), example::shown(&mut app));
            let effects = example::press(&mut app, "github/alice\n");
            let [Effect::Ask(Ask::Rename(name, account))] = effects.as_slice() else {
                panic!("{effects:?}")
            };
            assert_eq!(
                (name.as_str(), account.as_str()),
                ("github/work-bot", "alice")
            );
            assert!(example::press(&mut app, "\n").is_empty(), "asked once");
            answered(&mut app, Err(taken()));
            assert_snapshot!(
                format!("naming_refused_{columns}"),
                example::shown(&mut app)
            );
            let effects = example::press(&mut app, "2\n");
            assert!(
                matches!(effects.as_slice(), [Effect::Ask(Ask::Rename(_, account))] if account == "alice2")
            );
            answered(&mut app, Ok("github/alice2"));
            assert!(app.overlays.is_empty());
            assert!(example::shown(&mut app).contains("called github/alice2 from now on"));
        }
    }

    #[test]
    fn esc_and_an_empty_name_keep_what_it_is_called() {
        for keys in ["\x1b", "\n", "work\x1b", "  \n"] {
            let mut app = asked(80, 24);
            assert!(example::press(&mut app, keys).is_empty(), "{keys:?}");
            assert!(app.overlays.is_empty(), "{keys:?}");
        }
    }
}
