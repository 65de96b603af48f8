//! `tokenward audit`: the activity log read, followed, added up, checked and exported.

pub mod acknowledge;
pub mod analyze;
pub mod command;
pub mod export;
pub mod filter;
pub mod journal;
pub mod line;
pub mod list;
pub mod mark;
pub mod rotated;
pub mod tail;
pub mod verify;
pub mod when;
