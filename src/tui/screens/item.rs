//! One item of the inbox as it stands on the screen: its head line, what its key does, and its reason.

use crate::tui::keymap::{Action, Scope, key_for};
use crate::tui::paint::{fit, paragraph, pieces, put};
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// What is said of one item, whatever it is about.
#[derive(Debug, Clone, Copy)]
pub struct ItemText<'a> {
    /// The sign before its name, one column wide.
    pub sign: &'a str,
    /// Who or what it is about; cut to half of the line.
    pub name: &'a str,
    /// What is the matter.
    pub what: &'a str,
    /// How the sign and what is the matter look.
    pub style: Style,
    /// What its key does.
    pub does: &'a str,
    /// Why it is there, in sentences.
    pub reason: &'a str,
}

impl ItemText<'_> {
    /// Draws it; the second place is where its reason stands.
    pub fn draw(
        &self,
        (area, reason_area): (Rect, Rect),
        selected: bool,
        theme: Theme,
        buf: &mut Buffer,
    ) {
        let (name, reason) = match selected {
            true => (theme.strong(), theme.plain()),
            false => (theme.plain(), theme.dim()),
        };
        if selected {
            let at = (area.x + 1, area.y);
            put(buf, at, 1, theme.signs().pointer, theme.focus(), theme);
        }
        let x = self.draw_head(area, name, theme, buf);
        self.draw_key((x, area.y), area.right().saturating_sub(x), theme, buf);
        paragraph(buf, reason_area, self.reason, reason, theme);
    }

    // Returns the column after it.
    fn draw_head(&self, area: Rect, name_style: Style, theme: Theme, buf: &mut Buffer) -> u16 {
        let room = usize::from(area.width / 2);
        let name = fit(self.name, room, theme.signs().ellipsis);
        let head = [
            (self.sign, self.style),
            (" ", self.style),
            (name.as_ref(), name_style),
            ("  ", self.style),
            (self.what, self.style),
        ];
        pieces(buf, (area.x + 3, area.y), area.width - 4, &head, theme)
    }

    fn draw_key(&self, at: (u16, u16), room: u16, theme: Theme, buf: &mut Buffer) {
        let key = key_for(Scope::Inbox, Action::Submit, theme);
        let line = [
            ("   ", theme.plain()),
            (key.as_str(), theme.key()),
            (" ", theme.plain()),
            (self.does, theme.dim()),
        ];
        pieces(buf, at, room, &line, theme);
    }
}
