//! The inbox: what needs a human, one item a question, alert, parcel or credential, each with its one key.

use crate::clock::Timestamp;
use crate::model::alert::{Alert, AlertKey};
use crate::model::name::CredentialName;
use crate::model::need::Need;
use crate::model::parcel::ParcelView;
use crate::model::question::{self, QuestionId, QuestionView};
use crate::tui::app::App;
use crate::tui::paint::{pieces, wrap};
use crate::tui::rows::{Changes, Rows};
use crate::tui::screens::needs::{self, Item};
use crate::tui::screens::{alerts, parcels, questions};
use crate::tui::theme::Tone;
use crate::tui::workspace::Workspace;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::HashMap;

/// So many changes are looked at one by one; of more, everything is looked at anew.
const FEW: usize = 64;
/// Lines an item takes; the selected one takes as many as its reason needs.
pub const ITEM_HEIGHT: u16 = 4;

/// The inbox's state: questions of programs, then alerts, then what came in while the vault was locked, then credentials.
#[derive(Debug, Default)]
pub struct Inbox {
    questions: Vec<QuestionView>,
    alerts: Vec<Alert>,
    parcels: Vec<ParcelView>,
    items: Vec<Item>,
    needs: HashMap<CredentialName, Need>,
    cursor: usize,
}

/// One item.
#[derive(Debug, Clone, Copy)]
pub enum Entry<'a> {
    /// A program that waits for an answer.
    Question(&'a QuestionView),
    /// What alarms in the activity log.
    Alert(&'a Alert),
    /// What came in while the vault was locked.
    Parcel(&'a ParcelView),
    /// A credential.
    Need(&'a Item),
}

/// By what an item is known again when others come and go.
#[derive(PartialEq, Eq)]
enum Mark {
    Question(QuestionId),
    Alert(AlertKey),
    Parcel(i64),
    Need(CredentialName),
}

impl Entry<'_> {
    fn mark(self) -> Mark {
        match self {
            Self::Question(question) => Mark::Question(question.id),
            Self::Alert(alert) => Mark::Alert(alert.key()),
            Self::Parcel(parcel) => Mark::Parcel(parcel.id),
            Self::Need(item) => Mark::Need(item.name.clone()),
        }
    }

    /// The text below its first line.
    fn reason(self, app: &App, rows: &Rows) -> Option<String> {
        match self {
            Self::Question(question) => Some(questions::reason(app, question)),
            Self::Alert(alert) => Some(alerts::reason(app, alert)),
            Self::Parcel(parcel) => Some(parcels::reason(app, parcel, rows)),
            Self::Need(item) => Some(needs::why(app, item, rows.get(&item.name)?)),
        }
    }
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
        let after = rows.get(name).and_then(|view| Need::of(view, now));
        if before == after {
            return;
        }
        let mark = self.mark();
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
        self.point_at(mark.as_ref());
    }

    fn place(&self, need: Need, name: &CredentialName) -> Result<usize, usize> {
        self.items
            .binary_search_by(|item| (item.need, &item.name).cmp(&(need, name)))
    }

    /// Finds what needs a human, the most urgent first; the pointer stays on its item.
    pub fn gather(&mut self, rows: &Rows, now: Timestamp) {
        let mark = self.mark();
        let item = |need, name: &CredentialName| Item {
            name: name.clone(),
            need,
        };
        let found = rows
            .all()
            .filter_map(|view| Some(item(Need::of(view, now)?, &view.profile.name)));
        self.items = found.collect();
        self.items
            .sort_unstable_by(|a, b| (a.need, &a.name).cmp(&(b.need, &b.name)));
        let needs = self.items.iter();
        self.needs = needs.map(|item| (item.name.clone(), item.need)).collect();
        self.point_at(mark.as_ref());
    }

    fn mark(&self) -> Option<Mark> {
        self.selected().map(Entry::mark)
    }

    fn point_at(&mut self, mark: Option<&Mark>) {
        let there = mark.and_then(|mark| self.entries().position(|it| it.mark() == *mark));
        self.cursor = there
            .unwrap_or(self.cursor)
            .min(self.len().saturating_sub(1));
    }

    /// The programs that wait for an answer.
    pub fn questions(&self) -> &[QuestionView] {
        &self.questions
    }

    /// Takes in the programs that wait for an answer now; gives those that are news.
    pub fn take_questions(&mut self, questions: Vec<QuestionView>) -> Vec<QuestionView> {
        let mark = self.mark();
        let new = question::news(&self.questions, &questions);
        let new = new.into_iter().cloned().collect();
        self.questions = questions;
        self.point_at(mark.as_ref());
        new
    }

    /// Takes in the alerts there are now; the pointer stays where it is.
    pub fn take_alerts(&mut self, alerts: Vec<Alert>) {
        let mark = self.mark();
        self.alerts = alerts;
        self.point_at(mark.as_ref());
    }

    /// Takes what came in while the vault was locked; tells how many of them were not known.
    pub fn take_parcels(&mut self, parcels: Vec<ParcelView>) -> usize {
        let mark = self.mark();
        let is_known = |id| self.parcels.iter().any(|known| known.id == id);
        let new = parcels.iter().filter(|it| !is_known(it.id)).count();
        self.parcels = parcels;
        self.point_at(mark.as_ref());
        new
    }

    /// What came in while the vault was locked.
    pub fn parcels(&self) -> &[ParcelView] {
        &self.parcels
    }

    /// All items, as they stand below each other.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let questions = self.questions.iter().map(Entry::Question);
        let alerts = self.alerts.iter().map(Entry::Alert);
        let parcels = self.parcels.iter().map(Entry::Parcel);
        let needs = self.items.iter().map(Entry::Need);
        questions.chain(alerts).chain(parcels).chain(needs)
    }

    /// The item the pointer is on.
    pub fn selected(&self) -> Option<Entry<'_>> {
        self.entries().nth(self.cursor)
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.questions.len() + self.alerts.len() + self.parcels.len() + self.items.len()
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
        let text = self.selected().and_then(|entry| entry.reason(app, rows));
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

/// Draws the inbox.
pub fn draw(app: &App, workspace: &Workspace, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let (inbox, rows) = (&workspace.inbox, &workspace.rows);
    if inbox.is_empty() {
        let line = [
            (theme.signs().success, theme.tone(Tone::Good)),
            (" Nothing needs you.", theme.plain()),
        ];
        pieces(buf, (area.x + 3, area.y + 1), area.width - 4, &line, theme);
        return;
    }
    for (at, place) in inbox.places(app, rows, area) {
        let is_chosen = at == inbox.cursor;
        let places = (place, reason_place(place, is_chosen));
        match inbox.entries().nth(at) {
            Some(Entry::Question(question)) => {
                questions::draw(app, question, places, is_chosen, buf);
            }
            Some(Entry::Alert(alert)) => alerts::draw(app, alert, places, is_chosen, buf),
            Some(Entry::Parcel(parcel)) => {
                parcels::draw(app, (parcel, rows), places, is_chosen, buf);
            }
            Some(Entry::Need(item)) => {
                if let Some(view) = rows.get(&item.name) {
                    needs::draw(app, (item, view), places, is_chosen, buf);
                }
            }
            None => {}
        }
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
    fn an_empty_inbox_says_so() {
        use crate::tui::theme::Theme;
        let mut app = example::app(Vec::new(), (80, 24), Theme::new(true, true));
        example::press(&mut app, "2");
        assert!(example::shown(&mut app).contains("Nothing needs you"));
    }
}
