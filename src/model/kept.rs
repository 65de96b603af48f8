//! A generation of a credential's tokens that was replaced and is kept for a while.

use crate::clock::Timestamp;
use crate::model::credential::{Generation, Restored};
use serde::{Deserialize, Serialize};

/// Why a generation was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replaced {
    /// By newer tokens of the same sign-in.
    Refreshed,
    /// By a new sign-in.
    SignedIn,
    /// By what was imported.
    Imported,
    /// By an earlier generation that was put back.
    PutBack,
}

impl Replaced {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Refreshed => "refreshed",
            Self::SignedIn => "signed in anew",
            Self::Imported => "another one imported",
            Self::PutBack => "an earlier one put back",
        }
    }
}

/// What may be expected of a kept refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outlook {
    /// There is none.
    None,
    /// It is the one that is there now.
    Present,
    /// The provider lets replaced ones live.
    Alive,
    /// It was replaced at a refresh, and the provider takes each once only, or may.
    Spent,
    /// A new sign-in took its place, and the provider was told to end it.
    Ended,
    /// Nobody knows.
    Unknown,
}

impl Outlook {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "no refresh token",
            Self::Present => "the same as now",
            Self::Alive => "probably still good",
            Self::Spent => "probably spent",
            Self::Ended => "probably ended",
            Self::Unknown => "not known",
        }
    }
}

/// What is known of a refresh token that was held here before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// What may be expected of it.
    pub outlook: Outlook,
    /// How many generations its credential has gone on since.
    pub behind: u64,
    /// What is known of the one that holds it now.
    pub restored: Option<Restored>,
}

/// One kept generation. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptGeneration {
    /// Its number.
    pub generation: Generation,
    /// When it was replaced.
    pub replaced_at: Timestamp,
    /// Why.
    pub replaced: Replaced,
    /// When its access token was issued.
    pub issued_at: Timestamp,
    /// When that expires, if it does.
    pub expires_at: Option<Timestamp>,
    /// What may be expected of its refresh token.
    pub refresh_token: Outlook,
}
