//! A program's question, looked at: approved as it is or with other terms, or refused.

use crate::model::grant::{GrantView, GrantWish};
use crate::model::length;
use crate::model::name::CredentialName;
use crate::model::question::{QuestionId, QuestionView};
use crate::tui::app::App;
use crate::tui::boxes;
use crate::tui::effect::{Ask, Effect, Verdict};
use crate::tui::field::Field;
use crate::tui::form::Form;
use crate::tui::hints;
use crate::tui::keymap::{Action, Scope};
use crate::tui::layout;
use crate::tui::overlays::overlay::Overlay;
use crate::tui::paint::{paragraph, put, wrap};
use crate::tui::screens::{grant_page, kept, questions};
use crate::tui::theme::Tone;
use crate::tui::words;
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::time::Duration;

/// Columns of the labels.
const LABELS: u16 = 14;

/// The question that is looked at.
pub struct Asked {
    /// The question.
    pub question: QuestionView,
    /// What is typed as its terms; it outlasts going back.
    terms: Form,
    /// The terms show, to be typed.
    is_typing: bool,
    trouble: Option<String>,
    /// The grant is being made.
    is_working: bool,
}

impl Asked {
    /// Looks at a question.
    pub fn new(question: QuestionView) -> Self {
        Self {
            terms: form(&question),
            question,
            is_typing: false,
            trouble: None,
            is_working: false,
        }
    }

    /// Where its keys have their meaning.
    pub fn scopes(&self) -> Vec<Scope> {
        match self.is_typing {
            true => vec![Scope::Terms],
            false => vec![Scope::Asked],
        }
    }

    /// Takes a key into the field that has the focus.
    pub fn type_key(&mut self, key: KeyEvent) -> bool {
        self.takes_text() && self.terms.type_key(key)
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        if self.takes_text() {
            self.terms.paste(text);
        }
    }

    const fn takes_text(&self) -> bool {
        self.is_typing && !self.is_working
    }

    /// Whether an action makes sense with it.
    pub fn offers(&self, app: &App, action: Action) -> bool {
        let is_there = there(app, &self.question).is_some();
        match action {
            Action::Allow => is_there || unknown(app, &self.question.credentials).is_ok(),
            Action::Terms => !is_there,
            _ => true,
        }
    }

    /// The grant could not be made: why; what was typed stays.
    pub fn refused(&mut self, why: String) {
        self.is_working = false;
        self.trouble = Some(why);
    }

    fn answer(&self, verdict: Verdict) -> Effect {
        Effect::Ask(Ask::AnswerQuestion(
            Box::new(self.question.clone()),
            verdict,
        ))
    }
}

/// The grant that is asked for, where there is one.
fn there<'a>(app: &'a App, question: &QuestionView) -> Option<&'a GrantView> {
    app.open()?.grants.find(&question.grant)
}

/// That all these credentials are here, and there is one at least; else what stands against it.
fn unknown(app: &App, names: &[CredentialName]) -> Result<(), String> {
    if names.is_empty() {
        return Err("it has to be said whose tokens the program may fetch".to_owned());
    }
    let is_there =
        |name: &&CredentialName| app.open().is_some_and(|it| it.rows.get(name).is_some());
    match names.iter().find(|name| !is_there(name)) {
        Some(name) => Err(format!("there is no credential {name}")),
        None => Ok(()),
    }
}

fn form(question: &QuestionView) -> Form {
    let usual = GrantWish::new(question.grant.clone(), Vec::new());
    let length = |secs| length::write(Duration::from_secs(secs));
    Form::new(vec![
        ("may fetch", Field::plain(&questions::named(question, " "))),
        ("scopes", Field::default()),
        ("tokens live", Field::plain(&length(usual.ttl_secs))),
        ("renewed for", Field::plain(&length(usual.refresh_ttl_secs))),
        ("an hour", Field::default()),
    ])
}

/// What was typed, as a grant to be made; else which field is wrong, and why.
fn wish(app: &App, question: &QuestionView, form: &Form) -> Result<GrantWish, (usize, String)> {
    let words = |at: usize| form.text(at).split_whitespace();
    let names: Result<Vec<CredentialName>, _> = words(0)
        .map(|word| {
            word.parse()
                .map_err(|_| format!("`{word}` names no credential: PROVIDER/ACCOUNT"))
        })
        .collect();
    let names = names.map_err(|why| (0, why))?;
    unknown(app, &names).map_err(|why| (0, why))?;
    let secs = |at: usize| {
        let read = length::parse(form.text(at).trim());
        read.map(|it| it.as_secs()).map_err(|why| (at, why))
    };
    let per_hour = match form.text(4).trim() {
        "" => None,
        text => Some(
            text.parse()
                .map_err(|_| (4, format!("`{text}` is no number of tokens")))?,
        ),
    };
    let wish = GrantWish {
        scopes: words(1).map(str::to_owned).collect(),
        ttl_secs: secs(2)?,
        refresh_ttl_secs: secs(3)?,
        per_hour,
        ..GrantWish::new(question.grant.clone(), names)
    };
    match wish.fault() {
        // The grant as a whole is told of; the lengths are what is wrong most often.
        Some(why) => Err((
            if why.contains("scope") {
                1
            } else if why.contains("rate") {
                4
            } else {
                2
            },
            why,
        )),
        None => Ok(wish),
    }
}

/// Does what an action is for.
pub fn act(app: &mut App, mut asked: Asked, action: Action) -> Vec<Effect> {
    if asked.is_typing {
        return typed(app, asked, action);
    }
    match action {
        Action::Allow => return vec![asked.answer(Verdict::Approved)],
        Action::Deny => return vec![asked.answer(Verdict::Refused)],
        Action::Back => return Vec::new(),
        Action::Terms => asked.is_typing = true,
        _ => {}
    }
    app.overlays.push(Overlay::Asked(Box::new(asked)));
    Vec::new()
}

fn typed(app: &mut App, mut asked: Asked, action: Action) -> Vec<Effect> {
    let mut effects = Vec::new();
    match action {
        Action::Back if !asked.is_working => {
            asked.is_typing = false;
            asked.trouble = None;
        }
        Action::Submit if !asked.is_working => match wish(app, &asked.question, &asked.terms) {
            Ok(wish) => {
                asked.trouble = None;
                asked.is_working = true;
                effects.push(asked.answer(Verdict::WithTerms(Box::new(wish))));
            }
            Err((field, why)) => {
                asked.terms.focus_on(field);
                asked.trouble = Some(why);
            }
        },
        action => asked.terms.act(action),
    }
    app.overlays.push(Overlay::Asked(Box::new(asked)));
    effects
}

/// The overlay in which a question is looked at, if it is open.
pub fn find(app: &mut App, id: QuestionId) -> Option<&mut Asked> {
    app.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Asked(asked) if asked.question.id == id => Some(asked.as_mut()),
        _ => None,
    })
}

type Said = (&'static str, String, Tone);

fn lines(app: &App, asked: &Asked) -> Vec<Said> {
    let question = &asked.question;
    let moment = |at| words::moment(at, app.now, &app.around.zone);
    let mut lines = vec![("asks", kept::program(&question.by), Tone::Plain)];
    lines.push(("for the grant", question.grant.to_string(), Tone::Plain));
    if !question.credentials.is_empty() {
        lines.push((
            "for tokens of",
            questions::named(question, " "),
            Tone::Plain,
        ));
    }
    let waits = format!(
        "at {}, waits until {}",
        moment(question.asked_at),
        moment(question.until)
    );
    lines.push(("asked", waits, Tone::Dim));
    lines.push(("", String::new(), Tone::Plain));
    lines.push(("", comes_of_it(app, question), Tone::Soon));
    if question.by.executable.is_none() {
        let text = "Nobody has checked what a program on the port says of itself: approve only what you have just begun.";
        lines.push(("", text.to_owned(), Tone::Dim));
    }
    lines
}

/// What an approval comes to.
fn comes_of_it(app: &App, question: &QuestionView) -> String {
    if let Some(view) = there(app, question) {
        let only = view.grant.executable.as_ref();
        let only = only.map_or_else(String::new, |path| format!(", if it is {path}"));
        return format!(
            "Approved, it gets a pair of tokens of this grant{only}: it may fetch {}, {} tokens an hour at most.",
            grant_page::credentials(view),
            view.rate
        );
    }
    match unknown(app, &question.credentials) {
        Ok(()) => "There is no such grant yet. Approved, it is made for these credentials as they are: its tokens live 15 minutes \
                   and can be renewed for 7 days."
            .to_owned(),
        Err(why) => format!("There is no such grant yet, and {why}: set the terms, or refuse."),
    }
}

/// Draws it.
pub fn draw(app: &App, asked: &Asked, buf: &mut Buffer) {
    let theme = app.theme;
    let width = 72.min(app.size.0.saturating_sub(4));
    let room = |label: &str| {
        let indent = if label.is_empty() { 0 } else { LABELS };
        usize::from(width.saturating_sub(4 + indent))
    };
    let said = match asked.is_typing {
        true => Vec::new(),
        false => lines(app, asked),
    };
    let tall: usize = said
        .iter()
        .map(|(label, text, _)| wrap(text, room(label)).len().max(1))
        .sum();
    let fields = match asked.is_typing {
        true => asked.terms.fields.len() + 4,
        false => 0,
    };
    let height = u16::try_from(tall + fields).unwrap_or(20) + 4;
    let area = layout::centred(app.size, width, height.min(app.size.1.saturating_sub(2)));
    let title = format!("A program asks for {}", asked.question.grant);
    let inner = boxes::boxed(app, area, &title, "", buf);
    let keys = Rect {
        y: inner.bottom() - 1,
        height: 1,
        ..inner
    };
    let mut body = Rect {
        height: inner.height.saturating_sub(2),
        ..inner
    };
    match asked.is_typing {
        true => draw_terms(app, asked, body, buf),
        false => {
            for (label, text, tone) in &said {
                let indent = if label.is_empty() { 0 } else { LABELS };
                put(buf, (body.x, body.y), indent, label, theme.dim(), theme);
                let place = Rect {
                    x: body.x + indent,
                    width: body.width.saturating_sub(indent),
                    ..body
                };
                let used = paragraph(buf, place, text, theme.tone(*tone), theme).max(1);
                body.y += used;
                body.height = body.height.saturating_sub(used);
            }
        }
    }
    hints::hint_line(app, &asked.scopes(), keys, buf);
}

fn draw_terms(app: &App, asked: &Asked, body: Rect, buf: &mut Buffer) {
    let (theme, terms) = (app.theme, &asked.terms);
    terms.draw(buf, body, LABELS - 1, !asked.is_working, theme);
    let used = u16::try_from(terms.fields.len()).unwrap_or(0) + 1;
    let below = Rect {
        y: body.y + used,
        height: body.height.saturating_sub(used),
        ..body
    };
    let (text, style) = match (&asked.trouble, asked.is_working) {
        (_, true) => ("The grant is made.".to_owned(), theme.tone(Tone::Work)),
        (Some(why), false) => (why.clone(), theme.tone(Tone::Trouble)),
        (None, false) => {
            let text = match terms.focus() {
                0 => {
                    "Credentials, apart by spaces: the program gets tokens of these and no others."
                }
                1 => "Only these scopes, apart by spaces; empty: as the credentials have them.",
                2 => "How long an access token of the grant is good: 10s to 24h.",
                3 => "How long the program can exchange a pair for the next one: at most 366d.",
                _ => "Tokens it may fetch in an hour; empty: as many as any program.",
            };
            (text.to_owned(), theme.dim())
        }
    };
    paragraph(buf, below, &text, style, theme);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::api::{Event, Refusal};
    use crate::model::credential::CredentialId;
    use crate::model::grant::{Grant, GrantCounts, Granted};
    use crate::model::program::Program;
    use crate::tui::example;
    use crate::tui::message::{Answer, Message};
    use crate::tui::update::update;
    use insta::assert_snapshot;
    use std::sync::Arc;

    fn question(id: u64, credentials: &[&str]) -> QuestionView {
        QuestionView {
            id: QuestionId(id),
            grant: "tool".parse().unwrap(),
            credentials: credentials.iter().map(|name| example::name(name)).collect(),
            by: Arc::new(Program {
                address: Some("127.0.0.1:40212".to_owned()),
                user_agent: Some("tool/1.2".to_owned()),
                ..Program::default()
            }),
            asked_at: example::NOW.minus(Duration::from_secs(30)),
            until: example::NOW.plus(Duration::from_secs(570)),
        }
    }

    fn view() -> GrantView {
        let wish = GrantWish::new("tool".parse().unwrap(), Vec::new());
        GrantView {
            grant: Grant {
                name: wish.name,
                credentials: vec![Granted {
                    id: CredentialId(1),
                    name: example::name("github/alice"),
                }],
                scopes: Vec::new(),
                ttl_secs: wish.ttl_secs,
                refresh_ttl_secs: wish.refresh_ttl_secs,
                executable: None,
                per_hour: Some(60),
                created_at: example::NOW,
                counts: GrantCounts::default(),
            },
            pairs: Vec::new(),
            used_at: None,
            fetched: 0,
            rate_used: 0,
            rate: 60,
        }
    }

    /// The inbox with a question in it.
    fn app((columns, rows): (u16, u16), credentials: &[&str]) -> App {
        let mut app = example::open(columns, rows);
        app.open_mut().unwrap().grants.take(Vec::new());
        let open = vec![question(7, credentials)];
        let effects = update(&mut app, Message::Event(Event::Questions { open }));
        assert!(matches!(effects.as_slice(), [Effect::Ask(Ask::Grants)]));
        let said = &app.notices.shown()[0].text;
        assert!(
            said.starts_with("tool/1.2 asks for the grant tool"),
            "{said}"
        );
        app.notices.clear();
        example::press(&mut app, "2");
        app
    }

    fn answer(app: &mut App, answer: Answer) -> Vec<Effect> {
        update(app, Message::Answer(Box::new(answer)))
    }

    #[track_caller]
    fn verdict(effects: &[Effect]) -> Verdict {
        let [Effect::Ask(Ask::AnswerQuestion(question, verdict))] = effects else {
            panic!("{effects:?}")
        };
        assert_eq!(question.id, QuestionId(7));
        verdict.clone()
    }

    #[test]
    fn a_question_stands_in_the_inbox_and_is_approved_or_refused_by_a_key() {
        for size in [(60, 16), (80, 24), (120, 36)] {
            let mut app = app(size, &["github/alice"]);
            let (columns, rows) = size;
            assert_snapshot!(format!("inbox_{columns}x{rows}"), example::shown(&mut app));
            example::press(&mut app, "\n");
            assert_snapshot!(format!("asked_{columns}x{rows}"), example::shown(&mut app));
            assert_eq!(verdict(&example::press(&mut app, "y")), Verdict::Approved);
            assert!(app.overlays.is_empty());
            example::press(&mut app, "\n");
            assert_eq!(verdict(&example::press(&mut app, "x")), Verdict::Refused);
            let boxed = Box::new(question(7, &[]));
            let effects = answer(&mut app, Answer::QuestionAnswered(boxed, false, Ok(())));
            assert_eq!(effects.len(), 2);
            assert!(app.notices.shown()[0].text.starts_with("refused: tool/1.2"));
            answer(&mut app, Answer::Questions(Ok(Vec::new())));
            assert!(app.open().unwrap().inbox.selected().is_some_and(|it| {
                !matches!(it, crate::tui::screens::inbox::Entry::Question(_))
            }));
        }
    }

    #[test]
    fn its_terms_are_a_persons_and_what_was_typed_wrong_is_said_where_it_stands() {
        for size in [(60, 16), (80, 24)] {
            let mut app = app(size, &[]);
            example::press(&mut app, "\n");
            let text = example::shown(&mut app);
            assert!(text.contains("whose tokens"), "{text}");
            assert!(
                example::press(&mut app, "y").is_empty(),
                "nobody said whose"
            );
            example::press(&mut app, "egithub/nobody\n");
            let (columns, rows) = size;
            assert_snapshot!(
                format!("terms_wrong_{columns}x{rows}"),
                example::shown(&mut app)
            );
            let mut typed = "\u{8}".repeat(6);
            typed.push_str("alice\trepo\t0\n");
            assert!(example::press(&mut app, &typed).is_empty());
            let text = example::shown(&mut app);
            assert!(text.contains("no length of time"), "{text}");
            // Going back loses nothing of it.
            example::press(&mut app, "\u{1b}");
            assert!(example::shown(&mut app).contains("other terms"));
            example::press(&mut app, "e");
            let effects = example::press(&mut app, "\u{8}\u{8}\u{8}\u{8}\u{8}1h\t\t60\n");
            let Verdict::WithTerms(wish) = verdict(&effects) else {
                panic!("{effects:?}")
            };
            assert_eq!((wish.ttl_secs, wish.refresh_ttl_secs), (3600, 7 * 86_400));
            assert_eq!(
                (wish.scopes, wish.per_hour),
                (vec!["repo".to_owned()], Some(60))
            );
            assert_eq!(wish.credentials, [example::name("github/alice")]);
            assert!(example::press(&mut app, "\n").is_empty(), "once");
            // A refusal leaves what was typed, and a grant that was made goes on to the answer.
            let refused = Err(Refusal::Stopped);
            answer(
                &mut app,
                Answer::GrantMade(Box::new(question(7, &[])), refused),
            );
            let text = example::shown(&mut app);
            assert!(text.contains("stopped") && text.contains("1h"), "{text}");
            let made = Answer::GrantMade(Box::new(question(7, &[])), Ok(Box::new(view())));
            let effects = answer(&mut app, made);
            assert!(matches!(
                effects.as_slice(),
                [
                    Effect::Ask(Ask::AnswerQuestion(_, Verdict::Approved)),
                    Effect::Ask(Ask::Grants)
                ]
            ));
            assert!(app.overlays.is_empty());
        }
    }

    #[test]
    fn for_a_grant_that_is_there_its_terms_are_told_and_not_asked_for() {
        let mut app = app((80, 24), &[]);
        app.open_mut().unwrap().grants.take(vec![view()]);
        example::press(&mut app, "\n");
        assert_snapshot!("asked_there", example::shown(&mut app));
        assert!(example::press(&mut app, "e").is_empty());
        assert!(example::shown(&mut app).contains("gets a pair of tokens"));
        assert_eq!(verdict(&example::press(&mut app, "y")), Verdict::Approved);
    }

    #[test]
    fn a_question_that_is_over_goes_from_the_screen() {
        let mut app = app((80, 24), &["github/alice"]);
        example::press(&mut app, "\n");
        let open = vec![question(8, &[])];
        update(&mut app, Message::Event(Event::Questions { open }));
        assert!(app.overlays.is_empty());
        let said: Vec<&str> = app
            .notices
            .shown()
            .iter()
            .map(|it| it.text.as_str())
            .collect();
        assert!(
            said.iter().any(|it| it.contains("the question is over")),
            "{said:?}"
        );
    }
}
