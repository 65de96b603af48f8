//! Hooks: what they can be run for, and how an owner's are.

use crate::clock::Timestamp;
use serde::{Deserialize, Serialize};

/// What a hook can be run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookEvent {
    /// A person has to sign in again, and had not to before.
    NeedsLogin,
    /// New tokens came.
    Refreshed,
    /// It was revoked at the provider.
    Revoked,
    /// A refresh or a revocation failed for a passing reason, or because a setting is wrong.
    Failed,
}

impl HookEvent {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::NeedsLogin,
        Self::Refreshed,
        Self::Revoked,
        Self::Failed,
    ];

    /// The word that the settings and the hook's environment have for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NeedsLogin => "needs_login",
            Self::Refreshed => "refreshed",
            Self::Revoked => "revoked",
            Self::Failed => "failed",
        }
    }
}

/// How one hook is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookState {
    /// Its program, without the arguments.
    pub program: String,
    /// What it is run for.
    pub on: Vec<HookEvent>,
    /// How often it ran well since the owner started, or since the hooks were changed.
    pub succeeded: u64,
    /// How often it did not.
    pub failed: u64,
    /// Events that it was not run for, since too many waited.
    pub dropped: u64,
    /// Events that wait for it.
    pub waiting: u64,
    /// How it failed the last time, while no later run went well.
    pub trouble: Option<HookTrouble>,
}

/// How a hook failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookTrouble {
    /// When.
    pub at: Timestamp,
    /// Why, in words; nothing of what it printed.
    pub why: String,
}
