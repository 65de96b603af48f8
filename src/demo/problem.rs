//! An error answer of the OAuth endpoints (RFC 6749 5.2).

use crate::demo::grant::Refused;
use std::borrow::Cow;
use std::time::Duration;

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// The error code.
    pub error: Cow<'static, str>,
    /// What is wrong, for developers.
    pub description: Cow<'static, str>,
    /// The new interval of a `slow_down`.
    pub interval: Option<Duration>,
    /// Whether the answer asks for Basic authentication (RFC 6749 5.2).
    pub challenge: bool,
    /// Whether a spent refresh token came back.
    pub is_replay: bool,
}

impl Problem {
    /// An error with status 400.
    pub fn new(error: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: 400,
            error: error.into(),
            description: description.into(),
            interval: None,
            challenge: false,
            is_replay: false,
        }
    }

    /// `invalid_request`.
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_request", description)
    }

    /// `invalid_grant`.
    pub fn invalid_grant(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_grant", description)
    }

    /// `invalid_client`, 401.
    pub fn invalid_client(description: impl Into<Cow<'static, str>>, challenge: bool) -> Self {
        Self {
            status: 401,
            challenge,
            ..Self::new("invalid_client", description)
        }
    }

    /// `slow_down` (RFC 8628 3.5); the interval is told where the provider tells it.
    pub fn slow_down(interval: Option<Duration>) -> Self {
        Self {
            interval,
            ..Self::new("slow_down", "polled too fast")
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unknown => Self::invalid_grant("the refresh token is not known"),
            Refused::OtherClient => Self::invalid_grant("the refresh token is another client's"),
            Refused::Expired => Self::invalid_grant("the refresh token has expired"),
            Refused::Revoked => Self::invalid_grant("the grant was revoked"),
            Refused::Replayed => Self {
                is_replay: true,
                ..Self::invalid_grant("the refresh token was used before")
            },
            Refused::TooEarly => Self::invalid_request("the access token still lives: too early"),
            Refused::Scope => Self::new("invalid_scope", "more scopes than were granted"),
            Refused::Resource => Self::new("invalid_target", "a resource that was not granted"),
            Refused::OtherKey => Self::invalid_grant("the token is bound to another key"),
        }
    }
}
