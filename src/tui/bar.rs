//! Bars: the lifetime that drains to the left, the strip of last refreshes, the columns of an hour.

use crate::clock::Timestamp;
use crate::model::credential::CredentialView;
use crate::model::failure::Attempt;
use crate::tui::paint;
use crate::tui::theme::{Theme, Tone};
use ratatui::buffer::Buffer;
use ratatui::style::Style;

/// How much of a lifetime is left, and where within it the refresh is planned; both 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Life {
    /// What is left.
    pub left: f64,
    /// What will be left when the refresh comes.
    pub planned: Option<f64>,
}

impl Life {
    /// The life of a credential's access token; `None` when it has no end or is of no use.
    pub fn of(view: &CredentialView, now: Timestamp) -> Option<Self> {
        let end = view.profile.usable_until()?;
        let whole = end.since(view.profile.issued_at).as_secs_f64();
        if whole <= 0.0 {
            return Some(Self {
                left: 0.0,
                planned: None,
            });
        }
        let share = |from: Timestamp| (end.since(from).as_secs_f64() / whole).clamp(0.0, 1.0);
        Some(Self {
            left: share(now),
            planned: view
                .refresh_at
                .filter(|at| *at > now && *at < end)
                .map(share),
        })
    }
}

/// The cells of a bar, one text a cell; empty cells are spaces.
pub fn cells(life: Life, width: u16, theme: Theme) -> Vec<&'static str> {
    let signs = theme.signs();
    let wide = usize::from(width);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "0 to 1 times a screen's width"
    )]
    let eighths = (life.left * wide as f64 * 8.0).ceil() as usize;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "0 to 1 times a screen's width"
    )]
    let mark = life
        .planned
        .map(|at| ((at * wide as f64) as usize).min(wide.saturating_sub(1)));
    (0..wide)
        .map(|cell| {
            let here = eighths.saturating_sub(cell * 8).min(8);
            if mark == Some(cell) && here > 0 {
                signs.planned
            } else if here == 0 {
                " "
            } else {
                signs.across[here - 1]
            }
        })
        .collect()
}

/// Draws a lifetime bar.
pub fn lifetime(
    buf: &mut Buffer,
    at: (u16, u16),
    width: u16,
    life: Life,
    style: Style,
    theme: Theme,
) {
    for (x, cell) in (at.0..).zip(cells(life, width, theme)) {
        let style = if cell == theme.signs().planned {
            theme.plain()
        } else {
            style
        };
        paint::put(buf, (x, at.1), 1, cell, style, theme);
    }
}

/// Draws a bar that drains without a mark, for something that ends soon.
pub fn draining(
    buf: &mut Buffer,
    at: (u16, u16),
    width: u16,
    left: f64,
    style: Style,
    theme: Theme,
) {
    let life = Life {
        left: left.clamp(0.0, 1.0),
        planned: None,
    };
    lifetime(buf, at, width, life, style, theme);
}

/// Draws the last refreshes as signs, the newest at the right, as many as have room.
pub fn strip(
    buf: &mut Buffer,
    at: (u16, u16),
    width: u16,
    attempts: &[Attempt],
    theme: Theme,
) -> u16 {
    let many = attempts.len().min(width.into());
    let mut x = at.0;
    for attempt in &attempts[attempts.len() - many..] {
        let (sign, tone) = if attempt.failed.is_none() {
            (theme.signs().success, Tone::Good)
        } else {
            (theme.signs().failure, Tone::Trouble)
        };
        x = paint::put(buf, (x, at.1), 1, sign, theme.tone(tone), theme);
    }
    x
}

/// Draws a column from the bottom up: `share` of `height` cells.
pub fn column(
    buf: &mut Buffer,
    foot: (u16, u16),
    height: u16,
    share: f64,
    style: Style,
    theme: Theme,
) {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 1 times a screen's height"
    )]
    let mut eighths = (share.clamp(0.0, 1.0) * f64::from(height) * 8.0).ceil() as usize;
    for up in 0..height {
        if eighths == 0 {
            return;
        }
        let here = eighths.min(8);
        paint::put(
            buf,
            (foot.0, foot.1 - up),
            1,
            theme.signs().upward[here - 1],
            style,
            theme,
        );
        eighths -= here;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEME: Theme = Theme::new(true, true);

    #[test]
    fn the_bar_drains_in_eighths_and_the_mark_stands_in_it() {
        let bar = |left, planned| cells(Life { left, planned }, 10, THEME).concat();
        assert_eq!(bar(1.0, Some(0.1)), "█┊████████");
        assert_eq!(bar(0.5, None), "█████     ");
        assert_eq!(bar(0.14, None), "█▌        ");
        assert_eq!(bar(0.0, Some(0.1)), "          ");
        assert_eq!(bar(0.01, None), "▏         ");
    }

    #[test]
    fn without_unicode_the_bar_is_ascii() {
        let life = Life {
            left: 0.75,
            planned: Some(0.1),
        };
        assert!(cells(life, 10, Theme::new(true, false)).concat().is_ascii());
    }
}
