//! Recurring work of the engine: when each was last done, how it ended, and when it comes again.

use crate::clock::Timestamp;
use serde::{Deserialize, Serialize};

/// A kind of recurring work, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chore {
    /// Providers that could not be told of a revocation are told again.
    Revocations,
    /// People are told of sign-ins that are coming.
    Forecast,
    /// The activity log is watched for what a person should look at.
    Alerts,
    /// It is noted which tokens programs fetched from memory, and what nobody fetches leaves it.
    Uses,
    /// Lines of the activity log that are too old or too many go.
    Pruning,
    /// Providers are asked, at random moments, whether a token still lives (RFC 7662).
    Checks,
    /// The day's backup is made.
    Backup,
    /// Tokens of grants that have expired go.
    Grants,
}

impl Chore {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 8] = [
        Self::Revocations,
        Self::Forecast,
        Self::Alerts,
        Self::Uses,
        Self::Pruning,
        Self::Checks,
        Self::Backup,
        Self::Grants,
    ];

    /// What it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Revocations => "revocations",
            Self::Forecast => "forecast",
            Self::Alerts => "alerts",
            Self::Uses => "uses",
            Self::Pruning => "pruning",
            Self::Checks => "checks",
            Self::Backup => "backup",
            Self::Grants => "grants",
        }
    }

    /// What was done, with how many there were.
    pub fn done(self, count: u64) -> String {
        let (one, many) = match (self, count) {
            (Self::Backup, 0) => return "today's is there".to_owned(),
            (_, 0) => return "nothing to do".to_owned(),
            (Self::Revocations, _) => ("provider told", "providers told"),
            (Self::Forecast, _) => ("sign-in foretold", "sign-ins foretold"),
            (Self::Alerts, _) => ("line looked through", "lines looked through"),
            (Self::Uses, _) => ("credential used", "credentials used"),
            (Self::Pruning, _) => ("line let go", "lines let go"),
            (Self::Checks, _) => ("token checked", "tokens checked"),
            (Self::Backup, _) => ("credential backed up", "credentials backed up"),
            (Self::Grants, _) => ("pair let go", "pairs let go"),
        };
        let what = if count == 1 { one } else { many };
        format!("{count} {what}")
    }
}

/// How recurring work ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Ended {
    /// It was done.
    Done {
        /// How much there was to do.
        count: u64,
    },
    /// It could not be done; it is tried again, each time a little later.
    Failed {
        /// Why, a sentence.
        why: String,
    },
}

/// The last time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastTime {
    /// When it ended.
    pub at: Timestamp,
    /// How.
    #[serde(flatten)]
    pub ended: Ended,
}

/// A kind of recurring work as everybody sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoreView {
    /// Which.
    pub chore: Chore,
    /// How many are under way.
    pub running: u64,
    /// When it is due again; `None`: nothing is planned.
    pub next: Option<Timestamp>,
    /// How it ended the last time; `None`: it was not done yet.
    pub last: Option<LastTime>,
    /// How often it failed in a row.
    pub failures: u32,
}

impl ChoreView {
    /// Why it could not be done the last time, if it could not.
    pub fn trouble(&self) -> Option<&str> {
        match &self.last.as_ref()?.ended {
            Ended::Failed { why } => Some(why),
            Ended::Done { .. } => None,
        }
    }

    /// How the last time ended, in words.
    pub fn result(&self) -> String {
        match self.last.as_ref().map(|last| &last.ended) {
            None => "not done yet".to_owned(),
            Some(Ended::Done { count }) => self.chore.done(*count),
            Some(Ended::Failed { why }) => format!("failed: {why}"),
        }
    }
}
