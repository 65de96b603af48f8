//! What a vault takes on the disk.

use crate::clock::Timestamp;
use serde::{Deserialize, Serialize};

/// How the daily backups are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyBackups {
    /// How many there are.
    pub count: u64,
    /// When the newest was made.
    pub newest: Option<Timestamp>,
    /// Bytes of the newest.
    pub bytes: u64,
}

/// What a vault takes on the disk, with the copies that are kept beside it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Bytes of the vault, with what is not yet merged into its file.
    pub vault: u64,
    /// Copies of it beside it.
    pub copies: u64,
    /// Bytes of the copies.
    pub copied: u64,
}
