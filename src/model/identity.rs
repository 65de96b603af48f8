//! Whose a found token is: what the fingerprints tell of it, and what it says of itself.

use crate::clock::Timestamp;
use crate::model::credential::{CredentialId, Generation};
use crate::model::name::CredentialName;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Which of a credential's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// An access token, or an API key.
    Access,
    /// A refresh token.
    Refresh,
    /// An ID token (OpenID Connect), which opens nothing but says who somebody is.
    Id,
}

impl TokenKind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Access => "access token",
            Self::Refresh => "refresh token",
            Self::Id => "ID token",
        }
    }
}

/// Where a fingerprint leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    /// To which credential, which may be gone.
    pub id: CredentialId,
    /// To which of its generations: the newest that held the token.
    pub generation: Generation,
    /// Which of its tokens; `None`: kept by a version that did not note it.
    pub kind: Option<TokenKind>,
}

/// What is known of a token that was shown to the vault. It holds nothing of the token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// Whose it is; `None`: no credential of this vault ever held it.
    pub owner: Option<Owner>,
    /// What it says of itself, if it is a JWT.
    pub jwt: Option<Jwt>,
}

/// The credential that holds or held a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its name; `None`: it was removed so long ago that nothing tells.
    pub name: Option<CredentialName>,
    /// Whether it is still kept here.
    pub is_kept: bool,
    /// Which of its tokens, where that was noted.
    pub kind: Option<TokenKind>,
    /// Of which generation.
    pub generation: Generation,
    /// The credential's generation now.
    pub generation_now: Option<Generation>,
    /// When the token came, as far as the activity log reaches.
    pub since: Option<Timestamp>,
    /// What became of it; `None`: it is the present one.
    pub ended: Option<Ended>,
    /// When it expires or expired, if it is the present access token and does.
    pub expires_at: Option<Timestamp>,
}

/// How a token's time ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// How.
    pub how: End,
    /// When, where it is known.
    pub at: Option<Timestamp>,
}

/// How a token's time can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// A refresh brought another one.
    Replaced,
    /// A person signed in anew.
    SignedInAnew,
    /// An earlier generation was put back in its place.
    PutBack,
    /// An import took its place.
    Imported,
    /// Something took its place of which the activity log does not tell any more.
    Untold,
    /// It was revoked.
    Revoked,
    /// It is being revoked, and the provider has not been told yet.
    BeingRevoked,
    /// The credential was removed here; the provider was not told by that.
    Removed,
}

impl End {
    /// What happened, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Replaced => "replaced by a refresh",
            Self::SignedInAnew => "replaced by a new sign-in",
            Self::PutBack => "replaced when an earlier generation was put back",
            Self::Imported => "replaced by an import",
            Self::Untold => "replaced, the activity log does not tell any more by what",
            Self::Revoked => "revoked",
            Self::BeingRevoked => "being revoked",
            Self::Removed => "removed here",
        }
    }
}

/// A JWT's own words (RFC 7519).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Jwt {
    /// The header's `alg`.
    pub algorithm: Option<String>,
    /// The claims.
    pub claims: Map<String, Value>,
    /// Whether the signature is that of the provider.
    pub signature: Signature,
}

/// What is known of a JWT's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// Nobody was asked for the keys: nothing of it is to be believed.
    NotChecked,
    /// It is the provider's: the claims are what it said.
    Verified,
    /// It is not the provider's.
    Wrong,
    /// The provider publishes no keys for it, or they could not be read.
    NoKeys,
}

impl Signature {
    /// What that means, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotChecked => "signature not checked: these are claims, not facts",
            Self::Verified => "signature verified by the provider's keys",
            Self::Wrong => "the signature is NOT the provider's: do not believe it",
            Self::NoKeys => "the signature could not be checked: no keys of the provider for it",
        }
    }
}
