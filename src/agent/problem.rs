//! Problem documents (RFC 9457): every refusal as an HTTP status and a body that programs can read.

use crate::agent::route_error::RouteError;
use crate::engine::api::Refusal;
use crate::model::failure::{Failure, FailureClass};
use crate::model::grant_fault::GrantFault;
use serde::{Deserialize, Serialize};

/// Media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Seconds after which a passing trouble is worth another try, when the provider did not say.
const TRY_AGAIN: u64 = 5;

/// A problem document. `refusal` is an extension member (RFC 9457 3.2): the engine's own words, for our clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind of problem, `urn:tokenward:problem:no-such-credential`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// What to do.
    pub hint: String,
    /// The same as the engine says it.
    pub refusal: Refusal,
    /// The methods that are allowed, for the header of that name.
    #[serde(skip)]
    pub allow: Option<String>,
}

impl Problem {
    fn new(status: u16, slug: &str, title: &str, refusal: Refusal) -> Self {
        Self {
            kind: format!("urn:tokenward:problem:{slug}"),
            title: title.to_owned(),
            status,
            detail: refusal.to_string(),
            hint: refusal.hint(),
            refusal,
            allow: None,
        }
    }

    /// A request that is wrong in itself.
    pub fn invalid(status: u16, slug: &str, title: &str, message: &str, hint: &str) -> Self {
        let refusal = Refusal::Invalid {
            message: message.to_owned(),
            hint: hint.to_owned(),
        };
        Self::new(status, slug, title, refusal)
    }

    /// Too many connections are open.
    pub fn busy() -> Self {
        let mut failure = Failure::new(
            FailureClass::Transient,
            "busy",
            "too many connections are open to the agent socket",
            "close some, or try again in a moment",
        )
        .unsent();
        failure.retry_after_secs = Some(1);
        Self::new(
            503,
            "busy",
            "Too many connections",
            Refusal::Failed { failure },
        )
    }

    /// The limit that was run into: how many it allows, and in how many seconds there is one again.
    pub fn limit(&self) -> Option<(u64, u64)> {
        match &self.refusal {
            Refusal::LimitExceeded {
                most, wait_secs, ..
            } => Some((*most, *wait_secs)),
            // Past the free ones, each wait is for one passphrase.
            Refusal::NotUnlocked {
                wait_secs: Some(wait_secs),
                ..
            } => Some((1, *wait_secs)),
            Refusal::NotUnlocked {
                wait_secs: None, ..
            }
            | Refusal::Failed { .. }
            | Refusal::NoSuchCredential { .. }
            | Refusal::CannotRefresh { .. }
            | Refusal::MissingScopes { .. }
            | Refusal::Revoked { .. }
            | Refusal::TimedOut
            | Refusal::Vault { .. }
            | Refusal::Locked { .. }
            | Refusal::Grant { .. }
            | Refusal::Invalid { .. }
            | Refusal::Stopped => None,
        }
    }

    /// When another try is worth while, in seconds (RFC 9110 10.2.3).
    pub fn retry_after(&self) -> Option<u64> {
        match &self.refusal {
            Refusal::Failed { failure } if failure.class == FailureClass::Transient => {
                Some(failure.retry_after_secs.map_or(TRY_AGAIN, u64::from))
            }
            Refusal::LimitExceeded { wait_secs, .. } => Some(*wait_secs),
            Refusal::NotUnlocked { wait_secs, .. } => *wait_secs,
            Refusal::Stopped => Some(TRY_AGAIN),
            Refusal::Failed { .. }
            | Refusal::NoSuchCredential { .. }
            | Refusal::CannotRefresh { .. }
            | Refusal::MissingScopes { .. }
            | Refusal::Revoked { .. }
            | Refusal::TimedOut
            | Refusal::Vault { .. }
            | Refusal::Locked { .. }
            | Refusal::Grant { .. }
            | Refusal::Invalid { .. } => None,
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, slug, title) = match &refusal {
            Refusal::NoSuchCredential { .. } => (404, "no-such-credential", "No such credential"),
            Refusal::Failed { failure } => match failure.class {
                FailureClass::Transient => (503, "unavailable", "Temporarily unavailable"),
                FailureClass::NeedsLogin => (409, "needs-login", "Needs a new sign-in"),
                FailureClass::Misconfigured => (422, "misconfigured", "A setting is wrong"),
            },
            Refusal::CannotRefresh { .. } => (409, "cannot-refresh", "Cannot be refreshed"),
            Refusal::MissingScopes { .. } => (409, "missing-scopes", "Scopes are missing"),
            Refusal::Revoked { .. } => (409, "revoked", "Revoked"),
            Refusal::LimitExceeded { .. } => (429, "limit-exceeded", "Too many requests"),
            Refusal::TimedOut => (504, "timed-out", "Timed out"),
            Refusal::Vault { .. } => (500, "vault", "The vault failed"),
            Refusal::Invalid { .. } => (400, "invalid", "Invalid request"),
            Refusal::Grant { fault } => match fault {
                GrantFault::Missing => (401, "no-token", "A token is needed"),
                GrantFault::Unknown => (401, "unknown-token", "Unknown token"),
                GrantFault::Expired => (401, "expired-token", "Expired token"),
                GrantFault::Revoked => (401, "revoked-token", "Revoked token"),
                GrantFault::Replayed => (401, "replayed-token", "Used refresh token"),
                GrantFault::NotGranted { .. } => (403, "not-granted", "Not granted"),
                GrantFault::OtherProgram { .. } => {
                    (403, "other-program", "Another program's grant")
                }
                GrantFault::OwnerOnly => (403, "owner-only", "For the owner only"),
                GrantFault::NoSuchGrant { .. } => (404, "no-such-grant", "No such grant"),
                GrantFault::Denied => (403, "denied", "Refused by a person"),
                GrantFault::NoSuchQuestion => (404, "no-such-question", "No such question"),
            },
            Refusal::Locked { .. } => (423, "locked", "The vault is locked"),
            Refusal::NotUnlocked {
                wait_secs: Some(_), ..
            } => (429, "too-many-tries", "Too many passphrases"),
            Refusal::NotUnlocked { .. } => (423, "not-unlocked", "Not unlocked"),
            Refusal::Stopped => (503, "stopped", "The engine has stopped"),
        };
        Self::new(status, slug, title, refusal)
    }
}

impl From<RouteError> for Problem {
    fn from(error: RouteError) -> Self {
        match error {
            RouteError::NotFound => Self::invalid(
                404,
                "no-such-address",
                "No such address",
                "there is nothing at this address",
                "GET /api/openapi.json tells all there are",
            ),
            RouteError::Method { allow } => {
                let message = format!("this address takes {allow}");
                let hint = "use another method";
                Self {
                    allow: Some(allow),
                    ..Self::invalid(405, "method", "Method not allowed", &message, hint)
                }
            }
            RouteError::Invalid { message, hint } => {
                Self::invalid(400, "invalid", "Invalid request", &message, hint)
            }
        }
    }
}

impl From<Refusal> for Box<Problem> {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.into())
    }
}

impl From<RouteError> for Box<Problem> {
    fn from(error: RouteError) -> Self {
        Self::new(error.into())
    }
}
