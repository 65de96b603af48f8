//! Decides (purely) and does: scheduling, single-flight, backoff, limits, sign-in sessions.

pub mod alarms;
pub mod api;
pub mod arriving;
pub mod asking;
pub mod core;
pub mod ending;
pub mod failing;
pub mod flight;
pub mod forecast;
pub mod gate;
pub mod held;
pub mod link;
pub mod plan;
pub mod queue;
pub mod sample;
pub mod settings;
pub mod shelf;
pub mod step;
pub mod waiting;
