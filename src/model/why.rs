//! The story of one credential: how it is, what was decided about it and why, what happened to it.

use crate::clock::Timestamp;
use crate::model::credential::CredentialView;
use crate::model::event::Activity;
use serde::{Deserialize, Serialize};

/// The story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// The moment of which it is told.
    pub told_at: Timestamp,
    /// The credential.
    pub view: CredentialView,
    /// When it is refreshed next, and why then.
    pub next: Decision,
    /// What happened to it, newest last.
    pub history: Vec<Activity>,
}

/// A moment that was decided on, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The moment; `None`: there is none.
    pub at: Option<Timestamp>,
    /// What decided it.
    #[serde(flatten)]
    pub rule: Rule,
    /// So many milliseconds earlier than the rule alone would have it: neighbours are spread (jitter).
    #[serde(default)]
    pub earlier_by_ms: u64,
}

impl Decision {
    /// A moment and what decided it.
    pub const fn new(at: Option<Timestamp>, rule: Rule) -> Self {
        Self {
            at,
            rule,
            earlier_by_ms: 0,
        }
    }
}

/// What decides when a credential is refreshed next. Lengths are in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "rule")]
pub enum Rule {
    /// Never: it was revoked.
    Revoked,
    /// Not now: it is being revoked.
    Revoking,
    /// Never: there is no refresh token.
    NoRefreshToken,
    /// Never by itself: a person has to do something first.
    PersonFirst,
    /// Never by itself: it came back with a backup, and its refresh token was replaced since.
    Overtaken {
        /// How many generations ago.
        behind: u64,
    },
    /// Never by itself: the settings switch the background off.
    BackgroundOff,
    /// Never by itself: the expiry is unknown and no setting names an interval.
    ExpiryUnknown,
    /// It is under way.
    UnderWay,
    /// It is due, and so many others are under way that it waits for a place.
    WaitsForPlace,
    /// The host asked not to be called before then.
    HostPause {
        /// Who.
        host: String,
    },
    /// The provider asked for this credential not to be refreshed before then (`Retry-After`).
    RetryAfter,
    /// The last attempt failed for a passing reason; the pauses grow.
    Retry {
        /// Failures in a row.
        failures: u32,
    },
    /// A refresh was cut off: it is made good at once.
    Recovery,
    /// Much was due at once after a pause of the machine: it is spread.
    Spread,
    /// A share of the access token's life is over then.
    Share {
        /// The share.
        share: f64,
        /// The access token's life.
        life: u64,
    },
    /// So long before the access token expires.
    BeforeExpiry {
        /// How long.
        before: u64,
    },
    /// The expiry is unknown: so long after the token was issued.
    UnknownExpiry {
        /// How long.
        after: u64,
    },
    /// The refresh token would die unused.
    RefreshTokenDies {
        /// Its life from its last use.
        life: u64,
    },
    /// The provider refuses it earlier than so long before expiry.
    Earliest {
        /// How long.
        before: u64,
    },
    /// The token was issued under a clock that was set back since: nobody knows how much of its life is left.
    ClockSetBack,
}
