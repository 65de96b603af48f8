//! Speaks the protocols by which other programs ask for credentials.

pub mod fitting;
pub mod git;
