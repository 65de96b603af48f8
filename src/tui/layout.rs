//! Where everything stands on a screen of some size; drawing and the mouse agree by asking here.

use ratatui::layout::Rect;

/// Smallest terminal that everything fits.
pub const SMALLEST: (u16, u16) = (60, 16);
/// From this width on the list shares the screen with the detail.
pub const WIDE: u16 = 120;

/// The detail beside the list is no wider: what more there is tells more in the list.
const WIDEST_DETAIL: u16 = 60;

/// The parts of the main screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// The line with the counts.
    pub header: Rect,
    /// The line with the tabs.
    pub tabs: Rect,
    /// The rule under the tabs.
    pub upper_rule: Rect,
    /// What is between the rules.
    pub body: Rect,
    /// The rule over the sentence.
    pub lower_rule: Rect,
    /// The sentence about the selected row.
    pub sentence: Rect,
    /// The keys.
    pub hints: Rect,
}

impl Layout {
    /// The parts of a screen of that many columns and rows.
    pub fn of(size: (u16, u16)) -> Self {
        let (width, height) = size;
        let line = |y| Rect::new(0, y, width, 1);
        Self {
            header: line(0),
            tabs: line(1),
            upper_rule: line(2),
            body: Rect::new(0, 3, width, height.saturating_sub(6)),
            lower_rule: line(height.saturating_sub(3)),
            sentence: line(height.saturating_sub(2)),
            hints: line(height.saturating_sub(1)),
        }
    }

    /// List and detail side by side, 55:45 with a wall between, the detail no wider than it reads well; the list alone when it is not wide or not wished.
    pub fn panes(&self, pane: bool) -> (Rect, Option<Rect>) {
        let body = self.body;
        if !pane || body.width < WIDE {
            return (body, None);
        }
        // 55 of 100 of at most 65,535 fits 32 bits.
        #[allow(clippy::cast_possible_truncation, reason = "a share of a u16 is a u16")]
        let left = (body.width as u32 * 55 / 100) as u16;
        let left = left.max(body.width.saturating_sub(WIDEST_DETAIL));
        let list = Rect::new(body.x, body.y, left - 1, body.height);
        let detail = Rect::new(
            body.x + left + 1,
            body.y,
            body.width - left - 1,
            body.height,
        );
        (list, Some(detail))
    }
}

/// Whether a terminal is too small for the main screen.
pub const fn is_too_small(size: (u16, u16)) -> bool {
    size.0 < SMALLEST.0 || size.1 < SMALLEST.1
}

/// A box of some size in the middle of a screen, cut to it.
pub fn centred(size: (u16, u16), width: u16, height: u16) -> Rect {
    let width = width.min(size.0);
    let height = height.min(size.1);
    Rect::new((size.0 - width) / 2, (size.1 - height) / 2, width, height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_fill_the_screen_without_overlapping() {
        for size in [(80, 24), (120, 36), (60, 16)] {
            let layout = Layout::of(size);
            let heights = layout.body.height + 6;
            assert_eq!(heights, size.1);
            assert_eq!(layout.body.bottom(), layout.lower_rule.y);
            let (list, detail) = layout.panes(true);
            match detail {
                Some(detail) => assert_eq!(detail.right(), size.0),
                None => assert_eq!(list.width, size.0),
            }
        }
    }
}
