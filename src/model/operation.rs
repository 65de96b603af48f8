//! The number that ties together what belongs together: a question, the refresh it caused, the write.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// An operation, written as sixteen hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub u64);

impl OperationId {
    /// The `number`th operation of its `kind` in an engine that drew `seed` at its start (SplitMix64's finalizer: no
    /// two numbers of one kind give the same).
    pub fn derive(seed: u64, kind: u64, number: u64) -> Self {
        let mut mixed = seed ^ (kind << 56) ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(mixed ^ (mixed >> 31))
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for OperationId {
    type Err = NotAnOperation;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 16 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotAnOperation);
        }
        u64::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| NotAnOperation)
    }
}

/// The text names no operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an operation is sixteen hexadecimal digits, as `tokenward audit list` shows them")]
pub struct NotAnOperation;

impl Serialize for OperationId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OperationId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_read_as_it_is_written() {
        let operation = OperationId::derive(7, 1, 42);
        assert_eq!(operation.to_string().parse(), Ok(operation));
        assert_eq!(OperationId(1).to_string(), "0000000000000001");
        for wrong in [
            "",
            "1",
            "+000000000000001",
            "00000000000000001",
            "000000000000000g",
        ] {
            assert_eq!(wrong.parse::<OperationId>(), Err(NotAnOperation));
        }
    }

    #[test]
    fn no_two_operations_of_an_engine_are_the_same() {
        let all = (0..3).flat_map(|kind| (0..1000).map(move |n| OperationId::derive(5, kind, n)));
        assert_eq!(all.collect::<std::collections::BTreeSet<_>>().len(), 3000);
    }
}
