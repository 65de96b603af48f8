//! Decides (purely) and does: scheduling, single-flight, backoff, limits, sign-in sessions.

pub mod api;
pub mod gate;
pub mod link;
pub mod shelf;
