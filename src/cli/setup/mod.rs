//! `tokenward setup`: the lines of configuration by which other programs ask tokenward.

pub mod command;
pub mod git;
pub mod launchd;
pub mod manager;
pub mod program;
pub mod systemd;
