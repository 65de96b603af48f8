//! What just happened: a tail with the newest at the bottom, filtered by typing, each line with its story.

use crate::clock::Timestamp;
use crate::model::event::{Activity, Happening, Outcome};
use crate::model::grant::GrantName;
use crate::model::name::CredentialName;
use crate::tui::app::App;
use crate::tui::field::Field;
use crate::tui::find::Finder;
use crate::tui::paint::{pieces, put, put_right};
use crate::tui::screens::{find_line, history, tale};
use crate::tui::theme::Tone;
use crate::tui::words;
use crate::tui::workspace::Workspace;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::VecDeque;

/// Lines that are kept; older ones are the vault's.
const KEPT: usize = 2000;

/// One line.
#[derive(Debug)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// How it is meant.
    pub tone: Tone,
    /// What is told.
    pub text: String,
    /// What it was made from; `None`: a notice of the UI.
    pub source: Option<Activity>,
    fits: bool,
}

/// The state.
#[derive(Default)]
pub struct Log {
    lines: VecDeque<LogLine>,
    fitting: usize,
    back: usize,
    below: usize,
    /// What lines have to fit.
    pub filter: Field,
    /// The filter is being typed.
    pub filtering: bool,
}

fn whose(source: Option<&Activity>) -> &str {
    source
        .and_then(|activity| activity.name.as_ref())
        .map_or("", |name| name.as_str())
}

impl Log {
    /// Adds something that happened in the engine; told twice, it is added once.
    pub fn happened(&mut self, activity: Activity) {
        let known = |line: &LogLine| line.source.as_ref() == Some(&activity);
        if self
            .lines
            .iter()
            .rev()
            .take_while(|line| line.at >= activity.at)
            .any(known)
        {
            return;
        }
        let (tone, text) = tale::sentence(&activity);
        self.add(activity.at, tone, text, Some(activity));
    }

    /// Adds what the UI said.
    pub fn say(&mut self, at: Timestamp, tone: Tone, text: &str) {
        self.add(at, tone, text.to_owned(), None);
    }

    fn add(&mut self, at: Timestamp, tone: Tone, text: String, source: Option<Activity>) {
        let mut line = LogLine {
            at,
            tone,
            text,
            source,
            fits: true,
        };
        // A matcher is large: none is made while nothing is looked for.
        if !self.filter.is_empty() {
            line.fits = fits(&mut Finder::without_gaps(self.filter.text()), false, &line);
        }
        if self.lines.len() == KEPT {
            let gone = self.lines.pop_front();
            self.fitting -= usize::from(gone.is_some_and(|line| line.fits));
        }
        self.fitting += usize::from(line.fits);
        // Who looks at an older line keeps looking at it.
        if line.fits && self.back > 0 {
            self.back += 1;
            self.below += 1;
        }
        let later = self
            .lines
            .iter()
            .rev()
            .take_while(|other| other.at > at)
            .count();
        self.lines.insert(self.lines.len() - later, line);
        self.back = self.back.min(self.fitting.saturating_sub(1));
    }

    /// Applies the filter after it was typed.
    pub fn refilter(&mut self) {
        let empty = self.filter.is_empty();
        let mut finder = Finder::without_gaps(self.filter.text());
        self.fitting = 0;
        for line in &mut self.lines {
            line.fits = fits(&mut finder, empty, line);
            self.fitting += usize::from(line.fits);
        }
        self.back = 0;
        self.below = 0;
    }

    /// Moves the pointer by some lines, down is newer; it stops at both ends.
    pub fn go(&mut self, by: isize, height: u16) {
        self.back = self
            .back
            .saturating_add_signed(by.saturating_neg())
            .min(self.fitting.saturating_sub(1));
        let height = usize::from(height).max(1);
        self.below = self
            .below
            .min(self.back)
            .max((self.back + 1).saturating_sub(height));
    }

    /// Puts the pointer on the newest line that fits and is not newer than that.
    pub fn select_at(&mut self, at: Timestamp) {
        let fitting = self.lines.iter().rev().filter(|line| line.fits);
        let newer = fitting.take_while(|line| line.at > at).count();
        self.back = newer.min(self.fitting.saturating_sub(1));
        self.below = self.back;
    }

    /// The line the pointer is on.
    pub fn selected(&self) -> Option<&LogLine> {
        self.lines
            .iter()
            .rev()
            .filter(|line| line.fits)
            .nth(self.back)
    }

    /// Puts the pointer on the line so many above the lowest one that shows.
    pub fn point(&mut self, up: usize) -> bool {
        let there = self.below + up < self.fitting;
        if there {
            self.back = self.below + up;
        }
        there
    }

    /// What happened to one credential, its hand-outs aside, the newest first.
    pub fn about<'a>(&'a self, name: &'a CredentialName) -> impl Iterator<Item = &'a Activity> {
        let activities = self
            .lines
            .iter()
            .rev()
            .filter_map(|line| line.source.as_ref());
        activities.filter(move |activity| {
            let is_hand_out = matches!(activity.what, Happening::HandedOut { .. });
            activity.name.as_ref() == Some(name) && !is_hand_out
        })
    }

    /// What was done with a grant, what was fetched with it included, the newest first.
    pub fn with_grant<'a>(&'a self, grant: &'a GrantName) -> impl Iterator<Item = &'a Activity> {
        let sources = self.lines.iter().rev();
        let activities = sources.filter_map(|line| line.source.as_ref());
        activities.filter(move |activity| {
            let is_its_own =
                matches!(&activity.what, Happening::Grant { grant: of, .. } if of == grant);
            let by = activity.by.as_deref();
            is_its_own || by.is_some_and(|by| by.grant.as_ref() == Some(grant))
        })
    }

    /// Whether the line with the filter shows.
    pub fn shows_filter(&self) -> bool {
        self.filtering || !self.filter.is_empty()
    }

    /// How many lines fit the filter.
    pub const fn len(&self) -> usize {
        self.fitting
    }

    /// Whether no line fits the filter.
    pub const fn is_empty(&self) -> bool {
        self.fitting == 0
    }
}

fn fits(finder: &mut Finder, everything: bool, line: &LogLine) -> bool {
    everything || finder.score(&hay(line)).is_some()
}

/// What a filter looks through: whose, what, and by whom with all that is known of it.
fn hay(line: &LogLine) -> String {
    let whose = whose(line.source.as_ref());
    let by = line.source.as_ref().and_then(|source| source.by.as_deref());
    let by = by.map(|program| {
        let parts = [&program.executable, &program.user_agent, &program.address];
        let parts: Vec<&str> = parts.into_iter().filter_map(|it| it.as_deref()).collect();
        parts.join(" ")
    });
    format!("{whose} {} {}", line.text, by.unwrap_or_default())
}

/// Where the lines stand.
pub fn lines_area(log: &Log, area: Rect) -> Rect {
    let taken = u16::from(log.shows_filter());
    Rect {
        y: area.y + taken,
        height: area.height.saturating_sub(taken),
        ..area
    }
}

/// Draws the activity.
pub fn draw(app: &App, workspace: &Workspace, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let log = &workspace.log;
    if log.shows_filter() {
        let counts = (log.fitting, log.lines.len());
        find_line::draw(app, (&log.filter, log.filtering), counts, area, buf);
    }
    let inner = lines_area(log, area);
    if log.is_empty() {
        let text = if log.lines.is_empty() {
            "Nothing has happened yet."
        } else {
            "Nothing fits; Esc shows everything again."
        };
        put(
            buf,
            (inner.x + 3, inner.y + 1),
            inner.width - 4,
            text,
            theme.dim(),
            theme,
        );
        return;
    }
    let shown = log
        .lines
        .iter()
        .rev()
        .filter(|line| line.fits)
        .enumerate()
        .skip(log.below);
    // Few lines stand at the top, as in a terminal; many push each other up from the bottom.
    let many = log.fitting.min(inner.height.into());
    let lowest = inner.y + u16::try_from(many).unwrap_or(inner.height);
    for (y, (back, line)) in (inner.y..lowest).rev().zip(shown) {
        one(app, line, back == log.back, (inner, y), buf);
    }
}

fn one(app: &App, line: &LogLine, selected: bool, place: (Rect, u16), buf: &mut Buffer) {
    let (area, y) = place;
    let theme = app.theme;
    if selected {
        put(
            buf,
            (area.x + 1, y),
            1,
            theme.signs().pointer,
            theme.focus(),
            theme,
        );
    }
    let when = words::moment(line.at, app.now, &app.around.zone);
    put_right(buf, (area.x + 3, y), 12, &when, theme.dim(), theme);
    let what = line.source.as_ref().map(|activity| &activity.what);
    let is_done = what.is_some_and(|what| what.outcome() == Outcome::Done);
    let sign = match line.tone {
        // Worth a look, and nothing failed.
        Tone::Soon if is_done => theme.signs().dot,
        tone => history::sign(app, tone),
    };
    put(buf, (area.x + 17, y), 1, sign, theme.tone(line.tone), theme);
    let name = whose(line.source.as_ref());
    let gap = if name.is_empty() { "" } else { "  " };
    let style = if selected {
        theme.strong()
    } else {
        theme.plain()
    };
    pieces(
        buf,
        (area.x + 19, y),
        area.width.saturating_sub(20),
        &[
            (name, style),
            (gap, style),
            (
                &line.text,
                if name.is_empty() { style } else { theme.dim() },
            ),
        ],
        theme,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::example;
    use insta::assert_snapshot;

    #[test]
    fn the_activity_has_the_newest_at_the_bottom_and_finds_by_typing() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "3");
        assert_snapshot!("activity", example::shown(&mut app));
        example::press(&mut app, "/gitlab");
        assert_snapshot!("activity_filter", example::shown(&mut app));
    }

    #[test]
    fn enter_tells_the_whole_story() {
        let mut app = example::open(80, 24);
        example::press(&mut app, "3\n");
        assert_snapshot!("activity_story", example::shown(&mut app));
    }

    #[test]
    fn told_twice_it_is_one_line_and_an_older_line_keeps_the_pointer() {
        let mut log = Log::default();
        for line in example::activity() {
            log.happened(line.clone());
            log.happened(line);
        }
        assert_eq!(log.len(), example::activity().len());
        log.go(-2, 10);
        let before = log.selected().map(|line| line.text.clone());
        log.say(example::NOW, Tone::Plain, "one more");
        assert_eq!(log.selected().map(|line| line.text.clone()), before);
    }

    #[test]
    fn the_log_keeps_no_more_than_it_should() {
        let mut log = Log::default();
        for _ in 0..KEPT + 10 {
            log.say(example::NOW, Tone::Plain, "again");
        }
        assert_eq!(log.len(), KEPT);
    }
}
