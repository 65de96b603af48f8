//! Colours and signs: a colour has one meaning, and a word or a shape always says the same beside it.

use crate::model::health::HealthKind;
use ratatui::style::{Color, Modifier, Style};

/// How things look on this terminal: with or without colour, with or without Unicode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    colour: bool,
    unicode: bool,
}

/// What a text is about; decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// All is well.
    Good,
    /// Soon, or worth a look.
    Soon,
    /// Something is wrong.
    Trouble,
    /// Work is under way.
    Work,
    /// Nothing special.
    Plain,
    /// Secondary.
    Dim,
}

/// Shapes for one kind of terminal.
#[derive(Debug)]
pub struct Signs {
    /// Before the selected row.
    pub pointer: &'static str,
    /// Before a marked row.
    pub mark: &'static str,
    /// Before a folded group.
    pub folded: &'static str,
    /// Before an unfolded group.
    pub unfolded: &'static str,
    /// Horizontal rule.
    pub rule: &'static str,
    /// Vertical rule.
    pub wall: &'static str,
    /// Something succeeded.
    pub success: &'static str,
    /// Something failed.
    pub failure: &'static str,
    /// Stands for a character that is masked.
    pub masked: &'static str,
    /// Between facts of one line.
    pub dot: &'static str,
    /// The text was cut here.
    pub ellipsis: char,
    /// Where a refresh is planned within a bar.
    pub planned: &'static str,
    /// The horizontal bar's last cell, from one eighth to full.
    pub across: [&'static str; 8],
    /// The vertical bar's top cell, from one eighth to full.
    pub upward: [&'static str; 8],
    /// From one thing to the next.
    pub arrow: &'static str,
    /// A box that is ticked.
    pub ticked: &'static str,
    /// A box that is not ticked.
    pub unticked: &'static str,
    /// Corners of a frame: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
    /// Enter key.
    pub enter: &'static str,
    /// Space key.
    pub space: &'static str,
    /// Arrow keys up, down, left, right.
    pub arrows: [&'static str; 4],
}

const UNICODE: Signs = Signs {
    pointer: "▸",
    mark: "✓",
    folded: "▸",
    unfolded: "▾",
    rule: "─",
    wall: "│",
    success: "✓",
    failure: "✗",
    masked: "•",
    dot: "·",
    ellipsis: '…',
    planned: "┊",
    across: ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
    upward: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    arrow: "→",
    ticked: "[✓]",
    unticked: "[ ]",
    corners: ["╭", "╮", "╰", "╯"],
    enter: "⏎",
    space: "␣",
    arrows: ["↑", "↓", "←", "→"],
};

const ASCII: Signs = Signs {
    pointer: ">",
    mark: "+",
    folded: ">",
    unfolded: "v",
    rule: "-",
    wall: "|",
    success: "+",
    failure: "x",
    masked: "*",
    dot: "-",
    ellipsis: '~',
    planned: "|",
    across: [" ", " ", " ", "-", "-", "=", "=", "#"],
    upward: [".", ".", ":", ":", "=", "=", "#", "#"],
    arrow: "->",
    ticked: "[x]",
    unticked: "[ ]",
    corners: ["+", "+", "+", "+"],
    enter: "Enter",
    space: "Space",
    arrows: ["Up", "Down", "Left", "Right"],
};

impl Theme {
    /// A theme for a terminal that has (or lacks) colour and Unicode.
    pub const fn new(colour: bool, unicode: bool) -> Self {
        Self { colour, unicode }
    }

    /// The shapes of this terminal.
    pub const fn signs(self) -> &'static Signs {
        if self.unicode { &UNICODE } else { &ASCII }
    }

    /// Whether shapes beyond ASCII may be drawn.
    pub const fn has_unicode(self) -> bool {
        self.unicode
    }

    /// Whether colours may be used.
    pub const fn has_colour(self) -> bool {
        self.colour
    }

    fn colour(self, colour: Color) -> Style {
        if self.colour {
            Style::new().fg(colour)
        } else {
            Style::new()
        }
    }

    /// Style of ordinary text.
    pub const fn plain(self) -> Style {
        Style::new()
    }

    /// Style of secondary text.
    pub fn dim(self) -> Style {
        if self.colour {
            self.colour(Color::DarkGray)
        } else {
            Style::new().add_modifier(Modifier::DIM)
        }
    }

    /// Style of titles.
    pub const fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Style of where the person is: the pointer, the present tab, keys that can be pressed.
    pub fn focus(self) -> Style {
        self.colour(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// Style of a key in hints.
    pub fn key(self) -> Style {
        self.colour(Color::Cyan)
    }

    /// Style of the cell under a text cursor.
    pub const fn cursor(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Style of a tone.
    pub fn tone(self, tone: Tone) -> Style {
        match tone {
            Tone::Good => self.colour(Color::Green),
            Tone::Soon => self.colour(Color::Yellow),
            Tone::Trouble => self.colour(Color::Red),
            // The bright one: plain blue can hardly be read on black.
            Tone::Work => self.colour(Color::LightBlue),
            Tone::Plain => self.plain(),
            Tone::Dim => self.dim(),
        }
    }

    /// Style of a health.
    pub fn health(self, kind: HealthKind) -> Style {
        let style = self.tone(tone_of(kind));
        if kind == HealthKind::NeedsLogin {
            style.add_modifier(Modifier::BOLD)
        } else {
            style
        }
    }

    /// Sign of a health.
    pub const fn sign(self, kind: HealthKind) -> &'static str {
        let (unicode, ascii) = match kind {
            HealthKind::Fresh => ("●", "*"),
            HealthKind::Expiring => ("◐", "o"),
            HealthKind::Refreshing => ("↻", "~"),
            HealthKind::Retrying => ("▲", "!"),
            HealthKind::Expired => ("○", "-"),
            HealthKind::NeedsLogin | HealthKind::Misconfigured => ("✖", "x"),
            HealthKind::RateLimited => ("‖", "="),
            HealthKind::Revoked => ("■", "#"),
            HealthKind::Static => ("◇", "."),
        };
        if self.unicode { unicode } else { ascii }
    }
}

/// The tone of a health.
pub const fn tone_of(kind: HealthKind) -> Tone {
    match kind {
        HealthKind::Fresh => Tone::Good,
        HealthKind::Expiring | HealthKind::Retrying | HealthKind::RateLimited => Tone::Soon,
        HealthKind::Refreshing => Tone::Work,
        HealthKind::Expired | HealthKind::NeedsLogin | HealthKind::Misconfigured => Tone::Trouble,
        HealthKind::Revoked => Tone::Dim,
        HealthKind::Static => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_health_differs_from_its_neighbours_without_colour() {
        for theme in [Theme::new(false, true), Theme::new(false, false)] {
            let looks: std::collections::BTreeSet<_> = HealthKind::ALL
                .iter()
                .map(|kind| (theme.sign(*kind), kind.word()))
                .collect();
            assert_eq!(looks.len(), HealthKind::ALL.len());
        }
    }

    #[test]
    fn the_ascii_signs_are_ascii() {
        let theme = Theme::new(true, false);
        assert!(
            HealthKind::ALL
                .iter()
                .all(|kind| theme.sign(*kind).is_ascii())
        );
        assert!(theme.signs().across.iter().all(|sign| sign.is_ascii()));
    }
}
