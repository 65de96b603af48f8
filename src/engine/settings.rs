//! What an engine is told at its start.

use crate::engine::board::Board;
use crate::engine::carried::Carried;
use crate::model::alert::Thresholds;
use crate::model::policy::{
    GenerationKeeping, GrantPolicy, Limits, LogKeeping, Policy, PolicyOverride, Warning,
};
use crate::vault::daily::Daily;
use std::collections::BTreeMap;
use std::time::Duration;

/// Settings of an engine.
#[derive(Debug, Clone, Default)]
pub struct EngineSettings {
    /// When tokens are refreshed.
    pub policy: Policy,
    /// The same for one provider (by name) or one credential (by `provider/account`).
    pub overrides: BTreeMap<String, PolicyOverride>,
    /// How much may be under way at once.
    pub limits: Limits,
    /// When a person is told that a sign-in is coming.
    pub warning: Warning,
    /// How often the provider is asked whether a credential's access token lives, an hour and on the average.
    pub checks_per_hour: f64,
    /// The engine lives for one command only: it tells no provider again what it could not be told.
    pub is_for_a_moment: bool,
    /// How much of the activity log is kept.
    pub log: LogKeeping,
    /// From where on the activity log alarms.
    pub thresholds: Thresholds,
    /// The backups it makes by itself; `None`: none.
    pub backups: Option<Daily>,
    /// For how long tokens are kept that were replaced.
    pub generations: GenerationKeeping,
    /// Where whoever runs it posts what belongs into its status.
    pub board: Board,
    /// How the tokens of grants are kept.
    pub grants: GrantPolicy,
    /// How long it waits at its end.
    pub patience: Patience,
    /// What an earlier engine of the same owner hands on.
    pub carried: Carried,
}

/// How long a leaving engine waits. A lock waits longer for new tokens: until they are on disk.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For requests under way (the transport's own limit ends them sooner).
    pub requests: Duration,
    /// For new tokens to be written into a vault that cannot be written.
    pub writes: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            requests: Duration::from_secs(30),
            writes: Duration::from_secs(10),
        }
    }
}

/// Settings of the pure core.
#[derive(Debug, Clone)]
pub struct CoreSettings {
    /// When tokens are refreshed.
    pub policy: Policy,
    /// The same for one provider (by name) or one credential (by `provider/account`).
    pub overrides: BTreeMap<String, PolicyOverride>,
    /// How much may be under way at once.
    pub limits: Limits,
    /// When a person is told that a sign-in is coming.
    pub warning: Warning,
    /// The engine lives for one command only: it tells no provider again what it could not be told.
    pub is_for_a_moment: bool,
    /// How often a credential's access token is checked an hour, on the average; 0: never.
    pub checks_per_hour: f64,
    /// How long the engine lives before it makes the day's backup; `None`: it makes none.
    pub backups_after: Option<Duration>,
    /// What is due at once after a suspend or a change of the clock is spread over this long.
    pub spread: Duration,
    /// Makes this engine's jitter its own.
    pub seed: u64,
}

impl CoreSettings {
    /// The core's part of an engine's settings.
    pub fn new(settings: &EngineSettings, seed: u64) -> Self {
        Self {
            policy: settings.policy.clone(),
            overrides: settings.overrides.clone(),
            limits: settings.limits.clone(),
            warning: settings.warning.clone(),
            is_for_a_moment: settings.is_for_a_moment,
            checks_per_hour: settings.checks_per_hour,
            backups_after: settings.backups.as_ref().map(|daily| daily.after),
            spread: Duration::from_secs(30),
            seed,
        }
    }
}
