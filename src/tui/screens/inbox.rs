//! The inbox: what needs a human, one item an alert and a credential, each with its one key.

use crate::clock::Timestamp;
use crate::model::alert::Alert;
use crate::model::credential::{CredentialView, Flow};
use crate::model::health::{ForecastReason, Health};
use crate::model::name::CredentialName;
use crate::model::parcel::ParcelView;
use crate::tui::app::App;
use crate::tui::keymap::{Action, Scope, key_for};
use crate::tui::paint::{fit, paragraph, pieces, put, wrap};
use crate::tui::rows::{Changes, Rows};
use crate::tui::screens::{alerts, tale};
use crate::tui::theme::Tone;
use crate::tui::words;
use crate::tui::workspace::Workspace;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::HashMap;

/// So many changes are looked at one by one; of more, everything is looked at anew.
const FEW: usize = 64;
/// Lines an item takes; the selected one takes as many as its reason needs.
pub const ITEM_HEIGHT: u16 = 4;

/// Why a credential needs a human.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The provider wants a new sign-in.
    SignIn,
    /// A setting has to be changed.
    Setting,
    /// It is over and cannot be refreshed.
    Over,
    /// It was revoked, and its tokens were seen alive afterwards.
    StillAlive,
    /// A program needs scopes that the grant lacks.
    Scopes,
    /// The refresh token dies soon.
    DiesSoon,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Whose.
    pub name: CredentialName,
    /// Why.
    pub need: Need,
}

/// The inbox's state.
#[derive(Debug, Default)]
pub struct Inbox {
    /// What alarms in the activity log, above the items.
    alerts: Vec<Alert>,
    items: Vec<Item>,
    needs: HashMap<CredentialName, Need>,
    cursor: usize,
    parcels: Vec<ParcelView>,
}

impl Inbox {
    /// Looks at what has changed; the pointer stays on its item.
    pub fn follow(&mut self, changes: &Changes, rows: &Rows, now: Timestamp) {
        match changes {
            Changes::Of(names) if names.len() <= FEW => {
                for name in names {
                    self.look(name, rows, now);
                }
            }
            Changes::Of(_) | Changes::All => self.gather(rows, now),
        }
    }

    fn look(&mut self, name: &CredentialName, rows: &Rows, now: Timestamp) {
        let before = self.needs.get(name).copied();
        let after = rows.get(name).and_then(|view| need(view, now));
        if before == after {
            return;
        }
        let chosen = self.selected().map(|item| item.name.clone());
        if let Some(need) = before
            && let Ok(at) = self.place(need, name)
        {
            self.items.remove(at);
            self.needs.remove(name);
        }
        if let Some(need) = after
            && let Err(at) = self.place(need, name)
        {
            let name = name.clone();
            self.needs.insert(name.clone(), need);
            self.items.insert(at, Item { name, need });
        }
        self.point_at(chosen);
    }

    fn place(&self, need: Need, name: &CredentialName) -> Result<usize, usize> {
        self.items
            .binary_search_by(|item| (item.need, &item.name).cmp(&(need, name)))
    }

    /// Finds what needs a human, the most urgent first; the pointer stays on its item.
    pub fn gather(&mut self, rows: &Rows, now: Timestamp) {
        let chosen = self.selected().map(|item| item.name.clone());
        self.items = rows
            .all()
            .filter_map(|view| {
                need(view, now).map(|need| Item {
                    name: view.profile.name.clone(),
                    need,
                })
            })
            .collect();
        self.items
            .sort_unstable_by(|a, b| (a.need, &a.name).cmp(&(b.need, &b.name)));
        let needs = self.items.iter();
        self.needs = needs.map(|item| (item.name.clone(), item.need)).collect();
        self.point_at(chosen);
    }

    fn point_at(&mut self, chosen: Option<CredentialName>) {
        let there = chosen.and_then(|name| self.items.iter().position(|item| item.name == name));
        let there = there.map(|at| at + self.alerts.len());
        self.cursor = there
            .unwrap_or(self.cursor)
            .min(self.len().saturating_sub(1));
    }

    /// Takes in the alerts there are now; the pointer stays where it is.
    pub fn take_alerts(&mut self, alerts: Vec<Alert>) {
        let item = self.selected().map(|item| item.name.clone());
        let alert = self.alert().map(Alert::key);
        self.alerts = alerts;
        let there = alert.and_then(|key| self.alerts.iter().position(|it| it.key() == key));
        self.cursor = there.unwrap_or(self.cursor);
        self.point_at(item);
    }

    /// The alert the pointer is on.
    pub fn alert(&self) -> Option<&Alert> {
        self.alerts.get(self.cursor)
    }

    /// The item the pointer is on.
    pub fn selected(&self) -> Option<&Item> {
        self.items.get(self.cursor.checked_sub(self.alerts.len())?)
    }

    /// Takes what came in while the vault was locked.
    pub fn take_parcels(&mut self, parcels: Vec<ParcelView>) {
        self.parcels = parcels;
    }

    /// How many things wait for a person, in all.
    pub fn waiting(&self) -> usize {
        self.len() + self.parcels.len()
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.alerts.len() + self.items.len()
    }

    /// Whether nothing needs a human.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Moves the pointer; it stops at both ends.
    pub fn go(&mut self, by: isize) {
        self.cursor = self
            .cursor
            .saturating_add_signed(by)
            .min(self.len().saturating_sub(1));
    }

    /// The items that show, by number, each with its place; the pointer's is among them.
    pub fn places(&self, app: &App, rows: &Rows, area: Rect) -> Vec<(usize, Rect)> {
        let above = if self.parcels.is_empty() {
            0
        } else {
            ITEM_HEIGHT
        };
        let area = Rect {
            y: area.y + above.min(area.height),
            height: area.height.saturating_sub(above),
            ..area
        };
        let of_item = |item: &Item| Some(why(app, item, rows.get(&item.name)?));
        let text = match self.alert() {
            Some(alert) => Some(alerts::reason(app, alert)),
            None => self.selected().and_then(of_item),
        };
        let reason = text.and_then(|text| {
            let lines = wrap(&text, reason_area(area).width.into()).len();
            u16::try_from(lines).ok()
        });
        let selected = reason.map_or(ITEM_HEIGHT, |lines| (lines + 2).max(ITEM_HEIGHT));
        let above = usize::from(area.height.saturating_sub(selected) / ITEM_HEIGHT);
        let first = self.cursor.saturating_sub(above);
        let mut places = Vec::new();
        let mut y = area.y;
        for at in first..self.len() {
            let height = if at == self.cursor {
                selected
            } else {
                ITEM_HEIGHT
            };
            if y + 2 > area.bottom() {
                break;
            }
            let height = height.min(area.bottom() - y);
            places.push((at, Rect { y, height, ..area }));
            y += height;
        }
        places
    }
}

// Where the reason stands within an item's place.
fn reason_area(area: Rect) -> Rect {
    Rect {
        x: area.x + 5,
        y: area.y + 1,
        width: area.width.saturating_sub(6),
        height: area.height.saturating_sub(1),
    }
}

/// The same; of an item that is not selected only the first lines are shown.
fn reason_place(area: Rect, selected: bool) -> Rect {
    let place = reason_area(area);
    match selected {
        true => place,
        false => Rect {
            height: place.height.min(ITEM_HEIGHT - 2),
            ..place
        },
    }
}

fn need(view: &CredentialView, now: Timestamp) -> Option<Need> {
    match &view.health {
        Health::NeedsLogin { .. } => return Some(Need::SignIn),
        Health::Misconfigured { .. } => return Some(Need::Setting),
        Health::Expired if !view.profile.is_renewable() => return Some(Need::Over),
        Health::Revoked if view.is_alive_though_revoked() => return Some(Need::StillAlive),
        Health::Revoked | Health::Revoking { .. } => return None,
        _ if !view.profile.wanted_scopes.is_empty() => return Some(Need::Scopes),
        Health::Static => return None,
        Health::Fresh
        | Health::Expiring
        | Health::Refreshing
        | Health::Retrying { .. }
        | Health::Expired
        | Health::RateLimited { .. } => {}
    }
    // What was never to be refreshed by itself ends as it was known to.
    let is_news = view.profile.is_renewable() || view.profile.flow == Flow::ApiKey;
    (is_news && view.forecast.is_soon(now)).then_some(Need::DiesSoon)
}

/// Draws the inbox.
pub fn draw(app: &App, workspace: &Workspace, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let inbox = &workspace.inbox;
    if !inbox.parcels.is_empty() {
        came_in(app, &inbox.parcels, area, buf);
    } else if inbox.is_empty() {
        let line = [
            (theme.signs().success, theme.tone(Tone::Good)),
            (" Nothing needs you.", theme.plain()),
        ];
        pieces(buf, (area.x + 3, area.y + 1), area.width - 4, &line, theme);
        return;
    }
    for (at, place) in inbox.places(app, &workspace.rows, area) {
        let is_chosen = at == inbox.cursor;
        let Some(at) = at.checked_sub(inbox.alerts.len()) else {
            let places = (place, reason_place(place, is_chosen));
            alerts::draw(app, &inbox.alerts[at], places, is_chosen, buf);
            continue;
        };
        let item = &inbox.items[at];
        if let Some(view) = workspace.rows.get(&item.name) {
            one(app, item, view, (place, is_chosen), buf);
        }
    }
}

/// What came in while the vault was locked: a person looks through it at the command line, where each is named whole.
fn came_in(app: &App, parcels: &[ParcelView], area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let many = words::count(parcels.len(), "sign-in");
    let text = format!(" {many} came in while the vault was locked: ");
    let head = [
        ("!", theme.tone(Tone::Soon)),
        (text.as_str(), theme.strong()),
        ("tokenward inbox", theme.key()),
    ];
    pieces(buf, (area.x + 3, area.y), area.width - 4, &head, theme);
    let name = |parcel: &ParcelView| {
        let content = parcel.content.as_ref();
        content.map_or_else(
            || "one that does not open".to_owned(),
            |it| it.name.to_string(),
        )
    };
    let names: Vec<String> = parcels.iter().map(name).collect();
    let place = (area.x + 5, area.y + 1);
    put(
        buf,
        place,
        area.width - 6,
        &names.join(", "),
        theme.dim(),
        theme,
    );
}

fn one(app: &App, item: &Item, view: &CredentialView, place: (Rect, bool), buf: &mut Buffer) {
    let (area, selected) = place;
    let theme = app.theme;
    let kind = view.health.kind();
    if selected {
        put(
            buf,
            (area.x + 1, area.y),
            1,
            theme.signs().pointer,
            theme.focus(),
            theme,
        );
    }
    let key = key_for(Scope::Inbox, Action::Submit, theme);
    let (what, does, style) = match item.need {
        Need::SignIn => ("sign in again", "signs in again", theme.health(kind)),
        Need::Setting => ("a setting is wrong", "signs in anew", theme.health(kind)),
        Need::Over => ("is over", "signs in again", theme.health(kind)),
        Need::DiesSoon if view.forecast.because == ForecastReason::KeyEnds => {
            ("will end soon", "keeps a new key", theme.tone(Tone::Soon))
        }
        Need::StillAlive => (
            "revoked, still alive",
            "revokes it again",
            theme.tone(Tone::Trouble),
        ),
        Need::Scopes => (
            "needs more scopes",
            "signs in with them",
            theme.tone(Tone::Soon),
        ),
        Need::DiesSoon => (
            "will end soon",
            "signs in again before",
            theme.tone(Tone::Soon),
        ),
    };
    let name = fit(
        item.name.as_str(),
        usize::from(area.width / 2),
        theme.signs().ellipsis,
    );
    let sign = if item.need == Need::DiesSoon {
        "!"
    } else {
        theme.sign(kind)
    };
    let name_style = if selected {
        theme.strong()
    } else {
        theme.plain()
    };
    let head = [
        (sign, style),
        (" ", style),
        (name.as_ref(), name_style),
        ("  ", style),
        (what, style),
    ];
    let x = pieces(buf, (area.x + 3, area.y), area.width - 4, &head, theme);
    let keys = [
        ("   ", theme.plain()),
        (key.as_str(), theme.key()),
        (" ", theme.plain()),
        (does, theme.dim()),
    ];
    pieces(
        buf,
        (x, area.y),
        (area.right()).saturating_sub(x),
        &keys,
        theme,
    );
    let reason = reason_place(area, selected);
    let style = if selected { theme.plain() } else { theme.dim() };
    paragraph(buf, reason, &why(app, item, view), style, theme);
}

fn why(app: &App, item: &Item, view: &CredentialView) -> String {
    match &view.health {
        Health::NeedsLogin { cause } | Health::Misconfigured { cause }
            if item.need != Need::DiesSoon =>
        {
            let likely = cause.likely().first().map(tale::likely_words);
            let parts = [Some(cause.cause.clone()), likely, Some(cause.fix.clone())];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
        _ if item.need == Need::Scopes => format!(
            "A program needs {}, which the grant lacks. What is there works until the new tokens are kept.",
            view.profile.wanted_scopes.join(" ")
        ),
        _ if item.need == Need::StillAlive => {
            let workspace = app.open();
            let page = workspace.and_then(|it| it.grants_page(item.name.provider()));
            words::still_alive(page)
        }
        _ if item.need == Need::Over => {
            "The access token has expired and there is no refresh token.".to_owned()
        }
        _ => words::forecast(&view.forecast, app.now, &app.around.zone).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use crate::model::health::Health;
    use crate::tui::effect::{Ask, Effect};
    use crate::tui::example;
    use insta::assert_snapshot;

    #[test]
    fn the_inbox_has_one_item_for_each_that_needs_a_human() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "2");
        assert_snapshot!("inbox", example::shown(&mut app));
        let effects = example::press(&mut app, "\n");
        assert!(matches!(effects.as_slice(), [Effect::Ask(Ask::SignIn(_))]));
    }

    fn click(app: &mut crate::tui::app::App, row: u16) {
        use crate::tui::message::Message;
        use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
        let mouse = MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column: 10,
            row,
            modifiers: KeyModifiers::NONE,
        };
        crate::tui::update::update(app, Message::Mouse(mouse));
    }

    #[test]
    fn the_selected_reason_shows_whole_and_its_item_is_in_sight_and_under_the_mouse() {
        use crate::tui::screens::inbox::ITEM_HEIGHT;
        use ratatui::layout::Rect;
        let mut cause = example::invalid_grant();
        cause.evidence = None;
        cause.fix = "Do this, ".repeat(20) + "and then that.";
        let views = (0..9).map(|n| {
            let health = Health::NeedsLogin {
                cause: cause.clone(),
            };
            example::credential(&format!("p/{n}"), "P", health, 600, 0)
        });
        let theme = crate::tui::theme::Theme::new(true, true);
        let mut app = example::app(views.collect(), (80, 24), theme);
        example::press(&mut app, "2");
        for at in 0..9 {
            let text = example::shown(&mut app);
            assert!(text.contains(&format!("▸ ✖ p/{at}")), "{text}");
            assert!(text.contains("and then that."), "{text}");
            let workspace = app.open().unwrap();
            let body = Rect::new(0, 3, 80, 18);
            let places = workspace.inbox.places(&app, &workspace.rows, body);
            let mine = places.iter().find(|(number, _)| *number == at).unwrap().1;
            assert!(mine.height > ITEM_HEIGHT && mine.bottom() <= body.bottom());
            assert!(places.windows(2).all(|two| two[0].1.bottom() == two[1].1.y));
            // The item below is chosen by a click on its last line, else by a key.
            match places.iter().find(|(number, _)| *number == at + 1) {
                Some((_, below)) => click(&mut app, below.bottom() - 1),
                None => drop(example::press(&mut app, "j")),
            }
        }
    }

    #[test]
    fn scopes_that_are_missed_are_one_item_that_leads_to_a_sign_in_with_them() {
        use crate::tui::theme::Theme;
        use std::sync::Arc;
        let mut view = example::credential("github/alice", "GitHub", Health::Fresh, 600, 0);
        let profile = Arc::make_mut(&mut view.profile);
        profile.wanted_scopes = vec!["workflow".to_owned(), "write:packages".to_owned()];
        let mut app = example::app(vec![view], (80, 24), Theme::new(true, true));
        app.open_mut().unwrap().providers = example::providers();
        example::press(&mut app, "2");
        assert_snapshot!("inbox_scopes", example::shown(&mut app));
        let effects = example::press(&mut app, "\n");
        let [Effect::Ask(Ask::SignIn(request))] = effects.as_slice() else {
            panic!("{effects:?}");
        };
        let scopes = request.scopes.as_ref().unwrap();
        assert!(scopes.contains(&"workflow".to_owned()), "{scopes:?}");
    }

    #[test]
    fn what_a_revocation_left_alive_stays_until_it_is_revoked_again_or_removed() {
        use crate::engine::api::Event;
        use crate::model::credential::Standing;
        use crate::model::inquiry::Liveness;
        use crate::tui::message::Message;
        use crate::tui::overlays::overlay::Overlay;
        use crate::tui::theme::Theme;
        use crate::tui::update::update;
        let revoked = |name: &str, proof| {
            let view = example::credential(name, "GitHub", Health::Revoked, 600, 300);
            let at = example::NOW;
            example::changed(view, |it| it.standing = Standing::Revoked { at, proof })
        };
        for size in [(80, 24), (120, 36)] {
            let views = ["github/alice", "github/bob", "acme/carol"];
            let views = views.map(|name| revoked(name, Liveness::Alive));
            let dead = revoked("github/dave", Liveness::Dead);
            let views = views.into_iter().chain([dead]).collect();
            let mut app = example::app(views, size, Theme::new(true, true));
            let mut providers = example::providers();
            for view in &mut providers {
                view.provider.grants_page =
                    Some("https://github.com/settings/applications".to_owned());
            }
            app.open_mut().unwrap().providers = providers;
            example::press(&mut app, "2j");
            assert_snapshot!(
                format!("inbox_still_alive_{}", size.0),
                example::shown(&mut app)
            );
            assert!(example::press(&mut app, "\n").is_empty());
            assert!(matches!(app.overlays.as_slice(), [Overlay::Confirm(_)]));
            let effects = example::press(&mut app, "y");
            let [Effect::Ask(Ask::Revoke(name))] = effects.as_slice() else {
                panic!("{effects:?}")
            };
            assert_eq!(name.as_str(), "github/alice");
            let view = revoked("github/alice", Liveness::Dead);
            update(&mut app, Message::Event(Event::Changed { view }));
            let name = example::name("github/bob");
            update(&mut app, Message::Event(Event::Removed { name }));
            let text = example::shown(&mut app);
            assert!(
                text.contains("Inbox (1)") && text.contains("acme/carol"),
                "{text}"
            );
        }
    }

    #[test]
    fn an_empty_inbox_says_so() {
        use crate::tui::theme::Theme;
        let mut app = example::app(Vec::new(), (80, 24), Theme::new(true, true));
        example::press(&mut app, "2");
        assert!(example::shown(&mut app).contains("Nothing needs you"));
    }

    #[test]
    fn a_wrong_setting_leads_to_the_page_of_the_client() {
        use crate::tui::theme::Theme;
        let health = Health::Misconfigured {
            cause: example::invalid_grant(),
        };
        let view = example::credential("github/alice", "GitHub", health, 600, 0);
        let mut app = example::app(vec![view], (80, 24), Theme::new(true, true));
        app.open_mut().unwrap().providers = example::providers();
        example::press(&mut app, "2\n");
        assert!(example::shown(&mut app).contains("client secret"));
        let effects = example::press(&mut app, "Iv1.other\n\n\n\n");
        let [Effect::Ask(Ask::SignIn(request))] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        assert_eq!(request.client.as_ref().unwrap().id, "Iv1.other");
        assert_eq!(request.account.as_deref(), Some("alice"));
    }

    #[test]
    fn what_came_in_while_the_vault_was_locked_stands_above_everything() {
        let mut app = example::open(80, 24);
        let parcel = |id, name: Option<&str>| crate::model::parcel::ParcelView {
            id,
            at: app.now,
            recipient: "age1somebody".to_owned(),
            content: name.map(|name| crate::model::parcel::ParcelContent {
                name: example::name(name),
                provider: "GitHub".to_owned(),
                from: "a sign-in while the vault was locked".to_owned(),
                scopes: Vec::new(),
            }),
        };
        let parcels = vec![parcel(1, Some("github/late")), parcel(2, None)];
        example::press(&mut app, "2");
        app.open_mut().unwrap().inbox.take_parcels(parcels);
        assert_snapshot!("inbox_parcels", example::shown(&mut app));
    }
}
