//! Why a question could not be put to the owner, or was not answered as expected.

use crate::engine::api::Refusal;
use std::io;
use std::path::PathBuf;

/// Why a call over the socket came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody serves this socket.
    #[error("nobody owns the vault: no answer at {}", .socket.display())]
    NoOwner {
        /// Where nobody answers.
        socket: PathBuf,
    },
    /// The socket belongs to another user, or its owner does not serve this one.
    #[error("not allowed to use the agent socket {}", .socket.display())]
    NotAllowed {
        /// Which.
        socket: PathBuf,
    },
    /// The owner did not answer in time.
    #[error("the owner of the vault did not answer in time")]
    Timeout,
    /// The owner went away before it had answered.
    #[error("the owner of the vault went away before it had answered")]
    Gone,
    /// The owner answered that it will not, or cannot.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What came back is not what this program expects. Never holds what was received.
    #[error("the owner's answer was not understood: {what}")]
    Protocol {
        /// What was wrong with it.
        what: &'static str,
    },
    /// The socket could not be used.
    #[error("could not use the agent socket {}", .socket.display())]
    Io {
        /// Which.
        socket: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl CallError {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::NoOwner { .. } | Self::Gone => {
                "start `tokenward` or `tokenward --daemon`, or just run the command again"
                    .to_owned()
            }
            Self::NotAllowed { .. } => {
                "run it as the user who started the owner; a vault belongs to one user".to_owned()
            }
            Self::Timeout => {
                "see `tokenward status`; if the owner hangs, stop it and start it again".to_owned()
            }
            Self::Refused(refusal) => refusal.hint(),
            Self::Protocol { .. } => {
                "the owner may be another version: stop it, then start this version".to_owned()
            }
            Self::Io { .. } => "check the folder of the socket and its permissions".to_owned(),
        }
    }

    /// The same, as the refusal that an engine in this process would have given.
    pub fn into_refusal(self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal,
            Self::Timeout => Refusal::TimedOut,
            Self::NoOwner { .. } | Self::Gone => Refusal::Stopped,
            Self::NotAllowed { .. } | Self::Protocol { .. } | Self::Io { .. } => Refusal::Invalid {
                message: self.to_string(),
                hint: self.hint(),
            },
        }
    }
}
