//! `tokenward import`: credentials from an export of this program, or from where other tools keep theirs.

pub mod command;
pub mod fate;
pub mod file;
pub mod offer;
pub mod own;
