//! Bodies about grants: pairs of tokens on their way to a program, and what programs send.

use crate::agent::wire::{BadBody, write};
use crate::clock::Timestamp;
use crate::engine::grants::ask::EndBy;
use crate::engine::grants::pair::Pair;
use crate::engine::grants::token::Claims;
use crate::model::family::FamilyId;
use crate::model::grant::{GrantName, GrantView};
use crate::model::name::CredentialName;
use crate::model::question::QuestionId;
use crate::secret::{GrantRefreshToken, GrantToken, QuestionHandle};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// How often, in seconds, a program that asked may look whether a person has answered.
pub const LOOK_EVERY: u64 = 2;

/// A pair, as a token response (RFC 6749 5.1).
#[derive(Serialize)]
struct PairOut<'a> {
    access_token: &'a str,
    token_type: &'a str,
    expires_in: u64,
    rotate_in: u64,
    refresh_token: &'a str,
    refresh_expires_in: u64,
    grant: &'a GrantName,
    family: FamilyId,
    credentials: &'a [CredentialName],
    issued_at: i64,
    expires_at: i64,
    turn: u64,
}

#[derive(Deserialize)]
struct PairIn {
    access_token: String,
    refresh_token: String,
    refresh_expires_in: u64,
    grant: GrantName,
    family: FamilyId,
    credentials: Vec<CredentialName>,
    issued_at: i64,
    expires_at: i64,
    turn: u64,
}

/// Writes a pair; the buffer is zeroized when it is dropped.
pub fn write_pair(pair: &Pair) -> Zeroizing<Vec<u8>> {
    let claims = &pair.claims;
    let lives = u64::try_from(claims.expires_at - claims.issued_at).unwrap_or(0);
    write(&PairOut {
        access_token: pair.access.expose_secret(),
        token_type: "Bearer",
        expires_in: lives,
        rotate_in: lives / 2,
        refresh_token: pair.refresh.expose_secret(),
        refresh_expires_in: pair.refresh_expires_in,
        grant: &pair.grant,
        family: pair.family,
        credentials: &claims.credentials,
        issued_at: claims.issued_at,
        expires_at: claims.expires_at,
        turn: claims.turn,
    })
}

/// Reads a pair.
pub fn read_pair(body: &[u8]) -> Result<Pair, BadBody> {
    let read: PairIn = serde_json::from_slice(body)?;
    Ok(Pair {
        grant: read.grant.clone(),
        family: read.family,
        access: GrantToken::new(read.access_token),
        claims: Claims {
            grant: read.grant,
            family: read.family,
            turn: read.turn,
            credentials: read.credentials,
            issued_at: read.issued_at,
            expires_at: read.expires_at,
        },
        refresh: GrantRefreshToken::new(read.refresh_token),
        refresh_expires_in: read.refresh_expires_in,
    })
}

/// What `POST /api/auth/token` takes.
#[derive(Debug)]
pub enum TokenWish {
    /// A pair of this grant; on the port a person is asked first.
    Of {
        /// The grant.
        grant: GrantName,
        /// For whose tokens, where there is no such grant yet.
        credentials: Vec<CredentialName>,
    },
    /// Whether a person has answered.
    Look(QuestionHandle),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenWishIn {
    grant: Option<GrantName>,
    #[serde(default)]
    credentials: Vec<CredentialName>,
    request: Option<String>,
}

#[derive(Serialize)]
struct TokenWishOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<&'a GrantName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'a str>,
}

/// Reads what `POST /api/auth/token` takes: a grant's name, or the request that was made before.
pub fn read_token_wish(body: &[u8]) -> Result<TokenWish, BadBody> {
    let read: TokenWishIn = serde_json::from_slice(body)?;
    match (read.grant, read.request) {
        (Some(grant), None) => Ok(TokenWish::Of {
            grant,
            credentials: read.credentials,
        }),
        (None, Some(request)) => Ok(TokenWish::Look(QuestionHandle::new(request))),
        (Some(_), Some(_)) | (None, None) => Err(BadBody { line: 1, column: 1 }),
    }
}

/// Writes a wish for a pair of that grant.
pub fn write_token_wish(grant: &GrantName) -> Zeroizing<Vec<u8>> {
    write(&TokenWishOut {
        grant: Some(grant),
        request: None,
    })
}

/// Writes the question whether a person has answered.
pub fn write_look(handle: &QuestionHandle) -> Zeroizing<Vec<u8>> {
    write(&TokenWishOut {
        grant: None,
        request: Some(handle.expose_secret()),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefreshIn {
    refresh_token: String,
}

#[derive(Serialize)]
struct RefreshOut<'a> {
    refresh_token: &'a str,
}

/// Reads what `POST /api/auth/refresh` takes.
pub fn read_refresh(body: &[u8]) -> Result<GrantRefreshToken, BadBody> {
    let read: RefreshIn = serde_json::from_slice(body)?;
    Ok(GrantRefreshToken::new(read.refresh_token))
}

/// Writes what `POST /api/auth/refresh` takes.
pub fn write_refresh(token: &GrantRefreshToken) -> Zeroizing<Vec<u8>> {
    write(&RefreshOut {
        refresh_token: token.expose_secret(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShownIn {
    token: String,
}

#[derive(Serialize)]
struct ShownOut<'a> {
    token: &'a str,
}

/// Reads what `POST /api/auth/verify` takes.
pub fn read_verify(body: &[u8]) -> Result<GrantToken, BadBody> {
    let read: ShownIn = serde_json::from_slice(body)?;
    Ok(GrantToken::new(read.token))
}

/// Reads what `POST /api/auth/revoke` takes: a token of either kind (RFC 7009 2.1).
pub fn read_end(body: &[u8]) -> Result<EndBy, BadBody> {
    let read: ShownIn = serde_json::from_slice(body)?;
    Ok(match read.token.starts_with("twr_") {
        true => EndBy::Refresh(GrantRefreshToken::new(read.token)),
        false => EndBy::Access(GrantToken::new(read.token)),
    })
}

/// Writes what `POST /api/auth/revoke` takes.
pub fn write_end(token: &EndBy) -> Zeroizing<Vec<u8>> {
    let token = match token {
        EndBy::Access(token) => token.expose_secret(),
        EndBy::Refresh(token) => token.expose_secret(),
    };
    write(&ShownOut { token })
}

/// The answer to a question that waits for a person: `202 Accepted`.
#[derive(Serialize)]
struct AskedOut<'a> {
    question: QuestionId,
    request: &'a str,
    interval: u64,
    expires_at: Timestamp,
}

#[derive(Deserialize)]
struct AskedIn {
    request: String,
}

/// Writes what a program that asked looks the answer up with.
pub fn write_asked(
    question: QuestionId,
    until: Timestamp,
    handle: &QuestionHandle,
) -> Zeroizing<Vec<u8>> {
    write(&AskedOut {
        question,
        request: handle.expose_secret(),
        interval: LOOK_EVERY,
        expires_at: until,
    })
}

/// Reads what the answer is looked up with.
pub fn read_asked(body: &[u8]) -> Result<QuestionHandle, BadBody> {
    let read: AskedIn = serde_json::from_slice(body)?;
    Ok(QuestionHandle::new(read.request))
}

/// What `POST /api/auth/verify` answers (RFC 7662 2.2): whether a token is good, and then what it carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// Whether it is good.
    pub active: bool,
    /// Why it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it carries.
    #[serde(default, flatten)]
    pub carries: Option<Carried>,
}

/// What an access token that is good carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Its grant.
    pub grant: GrantName,
    /// Its family.
    pub family: FamilyId,
    /// Whose tokens it may fetch.
    pub credentials: Vec<CredentialName>,
    /// It gets tokens with these scopes only; none: as they are.
    pub scopes: Vec<String>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The same in seconds from now.
    pub expires_in: u64,
    /// Whether it is time for the next pair: half of its life is over.
    pub rotation_advised: bool,
}

/// What `POST /api/auth/revoke-all` takes; left out: all grants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RevokeAllBody {
    /// Only the pairs of this grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantName>,
}

/// What `POST /api/auth/revoke-all` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedAll {
    /// Pairs of tokens that were alive and are no more.
    pub revoked: u64,
}

/// What `GET /api/auth/stats` answers: figures of each grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// All grants that may be seen, by name.
    pub grants: Vec<StatsOf>,
}

/// Figures of one grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsOf {
    /// Its name.
    pub name: GrantName,
    /// Pairs of tokens that are alive.
    pub live_pairs: u64,
    /// Pairs that were issued since it was made.
    pub issued: u64,
    /// Times a pair was exchanged for the next one.
    pub rotated: u64,
    /// Used refresh tokens that came back.
    pub replayed: u64,
    /// Tokens that were fetched with it since the vault was opened.
    pub fetched: u64,
    /// When one was last fetched with it since the vault was opened.
    pub used_at: Option<Timestamp>,
    /// Tokens it may fetch in an hour.
    pub rate: u64,
    /// How many of these are used now.
    pub rate_used: u64,
}

impl From<GrantView> for StatsOf {
    fn from(view: GrantView) -> Self {
        let counts = view.grant.counts;
        Self {
            name: view.grant.name,
            live_pairs: view.pairs.len() as u64,
            issued: counts.issued,
            rotated: counts.rotated,
            replayed: counts.replayed,
            fetched: view.fetched,
            used_at: view.used_at,
            rate: view.rate,
            rate_used: view.rate_used,
        }
    }
}
