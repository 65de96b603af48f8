//! Short-lived notices at the bottom right; all of them are kept in the activity.

use crate::clock::Timestamp;
use crate::tui::app::App;
use crate::tui::bar;
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

    /// Those that show, the oldest first.
    pub fn shown(&self) -> &[Notice] {
        &self.shown
    }
}

/// Draws the notices and the clipboard's countdown, the newest lowest.
pub fn draw(app: &App, area: Rect, buf: &mut Buffer) {
    let mut bottom = area.bottom();
    let most = area.width.saturating_sub(2).min(64);
    if let Some(lease) = &app.clipboard {
        let secs = app.now.until(lease.until).as_secs() + 1;
        let text = format!(
            "token of {} on the clipboard, cleared in {secs}s",
            lease.name
        );
        bottom = one(app, buf, (area, bottom, most), &text, Tone::Work);
        let left = app.now.until(lease.until).as_secs_f64()
            / crate::tui::app::CLIPBOARD_STAYS.as_secs_f64();
        let wide = paint::columns(&text).min(most);
        bar::draining(
            buf,
            (area.right() - wide - 1, bottom + 1),
            wide,
            left,
            app.theme.tone(Tone::Work),
            app.theme,
        );
        let _ = bottom;
    }
    for notice in app.notices.shown().iter().rev() {
        bottom = one(app, buf, (area, bottom, most), &notice.text, notice.tone);
    }
}

fn one(app: &App, buf: &mut Buffer, place: (Rect, u16, u16), text: &str, tone: Tone) -> u16 {
    let (area, bottom, most) = place;
    let lines = paint::wrap(text, most.saturating_sub(2).into());
    let wide = lines
        .iter()
        .map(|line| paint::columns(line))
        .max()
        .unwrap_or(0);
    let high = u16::try_from(lines.len()).unwrap_or(1);
    let extra =
        u16::from(app.clipboard.is_some() && tone == Tone::Work && text.contains("clipboard"));
    let Some(y) = bottom.checked_sub(high + extra).filter(|y| *y >= area.y) else {
        return bottom;
    };
    let x = area.right().saturating_sub(wide + 3);
    Clear.render(
        Rect::new(x, y, wide + 3, high + extra).intersection(buf.area),
        buf,
    );
    for (row, line) in (y..).zip(&lines) {
        paint::put(
            buf,
            (x, row),
            1,
            app.theme.signs().wall,
            app.theme.tone(tone),
            app.theme,
        );
        paint::put(buf, (x + 2, row), wide, line, app.theme.strong(), app.theme);
    }
    y
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
}
