//! tokenward keeps a person's OAuth credentials alive: sealed in a vault, refreshed before they expire.
//!
//! The floors, from the top; a module imports from lower floors only (`tests/suite/boundaries.rs` holds this):
//!
//! ```text
//! main > cli > { tui, agent, demo } > engine > { vault, oauth } > config > model > jose > { secret, clock, paths }
//! ```

pub mod agent;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod engine;
pub mod jose;
pub mod model;
pub mod oauth;
pub mod paths;
pub mod secret;
pub mod tui;
pub mod vault;
