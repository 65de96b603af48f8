//! Whose token is this? A masked field to paste it into, and what is known of it; x revokes.

use crate::model::identity::{End, Identity, Owner};
use crate::secret::FoundToken;
use crate::tui::app::App;
use crate::tui::boxes;
use crate::tui::effect::{Ask, Effect};
use crate::tui::field::Field;
use crate::tui::hints;
use crate::tui::keymap::{Action, Scope};
use crate::tui::layout;
use crate::tui::overlays::confirm::Confirm;
use crate::tui::overlays::deed::Deed;
use crate::tui::overlays::overlay::Overlay;
use crate::tui::paint::{paragraph, wrap};
use crate::tui::theme::Tone;
use crate::tui::words;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use zeroize::Zeroizing;

/// Claims of a JWT that are shown; the rest is counted.
const CLAIMS: usize = 8;

/// The question and its answer.
pub struct Identify {
    field: Field,
    stage: Stage,
}

enum Stage {
    Typing,
    Asked,
    Told(Box<Identity>),
    Refused(String),
}

impl Default for Identify {
    fn default() -> Self {
        Self {
            field: Field::masked(),
            stage: Stage::Typing,
        }
    }
}

impl Identify {
    /// Where its keys have their meaning.
    pub fn scopes(&self) -> Vec<Scope> {
        match self.stage {
            Stage::Told(_) => vec![Scope::Identified],
            Stage::Typing | Stage::Asked | Stage::Refused(_) => vec![Scope::Identify],
        }
    }

    /// Takes a key into the field.
    pub fn type_key(&mut self, key: KeyEvent) -> bool {
        let is_typing = matches!(self.stage, Stage::Typing | Stage::Refused(_));
        is_typing && key.code != KeyCode::Enter && self.field.handle(key)
    }

    /// Takes a pasted token.
    pub fn paste(&mut self, text: &str) {
        if !matches!(self.stage, Stage::Told(_)) {
            self.field.paste(text);
        }
    }

    /// Takes the answer.
    pub fn told(&mut self, identity: Box<Identity>) {
        self.stage = Stage::Told(identity);
    }

    /// Takes that there is none.
    pub fn refused(&mut self, why: String) {
        self.stage = Stage::Refused(why);
    }

    /// Whether it is told of one that can be revoked.
    pub fn can_revoke(&self) -> bool {
        self.revocable().is_some()
    }

    /// The credential that can be revoked, if it is one.
    fn revocable(&self) -> Option<&Owner> {
        let Stage::Told(identity) = &self.stage else {
            return None;
        };
        let how = |owner: &Owner| owner.ended.map(|ended| ended.how);
        identity.owner.as_ref().filter(|owner| {
            owner.name.is_some()
                && !matches!(
                    how(owner),
                    Some(End::Revoked | End::BeingRevoked | End::Removed)
                )
        })
    }

    fn lines(&self, app: &App) -> Vec<(Tone, String)> {
        match &self.stage {
            Stage::Typing => vec![(
                Tone::Dim,
                "It is compared with the fingerprints of every token this vault ever held. One that is not among them \
                 leaves no trace."
                    .to_owned(),
            )],
            Stage::Asked => vec![(Tone::Work, "looking".to_owned())],
            Stage::Refused(why) => vec![(Tone::Trouble, why.clone())],
            Stage::Told(identity) => told(app, identity),
        }
    }
}

/// Does what an action is for.
pub fn act(app: &mut App, mut identify: Identify, action: Action) -> Vec<Effect> {
    let mut effects = Vec::new();
    match action {
        Action::Back => return effects,
        Action::Submit if !identify.field.is_empty() => {
            let typed = Zeroizing::new(identify.field.take());
            let token = FoundToken::new(typed.trim().to_owned());
            effects.push(Effect::Ask(Ask::Identify(token)));
            identify.stage = Stage::Asked;
        }
        Action::Revoke => {
            if let Some(name) = identify.revocable().and_then(|owner| owner.name.clone()) {
                let confirm = Confirm::new(Deed::Revoke, vec![name]);
                app.overlays.push(Overlay::Confirm(confirm));
                return effects;
            }
        }
        _ => {}
    }
    app.overlays.push(Overlay::Identify(identify));
    effects
}

fn told(app: &App, identity: &Identity) -> Vec<(Tone, String)> {
    let mut lines = Vec::new();
    match &identity.owner {
        None => lines.push((
            Tone::Good,
            "No credential of this vault ever held this token.".to_owned(),
        )),
        Some(owner) => owned(app, owner, &mut lines),
    }
    if let Some(jwt) = &identity.jwt {
        lines.push((Tone::Plain, String::new()));
        let algorithm = jwt.algorithm.as_deref().unwrap_or("no algorithm");
        lines.push((
            Tone::Soon,
            format!("JWT ({algorithm}), {}", jwt.signature.words()),
        ));
        for (claim, value) in jwt.claims.iter().take(CLAIMS) {
            lines.push((Tone::Plain, format!("{claim}  {value}")));
        }
        if let Some(more) = jwt
            .claims
            .len()
            .checked_sub(CLAIMS)
            .filter(|more| *more > 0)
        {
            lines.push((
                Tone::Dim,
                format!("and {}", words::count(more, "more claim")),
            ));
        }
    }
    lines
}

fn owned(app: &App, owner: &Owner, lines: &mut Vec<(Tone, String)>) {
    let name = owner
        .name
        .as_ref()
        .map_or("a credential that was removed", |name| name.as_str());
    let kind = owner.kind.map_or("token", |kind| kind.word());
    lines.push((
        Tone::Soon,
        format!("{name}: its {kind} of generation {}", owner.generation.0),
    ));
    match owner.ended {
        None => lines.push((Tone::Trouble, "It is the present one.".to_owned())),
        Some(ended) => {
            let when = ended.at.map_or_else(String::new, |at| {
                format!(", {}", words::moment(at, app.now, &app.around.zone))
            });
            lines.push((Tone::Plain, format!("It was {}{when}.", ended.how.words())));
        }
    }
    // A present one is of the generation that was told.
    let later = owner
        .generation_now
        .filter(|now| *now != owner.generation && owner.ended.is_some());
    if let Some(now) = later {
        lines.push((Tone::Dim, format!("The generation now is {}.", now.0)));
    }
}

/// Draws it.
pub fn draw(app: &App, identify: &Identify, buf: &mut Buffer) {
    let theme = app.theme;
    let width = 72.min(app.size.0.saturating_sub(4));
    let room = usize::from(width - 4);
    let lines = identify.lines(app);
    let tall: usize = lines
        .iter()
        .map(|(_, line)| wrap(line, room).len().max(1))
        .sum();
    let height = u16::try_from(tall).unwrap_or(u16::MAX).saturating_add(6);
    let area = layout::centred(app.size, width, height.min(app.size.1.saturating_sub(2)));
    let inner = boxes::boxed(app, area, "Whose token is this?", "", buf);
    let field = Rect { height: 1, ..inner };
    let is_told = matches!(identify.stage, Stage::Told(_));
    if !is_told {
        identify
            .field
            .draw_labelled(buf, field, ("token  ", 7), true, theme);
    }
    let mut y = inner.y + if is_told { 0 } else { 2 };
    for (tone, line) in &lines {
        let rest = Rect {
            y,
            height: inner.bottom().saturating_sub(y + 1),
            ..inner
        };
        y += paragraph(buf, rest, line, theme.tone(*tone), theme).max(1);
    }
    let hints = Rect {
        y: inner.bottom() - 1,
        height: 1,
        ..inner
    };
    hints::hint_line(app, &identify.scopes(), hints, buf);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::credential::Generation;
    use crate::model::identity::{Ended, Jwt, Signature, TokenKind};
    use crate::tui::example;
    use crate::tui::message::{Answer, Message};
    use crate::tui::update::update;
    use insta::assert_snapshot;
    use std::time::Duration;

    const TOKEN: &str = "marker-of-a-found-token";

    fn answer(app: &mut App, owner: Option<Owner>) {
        let claims = serde_json::json!({"iss": "https://id.example", "sub": "alice", "exp": 1});
        let identity = Identity {
            owner,
            jwt: Some(Jwt {
                algorithm: Some("RS256".to_owned()),
                claims: claims.as_object().cloned().unwrap(),
                signature: Signature::NotChecked,
            }),
        };
        let answer = Answer::Identified(Ok(Box::new(identity)));
        update(app, Message::Answer(Box::new(answer)));
    }

    fn owner(app: &App) -> Owner {
        Owner {
            name: Some(example::name("github/alice")),
            is_kept: true,
            kind: Some(TokenKind::Refresh),
            generation: Generation(12),
            generation_now: Some(Generation(14)),
            since: None,
            ended: Some(Ended {
                how: End::Replaced,
                at: Some(app.now.minus(Duration::from_secs(7200))),
            }),
            expires_at: None,
        }
    }

    #[test]
    fn a_pasted_token_is_told_whose_it_is_and_can_be_revoked() {
        for (columns, rows) in [(80, 24), (120, 36)] {
            let mut app = example::open(columns, rows);
            example::press(&mut app, "i");
            update(&mut app, Message::Paste(TOKEN.to_owned().into()));
            let shown = example::shown(&mut app);
            assert!(!shown.contains("marker"), "{shown}");
            assert_snapshot!(format!("identify_{columns}"), shown);
            let effects = example::press(&mut app, "\n");
            assert!(matches!(
                effects.as_slice(),
                [Effect::Ask(Ask::Identify(token))] if token.matches(&FoundToken::new(TOKEN.to_owned()))
            ));
            let owner = owner(&app);
            answer(&mut app, Some(owner));
            assert_snapshot!(format!("identified_{columns}"), example::shown(&mut app));
            example::press(&mut app, "x");
            let effects = example::press(&mut app, "y");
            assert!(matches!(effects.as_slice(), [Effect::Ask(Ask::Revoke(_))]));
        }
    }

    #[test]
    fn an_unknown_token_is_said_to_be_unknown_and_nothing_is_revoked() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "i");
        assert!(
            example::press(&mut app, "\n").is_empty(),
            "nothing was given"
        );
        example::press(&mut app, "abc\n");
        answer(&mut app, None);
        let text = example::shown(&mut app);
        assert!(text.contains("ever held this token"), "{text}");
        assert!(
            !text.contains("revoke"),
            "there is nothing to revoke: {text}"
        );
        assert!(example::press(&mut app, "x").is_empty());
        example::press(&mut app, "\x1b");
        assert!(app.overlays.is_empty());
    }
}
