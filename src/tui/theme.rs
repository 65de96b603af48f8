//! Colours and signs: a colour has one meaning, and a word or a shape always says the same beside it.

use crate::model::health::HealthKind;
use ratatui::style::{Color, Modifier, Style};

/// How things look on this terminal: with or without colour, with or without Unicode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    palette: Palette,
    unicode: bool,
}

/// Which colours a terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// None, or none are wished.
    None,
    /// The sixteen whose looks the terminal decides over.
    Sixteen,
    /// 256 of fixed looks: readable on dark and on light, whatever the sixteen look like.
    Many,
}

/// What has a colour of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ink {
    Good,
    Soon,
    Trouble,
    Work,
    Focus,
    Dim,
}

impl Ink {
    const fn of_sixteen(self) -> Color {
        match self {
            Self::Good => Color::Green,
            Self::Soon => Color::Yellow,
            Self::Trouble => Color::Red,
            // The bright one: plain blue can hardly be read on black.
            Self::Work => Color::LightBlue,
            Self::Focus => Color::Cyan,
            Self::Dim => Color::DarkGray,
        }
    }

    const fn of_many(self) -> u8 {
        match self {
            Self::Good => 34,
            Self::Soon => 136,
            Self::Trouble => 203,
            Self::Work => 33,
            Self::Focus => 37,
            Self::Dim => 244,
        }
    }
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
    folded: "+",
    unfolded: "-",
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
    folded: "+",
    unfolded: "-",
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
    /// A theme for a terminal that has (or lacks) the sixteen colours, and Unicode.
    pub const fn new(colour: bool, unicode: bool) -> Self {
        let palette = if colour {
            Palette::Sixteen
        } else {
            Palette::None
        };
        Self { palette, unicode }
    }

    /// The same for a terminal with other colours.
    pub const fn with(self, palette: Palette) -> Self {
        Self { palette, ..self }
    }

    /// The shapes of this terminal.
    pub const fn signs(self) -> &'static Signs {
        if self.unicode { &UNICODE } else { &ASCII }
    }

    /// Whether shapes beyond ASCII may be drawn.
    pub const fn has_unicode(self) -> bool {
        self.unicode
    }

    /// Which colours may be used.
    pub const fn palette(self) -> Palette {
        self.palette
    }

    /// Whether colours may be used.
    pub const fn has_colour(self) -> bool {
        !matches!(self.palette, Palette::None)
    }

    const fn ink(self, ink: Ink) -> Style {
        match self.palette {
            Palette::None => Style::new(),
            Palette::Sixteen => Style::new().fg(ink.of_sixteen()),
            Palette::Many => Style::new().fg(Color::Indexed(ink.of_many())),
        }
    }

    /// Style of ordinary text.
    pub const fn plain(self) -> Style {
        Style::new()
    }

    /// Style of secondary text.
    pub const fn dim(self) -> Style {
        match self.palette {
            Palette::None => Style::new().add_modifier(Modifier::DIM),
            Palette::Sixteen | Palette::Many => self.ink(Ink::Dim),
        }
    }

    /// Style of titles.
    pub const fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Style of where the person is: the pointer, the present tab, keys that can be pressed.
    pub const fn focus(self) -> Style {
        self.ink(Ink::Focus).add_modifier(Modifier::BOLD)
    }

    /// Style of a key in hints.
    pub const fn key(self) -> Style {
        self.ink(Ink::Focus)
    }

    /// Style of the cell under a text cursor.
    pub const fn cursor(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Style of a tone.
    pub const fn tone(self, tone: Tone) -> Style {
        match tone {
            Tone::Good => self.ink(Ink::Good),
            Tone::Soon => self.ink(Ink::Soon),
            Tone::Trouble => self.ink(Ink::Trouble),
            Tone::Work => self.ink(Ink::Work),
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
            HealthKind::NeedsLogin => ("✖", "x"),
            HealthKind::Misconfigured => ("▼", "X"),
            HealthKind::RateLimited => ("‖", "="),
            HealthKind::Revoking => ("□", "%"),
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
        HealthKind::Expiring
        | HealthKind::Retrying
        | HealthKind::RateLimited
        | HealthKind::Revoking => Tone::Soon,
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
                // Where there is no room for words the sign is all there is.
                .map(|kind| theme.sign(*kind))
                .collect();
            assert_eq!(looks.len(), HealthKind::ALL.len());
        }
    }

    /// Relative luminance of one of the 256 (WCAG 2.2, 1.4.3); those from 16 on have fixed looks.
    fn luminance(index: u8) -> f64 {
        let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
        let [red, green, blue] = match index {
            0..16 => panic!("{index} looks as the terminal decides"),
            16..232 => [(index - 16) / 36, (index - 16) / 6 % 6, (index - 16) % 6].map(level),
            232.. => [8 + 10 * (index - 232); 3],
        }
        .map(|value| {
            let share = f64::from(value) / 255.0;
            if share <= 0.04045 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    #[test]
    fn the_fixed_colours_can_be_read_on_dark_and_on_light() {
        // A dark grey such as terminals have for black, and white.
        let (dark, light) = (0.013, 1.0);
        let inks = [
            Ink::Good,
            Ink::Soon,
            Ink::Trouble,
            Ink::Work,
            Ink::Focus,
            Ink::Dim,
        ];
        for ink in inks {
            let here = luminance(ink.of_many()) + 0.05;
            assert!(here / (dark + 0.05) >= 4.0, "{ink:?} on dark");
            assert!((light + 0.05) / here >= 2.7, "{ink:?} on light");
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
