//! The settings as an owner uses them: when they were read, and what is wrong with those it cannot use.

use crate::clock::Timestamp;
use serde::{Deserialize, Serialize};

/// What an owner's settings are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The file.
    pub file: String,
    /// When those that count were read.
    pub read_at: Timestamp,
    /// Why what stands in the file now is not used, with line and column; `None`: it is.
    #[serde(default)]
    pub trouble: Option<String>,
    /// Settings that have changed since and count once the owner is started again.
    #[serde(default)]
    pub at_the_next_start: Vec<String>,
}
