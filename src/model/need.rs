//! What needs a human: the one list that the UI's inbox, `status`, `wait` and the notifications go by.

use crate::clock::Timestamp;
use crate::model::credential::{CredentialView, Flow};
use crate::model::health::Health;
use serde::{Deserialize, Serialize};

/// Why a credential needs a human.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// The provider wants a new sign-in.
    SignIn,
    /// A setting has to be changed.
    Setting,
    /// It is over and cannot be refreshed.
    Over,
    /// It was revoked, and its tokens were seen alive afterwards.
    StillAlive,
    /// A program needs scopes that the grant lacks.
    Scopes,
    /// The refresh token dies soon.
    DiesSoon,
}

impl Need {
    /// Why that credential needs one, if it does.
    pub fn of(view: &CredentialView, now: Timestamp) -> Option<Self> {
        match &view.health {
            Health::NeedsLogin { .. } => return Some(Self::SignIn),
            Health::Misconfigured { .. } => return Some(Self::Setting),
            Health::Expired if !view.profile.is_renewable() => return Some(Self::Over),
            Health::Revoked if view.is_alive_though_revoked() => return Some(Self::StillAlive),
            Health::Revoked | Health::Revoking { .. } => return None,
            _ if !view.profile.wanted_scopes.is_empty() => return Some(Self::Scopes),
            Health::Static => return None,
            Health::Fresh
            | Health::Expiring
            | Health::Refreshing
            | Health::Retrying { .. }
            | Health::Expired
            | Health::RateLimited { .. } => {}
        }
        // What was never to be refreshed by itself ends as it was known to.
        let is_news = view.profile.is_renewable() || view.profile.flow == Flow::ApiKey;
        (is_news && view.forecast.is_soon(now)).then_some(Self::DiesSoon)
    }

    /// What it is called.
    pub const fn words(self) -> &'static str {
        match self {
            Self::SignIn => "sign in again",
            Self::Setting => "a setting is wrong",
            Self::Over => "is over",
            Self::StillAlive => "revoked, still alive",
            Self::Scopes => "needs more scopes",
            Self::DiesSoon => "will end soon",
        }
    }
}
