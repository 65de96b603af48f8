//! The settings: `config.toml`, then `TOKENWARD_*` from the environment, over the defaults.

pub mod error;
pub mod layers;
pub mod members;
pub mod ranges;
pub mod settings;
