//! Short-lived notices at the bottom right; all of them are kept in the activity.

use crate::clock::Timestamp;
use crate::tui::app::{App, CLIPBOARD_STAYS};
use crate::tui::bar;
use crate::tui::clipboard::Where;
use crate::tui::paint;
use crate::tui::theme::Tone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};
use std::time::Duration;

/// How long a notice stays.
pub const STAYS: Duration = Duration::from_secs(6);
const MOST: usize = 3;

/// One notice.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// What is said.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
    /// When it goes.
    pub until: Timestamp,
}

/// The notices that show.
#[derive(Debug, Default)]
pub struct Notices {
    shown: Vec<Notice>,
}

impl Notices {
    /// Lets all of them go.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Adds one; the oldest makes room.
    pub fn say(&mut self, now: Timestamp, tone: Tone, text: &str) {
        self.shown.retain(|notice| notice.text != text);
        if self.shown.len() == MOST {
            self.shown.remove(0);
        }
        self.shown.push(Notice {
            text: text.to_owned(),
            tone,
            until: now.plus(STAYS),
        });
    }

    /// Drops those whose time is over.
    pub fn expire(&mut self, now: Timestamp) {
        self.shown.retain(|notice| notice.until > now);
    }

    /// Moves the ends of all along with a clock that was set back.
    pub fn turn_back(&mut self, by: Duration) {
        for notice in &mut self.shown {
            notice.until = notice.until.minus(by);
        }
    }

    /// Those that show, the oldest first.
    pub fn shown(&self) -> &[Notice] {
        &self.shown
    }
}

/// Draws the notices and the clipboard's countdown, the newest lowest.
pub fn draw(app: &App, area: Rect, buf: &mut Buffer) {
    let mut free = area;
    if let Some(lease) = &app.clipboard {
        let left = app.now.until(lease.until);
        let name = &lease.name;
        let text = match lease.place {
            Where::Desktop => format!("the token of {name} is on the clipboard"),
            Where::Terminal => {
                format!("the token of {name} was sent to the terminal's clipboard")
            }
        };
        let cleared = format!("cleared in {}s ", left.as_secs() + 1);
        let tone = app.theme.tone(Tone::Work);
        let (_, wide) = wrapped(&text, free);
        let line = last_line(app, &mut free, wide, buf);
        let x = paint::put(buf, (line.x, line.y), line.width, &cleared, tone, app.theme);
        let share = left.as_secs_f64() / CLIPBOARD_STAYS.as_secs_f64();
        let room = line.right().saturating_sub(x);
        bar::draining(buf, (x, line.y), room, share, tone, app.theme);
        one(app, buf, &mut free, &text, Tone::Work);
    }
    for notice in app.notices.shown().iter().rev() {
        one(app, buf, &mut free, &notice.text, notice.tone);
    }
}

// Takes an empty line from the bottom of what is free, with the wall that belongs to the notice above it.
fn last_line(app: &App, free: &mut Rect, wide: u16, buf: &mut Buffer) -> Rect {
    free.height = free.height.saturating_sub(1);
    let x = free.right().saturating_sub(wide + 3);
    let whole = Rect::new(x.saturating_sub(1), free.bottom(), wide + 4, 1);
    Clear.render(whole.intersection(buf.area), buf);
    wall(app, (x, free.bottom()), Tone::Work, buf);
    Rect::new(x + 2, free.bottom(), wide, 1)
}

/// Draws one at the bottom of what is free, and takes that from it.
fn one(app: &App, buf: &mut Buffer, free: &mut Rect, text: &str, tone: Tone) {
    let theme = app.theme;
    let (lines, wide) = wrapped(text, *free);
    let high = u16::try_from(lines.len()).unwrap_or(1).min(free.height);
    free.height -= high;
    let (x, y) = (free.right().saturating_sub(wide + 3), free.bottom());
    let whole = Rect::new(x.saturating_sub(1), y, wide + 4, high);
    Clear.render(whole.intersection(buf.area), buf);
    for (row, line) in (y..y + high).zip(&lines) {
        wall(app, (x, row), tone, buf);
        paint::put(buf, (x + 2, row), wide, line, theme.strong(), theme);
    }
}

// The lines of a notice and the columns of the widest.
fn wrapped(text: &str, free: Rect) -> (Vec<String>, u16) {
    let most = free.width.saturating_sub(4).min(62);
    let lines = paint::wrap(text, most.into());
    let wide = lines.iter().map(|line| paint::columns(line)).max();
    (lines, wide.unwrap_or(0))
}

fn wall(app: &App, at: (u16, u16), tone: Tone, buf: &mut Buffer) {
    let theme = app.theme;
    paint::put(buf, at, 1, theme.signs().wall, theme.tone(tone), theme);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_notices_show_for_six_seconds() {
        let mut notices = Notices::default();
        let start = Timestamp::from_secs(100);
        for text in ["one", "two", "three", "four"] {
            notices.say(start, Tone::Plain, text);
        }
        let texts: Vec<_> = notices.shown().iter().map(|n| n.text.as_str()).collect();
        assert_eq!(texts, ["two", "three", "four"]);
        notices.expire(start.plus(Duration::from_millis(5999)));
        assert_eq!(notices.shown().len(), 3);
        notices.expire(start.plus(STAYS));
        assert!(notices.shown().is_empty());
    }

    #[test]
    fn notices_and_the_clipboards_countdown_stand_at_the_bottom_right() {
        let mut app = crate::tui::example::open(80, 24);
        app.say(Tone::Good, "github/alice is fresh, lives 8h 00m");
        app.say(Tone::Trouble, "slack/acme: the provider answered 503, service unavailable, and it is tried again by itself");
        let until = app.now.plus(Duration::from_secs(23));
        let name = crate::tui::example::name("github/alice");
        let place = Where::Desktop;
        app.clipboard = Some(crate::tui::app::Lease { name, until, place });
        insta::assert_snapshot!("notices", crate::tui::example::shown(&mut app));
        app.size = (60, 16);
        insta::assert_snapshot!("notices_narrow", crate::tui::example::shown(&mut app));
        app.clipboard.as_mut().unwrap().place = Where::Terminal;
        app.size = (120, 36);
        let text = crate::tui::example::shown(&mut app);
        assert!(
            text.contains("was sent to the terminal's clipboard"),
            "{text}"
        );
    }
}
