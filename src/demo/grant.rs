//! What a grant and its tokens are: plain data, without the tokens themselves.

use crate::clock::Timestamp;

/// Number of a grant: one sign-in and all tokens that come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantId(pub u64);

/// Number of a token, for logs and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub u64);

/// What a person allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The client it was given to.
    pub client: String,
    /// Who gave it.
    pub account: String,
    /// What for.
    pub scopes: Vec<String>,
    /// The resources its tokens may be used at (RFC 8707); empty: any.
    pub resources: Vec<String>,
    /// The `nonce` of the sign-in.
    pub nonce: Option<String>,
    /// When the person signed in.
    pub auth_time: Timestamp,
    /// Whether the request asked for a refresh token in the way the provider wants it asked.
    pub offline: bool,
    /// Whether it is over.
    pub revoked: bool,
}

impl Grant {
    /// A grant of an account to a client, for any resource.
    pub fn new(client: &str, account: &str, scopes: Vec<String>, at: Timestamp) -> Self {
        Self {
            client: client.to_owned(),
            account: account.to_owned(),
            scopes,
            resources: Vec::new(),
            nonce: None,
            auth_time: at,
            offline: true,
            revoked: false,
        }
    }
}

/// An access token, without the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Its number.
    pub id: TokenId,
    /// Its grant.
    pub grant: GrantId,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// Where it may be used (RFC 8707, RFC 8693); empty: anywhere.
    pub audience: Vec<String>,
    /// Thumbprint of the key it is bound to (RFC 9449 6).
    pub jkt: Option<String>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
}

/// What a client asks of the tokens of a grant.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Fewer scopes than granted; `None`: all.
    pub scopes: Option<Vec<String>>,
    /// Some of the grant's resources; empty: all.
    pub resources: Vec<String>,
    /// Thumbprint of the key that was proven.
    pub jkt: Option<String>,
    /// Whether the client is a public one: then its refresh tokens are bound too (RFC 9449 5).
    pub public: bool,
}

/// Tokens on their way out.
pub struct Issued {
    /// The grant they belong to.
    pub grant: GrantId,
    /// The access token.
    pub access: String,
    /// What is known of it.
    pub record: Access,
    /// The refresh token.
    pub refresh: Option<String>,
    /// When that expires.
    pub refresh_expires_at: Option<Timestamp>,
}

/// Why a refresh token was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It was never issued.
    Unknown,
    /// It belongs to another client.
    OtherClient,
    /// It is too old.
    Expired,
    /// Its grant was revoked.
    Revoked,
    /// It was spent already.
    Replayed,
    /// The access token has too long to live.
    TooEarly,
    /// More scopes than were granted.
    Scope,
    /// A resource that was not granted.
    Resource,
    /// It is bound to another key.
    OtherKey,
}
