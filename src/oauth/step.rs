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
    /// Asking for a token as the client itself (RFC 6749 4.4).
    ClientCredentials,
    /// Exchanging a token for a narrower one, or one for another audience (RFC 8693).
    TokenExchange,
    /// Asking whether a token is alive (RFC 7662).
    Introspection,
    /// Asking who signed in (OpenID Connect Core 5.3).
    UserInfo,
    /// Registering a client, reading or deleting its registration (RFC 7591, 7592).
    Registration,
    /// Reading the keys that ID tokens are signed by.
    Keys,
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
            | Self::DevicePoll
            | Self::ClientCredentials
            | Self::Registration
            | Self::Keys => Errand::SignIn,
            Self::Refresh => Errand::Refresh,
            Self::Revocation => Errand::Revocation,
            Self::TokenExchange | Self::Introspection | Self::UserInfo => Errand::Inquiry,
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
            Self::ClientCredentials => "asking for a token as the client",
            Self::TokenExchange => "exchanging the token",
            Self::Introspection => "asking whether the token is alive",
            Self::UserInfo => "asking who signed in",
            Self::Registration => "registering the client",
            Self::Keys => "reading the provider's keys",
        })
    }
}
