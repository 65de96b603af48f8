//! The list's state: selection, marks, filter, and the slice of it that shows.

use crate::model::credential::CredentialView;
use crate::model::health::HealthKind;
use crate::model::name::CredentialName;
use crate::tui::field::Field;
use crate::tui::layout::Layout;
use crate::tui::lines::Line;
use crate::tui::rows::{Changes, Rows};
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

    /// Which line the pointer is on.
    pub const fn cursor(&self) -> usize {
        self.cursor
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

#[cfg(test)]
mod tests {
    use crate::tui::app::App;
    use crate::tui::example;

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
