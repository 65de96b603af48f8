//! What the activity log adds up to: by kind, credential, program, hour and day, what failed, what alarms.

use crate::clock::Timestamp;
use crate::model::alert::Alert;
use serde::{Deserialize, Serialize};

/// What some lines of the activity log add up to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// The first line that was counted.
    pub from: Option<Timestamp>,
    /// The last one.
    pub to: Option<Timestamp>,
    /// All of them.
    pub total: Tally,
    /// By kind of line, the most first.
    pub kinds: Vec<Counted>,
    /// By credential, the most first.
    pub credentials: Vec<Counted>,
    /// By the program that asked, the most first.
    pub programs: Vec<Counted>,
    /// By the hour of the day, as the owner's clock shows it; 24 of them.
    pub hours: Vec<Tally>,
    /// By day, the oldest first; days without any line are left out.
    pub days: Vec<Counted>,
    /// What is tried, and how often it fails.
    pub rates: Vec<Rate>,
    /// What a person should look at, the newest first.
    pub alerts: Vec<Alert>,
}

/// How many there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Lines.
    pub lines: u64,
    /// Those of them that tell of a failure or a refusal.
    pub failed: u64,
    /// Access tokens that were handed out.
    pub handed_out: u64,
}

/// How many there were of something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// A kind, a credential, a program, a day.
    pub name: String,
    /// How many.
    #[serde(flatten)]
    pub tally: Tally,
}

/// How often something fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// What is tried.
    pub what: String,
    /// How often it was done.
    pub done: u64,
    /// How often it failed.
    pub failed: u64,
}

impl Rate {
    /// The share that failed, 0 to 1; `None`: nothing was tried.
    pub fn share(&self) -> Option<f64> {
        share(self.failed, self.done + self.failed)
    }
}

/// A share, 0 to 1; `None`: there is nothing to have a share of.
#[allow(clippy::cast_precision_loss, reason = "counts of lines")]
pub fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
