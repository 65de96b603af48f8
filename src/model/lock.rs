//! A locked vault: since when it is, and what locked it.

use crate::clock::Timestamp;
use serde::{Deserialize, Serialize};

/// What locked a vault, or a screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum LockReason {
    /// Somebody asked for it.
    #[default]
    Asked,
    /// Everything was revoked at once.
    Panic,
    /// Nobody used it for a while.
    Idle {
        /// How long, in minutes.
        minutes: u64,
    },
    /// The machine was about to sleep.
    Sleep,
    /// The machine had slept, which was noticed when it woke.
    Woke,
}

impl LockReason {
    /// Whether a person wanted it, here and now.
    pub const fn is_wanted(self) -> bool {
        match self {
            Self::Asked | Self::Panic => true,
            Self::Idle { .. } | Self::Sleep | Self::Woke => false,
        }
    }

    /// In words, as the end of a sentence.
    pub fn words(self) -> String {
        match self {
            Self::Asked => "somebody asked for it".to_owned(),
            Self::Panic => "everything was revoked at once".to_owned(),
            Self::Idle { minutes: 1 } => "unused for a minute".to_owned(),
            Self::Idle { minutes } => format!("unused for {minutes} minutes"),
            Self::Sleep => "the machine was about to sleep".to_owned(),
            Self::Woke => "the machine had slept".to_owned(),
        }
    }
}

/// That a vault is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locked {
    /// Since when.
    pub since: Timestamp,
    /// What locked it.
    #[serde(flatten)]
    pub reason: LockReason,
}

/// What was locked when somebody asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockOutcome {
    /// The vault's lock; `None`: the settings want the screens locked and nothing else.
    pub locked: Option<Locked>,
    /// It was locked before.
    pub was_locked: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_it_was_written() {
        for reason in [
            LockReason::Asked,
            LockReason::Panic,
            LockReason::Idle { minutes: 10 },
            LockReason::Sleep,
            LockReason::Woke,
        ] {
            let locked = Locked {
                since: Timestamp::from_secs(5),
                reason,
            };
            let text = serde_json::to_string(&locked).unwrap();
            assert_eq!(serde_json::from_str::<Locked>(&text).unwrap(), locked);
        }
    }

    #[test]
    fn a_span_is_told_in_minutes() {
        let words = |minutes| LockReason::Idle { minutes }.words();
        assert_eq!(words(1), "unused for a minute");
        assert_eq!(words(10), "unused for 10 minutes");
    }
}
