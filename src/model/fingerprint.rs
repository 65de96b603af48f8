//! A keyed hash of a token: says which token it was without keeping it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The first eight bytes of an HMAC over a token, keyed by the vault; safe to show and to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub u64);

impl fmt::Display for Fingerprint {
    /// Four groups of four hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g, h, i] = self.0.to_be_bytes();
        write!(
            f,
            "{a:02x}{b:02x} {c:02x}{d:02x} {e:02x}{g:02x} {h:02x}{i:02x}"
        )
    }
}
