//! The settings: `config.toml`, then `TOKENWARD_*` from the environment, over the defaults.

pub mod changes;
pub mod environment;
pub mod error;
pub mod hooks;
pub mod keys;
pub mod layers;
pub mod members;
pub mod notify;
pub mod origin;
pub mod places;
pub mod ranges;
pub mod settings;
pub mod stamp;
pub mod text;
