//! Why a grant, or a token of one, was not taken.

use crate::model::grant::GrantName;
use crate::model::name::CredentialName;
use serde::{Deserialize, Serialize};

/// Why. Nothing in it tells whoever has no grant what grants there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "fault")]
pub enum GrantFault {
    /// No token was shown.
    #[error("this needs a grant's access token")]
    Missing,
    /// It is no token of this vault's, or its signature is wrong, or it was issued before the vault got a new key.
    #[error("the token is not known here")]
    Unknown,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its family was ended, or its grant revoked.
    #[error("the token was revoked")]
    Revoked,
    /// A used refresh token came back: its family was ended, for one of the two who have it is not who it was issued to.
    #[error("the refresh token was used before; its family has been revoked")]
    Replayed,
    /// The grant does not name the credential.
    #[error("the grant {grant} does not name {name}")]
    NotGranted {
        /// The grant.
        grant: GrantName,
        /// What was asked for.
        name: CredentialName,
    },
    /// The grant is another program's.
    #[error("the grant {grant} is for another program")]
    OtherProgram {
        /// The grant.
        grant: GrantName,
    },
    /// No grant reaches that far: it is for the owner, on the agent's socket.
    #[error("no grant allows this; only the vault's owner may do it, on the agent's socket")]
    OwnerOnly,
    /// There is no grant of that name.
    #[error("there is no grant named {grant}")]
    NoSuchGrant {
        /// As asked for.
        grant: GrantName,
    },
    /// A person said no.
    #[error("a person refused it")]
    Denied,
    /// Nobody answered in time, or nobody was asked.
    #[error("no question of that number waits for an answer")]
    NoSuchQuestion,
}

impl GrantFault {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Missing => {
                "send `Authorization: Bearer TOKEN`; on the agent's socket `tokenward grant token NAME` gives one".to_owned()
            }
            Self::Unknown | Self::Revoked | Self::Replayed => {
                "get a new pair of tokens: tokenward grant token NAME".to_owned()
            }
            Self::Expired => {
                "exchange the refresh token for the next pair, POST /api/auth/refresh, or get a new one: tokenward grant token NAME"
                    .to_owned()
            }
            Self::NotGranted { grant, name } => format!(
                "allow it: tokenward grant create {grant} --replace --credential {name}, and all the others it is to have"
            ),
            Self::OtherProgram { grant } => {
                format!("look which one: tokenward grant show {grant}")
            }
            Self::OwnerOnly => "do it with the program tokenward, as the user who owns the vault".to_owned(),
            Self::NoSuchGrant { .. } => "tokenward grant list shows all of them".to_owned(),
            Self::Denied => "ask the person who owns the vault".to_owned(),
            Self::NoSuchQuestion => "ask again: POST /api/auth/token".to_owned(),
        }
    }

    /// The error code for `WWW-Authenticate` (RFC 6750 3.1); `None` where nothing was shown.
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::Missing => None,
            Self::Unknown | Self::Expired | Self::Revoked | Self::Replayed => Some("invalid_token"),
            Self::NotGranted { .. } | Self::OtherProgram { .. } | Self::OwnerOnly => {
                Some("insufficient_scope")
            }
            Self::NoSuchGrant { .. } | Self::Denied | Self::NoSuchQuestion => {
                Some("invalid_request")
            }
        }
    }

    /// Whether somebody may be guessing: such failures of one address are counted.
    pub const fn is_guess(&self) -> bool {
        matches!(self, Self::Unknown | Self::Revoked | Self::Replayed)
    }
}
