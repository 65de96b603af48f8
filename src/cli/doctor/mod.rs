//! `tokenward doctor`: looks at what the vault rests on, one file a check, and says what mends it.

pub mod backups;
pub mod case;
pub mod command;
pub mod cores;
pub mod files;
pub mod finding;
pub mod hooks;
pub mod machine;
pub mod outlook;
pub mod owner;
pub mod place;
pub mod providers;
pub mod repair;
pub mod spilled;
pub mod swap;
pub mod terminal;
pub mod unit;
pub mod unlocking;
