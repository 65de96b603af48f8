//! `tokenward exec`: runs a program with tokens in its environment, or in a file that is kept fresh.

pub mod child;
pub mod command;
pub mod containers;
pub mod fresh_file;
pub mod keeper;
pub mod signals;
pub mod variables;
pub mod wallet;
