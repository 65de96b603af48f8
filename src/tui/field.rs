//! A one-line text field, in the open or masked; what is typed into a masked one is wiped afterwards.

use crate::tui::paint;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tui_input::{Input, InputRequest};
use zeroize::Zeroizing;

/// Longest text a field takes, in characters; full by construction, so that a masked one never reallocates.
pub const LONGEST: usize = 4096;

/// A text field.
pub struct Field {
    content: Content,
}

enum Content {
    Plain(Input),
    Masked(Zeroizing<String>),
}

impl Default for Field {
    fn default() -> Self {
        Self::plain("")
    }
}

impl Field {
    /// A field whose text is seen.
    pub fn plain(text: &str) -> Self {
        Self {
            content: Content::Plain(Input::new(text.to_owned())),
        }
    }

    /// A field whose text is masked. It is edited at its end only.
    pub fn masked() -> Self {
        Self {
            content: Content::Masked(Zeroizing::new(String::with_capacity(LONGEST * 4))),
        }
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        match &self.content {
            Content::Plain(input) => input.value(),
            Content::Masked(text) => text,
        }
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.text().is_empty()
    }

    /// Takes the text out and leaves the field empty.
    pub fn take(&mut self) -> String {
        let text = self.text().to_owned();
        self.clear();
        text
    }

    /// Empties the field.
    pub fn clear(&mut self) {
        *self = match self.content {
            Content::Plain(_) => Self::plain(""),
            Content::Masked(_) => Self::masked(),
        };
    }

    /// Takes a key that edits; `false` when the key means nothing to a field.
    pub fn handle(&mut self, key: KeyEvent) -> bool {
        let Some(request) = request(key) else {
            return false;
        };
        let full = self.text().chars().count() >= LONGEST;
        match &mut self.content {
            Content::Plain(input) => {
                if !(full && matches!(request, InputRequest::InsertChar(_))) {
                    input.handle(request);
                }
            }
            Content::Masked(text) => match request {
                InputRequest::InsertChar(c) if !full => text.push(c),
                InputRequest::DeletePrevChar => {
                    text.pop();
                }
                InputRequest::DeleteLine | InputRequest::DeletePrevWord => self.clear(),
                _ => {}
            },
        }
        true
    }

    /// Takes pasted text; line ends and other control characters are left out.
    pub fn paste(&mut self, pasted: &str) {
        for c in pasted.trim().chars().filter(|c| !c.is_control()) {
            self.handle(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        }
    }

    /// Draws the field as one line: the text, and the cursor when it has the focus.
    pub fn draw(&self, buf: &mut Buffer, area: Rect, focused: bool, theme: Theme) {
        let room = area.width.saturating_sub(1);
        let (shown, cursor) = match &self.content {
            Content::Plain(input) => {
                let skipped = input.visual_scroll(room.into());
                (
                    skip_columns(input.value(), skipped),
                    input.visual_cursor().saturating_sub(skipped),
                )
            }
            Content::Masked(text) => {
                let many = text.chars().count().min(room.into());
                (theme.signs().masked.repeat(many), many)
            }
        };
        let style = if focused { theme.plain() } else { theme.dim() };
        buf.set_stringn(area.x, area.y, &shown, area.width.into(), style);
        if focused {
            let x = area.x + u16::try_from(cursor).unwrap_or(room).min(room);
            if let Some(cell) = buf.cell_mut((x, area.y)) {
                cell.set_style(theme.cursor());
            }
        }
    }

    /// Draws a label and the field with a line under it; the label takes `label_width` columns.
    pub fn draw_labelled(
        &self,
        buf: &mut Buffer,
        area: Rect,
        label: (&str, u16),
        focused: bool,
        theme: Theme,
    ) {
        let (label, wide) = label;
        let style = if focused { theme.focus() } else { theme.dim() };
        paint::put(buf, (area.x, area.y), wide, label, style, theme);
        let field = Rect {
            x: area.x + wide,
            width: area.width.saturating_sub(wide),
            height: 1,
            ..area
        };
        self.draw(buf, field, focused, theme);
    }
}

fn skip_columns(text: &str, skipped: usize) -> String {
    let mut used = 0;
    text.chars()
        .skip_while(|c| {
            let here = used;
            used += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
            here < skipped
        })
        .collect()
}

fn request(key: KeyEvent) -> Option<InputRequest> {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Char('u') if ctrl => InputRequest::DeleteLine,
        KeyCode::Char('w') if ctrl => InputRequest::DeletePrevWord,
        KeyCode::Char('k') if ctrl => InputRequest::DeleteTillEnd,
        KeyCode::Char('a') if ctrl => InputRequest::GoToStart,
        KeyCode::Char('e') if ctrl => InputRequest::GoToEnd,
        KeyCode::Char(c) if !ctrl && !key.modifiers.contains(KeyModifiers::ALT) => {
            InputRequest::InsertChar(c)
        }
        KeyCode::Backspace => InputRequest::DeletePrevChar,
        KeyCode::Delete => InputRequest::DeleteNextChar,
        KeyCode::Left => InputRequest::GoToPrevChar,
        KeyCode::Right => InputRequest::GoToNextChar,
        KeyCode::Home => InputRequest::GoToStart,
        KeyCode::End => InputRequest::GoToEnd,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_comes_without_line_ends_and_edges() {
        let mut field = Field::default();
        field.paste(" https://a/b?c\n\u{7}=d \r\n");
        assert_eq!(field.text(), "https://a/b?c=d");
    }

    #[test]
    fn a_masked_field_shows_none_of_its_characters() {
        let mut field = Field::masked();
        field.paste("hunter2");
        let mut buf = Buffer::empty(Rect::new(0, 0, 12, 1));
        field.draw(
            &mut buf,
            Rect::new(0, 0, 12, 1),
            true,
            Theme::new(true, true),
        );
        let shown: String = buf
            .content
            .iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect();
        assert_eq!(shown.trim_end(), "•••••••");
        assert_eq!(field.take(), "hunter2");
        assert!(field.is_empty());
    }
}
