//! What a provider hands out: a set of tokens, and what a local program gets of it.

use crate::clock::Timestamp;
use crate::secret::{AccessToken, IdToken, RefreshToken};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// A successful answer of a token endpoint (RFC 6749 5.1), read leniently.
#[derive(Debug)]
pub struct TokenSet {
    /// The access token.
    pub access: AccessToken,
    /// Its type, normalised: `Bearer` whatever the case it came in.
    pub token_type: String,
    /// Lifetime of the access token; `None` when the answer named none.
    pub expires_in: Option<Duration>,
    /// A refresh token; at a refresh `None` means that the old one stays (RFC 6749 6).
    pub refresh: Option<RefreshToken>,
    /// Lifetime of the refresh token, where the provider tells (`refresh_expires_in` and its spellings).
    pub refresh_expires_in: Option<Duration>,
    /// An ID token.
    pub id_token: Option<IdToken>,
    /// Whether its signature was checked by the provider's keys.
    pub is_id_verified: bool,
    /// Scopes granted; `None` when the answer named none: then they are those asked for (RFC 6749 5.1).
    pub scopes: Option<Vec<String>>,
    /// Who signed in, where the answer itself tells (the record's `account_in_reply`).
    pub account: Option<String>,
    /// What the record keeps of the answer beside the tokens.
    pub kept: BTreeMap<String, String>,
}

/// What of an ID token is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IdClaims {
    /// `iss`.
    pub issuer: Option<String>,
    /// `sub`.
    pub subject: Option<String>,
    /// `email`.
    pub email: Option<String>,
    /// `email_verified`.
    pub email_verified: Option<bool>,
    /// `name`, else `preferred_username`.
    pub name: Option<String>,
    /// Whether its signature was checked by the provider's keys; otherwise it rests on the TLS of the token endpoint
    /// (OpenID Connect Core 3.1.3.7, 6).
    pub verified: bool,
}

/// An access token on its way to somebody who asked for it.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token.
    pub access: AccessToken,
    /// `Bearer`, nearly always.
    pub token_type: String,
    /// When it expires, if it does.
    pub expires_at: Option<Timestamp>,
    /// Scopes it carries.
    pub scopes: Vec<String>,
}
