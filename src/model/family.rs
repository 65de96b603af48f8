//! A family of a grant's tokens: each pair follows the one before, and only the newest refresh token lives.

use crate::clock::Timestamp;
use crate::model::program::Program;
use crate::secret::{FamilyKey, TokenHash};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The number of a family: sixteen random bytes, written as hexadecimal digits. It is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FamilyId(pub [u8; 16]);

/// Why a text is no family's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the number of a family is 32 hexadecimal digits")]
pub struct NotAFamily;

impl fmt::Display for FamilyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for FamilyId {
    type Err = NotAFamily;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = is_hex.then(|| u128::from_str_radix(text, 16));
        match number {
            Some(Ok(number)) => Ok(Self(number.to_be_bytes())),
            Some(Err(_)) | None => Err(NotAFamily),
        }
    }
}

impl Serialize for FamilyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FamilyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A family as it is kept. No token of it can be made from this: of the one refresh token that is alive there is a hash.
#[derive(Debug)]
pub struct Family {
    /// Its number.
    pub id: FamilyId,
    /// What its refresh tokens are known by, the used ones too.
    pub key: FamilyKey,
    /// Which refresh token is alive, counted from nought.
    pub turn: u64,
    /// The bcrypt hash of that one.
    pub hash: TokenHash,
    /// When it began.
    pub since: Timestamp,
    /// When the pair that is out was made.
    pub rotated_at: Timestamp,
    /// When the refresh token ends.
    pub expires_at: Timestamp,
    /// Who got the first pair.
    pub to: Arc<Program>,
}

impl Family {
    /// A copy, for the vault or to go back to.
    pub fn duplicate(&self) -> Self {
        Self {
            key: self.key.duplicate(),
            hash: self.hash.duplicate(),
            to: Arc::clone(&self.to),
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_back_as_it_was_written() {
        let id = FamilyId([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(id.to_string(), "000102030405060708090a0b0c0d0eff");
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "00", "+00102030405060708090a0b0c0d0eff"] {
            assert!(bad.parse::<FamilyId>().is_err(), "{bad}");
        }
    }
}
