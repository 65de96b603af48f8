//! What came in while the vault was locked, looked at: taken in, under its own name or another, or refused.

use crate::model::name::CredentialName;
use crate::model::parcel::{ParcelContent, ParcelView};
use crate::tui::app::App;
use crate::tui::boxes;
use crate::tui::effect::{Ask, Effect, TakeIn};
use crate::tui::field::Field;
use crate::tui::hints;
use crate::tui::keymap::{Action, Scope};
use crate::tui::layout;
use crate::tui::overlays::confirm::Confirm;
use crate::tui::overlays::deed::Deed;
use crate::tui::overlays::overlay::Overlay;
use crate::tui::paint::{put, wrap};
use crate::tui::screens::parcels::called;
use crate::tui::theme::Tone;
use crate::tui::words;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of the labels.
const LABELS: u16 = 10;

/// The item that is looked at.
pub struct Arrival {
    /// The item.
    pub parcel: ParcelView,
    /// The account part of another name, while it is typed, and what is wrong with it.
    naming: Option<(Field, Option<String>)>,
}

impl Arrival {
    /// Looks at an item.
    pub const fn new(parcel: ParcelView) -> Self {
        Self {
            parcel,
            naming: None,
        }
    }

    /// Where its keys have their meaning.
    pub fn scopes(&self) -> Vec<Scope> {
        match self.naming {
            Some(_) => vec![Scope::Naming],
            None => vec![Scope::Arrival],
        }
    }

    /// Takes a key into the field.
    pub fn type_key(&mut self, key: KeyEvent) -> bool {
        match &mut self.naming {
            Some((field, _)) => key.code != KeyCode::Enter && field.handle(key),
            None => false,
        }
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        if let Some((field, _)) = &mut self.naming {
            field.paste(text);
        }
    }

    /// Whether an action makes sense with it.
    pub fn offers(&self, app: &App, action: Action) -> bool {
        let content = self.parcel.content.as_ref();
        let is_taken = content.is_some_and(|it| is_taken(app, &it.name));
        match action {
            Action::TakeIn => content.is_some() && !is_taken,
            Action::Replace => is_taken,
            Action::TakeInAs | Action::RefuseRevoking => content.is_some(),
            _ => true,
        }
    }

    fn take_in(&self, account: Option<String>) -> Vec<Effect> {
        let content = self.parcel.content.as_ref();
        let order = content.map(|content| TakeIn {
            account,
            ..TakeIn::of(self.parcel.id, content.name.clone())
        });
        order
            .map(|it| Effect::Ask(Ask::TakeIn(it)))
            .into_iter()
            .collect()
    }
}

fn is_taken(app: &App, name: &CredentialName) -> bool {
    app.open().is_some_and(|it| it.rows.get(name).is_some())
}

/// Does what an action is for.
pub fn act(app: &mut App, mut arrival: Arrival, action: Action) -> Vec<Effect> {
    if arrival.naming.is_some() {
        return name(app, arrival, action);
    }
    let deed = match action {
        Action::TakeIn => return arrival.take_in(None),
        Action::Back => return Vec::new(),
        Action::TakeInAs => {
            arrival.naming = Some((Field::default(), None));
            None
        }
        Action::Replace => Some(Deed::Replace),
        Action::Refuse => Some(Deed::Refuse),
        Action::RefuseRevoking => Some(Deed::RefuseRevoking),
        _ => None,
    };
    app.overlays.push(match deed {
        Some(deed) => Overlay::Confirm(Confirm::of_parcels(deed, vec![arrival.parcel])),
        None => Overlay::Arrival(Box::new(arrival)),
    });
    Vec::new()
}

/// Another name for it: one that is free, and is one.
fn name(app: &mut App, mut arrival: Arrival, action: Action) -> Vec<Effect> {
    let typed = arrival
        .naming
        .as_ref()
        .map(|(field, _)| field.text().trim().to_owned());
    let typed = typed.unwrap_or_default();
    if action == Action::Keep || (action == Action::Submit && typed.is_empty()) {
        arrival.naming = None;
    } else if action == Action::Submit {
        match free(app, &arrival.parcel, &typed) {
            Ok(account) => return arrival.take_in(Some(account)),
            Err(why) => {
                if let Some((_, note)) = &mut arrival.naming {
                    *note = Some(why);
                }
            }
        }
    }
    app.overlays.push(Overlay::Arrival(Box::new(arrival)));
    Vec::new()
}

fn free(app: &App, parcel: &ParcelView, typed: &str) -> Result<String, String> {
    let content = parcel.content.as_ref();
    let Some(wanted) = content.map(|content| &content.name) else {
        return Err("what does not open cannot be taken in".to_owned());
    };
    let account = wanted.account_meant(typed).to_owned();
    let name = CredentialName::new(wanted.provider(), &account).map_err(|it| it.to_string())?;
    match is_taken(app, &name) {
        true => Err(format!("there is a credential named {name} already")),
        false => Ok(account),
    }
}

/// One labelled line, or one without a label, as long as it needs.
type Line = (&'static str, String, Tone);

fn lines(app: &App, parcel: &ParcelView) -> Vec<Line> {
    let came = words::moment(parcel.at, app.now, &app.around.zone);
    let came = ("came", came, Tone::Plain);
    let Some(content) = &parcel.content else {
        let sealed = format!(
            "It was sealed to {}, another key than this vault's, and does not open. Whoever exchanged the vault's public \
             recipient can read it. If you put it there, end its tokens at the provider and sign in again; and ask who can \
             write the vault's file.",
            parcel.recipient
        );
        return vec![came, ("", sealed, Tone::Trouble)];
    };
    let mut lines = vec![
        ("provider", content.provider.clone(), Tone::Plain),
        ("from", content.told_from(), Tone::Plain),
        came,
    ];
    lines.extend(facts(content));
    lines.push(("", String::new(), Tone::Plain));
    if let Some(there) = app.open().and_then(|it| it.rows.get(&content.name)) {
        let since = words::moment(there.profile.signed_in_at, app.now, &app.around.zone);
        let text = format!(
            "There is a credential {} already, {}, signed in {since}. Take this one in under another name, or let it take \
             that one's place.",
            content.name,
            there.health.kind().word()
        );
        lines.push(("", text, Tone::Soon));
    }
    let text =
        "Whoever may write the vault's file can put something here: take in only what you know.";
    lines.push(("", text.to_owned(), Tone::Dim));
    lines
}

fn facts(content: &ParcelContent) -> Vec<Line> {
    let sent = content.endpoint.clone();
    let sent = sent.unwrap_or_else(|| "nowhere: it is not refreshed".to_owned());
    let mut facts = vec![("sent to", sent, Tone::Plain)];
    if !content.scopes.is_empty() {
        facts.push(("scopes", content.scopes.join(" "), Tone::Plain));
    }
    facts
}

/// Draws it.
pub fn draw(app: &App, arrival: &Arrival, buf: &mut Buffer) {
    let theme = app.theme;
    let width = 72.min(app.size.0.saturating_sub(4));
    let wrapped: Vec<(&str, String, Tone)> = lines(app, &arrival.parcel)
        .into_iter()
        .flat_map(|(label, text, tone)| {
            let indent = if label.is_empty() { 0 } else { LABELS };
            let lines = wrap(&text, usize::from(width.saturating_sub(4 + indent)));
            let lines = lines.into_iter().enumerate();
            lines.map(move |(at, line)| match (at, label) {
                (0, label) => (label, line, tone),
                (_, "") => ("", line, tone),
                (_, _) => (" ", line, tone),
            })
        })
        .collect();
    let field = if arrival.naming.is_some() { 3 } else { 0 };
    let height = u16::try_from(wrapped.len()).unwrap_or(20) + 4 + field;
    let area = layout::centred(app.size, width, height.min(app.size.1.saturating_sub(2)));
    let inner = boxes::boxed(
        app,
        area,
        &called(&arrival.parcel),
        "came in while locked",
        buf,
    );
    let body = Rect {
        height: inner.height.saturating_sub(2 + field),
        ..inner
    };
    for (y, (label, text, tone)) in (body.y..body.bottom()).zip(&wrapped) {
        let indent = if label.is_empty() { 0 } else { LABELS };
        put(buf, (body.x, y), indent, label, theme.dim(), theme);
        let room = body.width.saturating_sub(indent);
        put(
            buf,
            (body.x + indent, y),
            room,
            text,
            theme.tone(*tone),
            theme,
        );
    }
    let keys = Rect {
        y: inner.bottom() - 1,
        height: 1,
        ..inner
    };
    if let Some((field, note)) = &arrival.naming {
        let line = Rect {
            y: body.bottom() + 1,
            height: 1,
            ..inner
        };
        field.draw_labelled(buf, line, ("account", LABELS - 1), true, theme);
        if let Some(note) = note {
            let tone = theme.tone(Tone::Trouble);
            put(buf, (line.x, line.y + 1), line.width, note, tone, theme);
        }
    }
    hints::hint_line(app, &arrival.scopes(), keys, buf);
}
