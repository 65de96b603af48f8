//! The command line: one file a command, words for people, exit codes.

pub mod args;
pub mod completions;
pub mod context;
pub mod failure;
pub mod man;
pub mod output;
pub mod run;
pub mod span;
pub mod table;
