//! The way from a locked or missing vault to a [`Link`]: what the terminal UI asks before there is an engine.

use crate::engine::link::Link;
use crate::model::lock::LockReason;
use crate::secret::Passphrase;
use tokio::sync::{mpsc, oneshot};

/// Where somebody stands before the engine runs.
#[derive(Debug)]
pub enum Start {
    /// There is no vault yet.
    NoVault {
        /// Where it will be.
        path: String,
        /// Who creates it.
        gate: Gate,
    },
    /// The vault is locked.
    Locked {
        /// Where it is.
        path: String,
        /// Why it could not be unlocked without a question, if that was tried.
        note: Option<String>,
        /// Who unlocks it.
        gate: Gate,
    },
    /// There is an engine.
    Open {
        /// The way to it.
        link: Link,
        /// In this process, or somebody else's.
        place: Place,
    },
}

/// Where the engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In this process: leaving ends it.
    Owner,
    /// In another process, reached over the socket.
    Attached,
    /// In this process, over a throw-away vault.
    Demo,
}

/// Whoever opens vaults: answers each request with a link or the reason why not.
#[derive(Debug, Clone)]
pub struct Gate {
    /// Where requests go.
    pub requests: mpsc::Sender<GateRequest>,
}

/// What can be asked of a gate.
#[derive(Debug)]
pub enum GateRequest {
    /// Create the vault with this passphrase and open it.
    Create {
        /// The new passphrase.
        passphrase: Passphrase,
        /// The answer.
        reply: oneshot::Sender<Result<(Link, Place), GateError>>,
    },
    /// Open the vault with this passphrase.
    Unlock {
        /// The passphrase; `None`: by whatever else opens it.
        passphrase: Option<Passphrase>,
        /// The answer.
        reply: oneshot::Sender<Result<(Link, Place), GateError>>,
    },
    /// Lock the vault that is open.
    Lock {
        /// Why.
        reason: LockReason,
        /// The answer: whether the vault was, or only the screens.
        reply: oneshot::Sender<Result<bool, GateError>>,
    },
    /// Say whether this passphrase opens the vault, which is open already.
    Prove {
        /// The passphrase.
        passphrase: Passphrase,
        /// The answer.
        reply: oneshot::Sender<Result<(), GateError>>,
    },
}

/// Why a vault was not opened, in words for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GateError {
    /// What happened.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// The passphrase was wrong: ask again.
    pub wrong_passphrase: bool,
}
