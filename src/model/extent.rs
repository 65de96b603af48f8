//! What a vault takes on the disk.

use serde::{Deserialize, Serialize};

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
