//! The settings: `config.toml`, then `TOKENWARD_*` from the environment, over the defaults.

use crate::model::policy::{Limits, Policy, PolicyOverride};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// When tokens are refreshed.
    pub refresh: Policy,
    /// The same for one provider (by name) or one credential (by `provider/account`).
    pub overrides: BTreeMap<String, PolicyOverride>,
    /// How much may be under way at once.
    pub limits: LimitSettings,
}

/// How much may be under way at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// Refreshes in flight in all, 1 to 1024.
    pub in_flight: usize,
    /// Refreshes in flight to one host, 1 to 1024.
    pub in_flight_per_host: usize,
}

impl Default for LimitSettings {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            in_flight: limits.in_flight,
            in_flight_per_host: limits.in_flight_per_host,
        }
    }
}
