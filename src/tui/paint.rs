//! Puts text into cells: cut to the width it has, measured in columns.

use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns a text takes.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Columns a text takes, as ratatui counts them.
pub fn columns(text: &str) -> u16 {
    u16::try_from(width(text)).unwrap_or(u16::MAX)
}

// Direction overrides would let a name show as another one.
const fn misleads(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

/// The text without what could mislead, cut to `room` columns; a cut shows as `ellipsis`.
pub fn fit(text: &str, room: usize, ellipsis: char) -> Cow<'_, str> {
    let text: Cow<'_, str> = if text.chars().any(misleads) {
        Cow::Owned(text.chars().filter(|c| !misleads(*c)).collect())
    } else {
        Cow::Borrowed(text)
    };
    if width(&text) <= room {
        return text;
    }
    let (mut used, mut kept) = (0, String::new());
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > room {
            break;
        }
        used += wide;
        kept.push(c);
    }
    if room > 0 {
        kept.push(ellipsis);
    }
    Cow::Owned(kept)
}

/// Puts a text at a place, at most `room` columns of it; returns the column after it.
pub fn put(
    buf: &mut Buffer,
    at: (u16, u16),
    room: u16,
    text: &str,
    style: Style,
    theme: Theme,
) -> u16 {
    let (x, y) = at;
    if room == 0 || !buf.area.contains((x, y).into()) {
        return x;
    }
    let cut = fit(text, room.into(), theme.signs().ellipsis);
    buf.set_stringn(x, y, cut.as_ref(), room.into(), style).0
}

/// Puts a text so that it ends at the right edge of `room`.
pub fn put_right(
    buf: &mut Buffer,
    at: (u16, u16),
    room: u16,
    text: &str,
    style: Style,
    theme: Theme,
) {
    let wide = columns(text).min(room);
    put(buf, (at.0 + room - wide, at.1), wide, text, style, theme);
}

/// Puts pieces one after the other within `room`; returns the column after the last.
pub fn pieces(
    buf: &mut Buffer,
    at: (u16, u16),
    room: u16,
    pieces: &[(&str, Style)],
    theme: Theme,
) -> u16 {
    let end = at.0 + room;
    let mut x = at.0;
    for (text, style) in pieces {
        x = put(buf, (x, at.1), end.saturating_sub(x), text, *style, theme);
    }
    x
}

/// A horizontal rule over the whole width.
pub fn rule(buf: &mut Buffer, area: Rect, theme: Theme) {
    let line = theme.signs().rule.repeat(area.width.into());
    put(buf, (area.x, area.y), area.width, &line, theme.dim(), theme);
}

/// Breaks a text into lines of at most `room` columns, at spaces where there are any.
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let gap = usize::from(!line.is_empty());
        if width(&line) + gap + width(word) > room && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            if width(&line) + c.width().unwrap_or(0) > room {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Cuts a text without spaces into lines of `room` characters.
pub fn wrap_exact(text: &str, room: usize) -> Vec<String> {
    let letters: Vec<char> = text.chars().filter(|c| !c.is_control()).collect();
    letters
        .chunks(room.max(1))
        .map(|line| line.iter().collect())
        .collect()
}

// The last line that there is room for: it says that it is not the last.
fn cut(line: &str, room: usize, ellipsis: char) -> String {
    let line = line.trim_end_matches(['.', ',', ';', ':']);
    match width(line) < room {
        true => format!("{line}{ellipsis}"),
        false => fit(&format!("{line}{ellipsis}."), room, ellipsis).into_owned(),
    }
}

/// Puts a text broken into lines, a cut one ending in an ellipsis; returns how many lines it took.
pub fn paragraph(buf: &mut Buffer, area: Rect, text: &str, style: Style, theme: Theme) -> u16 {
    let mut used = 0;
    let lines = wrap(text, area.width.into());
    let is_cut = lines.len() > usize::from(area.height);
    for mut line in lines {
        if used >= area.height {
            break;
        }
        if is_cut && used + 1 == area.height {
            line = cut(&line, area.width.into(), theme.signs().ellipsis);
        }
        put(
            buf,
            (area.x, area.y + used),
            area.width,
            &line,
            style,
            theme,
        );
        used += 1;
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_keeps_to_its_columns_even_with_wide_characters() {
        assert_eq!(fit("alice@example.com", 9, '…'), "alice@ex…");
        assert_eq!(fit("日本語", 5, '…'), "日本…");
        assert_eq!(fit("日本語", 4, '…'), "日…");
        assert_eq!(fit("abc", 0, '…'), "");
        assert_eq!(fit("safe\u{202e}cod", 20, '…'), "safecod");
    }

    #[test]
    fn a_paragraph_without_room_says_that_it_is_cut() {
        let theme = Theme::new(false, true);
        for (text, height, last) in [
            ("one two three", 1, "one two…"),
            ("one twoo three", 1, "one two…"),
            ("one two. three", 1, "one two…"),
            ("one two three", 2, "three   "),
        ] {
            let area = Rect::new(0, 0, 8, height);
            let mut buf = Buffer::empty(area);
            paragraph(&mut buf, area, text, Style::new(), theme);
            let row: String = (0..8).map(|x| buf[(x, height - 1)].symbol()).collect();
            assert_eq!(row, last, "{text}");
        }
    }

    #[test]
    fn wrapping_breaks_at_spaces_and_breaks_long_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), [""]);
    }
}
