//! What happened, as it is kept: one line of the activity log.

use crate::clock::Timestamp;
use crate::model::credential::Generation;
use crate::model::failure::Failure;
use crate::model::health::ForecastReason;
use crate::model::inquiry::Liveness;
use crate::model::name::CredentialName;
use serde::{Deserialize, Serialize};

/// One entry of the activity log. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// When.
    pub at: Timestamp,
    /// Whose; `None`: the vault's or the engine's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<CredentialName>,
    /// What.
    #[serde(flatten)]
    pub what: Happening,
}

/// A line of the activity log as it was read, with its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number: they go up by one.
    pub number: u64,
    /// What happened.
    #[serde(flatten)]
    pub activity: Activity,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Happening {
    /// A person signed in: the credential is new or was minted anew.
    SignedIn {
        /// Its generation now.
        generation: Generation,
    },
    /// A sign-in came to nothing.
    SignInFailed {
        /// Why.
        failure: Failure,
    },
    /// New tokens came.
    Refreshed {
        /// The generation now.
        generation: Generation,
        /// How long the provider took, in milliseconds.
        took_ms: u64,
        /// Whether the refresh token was replaced.
        rotated: bool,
    },
    /// A refresh failed.
    RefreshFailed {
        /// Why.
        failure: Failure,
        /// When it is tried again, if it is.
        next: Option<Timestamp>,
    },
    /// A refresh was cut off by a crash; its answer may be lost, and the next one uses what is kept.
    Recovered {
        /// The generation at which it was cut off.
        generation: Generation,
    },
    /// A person has to sign in again before long, while everything still works.
    EndsSoon {
        /// Before then.
        before: Timestamp,
        /// On what that rests.
        because: ForecastReason,
    },
    /// Revoked at the provider.
    Revoked {
        /// Whether its tokens were seen dead there afterwards.
        #[serde(default)]
        proof: Liveness,
    },
    /// The provider could not be told; the tokens may still be valid there.
    RevokeFailed {
        /// Why.
        failure: Failure,
        /// When the provider is told again, if it is.
        #[serde(default)]
        next: Option<Timestamp>,
    },
    /// Programs need scopes that the grant lacks.
    ScopesMissed {
        /// Which.
        scopes: Vec<String>,
    },
    /// It is called otherwise now.
    Renamed {
        /// What it was called before.
        from: CredentialName,
    },
    /// The tokens of the sign-in before were revoked, since those of the new one are kept.
    Superseded {
        /// Why they could not be.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
    },
    /// A sampled check asked the provider whether the access token lives.
    Checked {
        /// What it said.
        liveness: Liveness,
    },
    /// A client that was registered from here was deleted at the provider.
    ClientDeleted {
        /// The provider's name.
        provider: String,
    },
    /// Forgotten locally.
    Removed,
    /// The vault was created.
    VaultCreated,
    /// A slot was added to the vault, or removed.
    SlotsChanged,
    /// The engine started.
    EngineStarted {
        /// Credentials it found.
        credentials: u64,
    },
    /// Some credentials of the vault could not be opened: they are in no list, and `vault verify` names them.
    Unreadable {
        /// How many.
        credentials: u64,
    },
    /// The engine had to leave with new tokens that the vault would not take. At the next start the ones before are
    /// tried, which a provider may refuse by then.
    TokensLost,
    /// The machine slept, or its clock was set.
    ClockJumped {
        /// By how many milliseconds the wall clock ran ahead of the steady one; negative: it was set back.
        by_ms: i64,
    },
}
