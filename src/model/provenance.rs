//! Where a credential came from that nobody signed in to here.

use crate::clock::Timestamp;
use serde::{Deserialize, Serialize};

/// That a credential was taken in from a file, another tool's or an export of this one's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Whose file it was: `tokenward`, `gh`, `gcloud`.
    pub from: String,
    /// The file; `None`: it came through a pipe.
    #[serde(default)]
    pub file: Option<String>,
    /// When it was taken in.
    pub at: Timestamp,
}
