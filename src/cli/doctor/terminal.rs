//! What the terminal can show: letters, colours, room.

use crate::cli::doctor::finding::Finding;
use crate::tui::surroundings::Surroundings;
use crate::tui::theme::Palette;
use std::io::IsTerminal;

const CHECK: &str = "terminal";

/// The smallest terminal that shows every screen whole.
const COLUMNS: u16 = 80;
const ROWS: u16 = 24;

/// Looks at the terminal that this is written to.
pub fn examine() -> Finding {
    if !std::io::stdout().is_terminal() {
        return Finding::not_looked_at(CHECK, "this is not written to one");
    }
    match crossterm::terminal::size() {
        Ok(size) => of(&Surroundings::read(), size),
        Err(error) => Finding::not_looked_at(CHECK, &error.to_string()),
    }
}

fn of(about: &Surroundings, (columns, rows): (u16, u16)) -> Finding {
    let colours = match about.theme.palette() {
        Palette::None => "no colours",
        Palette::Sixteen => "16 colours",
        Palette::Many => "256 colours",
    };
    let what = format!("{columns}x{rows}, {colours}");
    if !about.theme.has_unicode() {
        let what = format!("{what}, ASCII only: the locale is not UTF-8");
        return Finding::warning(CHECK, what, "export LANG=C.UTF-8");
    }
    if columns < COLUMNS || rows < ROWS {
        let what = format!("{what}, UTF-8: too small to show every screen whole");
        let mend = format!("make it {COLUMNS}x{ROWS} or larger");
        return Finding::warning(CHECK, what, mend);
    }
    Finding::ok(CHECK, format!("{what}, UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Verdict;
    use jiff::tz::TimeZone;

    #[test]
    fn letters_and_room_are_looked_at() {
        let with = |locale: &'static str, size| {
            let variable = |name: &str| (name == "LANG").then(|| locale.to_owned());
            of(&Surroundings::from(&variable, TimeZone::UTC), size)
        };
        assert_eq!(with("C.UTF-8", (80, 24)).verdict, Verdict::Ok);
        assert_eq!(with("C.UTF-8", (79, 24)).verdict, Verdict::Warning);
        let plain = with("C", (120, 40));
        assert!(plain.what.contains("ASCII only"), "{plain:?}");
    }
}
