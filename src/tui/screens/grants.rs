//! The grants: which local programs may have what, who has tokens of them, how much of their rates is used.

use crate::model::grant::{GrantName, GrantView};
use crate::tui::app::App;
use crate::tui::layout::Layout;
use crate::tui::paint::{paragraph, put};
use crate::tui::screens::{grant_list, grant_page};
use crate::tui::workspace::Workspace;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The screen's state.
#[derive(Debug, Default)]
pub struct Grants {
    all: Vec<GrantView>,
    /// Whether they have come.
    pub listed: bool,
    cursor: usize,
    /// Lines scrolled away of the one the person went into.
    open: Option<usize>,
}

impl Grants {
    /// Takes in the grants there are now; the pointer stays on its own.
    pub fn take(&mut self, grants: Vec<GrantView>) {
        let name = self.selected().map(|view| view.grant.name.clone());
        self.all = grants;
        self.listed = true;
        let there = name.and_then(|name| self.all.iter().position(|it| it.grant.name == name));
        if there.is_none() {
            self.open = None;
        }
        self.cursor = there.unwrap_or_else(|| self.cursor.min(self.all.len().saturating_sub(1)));
    }

    /// The grant of a name.
    pub fn find(&self, name: &GrantName) -> Option<&GrantView> {
        self.all.iter().find(|view| view.grant.name == *name)
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The one the pointer is on.
    pub fn selected(&self) -> Option<&GrantView> {
        self.all.get(self.cursor)
    }

    /// Whether the person went into one.
    pub const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Goes into the one the pointer is on.
    pub fn enter(&mut self) {
        self.open = (!self.all.is_empty()).then_some(0);
    }

    /// Goes back to the list.
    pub const fn leave(&mut self) {
        self.open = None;
    }

    /// Moves the pointer, or scrolls the open one of `total` lines of which `height` show.
    pub fn go(&mut self, by: isize, total: usize, height: u16) {
        match &mut self.open {
            Some(scroll) => {
                let most = total.saturating_sub(height.into());
                *scroll = scroll.saturating_add_signed(by).min(most);
            }
            None => {
                let last = self.all.len().saturating_sub(1);
                self.cursor = self.cursor.saturating_add_signed(by).min(last);
            }
        }
    }

    /// Puts the pointer on the row so many lines under the first that shows; whether there is one, and it was there before.
    pub fn point(&mut self, line: usize, height: u16) -> Option<bool> {
        let at = self.first(height) + line;
        if at >= self.all.len() {
            return None;
        }
        let was_there = self.cursor == at;
        self.cursor = at;
        Some(was_there)
    }

    /// Those that show in so many rows, and whether the pointer is on each.
    pub fn shown(&self, height: u16) -> impl Iterator<Item = (&GrantView, bool)> {
        let rows = self.all.iter().enumerate().skip(self.first(height));
        rows.map(|(at, view)| (view, at == self.cursor))
    }

    /// The first row that shows of so many.
    fn first(&self, height: u16) -> usize {
        (self.cursor + 1).saturating_sub(usize::from(height).max(1))
    }
}

/// Where the rows stand, under the line with the titles.
pub fn rows_area(area: Rect) -> Rect {
    Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    }
}

/// Lines that the open grant has, and how many of them show.
pub fn open_lines(app: &App, workspace: &Workspace) -> (usize, u16) {
    let layout = Layout::of(app.size);
    let (_, right) = layout.panes(!workspace.grants.is_empty());
    let area = right.unwrap_or(layout.body);
    let lines = workspace
        .grants
        .selected()
        .map_or(0, |view| grant_page::lines(app, view, area.width).len());
    (lines, area.height.saturating_sub(1))
}

/// Draws the screen.
pub fn draw(app: &App, workspace: &Workspace, layout: &Layout, buf: &mut Buffer) {
    let grants = &workspace.grants;
    let Some(view) = grants.selected() else {
        return empty(app, workspace, layout.body, buf);
    };
    let scroll = grants.open.unwrap_or(0);
    match layout.panes(true) {
        (_, None) if grants.is_open() => grant_page::draw(app, view, scroll, layout.body, buf),
        (left, None) => grant_list::draw(app, grants, left, buf),
        (left, Some(right)) => {
            grant_list::draw(app, grants, left, buf);
            let wall = Rect {
                x: right.x - 1,
                width: 1,
                ..right
            };
            crate::tui::view::wall(app, wall, grants.is_open(), buf);
            grant_page::draw(app, view, scroll, right, buf);
        }
    }
}

/// Nobody has anything: what a grant is for, and how one is made.
fn empty(app: &App, workspace: &Workspace, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    if !workspace.grants.listed {
        let at = (area.x + 3, area.y + 1);
        put(
            buf,
            at,
            area.width - 4,
            "Looking at them",
            theme.dim(),
            theme,
        );
        return;
    }
    let status = workspace.figures.status.as_ref();
    let port = status.map(|status| match status.port {
        Some(port) => {
            format!("Programs ask for one at http://{port}: you answer in the inbox.")
        }
        None => "The port for programs is off; [api] listen in the settings opens it.".to_owned(),
    });
    let lines = [
        ("No local program has a grant.", theme.strong()),
        (
            "A grant says whose tokens one program may fetch, with which scopes, how long and how often.",
            theme.plain(),
        ),
        (
            "tokenward grant create NAME --credential PROVIDER/ACCOUNT",
            theme.key(),
        ),
        (port.as_deref().unwrap_or_default(), theme.dim()),
    ];
    let mut place = Rect {
        x: area.x + 3,
        y: area.y + 1,
        width: area.width.saturating_sub(6).min(76),
        height: area.height.saturating_sub(1),
    };
    for (text, style) in lines {
        let used = paragraph(buf, place, text, style, theme) + 1;
        place.y += used;
        place.height = place.height.saturating_sub(used);
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::api::{EngineStatus, Event};
    use crate::model::credential::CredentialId;
    use crate::model::event::{Activity, Happening, Purpose};
    use crate::model::family::FamilyId;
    use crate::model::grant::{Grant, GrantCounts, GrantView, Granted, PairView};
    use crate::model::grant_event::GrantEvent;
    use crate::model::program::Program;
    use crate::tui::app::App;
    use crate::tui::effect::{Ask, Effect};
    use crate::tui::example;
    use crate::tui::message::{Answer, Message};
    use crate::tui::overlays::overlay::Overlay;
    use crate::tui::update::update;
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    use insta::assert_snapshot;
    use std::sync::Arc;
    use std::time::Duration;

    const SIZES: [(u16, u16); 5] = [(60, 16), (80, 18), (80, 24), (120, 36), (160, 50)];

    fn grant(name: &str, credentials: &[&str]) -> GrantView {
        let credentials = credentials.iter().map(|name| Granted {
            id: CredentialId(1),
            name: example::name(name),
        });
        GrantView {
            grant: Grant {
                name: name.parse().unwrap(),
                credentials: credentials.collect(),
                scopes: Vec::new(),
                ttl_secs: 900,
                refresh_ttl_secs: 7 * 24 * 3600,
                executable: None,
                per_hour: None,
                created_at: example::NOW.minus(Duration::from_secs(86_400)),
                counts: GrantCounts::default(),
            },
            pairs: Vec::new(),
            used_at: None,
            fetched: 0,
            rate_used: 0,
            rate: 3600,
        }
    }

    fn pair(family: u8) -> PairView {
        let before = |secs| example::NOW.minus(Duration::from_secs(secs));
        PairView {
            family: FamilyId([family; 16]),
            rotations: 3,
            since: before(40_000),
            rotated_at: before(600),
            expires_at: example::NOW.plus(Duration::from_secs(600_000)),
            to: Arc::new(Program {
                uid: Some(1000),
                pid: Some(4711),
                executable: Some("/usr/local/bin/nightly-backup".to_owned()),
                ..Program::default()
            }),
        }
    }

    fn grants() -> Vec<GrantView> {
        let mut backup = grant("backup", &["google/alice@example.com", "github/alice"]);
        backup.grant.scopes = vec!["openid".to_owned(), "email".to_owned()];
        backup.grant.executable = Some("/usr/local/bin/nightly-backup".to_owned());
        backup.grant.counts = GrantCounts {
            issued: 4,
            rotated: 12,
            replayed: 1,
        };
        backup.pairs = vec![pair(0xab), pair(0x12)];
        backup.used_at = Some(example::NOW.minus(Duration::from_secs(75)));
        backup.fetched = 31;
        (backup.rate_used, backup.rate) = (60, 60);
        vec![backup, grant("ci", &["github/work-bot"]), grant("old", &[])]
    }

    fn lately() -> [Activity; 3] {
        let line = |secs, name: Option<&str>, grant: &str, what| {
            let at = example::NOW.minus(Duration::from_secs(secs));
            let by = Program {
                executable: Some("/usr/local/bin/nightly-backup".to_owned()),
                grant: Some(grant.parse().unwrap()),
                ..Program::default()
            };
            Activity::new(at, name.map(example::name), what).by(Some(Arc::new(by)))
        };
        let fetched = |count| Happening::HandedOut {
            purpose: Purpose::Get,
            count,
        };
        let exchanged = Happening::Grant {
            grant: "backup".parse().unwrap(),
            what: GrantEvent::Rotated {
                family: FamilyId([0xab; 16]),
            },
        };
        [
            line(100_000, None, "backup", exchanged),
            line(75, Some("github/alice"), "backup", fetched(3)),
            line(60, Some("github/work-bot"), "ci", fetched(1)),
        ]
    }

    fn app((columns, rows): (u16, u16), grants: Vec<GrantView>) -> App {
        let mut app = example::open(columns, rows);
        let effects = example::press(&mut app, "5");
        assert!(matches!(
            effects.as_slice(),
            [Effect::Ask(Ask::Grants), Effect::Ask(Ask::Status)]
        ));
        update(
            &mut app,
            Message::Answer(Box::new(Answer::Grants(Ok(grants)))),
        );
        for activity in lately() {
            update(&mut app, Message::Event(Event::Happened { activity }));
        }
        app
    }

    #[test]
    fn each_grant_says_whose_tokens_who_has_it_and_how_much_is_used() {
        for size in SIZES {
            let mut app = app(size, grants());
            let (columns, rows) = size;
            assert_snapshot!(format!("grants_{columns}x{rows}"), example::shown(&mut app));
            example::press(&mut app, "\n");
            assert_snapshot!(format!("grant_{columns}x{rows}"), example::shown(&mut app));
            example::press(&mut app, "G");
            let text = example::shown(&mut app);
            assert!(text.contains("github/alice: handed out 3 times"), "{text}");
            example::press(&mut app, "\u{1b}");
            assert!(!app.open().unwrap().grants.is_open());
        }
    }

    #[test]
    fn without_any_it_says_how_one_is_made_and_where_programs_ask() {
        for size in SIZES {
            let mut app = example::open(size.0, size.1);
            example::press(&mut app, "5");
            let text = example::shown(&mut app);
            assert!(text.contains("Looking at them"), "{text}");
            app.open_mut().unwrap().grants.take(Vec::new());
            let mut status = EngineStatus::default();
            app.open_mut().unwrap().figures.status = Some(status.clone());
            let text = example::shown(&mut app);
            assert!(text.contains("[api] listen"), "{text}");
            status.port = Some(([127, 0, 0, 1], 7777).into());
            app.open_mut().unwrap().figures.status = Some(status);
            let (columns, rows) = size;
            assert_snapshot!(format!("none_{columns}x{rows}"), example::shown(&mut app));
            assert!(example::press(&mut app, "x\n").is_empty());
            assert!(app.overlays.is_empty());
        }
    }

    #[test]
    fn one_is_revoked_after_a_question_and_the_pointer_stays_on_its_own() {
        let mut app = app((80, 24), grants());
        example::press(&mut app, "jx");
        assert_snapshot!("revoke", example::shown(&mut app));
        assert!(example::press(&mut app, "n").is_empty());
        let effects = example::press(&mut app, "xy");
        let [Effect::Ask(Ask::RevokeGrant(name))] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        assert_eq!(name.as_str(), "ci");
        let answer = Answer::GrantRevoked(name.clone(), Ok(()));
        let effects = update(&mut app, Message::Answer(Box::new(answer)));
        assert!(matches!(effects.as_slice(), [Effect::Ask(Ask::Grants)]));
        example::press(&mut app, "j");
        let mut left = grants();
        left.remove(1);
        update(
            &mut app,
            Message::Answer(Box::new(Answer::Grants(Ok(left)))),
        );
        let selected = app.open().unwrap().grants.selected().unwrap();
        assert_eq!(selected.grant.name.as_str(), "old");
    }

    #[test]
    fn a_click_chooses_a_second_one_opens_and_the_tab_is_under_the_mouse_at_every_width() {
        for size in SIZES {
            let mut app = example::open(size.0, size.1);
            let click = |app: &mut App, column, row| {
                let mouse = MouseEvent {
                    kind: MouseEventKind::Down(MouseButton::Left),
                    column,
                    row,
                    modifiers: KeyModifiers::NONE,
                };
                update(app, Message::Mouse(mouse))
            };
            let text = example::shown(&mut app);
            let tabs = text.lines().nth(1).unwrap();
            let at = tabs.find("5 Grants").expect(tabs);
            click(&mut app, u16::try_from(at).unwrap(), 1);
            app.open_mut().unwrap().grants.take(grants());
            click(&mut app, 5, 5);
            let grants = &app.open().unwrap().grants;
            assert_eq!(grants.selected().unwrap().grant.name.as_str(), "ci");
            assert!(!grants.is_open());
            click(&mut app, 5, 5);
            assert!(app.open().unwrap().grants.is_open());
        }
    }

    #[test]
    fn help_has_its_keys_and_a_fetched_token_has_it_asked_anew() {
        let mut app = app((80, 24), grants());
        example::press(&mut app, "?");
        let text = example::shown(&mut app);
        assert!(
            text.contains("Revoke the grant, after a question"),
            "{text}"
        );
        assert!(matches!(app.overlays.as_slice(), [Overlay::Help(_)]));
        example::press(&mut app, "\u{1b}");
        let [_, activity, _] = lately();
        let effects = update(&mut app, Message::Event(Event::Happened { activity }));
        assert!(matches!(effects.as_slice(), [Effect::Ask(Ask::Grants)]));
        let activity = example::activity().remove(0);
        let effects = update(&mut app, Message::Event(Event::Happened { activity }));
        assert!(effects.is_empty(), "it is about no grant");
    }
}
