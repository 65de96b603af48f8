//! The page of account and scopes: the provider's defaults ticked, others to be added.

use crate::tui::app::App;
use crate::tui::field::Field;
use crate::tui::keymap::Action;
use crate::tui::paint::{paragraph, pieces, put};
use crate::tui::signin::wizard::Wizard;
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The state. The focus goes from the account over the scopes to the field for another one.
#[derive(Default)]
pub struct Scopes {
    /// The account part of the name.
    pub account: Field,
    offered: Vec<(String, bool)>,
    adding: Field,
    focus: usize,
}

impl Scopes {
    /// Scopes that are ticked, and an account.
    pub fn of(scopes: &[String], account: &str) -> Self {
        Self {
            account: Field::plain(account),
            offered: scopes.iter().map(|scope| (scope.clone(), true)).collect(),
            adding: Field::default(),
            focus: 0,
        }
    }

    /// The scopes that are ticked, with the one that is being typed.
    pub fn ticked(&self) -> Vec<String> {
        let ticked = self
            .offered
            .iter()
            .filter(|(_, ticked)| *ticked)
            .map(|(scope, _)| scope.clone());
        ticked
            .chain(self.adding.text().split_whitespace().map(str::to_owned))
            .collect()
    }

    /// Whether the focus is on a box to tick.
    pub const fn on_a_scope(&self) -> bool {
        self.focus >= 1 && self.focus <= self.offered.len()
    }

    /// Gives the focus to the account.
    pub const fn focus_on_account(&mut self) {
        self.focus = 0;
    }

    const fn on_adding(&self) -> bool {
        self.focus == self.offered.len() + 1
    }

    /// Takes a key that may be typing.
    pub fn type_key(&mut self, key: KeyEvent) -> bool {
        if self.focus == 0 {
            self.account.handle(key)
        } else if self.on_adding() {
            self.adding.handle(key)
        } else {
            false
        }
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        if self.focus == 0 {
            self.account.paste(text);
        } else if self.on_adding() {
            self.adding.paste(&text.replace(['\n', ','], " "));
        }
    }

    /// Does what a key is for; `true` when the page is done with.
    pub fn act(&mut self, action: Action) -> bool {
        let many = self.offered.len() + 2;
        match action {
            Action::NextField | Action::Down => self.focus = (self.focus + 1) % many,
            Action::PreviousField | Action::Up => self.focus = (self.focus + many - 1) % many,
            Action::Toggle if self.on_a_scope() => {
                let ticked = &mut self.offered[self.focus - 1].1;
                *ticked = !*ticked;
            }
            Action::Submit if self.on_adding() && !self.adding.is_empty() => {
                let added = self.adding.take();
                for scope in added.split_whitespace() {
                    if !self.offered.iter().any(|(known, _)| known == scope) {
                        self.offered.push((scope.to_owned(), true));
                    }
                }
                self.focus = self.offered.len() + 1;
            }
            Action::Submit => return true,
            _ => {}
        }
        false
    }
}

/// Draws the page.
pub fn draw(app: &App, wizard: &Wizard, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let scopes = &wizard.scopes;
    let line = |y| Rect {
        y,
        height: 1,
        ..area
    };
    scopes
        .account
        .draw_labelled(buf, line(area.y), ("account", 15), scopes.focus == 0, theme);
    let text = "how you call it; left empty, the provider says who you are";
    put(
        buf,
        (area.x + 15, area.y + 1),
        area.width.saturating_sub(15),
        text,
        theme.dim(),
        theme,
    );
    put(buf, (area.x, area.y + 3), 15, "scopes", theme.dim(), theme);
    // The list scrolls with the focus when there are more scopes than lines.
    let room = usize::from(area.height.saturating_sub(5)).max(1);
    let skipped = scopes.focus.saturating_sub(room).min(scopes.offered.len());
    let mut y = area.y + 3;
    for (at, (scope, ticked)) in scopes.offered.iter().enumerate().skip(skipped).take(room) {
        let here = scopes.focus == at + 1;
        let sign = if *ticked {
            theme.signs().ticked
        } else {
            theme.signs().unticked
        };
        let style = if here { theme.focus() } else { theme.plain() };
        pieces(
            buf,
            (area.x + 15, y),
            area.width.saturating_sub(15),
            &[(sign, style), (" ", style), (scope, style)],
            theme,
        );
        y += 1;
    }
    let adding = Rect {
        x: area.x + 15,
        y,
        width: area.width.saturating_sub(15),
        height: 1,
    };
    scopes
        .adding
        .draw_labelled(buf, adding, ("add ", 4), scopes.on_adding(), theme);
    if scopes.offered.is_empty() && scopes.adding.is_empty() {
        let below = Rect {
            y: y + 1,
            height: 1,
            ..adding
        };
        paragraph(buf, below, "none: the provider decides", theme.dim(), theme);
    }
}
