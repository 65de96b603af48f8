//! Questions about one credential's tokens, and what is found: whether they live, proofs, other tokens.

use crate::clock::Timestamp;
use crate::model::failure::Failure;
use crate::model::token::IssuedToken;
use crate::secret::Proof;
use serde::{Deserialize, Serialize};

/// Whether a token lives at its provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Liveness {
    /// The provider takes it.
    Alive,
    /// The provider takes it no more.
    Dead,
    /// Nobody can be asked, or nobody answered.
    #[default]
    Unknown,
}

impl Liveness {
    /// The word people read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Dead => "dead",
            Self::Unknown => "unknown",
        }
    }
}

/// Who was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckedBy {
    /// The introspection endpoint (RFC 7662).
    Introspection,
    /// The UserInfo endpoint, with the token itself.
    Userinfo,
}

/// What the provider said of an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validation {
    /// Whether it lives.
    pub liveness: Liveness,
    /// Who was asked; `None`: the provider has nobody to ask.
    pub by: Option<CheckedBy>,
    /// Scopes it carries there, where the answer tells.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// When it expires there, where the answer tells.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// Whose it is there, where the answer tells.
    #[serde(default)]
    pub subject: Option<String>,
    /// Why nothing is known, or why it is dead.
    #[serde(default)]
    pub failure: Option<Failure>,
}

/// The request that a proof is for (RFC 9449 4.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofRequest {
    /// HTTP method.
    pub method: String,
    /// Address; query and fragment do not count.
    pub url: String,
    /// The nonce that the server asked for in `DPoP-Nonce`, if it did.
    #[serde(default)]
    pub nonce: Option<String>,
}

/// An access token with the proof that goes with it.
#[derive(Debug)]
pub struct ProvenToken {
    /// The token.
    pub token: IssuedToken,
    /// Value of the `DPoP` header; for one request.
    pub proof: Proof,
}

/// What another token shall be for (RFC 8693 2.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExchangeWish {
    /// Names of services.
    pub audiences: Vec<String>,
    /// Addresses of services (RFC 8707).
    pub resources: Vec<String>,
    /// Scopes; empty: the provider decides.
    pub scopes: Vec<String>,
}
