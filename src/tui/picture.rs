//! A screen as a picture (SVG), made from the cells that the real drawing code fills.

use crate::tui::example;
use crate::tui::theme::Theme;
use crate::tui::update::settle;
use crate::tui::view;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

const CELL: (f32, f32) = (8.4, 18.0);
const EDGE: f32 = 14.0;
const PAPER: &str = "#16181d";
const INK: &str = "#d4d7dd";

/// The example's list, drawn by the real code at a size of the terminal.
pub fn example_screen(columns: u16, rows: u16) -> Buffer {
    let mut app = example::app(
        example::credentials(),
        (columns, rows),
        Theme::new(true, true),
    );
    settle(&mut app);
    let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
    view::draw(&app, &mut buffer);
    buffer
}

/// Cells as an SVG picture.
pub fn svg(buffer: &Buffer) -> String {
    let area = buffer.area;
    let width = f32::from(area.width) * CELL.0 + 2.0 * EDGE;
    let height = f32::from(area.height) * CELL.1 + 2.0 * EDGE;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" \
         font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n"
    );
    for y in area.top()..area.bottom() {
        line(buffer, y, &mut out);
    }
    out.push_str("</svg>\n");
    out
}

// Cells of one look are one text, stretched to its columns, so that a font of another width changes nothing.
fn line(buffer: &Buffer, y: u16, out: &mut String) {
    let mut x = buffer.area.left();
    while x < buffer.area.right() {
        let first = &buffer[(x, y)];
        let (start, mut text) = (x, String::new());
        while x < buffer.area.right() && same_look(first, &buffer[(x, y)]) {
            let symbol = buffer[(x, y)].symbol();
            text.push_str(symbol);
            x += u16::try_from(symbol.width().max(1)).unwrap_or(1);
        }
        piece(
            first,
            &text,
            (start - buffer.area.left(), y - buffer.area.top(), x - start),
            out,
        );
    }
}

fn same_look(one: &Cell, other: &Cell) -> bool {
    one.fg == other.fg && one.bg == other.bg && one.modifier == other.modifier
}

fn piece(cell: &Cell, text: &str, place: (u16, u16, u16), out: &mut String) {
    let (column, row, columns) = place;
    let (left, top) = (
        f32::from(column) * CELL.0 + EDGE,
        f32::from(row) * CELL.1 + EDGE,
    );
    let wide = f32::from(columns) * CELL.0;
    let (mut ink, mut paper) = (colour(cell.fg, INK), colour(cell.bg, PAPER));
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut ink, &mut paper);
    }
    if paper != PAPER {
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{:.1}\" fill=\"{paper}\"/>",
            CELL.1
        );
    }
    if text.trim().is_empty() {
        return;
    }
    let bold = if cell.modifier.contains(Modifier::BOLD) {
        " font-weight=\"bold\""
    } else {
        ""
    };
    let faint = if cell.modifier.contains(Modifier::DIM) {
        " opacity=\"0.6\""
    } else {
        ""
    };
    let base = top + CELL.1 * 0.75;
    let _ = writeln!(
        out,
        "<text x=\"{left:.1}\" y=\"{base:.1}\" textLength=\"{wide:.1}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\" fill=\"{ink}\"{bold}{faint}>{}</text>",
        escaped(text)
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

const fn colour(colour: Color, default: &'static str) -> &'static str {
    match colour {
        Color::Black => "#16181d",
        Color::Red => "#e06c6c",
        Color::Green => "#8cc265",
        Color::Yellow => "#e0b25f",
        Color::Blue | Color::LightBlue => "#6aa8ee",
        Color::Magenta => "#c58ae0",
        Color::Cyan => "#4fc1c9",
        Color::DarkGray => "#7b828f",
        Color::White => "#f2f3f5",
        _ => default,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_holds_the_screen_and_is_well_formed() {
        let picture = svg(&example_screen(120, 36));
        assert!(picture.contains("github/"));
        assert_eq!(
            picture.matches("<text").count(),
            picture.matches("</text>").count()
        );
        assert!(picture.ends_with("</svg>\n"));
    }

    #[test]
    fn markup_in_a_text_is_escaped() {
        assert_eq!(escaped("<a&b>"), "&lt;a&amp;b&gt;");
    }
}
