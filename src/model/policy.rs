//! When tokens are refreshed: the defaults and what may override them.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// When a credential is refreshed. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Refresh after this share of the access token's lifetime, 0.1 to 0.99.
    pub lifetime_share: f64,
    /// Refresh at the latest this long before expiry (for tokens that live at least twice as long).
    pub before_expiry_secs: u64,
    /// Refreshes are spread over this share of the lifetime, to either side never later than planned, 0 to 0.2.
    pub jitter_share: f64,
    /// A token of unknown expiry is refreshed this long after it was issued; `None`: only on demand.
    pub unknown_expiry_secs: Option<u64>,
    /// Whether the engine refreshes by itself; off: only when somebody asks.
    pub background: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            lifetime_share: 0.9,
            before_expiry_secs: 300,
            jitter_share: 0.05,
            unknown_expiry_secs: None,
            background: true,
        }
    }
}

/// What a provider's or a credential's settings change in the policy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyOverride {
    /// See [`Policy::lifetime_share`].
    pub lifetime_share: Option<f64>,
    /// See [`Policy::before_expiry_secs`].
    pub before_expiry_secs: Option<u64>,
    /// See [`Policy::jitter_share`].
    pub jitter_share: Option<f64>,
    /// See [`Policy::unknown_expiry_secs`].
    pub unknown_expiry_secs: Option<u64>,
    /// See [`Policy::background`].
    pub background: Option<bool>,
}

impl Policy {
    /// This policy with the override's settings in place of its own.
    pub fn with(&self, over: &PolicyOverride) -> Self {
        Self {
            lifetime_share: over.lifetime_share.unwrap_or(self.lifetime_share),
            before_expiry_secs: over.before_expiry_secs.unwrap_or(self.before_expiry_secs),
            jitter_share: over.jitter_share.unwrap_or(self.jitter_share),
            unknown_expiry_secs: over.unknown_expiry_secs.or(self.unknown_expiry_secs),
            background: over.background.unwrap_or(self.background),
        }
    }
}

/// When a person is told that a sign-in is coming: so long before, or a share of the refresh token's life before,
/// whichever is shorter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Warning {
    /// So many days before.
    pub days_before: u64,
    /// Such a share of its life before, 0 to 0.5.
    pub share_before: f64,
}

impl Default for Warning {
    fn default() -> Self {
        Self {
            days_before: 7,
            share_before: 0.1,
        }
    }
}

/// How much may be under way at once, and how failures are spaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Refreshes in flight in all.
    pub in_flight: usize,
    /// Refreshes in flight to one host.
    pub in_flight_per_host: usize,
    /// Refreshes of one credential that callers may cause in an hour beyond what its lifetime schedules.
    pub asked_per_hour: u64,
    /// The same for all credentials of one provider's host.
    pub asked_per_host_hour: u64,
    /// Tokens handed to one program in an hour.
    pub handouts_per_program_hour: u64,
    /// Pieces of recurring work at once.
    pub upkeep_at_once: usize,
    /// First pause after a transient failure; doubled each time, with full jitter.
    pub backoff_first: Duration,
    /// Longest pause between attempts.
    pub backoff_longest: Duration,
}

/// How the tokens of grants are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantPolicy {
    /// The cost of the bcrypt hashes of their refresh tokens: two to its power rounds.
    pub bcrypt_cost: u32,
}

impl Default for GrantPolicy {
    fn default() -> Self {
        Self { bcrypt_cost: 12 }
    }
}

/// How wrong passphrases slow down whoever types them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// So many wrong ones in a row cost nothing: fingers slip.
    pub free: u32,
    /// The wait after the first one beyond; doubled each time.
    pub first_wait: Duration,
    /// The longest wait: whoever knows the passphrase is not kept out for long by who does not.
    pub longest_wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            free: 3,
            first_wait: Duration::from_secs(2),
            longest_wait: Duration::from_secs(60),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            in_flight: 64,
            in_flight_per_host: 8,
            asked_per_hour: 5,
            asked_per_host_hour: 60,
            handouts_per_program_hour: 3600,
            upkeep_at_once: 4,
            backoff_first: Duration::from_secs(5),
            backoff_longest: Duration::from_secs(15 * 60),
        }
    }
}

/// How much of the activity log is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogKeeping {
    /// Lines older than this go.
    pub keep: Duration,
    /// The oldest lines beyond so many go.
    pub most: u64,
}

impl Default for LogKeeping {
    fn default() -> Self {
        Self {
            keep: Duration::from_secs(90 * 24 * 3600),
            most: 1_000_000,
        }
    }
}

/// For how long generations of a credential's tokens are kept that were replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GenerationKeeping {
    /// Those that were replaced before go.
    pub keep: Duration,
    /// Of each credential at most so many that a refresh replaced, and so many that something else did.
    pub most: u64,
}

impl GenerationKeeping {
    /// Whether none is kept.
    pub fn is_nothing(&self) -> bool {
        self.keep.is_zero() || self.most == 0
    }
}

impl Default for GenerationKeeping {
    fn default() -> Self {
        Self {
            keep: Duration::from_secs(14 * 24 * 3600),
            most: 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_changes_what_it_names_and_nothing_else() {
        let general = Policy {
            unknown_expiry_secs: Some(1),
            ..Policy::default()
        };
        assert_eq!(general.with(&PolicyOverride::default()), general);
        let over = PolicyOverride {
            lifetime_share: Some(0.3),
            before_expiry_secs: Some(7),
            jitter_share: Some(0.01),
            unknown_expiry_secs: Some(8),
            background: Some(!general.background),
        };
        let changed = Policy {
            lifetime_share: 0.3,
            before_expiry_secs: 7,
            jitter_share: 0.01,
            unknown_expiry_secs: Some(8),
            background: !general.background,
        };
        assert_eq!(general.with(&over), changed);
    }
}
