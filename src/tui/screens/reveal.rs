//! An access token in the open, for ten seconds.

use crate::tui::paint::wrap_exact;
use crate::tui::workspace::Revealed;

/// The token in lines of `room` columns, so that all of it can be read.
pub fn lines(revealed: &Revealed, room: usize) -> Vec<String> {
    wrap_exact(revealed.token.access.expose_secret(), room)
}
