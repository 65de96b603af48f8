//! Text for a terminal: what would move its cursor, colour it or turn its direction is written out instead.

use std::borrow::Cow;

/// Text of several lines: line breaks and tabs are kept.
pub fn text(text: &str) -> Cow<'_, str> {
    written_out(text, |c| misleads(c) && !matches!(c, '\n' | '\t'))
}

/// Text for one cell or line: no line break of its own.
pub fn line(text: &str) -> Cow<'_, str> {
    written_out(text, misleads)
}

/// JSON that means the same, without any of those characters: in JSON they can only stand in a string.
pub fn json(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| misleads(c) && c != '\n') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match misleads(c) && c != '\n' {
            // All of them are in the first plane of Unicode (RFC 8259 7).
            true => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

fn written_out(text: &str, is_out: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_out) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_out(c) {
            true => out.extend(c.escape_unicode()),
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Control characters (C0, DEL, C1), and what has no width or turns the direction of what stands beside it.
fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_colours_or_turns_is_written_out_and_all_else_stays() {
        let plain = "gh: Jörg 漢字 ✓\tdone\n";
        assert!(matches!(text(plain), Cow::Borrowed(same) if same == plain));
        assert_eq!(
            text("a\u{1b}[2Jb\u{9b}1mc\rd\u{202e}e\u{feff}"),
            "a\\u{1b}[2Jb\\u{9b}1mc\\u{d}d\\u{202e}e\\u{feff}"
        );
        assert_eq!(line("one\ntwo"), "one\\u{a}two");
    }

    #[test]
    fn json_means_the_same_afterwards() {
        let value = serde_json::json!({ "a": "x\u{202e}\u{7f}\u{9b}\u{1b}y" });
        let shown = json(&value.to_string()).into_owned() + "\n";
        assert!(!shown.contains(|c| misleads(c) && c != '\n'), "{shown:?}");
        let read: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(read, value);
    }
}
