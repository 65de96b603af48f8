//! What the doctor found wrong with this machine, at the foot of the health screen.

use crate::tui::app::App;
use crate::tui::paint::put;
use crate::tui::theme::Tone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of the word before a remark.
const WORD: u16 = 9;

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// It does harm; otherwise it may.
    pub is_problem: bool,
    /// What was found.
    pub what: String,
}

/// Rows that the remarks take, their heading and a line before it included; none without a remark.
pub fn height(app: &App, area: Rect) -> u16 {
    let most = if area.height < 28 { 1 } else { 6 };
    match u16::try_from(app.remarks.len())
        .unwrap_or(u16::MAX)
        .min(most)
    {
        0 => 0,
        rows => rows + 2,
    }
}

/// Draws them, problems first; what has no room is counted.
pub fn draw(app: &App, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let room = usize::from(area.height.saturating_sub(2));
    if room == 0 {
        return;
    }
    let left = match app.remarks.len().saturating_sub(room) {
        0 => String::new(),
        more => format!(", {more} more"),
    };
    let heading = format!("This machine: `tokenward doctor` says what mends it{left}");
    let at = (area.x + 1, area.y + 1);
    put(buf, at, area.width, &heading, theme.strong(), theme);
    let (problems, warnings): (Vec<&Remark>, Vec<&Remark>) =
        app.remarks.iter().partition(|remark| remark.is_problem);
    let sorted = problems.into_iter().chain(warnings);
    for (y, remark) in (area.y + 2..area.bottom()).zip(sorted) {
        let (word, tone) = match remark.is_problem {
            true => ("problem", Tone::Trouble),
            false => ("warning", Tone::Soon),
        };
        put(buf, (area.x + 1, y), WORD, word, theme.tone(tone), theme);
        let place = (area.x + 1 + WORD, y);
        let width = area.width.saturating_sub(WORD + 2);
        put(buf, place, width, &remark.what, theme.plain(), theme);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::example;
    use insta::assert_snapshot;

    #[test]
    fn problems_come_first_and_what_has_no_room_is_counted() {
        for (columns, rows) in [(80, 24), (120, 36)] {
            let mut app = example::open(columns, rows);
            example::press(&mut app, "4");
            let remark = |is_problem, what: &str| Remark {
                is_problem,
                what: what.to_owned(),
            };
            app.remarks = vec![
                remark(false, "every program started from here inherits GH_TOKEN"),
                remark(true, "others may enter /home/alice/work (mode 755)"),
                remark(
                    false,
                    "the vault lies in /home/alice/Dropbox, which Dropbox copies away: who has a copy can guess its passphrase",
                ),
            ];
            assert_snapshot!(format!("remarks_{columns}"), example::shown(&mut app));
        }
    }
}
