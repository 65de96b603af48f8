//! A page of labelled fields, one of which has the focus.

use crate::tui::field::Field;
use crate::tui::keymap::Action;
use crate::tui::theme::Theme;
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A field with its label.
pub struct Labelled {
    /// What it is for.
    pub label: String,
    /// The field.
    pub field: Field,
}

/// The fields of a page.
#[derive(Default)]
pub struct Form {
    /// In their order.
    pub fields: Vec<Labelled>,
    focus: usize,
}

impl Form {
    /// A page with these fields.
    pub fn new(fields: Vec<(&str, Field)>) -> Self {
        let fields = fields
            .into_iter()
            .map(|(label, field)| Labelled {
                label: label.to_owned(),
                field,
            })
            .collect();
        Self { fields, focus: 0 }
    }

    /// What was typed into a field.
    pub fn text(&self, at: usize) -> &str {
        self.fields
            .get(at)
            .map_or("", |labelled| labelled.field.text())
    }

    /// Which field has the focus.
    pub const fn focus(&self) -> usize {
        self.focus
    }

    /// Gives the focus to a field.
    pub fn focus_on(&mut self, at: usize) {
        self.focus = at.min(self.fields.len().saturating_sub(1));
    }

    /// Whether the last field has the focus.
    pub fn is_at_end(&self) -> bool {
        self.focus + 1 >= self.fields.len()
    }

    /// Takes a key that may be typing.
    pub fn type_key(&mut self, key: KeyEvent) -> bool {
        self.fields
            .get_mut(self.focus)
            .is_some_and(|labelled| labelled.field.handle(key))
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        if let Some(labelled) = self.fields.get_mut(self.focus) {
            labelled.field.paste(text);
        }
    }

    /// Moves the focus when the action is for that.
    pub fn act(&mut self, action: Action) {
        let many = self.fields.len().max(1);
        match action {
            Action::NextField => self.focus = (self.focus + 1) % many,
            Action::PreviousField => self.focus = (self.focus + many - 1) % many,
            _ => {}
        }
    }

    /// Draws the fields, a line each.
    pub fn draw(&self, buf: &mut Buffer, area: Rect, label: u16, focused: bool, theme: Theme) {
        for (at, (y, labelled)) in (area.y..area.bottom()).zip(&self.fields).enumerate() {
            let line = Rect {
                y,
                height: 1,
                ..area
            };
            let here = focused && at == self.focus;
            labelled
                .field
                .draw_labelled(buf, line, (&labelled.label, label), here, theme);
        }
    }
}
