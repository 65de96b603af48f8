//! The limits of an engine, with how much of each is used now.

use serde::{Deserialize, Serialize};

/// A limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Refreshes under way at once.
    InFlight,
    /// Refreshes under way at once to one host.
    InFlightPerHost,
    /// Refreshes of one credential that callers cause in an hour beyond its schedule.
    AskedRefreshesPerHour,
    /// The same for one host.
    AskedRefreshesPerHostHour,
    /// Tokens handed to one program in an hour.
    HandoutsPerProgramHour,
    /// Pieces of recurring work at once.
    UpkeepAtOnce,
}

impl Limit {
    /// What it is called in the settings.
    pub const fn key(self) -> &'static str {
        match self {
            Self::InFlight => "in_flight",
            Self::InFlightPerHost => "in_flight_per_host",
            Self::AskedRefreshesPerHour => "asked_refreshes_per_hour",
            Self::AskedRefreshesPerHostHour => "asked_refreshes_per_host_hour",
            Self::HandoutsPerProgramHour => "handouts_per_program_hour",
            Self::UpkeepAtOnce => "upkeep_at_once",
        }
    }

    /// What is counted, after `3 of 8`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::InFlight => "refreshes at once",
            Self::InFlightPerHost => "at once to one host",
            Self::AskedRefreshesPerHour => {
                "refreshes of one credential an hour beyond its schedule"
            }
            Self::AskedRefreshesPerHostHour => "refreshes at one host an hour beyond the schedule",
            Self::HandoutsPerProgramHour => "tokens handed to one program an hour",
            Self::UpkeepAtOnce => "pieces of recurring work at once",
        }
    }
}

/// A limit and how much of it is used now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitUse {
    /// Which.
    pub limit: Limit,
    /// How much is allowed.
    pub most: u64,
    /// How much is used, by whoever uses the most where it is a limit for each.
    pub used: u64,
    /// Who that is.
    pub by: Option<String>,
}
