//! How a credential is, and how long it will be.

use crate::clock::Timestamp;
use crate::model::failure::Failure;
use serde::{Deserialize, Serialize};

/// How a credential is right now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Health {
    /// The access token is valid and its refresh lies ahead.
    Fresh,
    /// The access token is valid and its refresh is due, or its last tenth has begun.
    Expiring,
    /// A refresh is under way.
    Refreshing,
    /// The last attempt failed for a passing reason.
    Retrying {
        /// The number of the next attempt; 2 after the first failure.
        attempt: u32,
        /// When it will be made.
        next: Timestamp,
    },
    /// The access token is past its expiry and no refresh could be made yet.
    Expired,
    /// A person has to sign in again.
    NeedsLogin {
        /// Why.
        cause: Failure,
    },
    /// A setting has to be changed.
    Misconfigured {
        /// Why.
        cause: Failure,
    },
    /// Held back by the provider's or by our own limit.
    RateLimited {
        /// Until then.
        until: Timestamp,
    },
    /// To be revoked: the provider is being told, or could not be yet.
    Revoking {
        /// The number of the next attempt, or of the one under way.
        attempt: u32,
        /// When it is made.
        next: Timestamp,
    },
    /// Revoked at the provider, on purpose.
    Revoked,
    /// The access token has no expiry and nothing to refresh.
    Static,
}

/// A health without its details: for counting, sorting and colouring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthKind {
    /// See [`Health::NeedsLogin`]. The order of this enum is the order of urgency.
    NeedsLogin,
    /// See [`Health::Misconfigured`].
    Misconfigured,
    /// See [`Health::Expired`].
    Expired,
    /// See [`Health::Retrying`].
    Retrying,
    /// See [`Health::RateLimited`].
    RateLimited,
    /// See [`Health::Revoking`].
    Revoking,
    /// See [`Health::Expiring`].
    Expiring,
    /// See [`Health::Refreshing`].
    Refreshing,
    /// See [`Health::Fresh`].
    Fresh,
    /// See [`Health::Static`].
    Static,
    /// See [`Health::Revoked`].
    Revoked,
}

impl Health {
    /// The health without its details.
    pub fn kind(&self) -> HealthKind {
        match self {
            Self::Fresh => HealthKind::Fresh,
            Self::Expiring => HealthKind::Expiring,
            Self::Refreshing => HealthKind::Refreshing,
            Self::Retrying { .. } => HealthKind::Retrying,
            Self::Expired => HealthKind::Expired,
            Self::NeedsLogin { .. } => HealthKind::NeedsLogin,
            Self::Misconfigured { .. } => HealthKind::Misconfigured,
            Self::RateLimited { .. } => HealthKind::RateLimited,
            Self::Revoking { .. } => HealthKind::Revoking,
            Self::Revoked => HealthKind::Revoked,
            Self::Static => HealthKind::Static,
        }
    }
}

impl HealthKind {
    /// Every kind, the most urgent first.
    pub const ALL: [Self; 11] = [
        Self::NeedsLogin,
        Self::Misconfigured,
        Self::Expired,
        Self::Retrying,
        Self::RateLimited,
        Self::Revoking,
        Self::Expiring,
        Self::Refreshing,
        Self::Fresh,
        Self::Static,
        Self::Revoked,
    ];

    /// The word machines read.
    pub const fn key(self) -> &'static str {
        match self {
            Self::NeedsLogin => "needs_login",
            Self::Misconfigured => "misconfigured",
            Self::Expired => "expired",
            Self::Retrying => "retrying",
            Self::RateLimited => "rate_limited",
            Self::Revoking => "revoking",
            Self::Expiring => "expiring",
            Self::Refreshing => "refreshing",
            Self::Fresh => "fresh",
            Self::Static => "static",
            Self::Revoked => "revoked",
        }
    }

    /// The word people read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Expiring => "expiring",
            Self::Refreshing => "refreshing",
            Self::Retrying => "retrying",
            Self::Expired => "expired",
            Self::NeedsLogin => "sign in again",
            Self::Misconfigured => "misconfigured",
            Self::RateLimited => "waiting",
            Self::Revoking => "revoking",
            Self::Revoked => "revoked",
            Self::Static => "no expiry",
        }
    }

    /// Whether something is wrong that a person may want to know of.
    pub fn is_trouble(self) -> bool {
        matches!(
            self,
            Self::NeedsLogin
                | Self::Misconfigured
                | Self::Expired
                | Self::Retrying
                | Self::RateLimited
        )
    }
}

/// When the refresh token itself will die, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// When; `None`: nothing is known that ends it.
    pub dies_at: Option<Timestamp>,
    /// On what the date rests.
    pub because: ForecastReason,
    /// From then on it is time to tell the person; `None`: there is nothing to tell.
    #[serde(default)]
    pub warn_at: Option<Timestamp>,
}

impl Forecast {
    /// A date and on what it rests; nothing to tell yet.
    pub const fn new(dies_at: Option<Timestamp>, because: ForecastReason) -> Self {
        Self {
            dies_at,
            because,
            warn_at: None,
        }
    }

    /// By when a person has to sign in again; `None`: nothing is known that refreshing would not move.
    pub fn sign_in_before(&self) -> Option<Timestamp> {
        match self.because {
            ForecastReason::NoRefreshToken
            | ForecastReason::KeyEnds
            | ForecastReason::ProviderSaid
            | ForecastReason::AbsoluteLife
            | ForecastReason::TestMode
            | ForecastReason::SeenLife => self.dies_at,
            ForecastReason::MovesWithRefresh
            | ForecastReason::IdleLife
            | ForecastReason::Unknown => None,
        }
    }

    /// Whether it is time to sign in again, while everything still works.
    pub fn is_soon(&self, now: Timestamp) -> bool {
        self.warn_at.is_some_and(|at| at <= now) && self.sign_in_before().is_some()
    }
}

/// On what a forecast rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForecastReason {
    /// There is no refresh token: the grant ends with the access token.
    NoRefreshToken,
    /// It is a key that nothing refreshes, and ends when the person said.
    KeyEnds,
    /// The provider said so in its answer.
    ProviderSaid,
    /// The provider said so in its answer, and each refresh moved the end.
    MovesWithRefresh,
    /// The sign-in before ended after as long as one lives in the provider's test mode.
    TestMode,
    /// Earlier sign-ins of this credential ended after about as long.
    SeenLife,
    /// The provider's record says how long one lives after sign-in.
    AbsoluteLife,
    /// The provider's record says how long one lives unused; a refresh moves the date.
    IdleLife,
    /// Nothing is known.
    Unknown,
}
