//! The likely causes of a refused refresh token, each with what speaks for it.

use crate::model::name::CredentialName;
use serde::{Deserialize, Serialize};

/// What is known about a failure beside the provider's code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// By how many seconds this machine's clock ran ahead of the provider's (`Date`, RFC 9110 6.6.1); negative: behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_ahead_secs: Option<i64>,
    /// Scopes that the token would need (RFC 6750 3).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needed_scopes: Vec<String>,
    /// The refresh token is refused, and the provider did not say which of the many causes it was.
    pub is_open: bool,
    /// It is the refresh token before the present one that was refused like this, tried because the present one was
    /// refused: that it had been spent says nothing about others.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub of_one_before: bool,
    /// Another credential here that holds the same refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared_with: Option<CredentialName>,
    /// What probably caused it, the likeliest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub likely: Vec<Likelihood>,
}

/// One likely cause. Both parts are safe to show, to log and to store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Likelihood {
    /// What probably happened.
    pub cause: LikelyCause,
    /// What speaks for it, a sentence of facts.
    pub evidence: String,
}

impl Likelihood {
    /// A cause and what speaks for it.
    pub fn new(cause: LikelyCause, evidence: impl Into<String>) -> Self {
        Self {
            cause,
            evidence: evidence.into(),
        }
    }
}

/// What can end a refresh token (RFC 6749 5.2 has one word for all of it). The order is that of a list of causes
/// between which nothing else decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LikelyCause {
    /// The password changed.
    PasswordChanged,
    /// It was used twice: by another program, or by an older copy of it.
    Reused,
    /// A refresh was cut off before its answer was kept, and the provider had replaced the token by then.
    AnswerLost,
    /// It outlived the life the provider gives it.
    Expired,
    /// It was not used for too long.
    Unused,
    /// The client is in the provider's test mode, where refresh tokens live a few days only.
    TestMode,
    /// The session behind it ended.
    SessionEnded,
    /// The account was disabled, locked or deleted.
    AccountChanged,
    /// It belongs to another client, or the client was replaced.
    ClientChanged,
    /// Newer sign-ins pushed it out: a provider keeps so many of a client and an account.
    PushedOut,
    /// The person or an administrator ended the grant.
    Revoked,
    /// This machine's clock, or the provider's, is wrong.
    ClockWrong,
    /// The provider ended it early; neither age nor disuse did.
    EndedEarly,
}

impl LikelyCause {
    /// Every cause.
    pub const ALL: [Self; 13] = [
        Self::PasswordChanged,
        Self::Reused,
        Self::AnswerLost,
        Self::Expired,
        Self::Unused,
        Self::TestMode,
        Self::SessionEnded,
        Self::AccountChanged,
        Self::ClientChanged,
        Self::PushedOut,
        Self::Revoked,
        Self::ClockWrong,
        Self::EndedEarly,
    ];

    /// The cause, a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::PasswordChanged => "The account's password changed.",
            Self::Reused => {
                "The refresh token was used twice: by another program, or by an older copy of it."
            }
            Self::AnswerLost => {
                "The provider replaced the refresh token in an answer that never arrived."
            }
            Self::Expired => "The refresh token has outlived the life its provider gives it.",
            Self::Unused => "The refresh token was not used for too long.",
            Self::TestMode => {
                "The client is in the provider's test mode, where refresh tokens live a few days only."
            }
            Self::SessionEnded => "The session behind the refresh token ended.",
            Self::AccountChanged => "The account was disabled, locked or deleted.",
            Self::ClientChanged => {
                "The refresh token belongs to another client, or the client was replaced."
            }
            Self::PushedOut => {
                "Newer sign-ins pushed it out: a provider keeps only so many of one client and account."
            }
            Self::Revoked => "The person or an administrator ended the grant.",
            Self::ClockWrong => "This machine's clock and the provider's disagree.",
            Self::EndedEarly => {
                "The provider ended it early: the grant was revoked, the password changed, or a copy was used."
            }
        }
    }

    /// What to do about it, beside signing in again; `None`: nothing else.
    pub fn remedy(self) -> Option<&'static str> {
        match self {
            Self::Reused | Self::EndedEarly => Some(
                "Make sure that no other program, machine or backup uses the same refresh token.",
            ),
            Self::TestMode => Some(
                "Publish the client (take it out of testing) on the provider's developer page.",
            ),
            Self::ClockWrong => Some("Set this machine's clock."),
            Self::ClientChanged => Some("Sign in with the client that is registered now."),
            Self::PushedOut => {
                Some("Remove credentials of the same account that are no longer needed.")
            }
            Self::AccountChanged => Some("Ask whoever administers the account."),
            Self::PasswordChanged
            | Self::AnswerLost
            | Self::Expired
            | Self::Unused
            | Self::SessionEnded
            | Self::Revoked => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_a_sentence_and_a_name_that_is_read_back() {
        for cause in LikelyCause::ALL {
            let sentence = cause.sentence();
            assert!(
                sentence.ends_with('.') && !sentence.contains("  "),
                "{sentence}"
            );
            let name = serde_json::to_string(&cause).unwrap();
            assert_eq!(serde_json::from_str::<LikelyCause>(&name).unwrap(), cause);
        }
    }
}
