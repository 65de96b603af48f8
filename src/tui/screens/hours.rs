//! The refreshes of the last day as columns, an hour each.

use crate::tui::app::App;
use crate::tui::bar;
use crate::tui::paint::{self, put, put_right};
use crate::tui::screens::figures::{Figures, HOURS};
use crate::tui::theme::Tone;
use crate::tui::words;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of the scale beside the bars.
const SCALE: u16 = 6;
const HOURS_WIDE: u16 = HOURS as u16;

/// Rows of the bars and columns of an hour on a screen of that size.
pub const fn shape(area: Rect) -> (u16, u16) {
    let bars = match area.height {
        ..12 => 2,
        12..16 => 3,
        16..24 => 4,
        24..40 => 7,
        _ => 12,
    };
    let step = match area.width {
        ..80 => 1,
        80..110 => 2,
        110..150 => 3,
        _ => 4,
    };
    (bars, step)
}

/// Columns that the whole takes with so many for an hour.
pub const fn width(step: u16) -> u16 {
    SCALE + HOURS_WIDE * step
}

/// The share that succeeded, if there was any.
pub fn rate((succeeded, failed): (usize, usize)) -> Option<f64> {
    let all = succeeded + failed;
    #[allow(clippy::cast_precision_loss, reason = "counts of a screen")]
    (all > 0).then(|| succeeded as f64 / all as f64)
}

/// Draws them.
pub fn draw(app: &App, figures: &Figures, area: Rect, (bars, step): (u16, u16), buf: &mut Buffer) {
    let theme = app.theme;
    let total = figures
        .hours
        .iter()
        .fold((0, 0), |sum, hour| (sum.0 + hour.0, sum.1 + hour.1));
    let rate = rate(total).map_or("no refresh yet".to_owned(), |rate| {
        format!("{:.1} % succeeded", rate * 100.0)
    });
    let all = total.0 + total.1;
    let noun = if all == 1 { "refresh" } else { "refreshes" };
    let all = words::grouped(all);
    let mut title = format!("{all} {noun} in 24 hours, {rate}");
    if paint::columns(&title) > area.width {
        title = format!("{all} in 24h, {rate}");
    }
    put(
        buf,
        (area.x, area.y),
        area.width,
        &title,
        theme.strong(),
        theme,
    );
    let most = figures.hours.iter().map(|hour| hour.0 + hour.1).max();
    let most = most.unwrap_or(0).max(1);
    let foot = area.y + bars;
    let dim = theme.dim();
    let top = words::grouped(most);
    put_right(buf, (area.x, area.y + 1), SCALE - 2, &top, dim, theme);
    put_right(buf, (area.x, foot), SCALE - 2, "0", dim, theme);
    let left = area.x + SCALE;
    for (x, hour) in (left..).step_by(step.into()).zip(figures.hours) {
        for x in x..x + (step - 1).max(1) {
            column(app, (x, foot), bars, hour, most, buf);
        }
        if hour.1 > 0 {
            let middle = x + step.saturating_sub(2) / 2;
            let style = theme.tone(Tone::Trouble);
            put(
                buf,
                (middle, foot + 1),
                1,
                theme.signs().failure,
                style,
                theme,
            );
        }
    }
    let y = foot + 2;
    put(buf, (left, y), 12, "24 hours ago", dim, theme);
    let end = HOURS_WIDE * step - 1;
    put_right(buf, (left, y), end, "now", dim, theme);
}

// What failed stands on top of what succeeded.
fn column(
    app: &App,
    foot: (u16, u16),
    bars: u16,
    (succeeded, failed): (usize, usize),
    most: usize,
    buf: &mut Buffer,
) {
    let theme = app.theme;
    #[allow(clippy::cast_precision_loss, reason = "counts of a screen")]
    let share = |count: usize| count as f64 / most as f64;
    let (good, bad) = (theme.tone(Tone::Good), theme.tone(Tone::Trouble));
    bar::column(buf, foot, bars, share(succeeded + failed), bad, theme);
    // Without colour one column is all there is; with it, the cell where both meet has the one behind the other.
    if failed == 0 {
        bar::column(buf, foot, bars, share(succeeded), good, theme);
    } else if let Some(behind) = bad.fg {
        bar::column(buf, foot, bars, share(succeeded), good.bg(behind), theme);
    }
    put(
        buf,
        (foot.0, foot.1 + 1),
        1,
        theme.signs().rule,
        theme.dim(),
        theme,
    );
}
