//! What happened, as it is kept: one line of the activity log.

use crate::clock::Timestamp;
use crate::model::alert::AlertKind;
use crate::model::credential::{CredentialId, Generation};
use crate::model::failure::Failure;
use crate::model::grant::GrantName;
use crate::model::grant_event::GrantEvent;
use crate::model::health::ForecastReason;
use crate::model::hook::HookEvent;
use crate::model::inquiry::Liveness;
use crate::model::lock::LockReason;
use crate::model::name::CredentialName;
use crate::model::operation::OperationId;
use crate::model::program::Program;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One entry of the activity log. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// When.
    pub at: Timestamp,
    /// Whose; `None`: the vault's or the engine's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<CredentialName>,
    /// What it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationId>,
    /// Who asked for it, where somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Arc<Program>>,
    /// What.
    #[serde(flatten)]
    pub what: Happening,
}

impl Activity {
    /// Something that happened on its own.
    pub fn new(at: Timestamp, name: Option<CredentialName>, what: Happening) -> Self {
        Self {
            at,
            name,
            operation: None,
            by: None,
            what,
        }
    }

    /// The same as part of an operation.
    pub fn within(mut self, operation: Option<OperationId>) -> Self {
        self.operation = operation;
        self
    }

    /// The same, asked for by a program.
    pub fn by(mut self, program: Option<Arc<Program>>) -> Self {
        self.by = program;
        self
    }
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

/// How an access token left the vault.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Fetched by a program.
    #[default]
    Get,
    /// Put into the environment of a command.
    Exec,
    /// Handed to git.
    Git,
    /// Put into an HTTP header.
    Header,
    /// Handed to a mail program.
    Mail,
    /// Handed to kubectl, or another client of Kubernetes.
    Kube,
    /// Handed to docker, or another client of its registries.
    Docker,
    /// Given to AWS for temporary keys.
    Aws,
    /// Shown on the screen.
    Reveal,
    /// Copied to the clipboard.
    Copy,
    /// With a proof of possession for one request (RFC 9449).
    Proof,
    /// Exchanged for another one (RFC 8693).
    Exchange,
    /// As another one with fewer scopes.
    Narrow,
}

/// What a person, or a program on their behalf, asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Refresh now.
    Refresh,
    /// Revoke at the provider.
    Revoke,
    /// Revoke all at once.
    RevokeAll,
    /// Forget.
    Remove,
    /// Call it otherwise.
    Rename,
    /// Delete a client at the provider.
    DeleteClient,
    /// Sign in.
    SignIn,
    /// Give a sign-in up.
    CancelSignIn,
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
    /// Access tokens were handed out.
    HandedOut {
        /// For what.
        purpose: Purpose,
        /// How often, by the same program within a moment.
        count: u64,
    },
    /// Somebody stepped in.
    Asked {
        /// What was asked for.
        act: Act,
        /// At which provider, where no credential is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider: Option<String>,
    },
    /// The provider was asked whether the access token lives, because somebody wanted to know.
    Validated {
        /// What it said.
        liveness: Liveness,
        /// Whether by introspection (RFC 7662).
        introspected: bool,
    },
    /// Lines of this log could not be written while the vault was not writable.
    LinesLost {
        /// How many.
        count: u64,
    },
    /// The settings were read anew, and count.
    SettingsChanged {
        /// The names of those that differ from before.
        #[serde(default)]
        changed: Vec<String>,
        /// Those of them that count once the owner is started again.
        #[serde(default)]
        at_the_next_start: Vec<String>,
    },
    /// The settings were read anew and cannot be used: those of before go on.
    SettingsRefused {
        /// What is wrong, with file, line and column.
        why: String,
    },
    /// Something happened to what a local program may have.
    Grant {
        /// The grant.
        grant: GrantName,
        /// What.
        what: GrantEvent,
    },
    /// A hook failed that had not failed before, or that had gone well since.
    HookFailed {
        /// Its program.
        program: String,
        /// What it was run for.
        on: HookEvent,
        /// Why, in words; nothing of what it printed.
        why: String,
    },
    /// Somebody asked more often than is allowed.
    LimitExceeded {
        /// Which limit.
        limit: String,
    },
    /// Somebody has looked at an alert; its credential is that of the line.
    AlertSeen {
        /// What it is about.
        alert: AlertKind,
        /// By whom, where it is about one program or address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        program: Option<String>,
        /// Of which day (UTC), counted from 1 January 1970.
        day: i64,
        /// The newest line that it rested on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// How many it counted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        count: Option<u64>,
    },
    /// A passphrase was wrong; told at the next unlocking.
    WrongPassphrase {
        /// How often, since the last unlocking.
        count: u64,
        /// When it was last so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<Timestamp>,
    },
    /// The vault was locked: nothing is refreshed until it is opened again.
    Locked {
        /// Why.
        #[serde(default)]
        reason: LockReason,
    },
    /// The vault was unlocked again by the owner that had locked it.
    Unlocked,
    /// The public recipient that stands in the vault's file was another one's: what was sealed to it meanwhile does not open.
    RecipientExchanged {
        /// What stood there.
        recipient: String,
    },
    /// A way to unlock was added.
    SlotAdded {
        /// Of which kind, and what it is called.
        slot: String,
    },
    /// A way to unlock was removed.
    SlotRemoved {
        /// Of which kind, and what it was called.
        slot: String,
    },
    /// The vault has a new identity; every record was sealed anew.
    KeyRotated {
        /// How many records.
        records: u64,
    },
    /// A backup was written.
    BackedUp {
        /// How many credentials it holds.
        credentials: u64,
    },
    /// Copies of the vault that opened in the way of before were removed.
    CopiesRemoved {
        /// How many.
        copies: u64,
    },
    /// The vault is what a backup held.
    Restored {
        /// When the backup was made.
        of: Timestamp,
    },
    /// An earlier generation of its tokens was put back.
    PutBack {
        /// Which.
        generation: Generation,
        /// Its generation now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        now: Option<Generation>,
    },
    /// Credentials were written to a file.
    Exported {
        /// How many.
        credentials: u64,
    },
    /// Credentials were taken in from a file.
    Imported {
        /// How many.
        credentials: u64,
        /// Whose file.
        from: String,
        /// The credential's generation now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        now: Option<Generation>,
    },
    /// Something that came in while the vault was locked was thrown away.
    ParcelRefused {
        /// What had put it there; `None`: it did not open.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// What it wanted to be called, where it is kept under another name until its tokens are revoked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<CredentialName>,
    },
    /// A token was recognised as one of its own.
    Identified {
        /// Of which generation.
        generation: Generation,
    },
    /// A sign-in came to nothing.
    SignInFailed {
        /// Why.
        failure: Failure,
        /// At which provider.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider: Option<String>,
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
    /// Revoked, so far as its provider ends tokens when it is asked to.
    Revoked {
        /// Whether its tokens were seen dead there afterwards.
        #[serde(default)]
        proof: Liveness,
        /// The provider has no revocation, or not for all of it: it is only marked here, and a person ends it there.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_hand: bool,
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
    Removed {
        /// The number it had, by which its tokens are still known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<CredentialId>,
    },
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

impl Happening {
    /// Whether it tells of something that was done, or of something that failed.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Grant { what, .. } if what.is_failure() => Outcome::Failed,
            Self::SignInFailed { .. }
            | Self::SettingsRefused { .. }
            | Self::HookFailed { .. }
            | Self::RefreshFailed { .. }
            | Self::RevokeFailed { .. }
            | Self::LinesLost { .. }
            | Self::LimitExceeded { .. }
            | Self::WrongPassphrase { .. }
            | Self::RecipientExchanged { .. }
            | Self::ScopesMissed { .. }
            | Self::Unreadable { .. }
            | Self::TokensLost
            | Self::Superseded { failure: Some(_) }
            | Self::Validated {
                liveness: Liveness::Dead,
                ..
            }
            | Self::Checked {
                liveness: Liveness::Dead,
            }
            | Self::Revoked {
                proof: Liveness::Alive,
                ..
            } => Outcome::Failed,
            Self::SignedIn { .. }
            | Self::HandedOut { .. }
            | Self::Asked { .. }
            | Self::Validated { .. }
            | Self::SettingsChanged { .. }
            | Self::Grant { .. }
            | Self::AlertSeen { .. }
            | Self::Locked { .. }
            | Self::Unlocked
            | Self::SlotAdded { .. }
            | Self::SlotRemoved { .. }
            | Self::KeyRotated { .. }
            | Self::BackedUp { .. }
            | Self::CopiesRemoved { .. }
            | Self::Restored { .. }
            | Self::PutBack { .. }
            | Self::Exported { .. }
            | Self::Imported { .. }
            | Self::ParcelRefused { .. }
            | Self::Identified { .. }
            | Self::Refreshed { .. }
            | Self::Recovered { .. }
            | Self::EndsSoon { .. }
            | Self::Revoked { .. }
            | Self::Renamed { .. }
            | Self::Superseded { .. }
            | Self::Checked { .. }
            | Self::ClientDeleted { .. }
            | Self::Removed { .. }
            | Self::VaultCreated
            | Self::SlotsChanged
            | Self::EngineStarted { .. }
            | Self::ClockJumped { .. } => Outcome::Done,
        }
    }
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It failed, or was refused.
    Failed,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Get,
        Self::Exec,
        Self::Git,
        Self::Header,
        Self::Mail,
        Self::Kube,
        Self::Docker,
        Self::Aws,
        Self::Reveal,
        Self::Copy,
        Self::Proof,
        Self::Exchange,
        Self::Narrow,
    ];

    /// The word machines read.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Exec => "exec",
            Self::Git => "git",
            Self::Header => "header",
            Self::Mail => "mail",
            Self::Kube => "kube",
            Self::Docker => "docker",
            Self::Aws => "aws",
            Self::Reveal => "reveal",
            Self::Copy => "copy",
            Self::Proof => "proof",
            Self::Exchange => "exchange",
            Self::Narrow => "narrow",
        }
    }

    /// What was done, in a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "handed out",
            Self::Exec => "put into an environment",
            Self::Git => "handed to git",
            Self::Header => "put into a header",
            Self::Mail => "handed to a mail program",
            Self::Kube => "handed to kubectl",
            Self::Docker => "handed to docker",
            Self::Aws => "given to AWS for temporary keys",
            Self::Reveal => "revealed",
            Self::Copy => "copied",
            Self::Proof => "handed out with a proof",
            Self::Exchange => "exchanged",
            Self::Narrow => "handed out with fewer scopes",
        }
    }
}

impl Act {
    /// What was asked for, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Refresh => "a refresh",
            Self::Revoke => "its revocation",
            Self::RevokeAll => "the revocation of everything",
            Self::Remove => "its removal",
            Self::Rename => "another name",
            Self::DeleteClient => "the deletion of a client",
            Self::SignIn => "a sign-in",
            Self::CancelSignIn => "the end of a sign-in",
        }
    }
}
