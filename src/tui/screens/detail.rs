//! One credential: its tokens (masked), its grant, what went wrong, its history.

use crate::model::credential::{CredentialView, Standing};
use crate::model::event::Activity;
use crate::model::failure::Failure;
use crate::model::name::CredentialName;
use crate::tui::app::App;
use crate::tui::bar::{self, Life};
use crate::tui::keymap::{Action, Scope, key_for};
use crate::tui::paint;
use crate::tui::screens::{history, reveal, tale};
use crate::tui::theme::Tone;
use crate::tui::words;
use crate::tui::workspace::{REVEAL_STAYS, Workspace};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

const LABEL: usize = 11;

/// The state of an open credential.
#[derive(Debug)]
pub struct Detail {
    /// Which.
    pub name: CredentialName,
    /// Lines scrolled away.
    pub scroll: usize,
    /// Its activity, once it has come; newest last.
    pub history: Option<Vec<Activity>>,
}

impl Detail {
    /// A credential as it is opened.
    pub const fn new(name: CredentialName) -> Self {
        Self {
            name,
            scroll: 0,
            history: None,
        }
    }

    /// Scrolls by some lines, of `total` of which `height` show.
    pub fn scroll(&mut self, by: isize, total: usize, height: usize) {
        let most = total.saturating_sub(height);
        self.scroll = self.scroll.saturating_add_signed(by).min(most);
    }
}

/// Draws a credential; `scroll` lines of it are above the screen.
pub fn draw(
    app: &App,
    workspace: &Workspace,
    view: &CredentialView,
    scroll: usize,
    area: Rect,
    buf: &mut Buffer,
) {
    let theme = app.theme;
    let kind = view.health.kind();
    let state = words::health(&view.health, app.now, &app.around.zone);
    let left = view.profile.expires_at.filter(|end| *end > app.now);
    let state = match left {
        Some(end) => format!(
            "{} {state} {} {}",
            theme.sign(kind),
            theme.signs().dot,
            words::span(app.now.until(end))
        ),
        None => format!("{} {state}", theme.sign(kind)),
    };
    let wide = paint::columns(&state);
    let room = area.width.saturating_sub(wide + 3);
    paint::put(
        buf,
        (area.x + 1, area.y),
        room,
        view.profile.name.as_str(),
        theme.strong(),
        theme,
    );
    paint::put_right(
        buf,
        (area.x, area.y),
        area.width.saturating_sub(1),
        &state,
        theme.health(kind),
        theme,
    );
    let lines = lines(app, workspace, view, area.width);
    for (y, line) in (area.y + 1..area.bottom()).zip(lines.iter().skip(scroll)) {
        buf.set_line(area.x, y, line, area.width);
    }
}

/// All lines below the title.
pub fn lines(
    app: &App,
    workspace: &Workspace,
    view: &CredentialView,
    width: u16,
) -> Vec<Line<'static>> {
    let mut page = Page {
        app,
        width: width.into(),
        lines: Vec::new(),
    };
    page.section("Tokens");
    tokens(&mut page, workspace, view);
    if let Some(failure) = trouble(view) {
        page.section("Trouble");
        let mut told = Vec::new();
        tale::failure_lines(failure, &mut told);
        for (label, text) in told {
            let tone = if label == "cause" {
                Tone::Trouble
            } else {
                Tone::Plain
            };
            page.fact(label, &text, tone);
        }
    }
    page.section("Grant");
    grant(&mut page, view);
    page.section("History");
    let mut lines = page.lines;
    lines.extend(history::lines(app, workspace, view, width.into()));
    lines
}

/// The failure that matters now, if one does.
pub fn trouble(view: &CredentialView) -> Option<&Failure> {
    match &view.profile.standing {
        Standing::NeedsLogin { cause } | Standing::Misconfigured { cause } => Some(cause),
        Standing::Active | Standing::Revoked { .. } => view.profile.last_failure.as_ref(),
    }
}

fn tokens(page: &mut Page<'_>, workspace: &Workspace, view: &CredentialView) {
    let app = page.app;
    let profile = &view.profile;
    let revealed = workspace
        .revealed
        .as_ref()
        .filter(|revealed| revealed.name == profile.name);
    let key = |action| key_for(Scope::Detail, action, app.theme);
    match revealed {
        Some(revealed) => {
            let room = page.width.saturating_sub(LABEL + 2);
            for (at, line) in reveal::lines(revealed, room).iter().enumerate() {
                page.plain(if at == 0 { "access" } else { "" }, line);
            }
            let left = app.now.until(revealed.until);
            let life = Life {
                left: (left.as_secs_f64() / REVEAL_STAYS.as_secs_f64()).clamp(0.0, 1.0),
                planned: None,
            };
            let bar = bar::cells(life, 10, app.theme).concat();
            page.fact(
                "",
                &format!("masked again in {}s {bar}", left.as_secs() + 1),
                Tone::Work,
            );
        }
        None => {
            let dots = app.theme.signs().masked.repeat(12);
            let hint = format!(
                "   {} reveal  {} copy",
                key(Action::Reveal),
                key(Action::Copy)
            );
            let print = profile.access_fingerprint.to_string();
            let print = print.get(..9).unwrap_or(&print);
            page.pair("access", &format!("{dots}  fingerprint {print}"), &hint);
        }
    }
    page.fact("", &validity(app, view), Tone::Dim);
    if profile.has_refresh_token {
        let since = words::moment(profile.signed_in_at, app.now, &app.around.zone);
        page.fact(
            "refresh",
            &format!(
                "generation {} of this family, signed in {since}",
                view.generation.0
            ),
            Tone::Plain,
        );
        if let Some(forecast) = words::forecast(&view.forecast, app.now, &app.around.zone) {
            page.fact("", &forecast, Tone::Dim);
        }
    } else {
        page.fact(
            "refresh",
            "no refresh token: sign in again when it ends",
            Tone::Plain,
        );
    }
    if let Some(claims) = &profile.claims {
        let who = [&claims.email, &claims.name, &claims.subject]
            .into_iter()
            .flatten()
            .next();
        let verified = match claims.email_verified {
            Some(true) => ", verified",
            Some(false) => ", not verified",
            None => "",
        };
        let issuer = claims
            .issuer
            .as_deref()
            .map(|issuer| format!(", {issuer}"))
            .unwrap_or_default();
        let text = format!("{}{verified}{issuer}", who.map_or("", String::as_str));
        page.fact("id token", &text, Tone::Plain);
    }
}

fn validity(app: &App, view: &CredentialView) -> String {
    let moment = |at| words::moment(at, app.now, &app.around.zone);
    let dot = app.theme.signs().dot;
    let mut text = format!("issued {}", moment(view.profile.issued_at));
    match view.profile.expires_at {
        Some(end) if end > app.now => text.push_str(&format!(" {dot} expires {}", moment(end))),
        Some(end) => text.push_str(&format!(" {dot} expired {}", moment(end))),
        None => text.push_str(&format!(" {dot} no expiry")),
    }
    if let Some(at) = view.refresh_at.filter(|at| *at > app.now) {
        text.push_str(&format!(" {dot} refresh {}", moment(at)));
    }
    text
}

fn grant(page: &mut Page<'_>, view: &CredentialView) {
    let app = page.app;
    let profile = &view.profile;
    page.fact(
        "provider",
        &format!("{}, {}", profile.provider_name, profile.host),
        Tone::Plain,
    );
    let scopes = if profile.scopes.is_empty() {
        "none named".to_owned()
    } else {
        profile.scopes.join(" ")
    };
    page.fact("scopes", &scopes, Tone::Plain);
    let minted = format!(
        "{}, client {}, {}",
        words::flow(profile.flow),
        profile.client_id,
        words::client_auth(profile.client_auth)
    );
    page.fact("minted", &minted, Tone::Plain);
    let used = match profile.last_used_at {
        Some(at) => format!("last {}", words::moment(at, app.now, &app.around.zone)),
        None => "not yet by any program".to_owned(),
    };
    page.fact("used", &used, Tone::Plain);
}

struct Page<'a> {
    app: &'a App,
    width: usize,
    lines: Vec<Line<'static>>,
}

impl Page<'_> {
    fn section(&mut self, title: &str) {
        let theme = self.app.theme;
        let rest = self.width.saturating_sub(paint::width(title) + 5);
        let rule = theme.signs().rule;
        self.lines.push(Line::from(vec![
            Span::styled(format!(" {rule} "), theme.dim()),
            Span::styled(title.to_owned(), theme.strong()),
            Span::styled(format!(" {}", rule.repeat(rest)), theme.dim()),
        ]));
    }

    fn fact(&mut self, label: &str, text: &str, tone: Tone) {
        let room = self.width.saturating_sub(LABEL + 2);
        for (at, line) in paint::wrap(text, room).into_iter().enumerate() {
            self.labelled(
                if at == 0 { label } else { "" },
                vec![Span::styled(line, self.app.theme.tone(tone))],
            );
        }
    }

    fn plain(&mut self, label: &str, text: &str) {
        self.labelled(label, vec![Span::raw(text.to_owned())]);
    }

    fn pair(&mut self, label: &str, text: &str, aside: &str) {
        let dim = self.app.theme.dim();
        let fits = paint::width(text) + paint::width(aside) + LABEL + 2 <= self.width;
        let aside = if fits { aside } else { "" };
        self.labelled(
            label,
            vec![
                Span::raw(text.to_owned()),
                Span::styled(aside.to_owned(), dim),
            ],
        );
    }

    fn labelled(&mut self, label: &str, mut spans: Vec<Span<'static>>) {
        spans.insert(
            0,
            Span::styled(format!(" {label:<LABEL$}"), self.app.theme.dim()),
        );
        self.lines.push(Line::from(spans));
    }
}

#[cfg(test)]
mod tests {
    use crate::tui::example;
    use insta::assert_snapshot;

    #[test]
    fn the_detail_shows_tokens_masked_grant_trouble_and_history() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "/google\n\n");
        assert_snapshot!("detail", example::shown(&mut app));
        example::press(&mut app, "\x1b\x1b/slack\n\n");
        let history = example::activity();
        app.open_mut().unwrap().detail.as_mut().unwrap().history = Some(history);
        assert_snapshot!("detail_trouble", example::shown(&mut app));
        app.size = (120, 36);
        assert_snapshot!("detail_120", example::shown(&mut app));
    }

    #[test]
    fn a_revealed_token_is_masked_again_after_ten_seconds() {
        use crate::model::token::IssuedToken;
        use crate::secret::AccessToken;
        use crate::tui::message::{Answer, Message, Purpose};
        use crate::tui::update::update;
        let mut app = example::open(80, 24);
        let effects = example::press(&mut app, "/google\nv");
        assert!(
            effects
                .iter()
                .any(|effect| format!("{effect:?}").contains("Reveal"))
        );
        let token = IssuedToken {
            access: AccessToken::new("made-up-and-shown".to_owned()),
            token_type: "Bearer".to_owned(),
            expires_at: None,
            scopes: Vec::new(),
        };
        let name = example::name("google/alice@example.com");
        let answer = Answer::Token(name, Purpose::Reveal, Ok(token));
        update(&mut app, Message::Answer(Box::new(answer)));
        app.now = app.now.plus(std::time::Duration::from_secs(4));
        update(&mut app, Message::Tick);
        let text = example::shown(&mut app);
        assert!(
            text.contains("made-up-and-shown") && text.contains("masked again in 7s"),
            "{text}"
        );
        app.now = app.now.plus(std::time::Duration::from_secs(6));
        update(&mut app, Message::Tick);
        assert!(!example::shown(&mut app).contains("made-up"));
    }
}
