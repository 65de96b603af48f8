//! One credential: its tokens (masked), its grant, what went wrong, its history.

use crate::model::credential::CredentialView;
use crate::model::event::Activity;
use crate::model::name::CredentialName;
use crate::model::why::Why;
use crate::tui::app::App;
use crate::tui::paint;
use crate::tui::screens::page::Page;
use crate::tui::screens::{history, tale, tokens};
use crate::tui::telling;
use crate::tui::theme::Tone;
use crate::tui::words;
use crate::tui::workspace::Workspace;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// The state of an open credential.
#[derive(Debug)]
pub struct Detail {
    /// Which.
    pub name: CredentialName,
    /// Lines scrolled away.
    pub scroll: usize,
    /// Its activity, once it has come; newest last.
    pub history: Option<Vec<Activity>>,
    /// Its story, shown instead of its facts.
    pub story: Option<Told>,
}

/// How far the story of a credential has come.
#[derive(Debug)]
pub enum Told {
    /// It was asked for.
    Asked,
    /// Here it is.
    Whole(Box<Why>),
}

impl Detail {
    /// A credential as it is opened.
    pub const fn new(name: CredentialName) -> Self {
        Self {
            name,
            scroll: 0,
            history: None,
            story: None,
        }
    }

    /// Shows the story instead of the facts, or the facts again; says whether the story has to be asked for.
    pub fn turn(&mut self) -> bool {
        self.scroll = 0;
        self.story = match self.story {
            None => Some(Told::Asked),
            Some(_) => None,
        };
        self.story.is_some()
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
    let left = view.profile.usable_until().filter(|end| *end > app.now);
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
    let story = workspace
        .detail
        .as_ref()
        .filter(|open| open.name == view.profile.name)
        .and_then(|open| open.story.as_ref());
    if let Some(story) = story {
        tell(&mut page, story);
        return page.lines;
    }
    page.section("Tokens");
    tokens::add(&mut page, workspace, view);
    if let Some(failure) = telling::matter(view) {
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

/// The story as it came; the clock goes on, and with it what is said of times.
fn tell(page: &mut Page<'_>, story: &Told) {
    let app = page.app;
    let why = match story {
        Told::Asked => return page.fact("", "the story is on its way", Tone::Dim),
        Told::Whole(why) => why,
    };
    for part in telling::parts(why, app.now, &app.around.zone) {
        page.section(part.title);
        for said in part.lines {
            page.fact(&said.label, &said.text, said.tone);
        }
    }
}

fn grant(page: &mut Page<'_>, view: &CredentialView) {
    let app = page.app;
    let profile = &view.profile;
    if profile.standing.is_revoked() {
        let said = telling::because(view, app.now, &app.around.zone);
        page.fact("revoked", &said, Tone::Plain);
    }
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
    if let Some(restored) = &profile.restored {
        let said = words::restored(restored, app.now, &app.around.zone);
        page.fact("restored", &said, Tone::Soon);
    }
    if let Some(provenance) = &profile.provenance {
        let said = words::provenance(provenance, app.now, &app.around.zone);
        page.fact("from", &said, Tone::Plain);
    }
    if !profile.wanted_scopes.is_empty() {
        let wanted = profile.wanted_scopes.join(" ");
        page.fact("missed", &wanted, Tone::Soon);
    }
    if !profile.resources.is_empty() {
        page.fact("for", &profile.resources.join(" "), Tone::Plain);
    }
    if let Some(thumbprint) = &profile.bound_to {
        let key = format!("to a key of this vault (DPoP), {thumbprint}");
        page.fact("bound", &key, Tone::Plain);
    }
    for (name, value) in &profile.kept {
        page.fact(name, value, Tone::Plain);
    }
    let mut minted = format!("{}{}", words::flow(profile.flow), words::client(profile));
    if !profile.client_id.is_empty() {
        minted.push_str(&format!(", {}", words::client_auth(profile.client_auth)));
    }
    page.fact("minted", &minted, Tone::Plain);
    let used = match profile.last_used_at {
        Some(at) => format!("last {}", words::moment(at, app.now, &app.around.zone)),
        None => "not yet by any program".to_owned(),
    };
    page.fact("used", &used, Tone::Plain);
}

#[cfg(test)]
mod tests {
    use crate::engine::api::Event;
    use crate::model::why::{Decision, Rule, Why};
    use crate::tui::app::App;
    use crate::tui::effect::{Ask, Effect};
    use crate::tui::example;
    use crate::tui::message::{Answer, Message};
    use crate::tui::update::update;
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
    fn the_detail_shows_where_a_credential_is_from_and_that_it_was_put_back() {
        use crate::model::credential::Restored;
        use crate::model::health::Health;
        use crate::model::provenance::Provenance;
        use crate::tui::theme::Theme;
        let mut view = example::credential("corp/me", "Corp", Health::Fresh, 600, 0);
        let ago = |secs| example::NOW.minus(std::time::Duration::from_secs(secs));
        let profile = std::sync::Arc::make_mut(&mut view.profile);
        profile.provenance = Some(Provenance {
            from: "pizauth".to_owned(),
            file: Some("/home/alice/mail.dump".to_owned()),
            at: ago(200_000),
        });
        profile.restored = Some(Restored {
            of: ago(5000),
            behind: Some(2),
            put_back: true,
            imported: false,
        });
        let mut app = example::app(vec![view], (80, 24), Theme::new(true, true));
        example::press(&mut app, "\n");
        assert_snapshot!("detail_brought", example::shown(&mut app));
    }

    #[test]
    fn the_detail_shows_what_a_token_is_for_what_it_is_bound_to_and_what_came_beside_it() {
        use crate::model::health::Health;
        use crate::tui::theme::Theme;
        let mut view = example::credential("corp/me", "Corp", Health::Fresh, 600, 0);
        let profile = std::sync::Arc::make_mut(&mut view.profile);
        profile.resources = vec!["https://api.corp.example/".to_owned()];
        profile.bound_to = Some("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I".to_owned());
        profile.kept = [("realmId".to_owned(), "42".to_owned())].into();
        profile.wanted_scopes = vec!["admin".to_owned()];
        let mut app = example::app(vec![view], (120, 36), Theme::new(true, true));
        example::press(&mut app, "\n");
        assert_snapshot!("detail_bound", example::shown(&mut app));
    }

    #[test]
    fn a_pasted_key_names_no_client_and_promises_no_refresh() {
        use crate::model::credential::Flow;
        use crate::model::health::Health;
        use crate::tui::{telling, theme::Theme, words};
        let mut view = example::credential("openai/me", "OpenAI", Health::Fresh, 600, 0);
        let profile = std::sync::Arc::make_mut(&mut view.profile);
        (profile.flow, profile.has_refresh_token) = (Flow::ApiKey, false);
        profile.client_id.clear();
        assert_eq!(words::client(profile), "");
        let why = telling::because(&view, example::NOW, &jiff::tz::TimeZone::UTC);
        assert_eq!(why, "It is valid, and nothing refreshes it.");
        let mut app = example::app(vec![view], (120, 36), Theme::new(true, true));
        example::press(&mut app, "\n");
        let shown = example::shown(&mut app);
        let minted = shown.lines().find(|line| line.contains("minted"));
        let minted = minted.and_then(|line| line.split("minted").nth(1));
        assert_eq!(minted.map(str::trim), Some("API key"), "{shown}");
    }

    /// The story of a credential of the example, as an owner tells it.
    fn told(app: &App, name: &str, next: Decision) -> Message {
        let name = example::name(name);
        let view = app.open().unwrap().rows.get(&name).unwrap().clone();
        let history = example::activity();
        let history = history.into_iter();
        let why = Why {
            told_at: app.now,
            view,
            next,
            history: history
                .filter(|it| it.name.as_ref() == Some(&name))
                .collect(),
        };
        Message::Answer(Box::new(Answer::Why(name, Ok(Box::new(why)))))
    }

    #[test]
    fn w_tells_the_story_and_w_or_escape_turns_back_to_the_facts() {
        let mut app = example::open(80, 24);
        let effects = example::press(&mut app, "/atlassian\nw");
        assert!(matches!(effects.as_slice(), [.., Effect::Ask(Ask::Why(_))]));
        assert!(example::shown(&mut app).contains("the story is on its way"));
        let next = Decision::new(None, Rule::PersonFirst);
        let message = told(&app, "atlassian/alice", next);
        update(&mut app, message);
        assert_snapshot!("detail_why", example::shown(&mut app));
        example::press(&mut app, "jjjjjjjjjjj");
        assert_snapshot!("detail_why_scrolled", example::shown(&mut app));
        example::press(&mut app, "\x1b");
        assert!(example::shown(&mut app).contains("Grant"));
        example::press(&mut app, "w");
        app.size = (120, 36);
        let at = app.now.plus(std::time::Duration::from_secs(12));
        let next = Decision::new(Some(at), Rule::Retry { failures: 2 });
        example::press(&mut app, "w\x1b\x1b/slack\nw");
        let message = told(&app, "slack/acme", next);
        update(&mut app, message);
        assert_snapshot!("detail_why_120", example::shown(&mut app));
    }

    #[test]
    fn a_revocation_says_what_is_known_of_it() {
        use crate::model::credential::Standing;
        use crate::model::failure::{Errand, Failure};
        use crate::model::health::Health;
        use crate::model::inquiry::Liveness;
        let theme = crate::tui::theme::Theme::new(true, true);
        let at = example::NOW.minus(std::time::Duration::from_secs(90));
        let next = example::NOW.plus(std::time::Duration::from_secs(40));
        let standings = [Liveness::Dead, Liveness::Alive, Liveness::Unknown]
            .map(|proof| Standing::Revoked { at, proof });
        let pending = Standing::Revoking {
            since: at,
            tries: 3,
            next,
            cause: Some(Failure {
                errand: Errand::Revocation,
                ..example::unavailable()
            }),
            is_aside: false,
        };
        let views = standings.into_iter().chain([pending]).enumerate();
        let views = views.map(|(number, standing)| {
            let name = format!("demo/{number}");
            let health = match &standing {
                Standing::Revoking { tries, next, .. } => Health::Revoking {
                    attempt: tries + 1,
                    next: *next,
                },
                _ => Health::Revoked,
            };
            let view = example::credential(&name, "Demo", health, 3600, 1800);
            example::changed(view, |profile| profile.standing = standing)
        });
        let mut app = example::app(views.collect(), (80, 24), theme);
        assert_snapshot!("list_revoked", example::shown(&mut app));
        example::press(&mut app, "j\n");
        assert_snapshot!("detail_revoked", example::shown(&mut app));
        example::press(&mut app, "\x1b/demo\ngw");
        let next = Decision::new(Some(next), Rule::Revoking);
        let message = told(&app, "demo/3", next);
        update(&mut app, message);
        assert_snapshot!("detail_revoking", example::shown(&mut app));
    }

    #[test]
    fn a_story_is_asked_for_again_when_its_credential_has_changed() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "/atlassian\nw");
        let name = example::name("atlassian/alice");
        let view = app.open().unwrap().rows.get(&name).unwrap().clone();
        let changed = |view| Message::Event(Event::Changed { view });
        let effects = update(&mut app, changed(view.clone()));
        assert!(matches!(effects.as_slice(), [Effect::Ask(Ask::Why(_))]));
        example::press(&mut app, "w");
        assert!(update(&mut app, changed(view)).is_empty());
    }

    #[test]
    fn a_revealed_token_is_masked_again_after_ten_seconds() {
        use crate::tui::message::Purpose;
        let mut app = example::open(80, 24);
        let effects = example::press(&mut app, "/google\nv");
        assert!(
            effects
                .iter()
                .any(|effect| format!("{effect:?}").contains("Reveal"))
        );
        let token = example::token("made-up-and-shown");
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

    #[test]
    fn a_revealed_token_hides_as_soon_as_it_is_no_longer_the_token() {
        use crate::model::credential::{CredentialView, Generation};
        use crate::model::health::Health;
        use crate::tui::workspace::Revealed;
        let mut app = example::open(80, 24);
        let name = example::name("google/alice@example.com");
        let view = app.open().unwrap().rows.get(&name).unwrap().clone();
        app.open_mut().unwrap().revealed = Some(Revealed {
            name: name.clone(),
            token: example::token("made-up"),
            until: app.now.plus(std::time::Duration::from_secs(9)),
        });
        let changed = |health, generation| {
            let view = CredentialView {
                generation,
                health,
                ..view.clone()
            };
            Message::Event(Event::Changed { view })
        };
        update(&mut app, changed(Health::Refreshing, view.generation));
        assert!(app.open().unwrap().revealed.is_some(), "still the same");
        let next = Generation(view.generation.0 + 1);
        update(&mut app, changed(Health::Fresh, next));
        assert!(app.open().unwrap().revealed.is_none());
    }
}
