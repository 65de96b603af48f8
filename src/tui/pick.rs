//! A list to choose from by typing: the commands, the providers.

use crate::tui::field::Field;
use crate::tui::find::{self, Finder};
use crate::tui::keymap::Action;
use crate::tui::paint::{put, put_right};
use crate::tui::theme::Theme;
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Room for how many more there are.
const MORE: u16 = 15;

/// One thing to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is looked through.
    pub title: String,
    /// What stands at its right.
    pub aside: String,
    /// What is looked through beside the title, and not shown.
    pub also: String,
}

/// The state: what was typed, what fits, where the pointer is.
pub struct Pick {
    /// What was typed.
    pub field: Field,
    choices: Vec<Choice>,
    fitting: Vec<usize>,
    cursor: usize,
    keeps_last: bool,
}

impl Pick {
    /// A list of choices with nothing typed.
    pub fn new(choices: Vec<Choice>) -> Self {
        let fitting = (0..choices.len()).collect();
        Self {
            field: Field::default(),
            choices,
            fitting,
            cursor: 0,
            keeps_last: false,
        }
    }

    /// The same, the last choice being offered whatever is typed.
    pub fn keeping_last(mut self) -> Self {
        self.keeps_last = true;
        self
    }

    /// Other choices, with what was typed kept.
    pub fn replace(&mut self, choices: Vec<Choice>) {
        self.choices = choices;
        self.refit();
    }

    /// Takes a key that may be typing.
    pub fn type_key(&mut self, key: KeyEvent) -> bool {
        let typed = self.field.handle(key);
        if typed {
            self.refit();
        }
        typed
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        self.field.paste(text);
        self.refit();
    }

    fn refit(&mut self) {
        let choices = self.choices.iter();
        let texts: Vec<String> = choices
            .map(|choice| format!("{} {}", choice.title, choice.also))
            .collect();
        let texts = texts.iter().map(|text| text.trim_end());
        self.fitting = find::ranked(self.field.text(), texts);
        self.place_last();
        self.cursor = 0;
    }

    /// What only has the typed letters somewhere stands below the last choice, which is there for what is not listed.
    fn place_last(&mut self) {
        let Some(last) = self
            .choices
            .len()
            .checked_sub(1)
            .filter(|_| self.keeps_last)
        else {
            return;
        };
        if self.field.text().trim().is_empty() {
            return;
        }
        let mut finder = Finder::without_gaps(self.field.text());
        let mut is_whole = |at: &usize| {
            let choice = &self.choices[*at];
            finder
                .score(&format!("{} {}", choice.title, choice.also))
                .is_some()
        };
        let fitting = self.fitting.iter().copied().filter(|at| *at != last);
        let (mut whole, weak): (Vec<usize>, Vec<usize>) = fitting.partition(|at| is_whole(at));
        if is_whole(&last) && self.fitting.first() == Some(&last) {
            whole.insert(0, last);
        } else {
            whole.push(last);
        }
        whole.extend(weak);
        self.fitting = whole;
    }

    /// Moves the pointer when the action is for that.
    pub fn act(&mut self, action: Action) {
        match action {
            Action::Up => self.go(-1),
            Action::Down => self.go(1),
            Action::PageUp => self.go(-10),
            Action::PageDown => self.go(10),
            _ => {}
        }
    }

    /// Moves the pointer; it stops at both ends.
    pub fn go(&mut self, by: isize) {
        self.cursor = self
            .cursor
            .saturating_add_signed(by)
            .min(self.fitting.len().saturating_sub(1));
    }

    /// Which of the choices the pointer is on.
    pub fn chosen(&self) -> Option<usize> {
        self.fitting.get(self.cursor).copied()
    }

    /// Puts the pointer on a line of the drawn list.
    pub fn point(&mut self, down: usize, height: u16) -> bool {
        let at = self.offset(height) + down;
        let there = at < self.fitting.len();
        if there {
            self.cursor = at;
        }
        there
    }

    fn offset(&self, height: u16) -> usize {
        (self.cursor + 1).saturating_sub(usize::from(height.max(1)))
    }

    /// Draws the field, and the choices below it.
    pub fn draw(&self, buf: &mut Buffer, area: Rect, theme: Theme) {
        let line = Rect {
            width: area.width.saturating_sub(MORE + 1),
            height: 1,
            ..area
        };
        self.field.draw_labelled(buf, line, ("> ", 2), true, theme);
        let list = Rect {
            y: area.y + 2,
            height: area.height.saturating_sub(2),
            ..area
        };
        let seen = self.offset(list.height) + usize::from(list.height);
        let below = self.fitting.len().saturating_sub(seen);
        if below > 0 {
            let more = format!("{below} more below");
            put_right(
                buf,
                (line.right() + 1, line.y),
                MORE,
                &more,
                theme.dim(),
                theme,
            );
        }
        if self.fitting.is_empty() {
            put(
                buf,
                (list.x + 2, list.y),
                list.width,
                "nothing fits",
                theme.dim(),
                theme,
            );
        }
        let shown = self
            .fitting
            .iter()
            .enumerate()
            .skip(self.offset(list.height));
        for (y, (at, choice)) in (list.y..list.bottom()).zip(shown) {
            let choice = &self.choices[*choice];
            let selected = at == self.cursor;
            let style = if selected {
                theme.strong()
            } else {
                theme.plain()
            };
            if selected {
                put(
                    buf,
                    (list.x, y),
                    1,
                    theme.signs().pointer,
                    theme.focus(),
                    theme,
                );
            }
            let aside = list.width / 2;
            let end = put(
                buf,
                (list.x + 2, y),
                list.width.saturating_sub(2),
                &choice.title,
                style,
                theme,
            );
            let room = list.right().saturating_sub(end + 2).min(aside);
            put_right(
                buf,
                (list.right() - room, y),
                room,
                &choice.aside,
                theme.dim(),
                theme,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_the_letters_only_somewhere_stands_below_the_choice_for_another() {
        let choice = |title: &str| Choice {
            title: title.to_owned(),
            aside: String::new(),
            also: String::new(),
        };
        let titles = ["crates.io registry program", "Corporate SSO", "Another one"];
        let mut pick = Pick::new(titles.map(choice).to_vec()).keeping_last();
        pick.paste("corp");
        assert_eq!(pick.fitting, [1, 2, 0]);
        pick.field.clear();
        pick.paste("crpr");
        assert_eq!(pick.fitting[0], 2, "{:?}", pick.fitting);
        pick.field.clear();
        pick.paste("another");
        assert_eq!(pick.chosen(), Some(2));
        pick.field.clear();
        pick.paste("");
        assert_eq!(pick.fitting, [0, 1, 2]);
    }
}
