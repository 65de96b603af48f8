//! What went wrong with a provider, in words a person can act on.

use crate::clock::Timestamp;
use serde::{Deserialize, Serialize};

/// What a failure means for what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// Worth trying again by itself: network, 5xx, 408, 429.
    Transient,
    /// The person has to sign in again.
    NeedsLogin,
    /// The client, the scopes or the endpoints are wrong: the person has to change a setting.
    Misconfigured,
}

/// One failure, safe to show, to log and to store: it never holds a token or a raw reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What it means for what happens next.
    pub class: FailureClass,
    /// A short stable code: the RFC's error code (`invalid_grant`), or ours (`network`, `timeout`, `http_503`).
    pub code: String,
    /// What happened, a sentence.
    pub cause: String,
    /// What to do, a sentence.
    pub fix: String,
    /// The provider's own words, cleaned of anything that looks like a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_words: Option<String>,
    /// The provider asked not to be called before this many seconds have passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_secs: Option<u64>,
    /// Whether it is certain that the request never reached the provider (so a single-use token was not spent).
    #[serde(default)]
    pub unsent: bool,
}

/// One refresh that ended, for the history strip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it ended.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The failure's code, or `None` for a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}
