//! An address as a QR code in half cells, so that a phone can open it.

use crate::tui::theme::Theme;
use qrcode::{Color as Module, EcLevel, QrCode};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

/// Light modules around the code; the standard wants four, readers manage with two.
const QUIET: usize = 2;

/// A code, row by row; `true` is dark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qr {
    modules: Vec<bool>,
    side: usize,
}

impl Qr {
    /// The code of an address; `None` when it is too long for one.
    pub fn of(address: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(address, EcLevel::L).ok()?;
        let side = code.width();
        let modules = code
            .into_colors()
            .into_iter()
            .map(|module| module == Module::Dark)
            .collect();
        Some(Self { modules, side })
    }

    /// Columns and rows it takes on the screen.
    pub fn size(&self) -> (u16, u16) {
        let side = self.side + 2 * QUIET;
        let cells = |modules: usize| u16::try_from(modules).unwrap_or(u16::MAX);
        (cells(side), cells(side.div_ceil(2)))
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < self.side);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => self.modules[y * self.side + x],
            _ => false,
        }
    }

    /// Draws it at the top right of an area that is large enough.
    pub fn draw(&self, buf: &mut Buffer, area: Rect, theme: Theme) {
        let (width, height) = self.size();
        // Dark on light, whatever the terminal's own colours; without colour the light modules are what is drawn.
        let style = if theme.has_colour() {
            Style::new().fg(Color::Black).bg(Color::White)
        } else {
            Style::new()
        };
        let left = area.right().saturating_sub(width);
        for row in 0..height {
            for column in 0..width {
                let (x, y) = (usize::from(column), usize::from(row) * 2);
                let (upper, lower) = (self.is_dark(x, y), self.is_dark(x, y + 1));
                let ink = if theme.has_colour() {
                    (upper, lower)
                } else {
                    (!upper, !lower)
                };
                let symbol = match ink {
                    (true, true) => "█",
                    (true, false) => "▀",
                    (false, true) => "▄",
                    (false, false) => " ",
                };
                if let Some(cell) = buf.cell_mut((left + column, area.y + row)) {
                    cell.set_symbol(symbol).set_style(style);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usual_device_address_fits_beside_the_words() {
        let qr = Qr::of("https://github.com/login/device?user_code=WDJB-MJHT").unwrap();
        let (width, height) = qr.size();
        assert!(width <= 37 && height <= 19, "{width}x{height}");
    }

    #[test]
    fn what_is_too_long_has_no_code() {
        assert!(Qr::of(&"x".repeat(5000)).is_none());
    }
}
