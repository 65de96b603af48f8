//! The list of credentials: selection, marks, filter, and the slice of it that shows.

use crate::model::credential::CredentialView;
use crate::model::health::HealthKind;
use crate::model::name::CredentialName;
use crate::tui::app::App;
use crate::tui::field::Field;
use crate::tui::layout::Layout;
use crate::tui::lines::{Group, Line};
use crate::tui::paint::{pieces, put, put_right};
use crate::tui::rows::{Changes, Rows};
use crate::tui::screens::columns::{self, Columns, Standout};
use crate::tui::screens::welcome;
use crate::tui::words;
use crate::tui::workspace::Workspace;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::BTreeSet;
use std::time::Duration;

/// The list's state.
#[derive(Default)]
pub struct List {
    cursor: usize,
    offset: usize,
    height: usize,
    chosen: Option<Chosen>,
    /// Marked credentials: what orders are meant for when there are any.
    pub marked: BTreeSet<CredentialName>,
    /// What the rows have to fit.
    pub filter: Field,
    /// The filter is being typed.
    pub filtering: bool,
    /// The pane with the detail is hidden.
    pub no_pane: bool,
}

/// What the pointer is on; it stays there when rows move.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Chosen {
    Row(CredentialName),
    Group(String),
}

impl List {
    /// The credential the pointer is on.
    pub fn selected<'a>(&self, rows: &'a Rows) -> Option<&'a CredentialView> {
        match self.chosen.as_ref()? {
            Chosen::Row(name) => rows.get(name),
            Chosen::Group(_) => None,
        }
    }

    /// The group whose head the pointer is on, else the one of the selected row.
    pub fn group(&self, rows: &Rows) -> Option<String> {
        match self.chosen.as_ref()? {
            Chosen::Row(name) if rows.is_grouped() => Some(name.provider().to_owned()),
            Chosen::Row(_) => None,
            Chosen::Group(provider) => Some(provider.clone()),
        }
    }

    /// Whether the pointer is on the head of a group.
    pub const fn is_on_group(&self) -> bool {
        matches!(self.chosen, Some(Chosen::Group(_)))
    }

    /// Puts the pointer on a credential.
    pub fn select(&mut self, name: &CredentialName, rows: &Rows) {
        if let Some(line) = rows.line_of(name) {
            self.cursor = line;
        }
        self.chosen = Some(Chosen::Row(name.clone()));
    }

    /// Puts the pointer on the head of a group.
    pub fn select_group(&mut self, provider: &str) {
        self.chosen = Some(Chosen::Group(provider.to_owned()));
    }

    /// Moves the pointer by some lines; it stops at both ends.
    pub fn go(&mut self, by: isize, rows: &Rows) {
        let last = rows.lines().len().saturating_sub(1);
        self.cursor = self.cursor.saturating_add_signed(by).min(last);
        self.chosen = chosen_at(rows, self.cursor);
    }

    /// The line at some place of the screen, counted from the list's first line.
    pub const fn line_at(&self, down: usize) -> usize {
        self.offset + down
    }

    /// Puts the pointer on a line, if there is such a line.
    pub fn point(&mut self, line: usize, rows: &Rows) -> bool {
        if line >= rows.lines().len() {
            return false;
        }
        self.cursor = line;
        self.chosen = chosen_at(rows, line);
        true
    }

    /// Follows the chosen row to where it is now, and scrolls to it; `height` lines show.
    pub fn settle(&mut self, rows: &Rows, height: u16) {
        let last = rows.lines().len().saturating_sub(1);
        let there = match &self.chosen {
            Some(Chosen::Row(name)) => {
                let here = rows.lines().get(self.cursor).copied();
                let stays = matches!(here, Some(Line::Row(at)) if rows.at(at).is_some_and(|v| v.profile.name == *name));
                if stays {
                    Some(self.cursor)
                } else {
                    rows.line_of(name)
                }
            }
            Some(Chosen::Group(provider)) => rows.lines().iter().position(
                |line| matches!(line, Line::Group(at) if *rows.groups()[*at].provider == **provider),
            ),
            None => None,
        };
        self.cursor = there.unwrap_or(self.cursor).min(last);
        if there.is_none() {
            self.chosen = chosen_at(rows, self.cursor);
        }
        let height = usize::from(height).max(1);
        self.height = height;
        self.offset = self
            .offset
            .min(self.cursor)
            .max((self.cursor + 1).saturating_sub(height))
            .min((last + 1).saturating_sub(height));
    }

    /// Forgets the marks of what is gone.
    pub fn forget_marks(&mut self, changes: &Changes, rows: &Rows) {
        match changes {
            Changes::Of(names) => {
                for name in names.iter().filter(|name| rows.get(name).is_none()) {
                    self.marked.remove(name);
                }
            }
            Changes::All => self.marked.retain(|name| rows.get(name).is_some()),
        }
    }

    /// The shortest life among the rows in sight whose bar drains, if one does.
    pub fn shortest_life(&self, rows: &Rows) -> Option<Duration> {
        let shown = rows.lines().iter().skip(self.offset).take(self.height);
        shown
            .filter_map(|line| match line {
                Line::Row(at) => rows.at(*at),
                Line::Group(_) => None,
            })
            .filter(|view| matches!(view.health.kind(), HealthKind::Fresh | HealthKind::Expiring))
            .filter_map(|view| Some(view.profile.expires_at?.since(view.profile.issued_at)))
            .min()
    }

    /// Whether the line with the filter shows.
    pub fn shows_filter(&self) -> bool {
        self.filtering || !self.filter.is_empty()
    }
}

fn chosen_at(rows: &Rows, line: usize) -> Option<Chosen> {
    match rows.lines().get(line)? {
        Line::Row(at) => rows
            .at(*at)
            .map(|view| Chosen::Row(view.profile.name.clone())),
        Line::Group(at) => rows
            .groups()
            .get(*at)
            .map(|group| Chosen::Group(group.provider.to_string())),
    }
}

/// Where the rows stand within the list's part of the screen.
pub fn rows_area(list: &List, area: Rect) -> Rect {
    // One line names the columns, one more is the filter's.
    let taken = 1 + u16::from(list.shows_filter());
    Rect {
        y: area.y + taken,
        height: area.height.saturating_sub(taken),
        ..area
    }
}

/// How many rows show at a size of the terminal.
pub fn height(list: &List, size: (u16, u16)) -> u16 {
    rows_area(list, Layout::of(size).body).height
}

/// Draws the list.
pub fn draw(app: &App, workspace: &Workspace, area: Rect, buf: &mut Buffer) {
    if workspace.rows.is_empty() {
        welcome::draw(app, workspace, area, buf);
        return;
    }
    let (list, rows) = (&workspace.list, &workspace.rows);
    if list.shows_filter() {
        filter_line(app, workspace, area, buf);
    }
    let inner = rows_area(list, area);
    let columns = Columns::of(area.width, rows.widest());
    columns::titles(buf, (area.x, inner.y - 1), columns, app.theme);
    let lines = rows.lines().iter().enumerate();
    for (y, (at, line)) in (inner.y..inner.bottom()).zip(lines.skip(list.offset)) {
        let selected = at == list.cursor;
        match line {
            Line::Group(group) => {
                group_line(app, &rows.groups()[*group], selected, (area, y), buf);
            }
            Line::Row(place) => {
                let Some(view) = rows.at(*place) else {
                    continue;
                };
                let standout = Standout {
                    selected,
                    marked: list.marked.contains(&view.profile.name),
                    grouped: rows.is_grouped(),
                };
                columns::row(
                    buf,
                    (area.x, y),
                    columns,
                    view,
                    standout,
                    app.now,
                    app.theme,
                );
            }
        }
    }
    if rows.lines().is_empty() {
        put(
            buf,
            (area.x + 3, inner.y),
            area.width - 3,
            "nothing fits; Esc shows everything again",
            app.theme.dim(),
            app.theme,
        );
    }
}

fn filter_line(app: &App, workspace: &Workspace, area: Rect, buf: &mut Buffer) {
    let (list, rows) = (&workspace.list, &workspace.rows);
    let line = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(24),
        height: 1,
        ..area
    };
    list.filter
        .draw_labelled(buf, line, ("/ ", 2), list.filtering, app.theme);
    let text = format!(
        "{} of {}",
        words::grouped(rows.shown_len()),
        words::grouped(rows.len())
    );
    put_right(
        buf,
        (area.right() - 23, area.y),
        22,
        &text,
        app.theme.dim(),
        app.theme,
    );
}

fn group_line(app: &App, group: &Group, selected: bool, place: (Rect, u16), buf: &mut Buffer) {
    let (area, y) = place;
    let theme = app.theme;
    let signs = theme.signs();
    if selected {
        put(buf, (area.x + 1, y), 1, signs.pointer, theme.focus(), theme);
    }
    let total: usize = group.counts.iter().sum();
    let sign = if group.folded {
        signs.folded
    } else {
        signs.unfolded
    };
    let number = format!("  {}  ", words::grouped(total));
    let style = if selected {
        theme.focus()
    } else {
        theme.strong()
    };
    let head = [
        (sign, theme.dim()),
        (" ", theme.plain()),
        (&*group.provider, style),
        (number.as_str(), theme.dim()),
    ];
    let mut x = pieces(buf, (area.x + 3, y), area.width - 3, &head, theme);
    for (kind, count) in HealthKind::ALL.iter().zip(group.counts) {
        if count > 0 {
            let text = format!(" {} {}", theme.sign(*kind), words::grouped(count));
            x = put(
                buf,
                (x, y),
                area.right().saturating_sub(x),
                &text,
                theme.health(*kind),
                theme,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::example;
    use insta::assert_snapshot;

    #[test]
    fn the_list_at_its_sizes() {
        for (columns, rows) in [(80, 24), (120, 36), (160, 50)] {
            let mut app = example::open(columns, rows);
            assert_snapshot!(format!("list_{columns}"), example::shown(&mut app));
        }
    }

    #[test]
    fn the_list_alone_on_a_wide_terminal_has_more_columns() {
        let mut app = example::open(160, 24);
        example::press(&mut app, "z");
        assert_snapshot!("list_no_pane_160", example::shown(&mut app));
    }

    #[test]
    fn typing_finds_and_escape_shows_everything_again() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "/alice");
        assert_snapshot!("list_filter", example::shown(&mut app));
        example::press(&mut app, "zzz");
        assert_snapshot!("list_filter_nothing", example::shown(&mut app));
        example::press(&mut app, "\x1b");
        assert!(example::shown(&mut app).contains("slack/acme"));
    }

    #[test]
    fn groups_have_heads_with_counts_and_fold() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "b");
        assert_snapshot!("list_groups", example::shown(&mut app));
        example::press(&mut app, "gjjh");
        assert_snapshot!("list_groups_folded", example::shown(&mut app));
    }

    #[test]
    fn marked_rows_are_counted() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "  ");
        assert_snapshot!("list_marked", example::shown(&mut app));
    }

    #[test]
    fn without_colour_and_unicode_every_state_keeps_its_word_and_sign() {
        let theme = crate::tui::theme::Theme::new(false, false);
        let mut app = example::app(example::credentials(), (80, 24), theme);
        let text = example::shown(&mut app);
        assert!(text.is_ascii(), "{text}");
        assert_snapshot!("list_ascii", text);
    }

    #[test]
    fn every_health_has_its_sign_word_and_sentence() {
        use crate::model::health::Health;
        let later = example::NOW.plus(std::time::Duration::from_secs(998));
        let all = [
            ("a/fresh", Health::Fresh, 300),
            ("b/expiring", Health::Expiring, 12),
            ("c/refreshing", Health::Refreshing, 8),
            (
                "d/retrying",
                Health::Retrying {
                    attempt: 2,
                    next: later,
                },
                100,
            ),
            ("e/expired", Health::Expired, 0),
            (
                "f/needs-login",
                Health::NeedsLogin {
                    cause: example::invalid_grant(),
                },
                0,
            ),
            (
                "g/misconfigured",
                Health::Misconfigured {
                    cause: example::invalid_grant(),
                },
                0,
            ),
            ("h/limited", Health::RateLimited { until: later }, 200),
            ("i/revoked", Health::Revoked, 0),
            ("j/static", Health::Static, 0),
        ];
        let views = all.map(|(name, health, left)| {
            let lives = if left == 0 && health == Health::Static {
                0
            } else {
                600
            };
            example::credential(name, "Example", health, lives, left)
        });
        let mut app = example::app(
            views.to_vec(),
            (80, 24),
            crate::tui::theme::Theme::new(true, true),
        );
        example::press(&mut app, "sg");
        let mut sentences = Vec::new();
        for _ in 0..10 {
            let text = example::shown(&mut app);
            sentences.push(text.lines().nth(22).unwrap_or_default().to_owned());
            example::press(&mut app, "j");
        }
        assert_snapshot!("list_healths", example::shown(&mut app));
        assert_snapshot!("sentences", sentences.join("\n"));
    }

    #[test]
    fn the_pointer_stays_on_its_credential_when_rows_move() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "jjj");
        let name = |app: &App| {
            app.open()
                .unwrap()
                .looked_at()
                .unwrap()
                .profile
                .name
                .clone()
        };
        let before = name(&app);
        example::press(&mut app, "sS");
        example::shown(&mut app);
        assert_eq!(name(&app), before);
    }

    #[test]
    fn the_pointer_stays_in_sight_through_ten_thousand_rows() {
        use crate::model::health::Health;
        let views = (0..10_000)
            .map(|n| example::credential(&format!("p/a{n:05}"), "P", Health::Fresh, 600, 300));
        let mut app = example::app(
            views.collect(),
            (80, 24),
            crate::tui::theme::Theme::new(true, true),
        );
        example::press(&mut app, "G");
        assert!(example::shown(&mut app).contains("▸ p/a09999"));
        example::press(&mut app, "g");
        assert!(example::shown(&mut app).contains("▸ p/a00000"));
    }
}
