//! The engine's recurring work on the health screen: its last time, how that ended, its next one.

use crate::clock::Timestamp;
use crate::model::chore::ChoreView;
use crate::tui::app::App;
use crate::tui::paint::put;
use crate::tui::theme::Tone;
use crate::tui::words;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of its name.
const NAME: u16 = 14;
/// Columns of when it comes again.
const NEXT: u16 = 16;
/// Below so many rows one line has to do.
const ROOMY: u16 = 28;

/// Rows that the table takes on a screen so high, the line before it included; none: [`summary`] tells it.
pub fn height(area: Rect, chores: &[ChoreView]) -> u16 {
    match u16::try_from(chores.len()) {
        Ok(rows) if rows > 0 && area.height >= ROOMY => rows + 2,
        Ok(_) | Err(_) => 0,
    }
}

/// All of it in one line: what failed, else what comes next.
pub fn summary(chores: &[ChoreView], now: Timestamp) -> Option<String> {
    if let Some(bad) = chores.iter().find(|view| view.trouble().is_some()) {
        return Some(format!("{} {}", bad.chore.word(), bad.result()));
    }
    let running = chores.iter().find(|view| view.running > 0);
    if let Some(view) = running {
        return Some(format!("{} under way", view.chore.word()));
    }
    let planned = chores.iter().filter_map(|view| Some((view.next?, view)));
    let (_, view) = planned.min_by_key(|(at, _)| *at)?;
    Some(format!("{} {}", view.chore.word(), next(view, now)))
}

/// Draws the table.
pub fn draw(app: &App, chores: &[ChoreView], area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let at = (area.x + 1, area.y);
    put(buf, at, area.width, "Recurring work", theme.strong(), theme);
    for (y, view) in (area.y + 1..area.bottom()).zip(chores) {
        let mut x = area.x + 1;
        put(buf, (x, y), NAME, view.chore.word(), theme.plain(), theme);
        x += NAME;
        let next = next(view, app.now);
        put(buf, (x, y), NEXT, &next, theme.dim(), theme);
        x += NEXT;
        let tone = match view.trouble() {
            Some(_) => Tone::Trouble,
            None if view.last.is_none() => Tone::Dim,
            None => Tone::Good,
        };
        let room = area.right().saturating_sub(x + 1);
        let text = last(view, app.now);
        put(buf, (x, y), room, &text, theme.tone(tone), theme);
    }
}

fn next(view: &ChoreView, now: Timestamp) -> String {
    match (view.running, view.next) {
        (1.., _) => "under way".to_owned(),
        (0, Some(at)) if at <= now => "now".to_owned(),
        (0, Some(at)) => format!("in {}", words::span(now.until(at))),
        (0, None) => "none planned".to_owned(),
    }
}

fn last(view: &ChoreView, now: Timestamp) -> String {
    let result = view.result();
    match &view.last {
        Some(last) => format!("{} ago: {result}", words::about(now.since(last.at))),
        None => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::chore::Ended;
    use crate::tui::example::{NOW, chores};

    #[test]
    fn one_line_tells_what_failed_before_what_runs_and_what_comes() {
        let mut chores = chores();
        assert_eq!(summary(&chores, NOW).unwrap(), "checks under way");
        chores[5].running = 0;
        assert_eq!(summary(&chores, NOW).unwrap(), "uses in 24s");
        let why = "no space left on device".to_owned();
        let last = chores[6].last.as_mut().unwrap();
        last.ended = Ended::Failed { why };
        let told = summary(&chores, NOW).unwrap();
        assert_eq!(told, "backup failed: no space left on device");
        assert_eq!(summary(&[], NOW), None);
    }
}
