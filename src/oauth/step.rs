//! What was being done with a provider, and what that belongs to.

use crate::model::failure::Errand;
use std::fmt;

/// What was being done: the same error code means different things in different places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Reading the metadata documents.
    Discovery,
    /// The person's answer at the authorization endpoint.
    Authorization,
    /// The pushed authorization request (RFC 9126).
    PushedAuthorization,
    /// Exchanging the code (RFC 6749 4.1.3).
    CodeExchange,
    /// Asking for a device code (RFC 8628 3.1).
    DeviceStart,
    /// Asking whether the person has answered (RFC 8628 3.4).
    DevicePoll,
    /// Refreshing (RFC 6749 6).
    Refresh,
    /// Revoking (RFC 7009).
    Revocation,
}

impl Step {
    /// What the step belongs to.
    pub fn errand(self) -> Errand {
        match self {
            Self::Discovery
            | Self::Authorization
            | Self::PushedAuthorization
            | Self::CodeExchange
            | Self::DeviceStart
            | Self::DevicePoll => Errand::SignIn,
            Self::Refresh => Errand::Refresh,
            Self::Revocation => Errand::Revocation,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discovery => "reading the provider's metadata",
            Self::Authorization => "asking for the person's consent",
            Self::PushedAuthorization => "announcing the sign-in",
            Self::CodeExchange => "exchanging the code",
            Self::DeviceStart => "asking for a device code",
            Self::DevicePoll => "asking whether the device code was entered",
            Self::Refresh => "refreshing the token",
            Self::Revocation => "revoking the token",
        })
    }
}
