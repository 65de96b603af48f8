//! How answers are written where providers go their own ways.

use std::collections::BTreeMap;

/// How `expires_in` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiresInShape {
    /// A number of seconds (RFC 6749 5.1).
    Seconds,
    /// A number of seconds in a string.
    Text,
    /// A number of milliseconds.
    Milliseconds,
    /// Hours, minutes and seconds, `177:05:38` (as at Tableau).
    ClockTime,
    /// The moment instead, `expires_at`, in seconds since 1970.
    ExpiresAt,
    /// The moment instead, `expires_at`, as RFC 3339 has it.
    ExpiresAtText,
    /// Not at all; the token expires all the same.
    Missing,
}

/// How `scope` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeShape {
    /// With spaces between (RFC 6749 3.3).
    Spaces,
    /// With commas between.
    Commas,
    /// An array.
    Array,
    /// Not at all.
    Missing,
}

/// How `token_type` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenTypeShape {
    /// `Bearer`.
    Bearer,
    /// `bearer`.
    LowerCase,
    /// `user`, what kind of token it is (as at Slack).
    User,
    /// Not at all.
    Missing,
}

/// How errors of the token endpoint are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorShape {
    /// `error` and `error_description` (RFC 6749 5.2).
    Standard,
    /// The same with `error_codes`, `suberror` and `AADSTS` in the words (Microsoft).
    Microsoft,
    /// Words in `message` and no code at all.
    Words,
    /// An object in `error`, with `message`, `type` and `code` (Meta).
    Nested,
}

/// An object that holds the tokens, instead of the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nesting {
    /// Name of the member, `authed_user`.
    pub member: String,
    /// Whether refreshes are answered so too, not only sign-ins.
    pub on_refresh: bool,
}

/// What userinfo looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserInfoShape {
    /// `sub` and the claims of the scopes; the scope `openid` is needed (OpenID Connect Core 5.3).
    OpenId,
    /// A number and `login`, no `sub`; any token will do (GitHub's `/user`).
    Login,
    /// Everything in an object `data` (X's `/2/users/me`).
    Data,
}

/// How a spent refresh token that comes back is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReuseAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The error code.
    pub error: String,
}

/// How answers are written; the default is as the standards have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Where the tokens are, when not at the top.
    pub nested: Option<Nesting>,
    /// A boolean that says whether the answer is a success; with it every answer has status 200 (Slack's `ok`).
    pub success_flag: Option<String>,
    /// How errors are written.
    pub errors: ErrorShape,
    /// The provider's own codes for those of the standard, `invalid_grant` → `bad_refresh_token`.
    pub own_errors: BTreeMap<String, String>,
    /// The provider's own words for a token or code that is not good; `None`: words that say why.
    pub bad_grant_words: Option<String>,
    /// How a spent refresh token that comes back is answered; `None`: like any other dead one.
    pub reuse: Option<ReuseAnswer>,
    /// Whether a byte order mark stands before the body.
    pub bom: bool,
    /// Whether the body is compressed (gzip), though nobody asked for it.
    pub compressed: bool,
    /// How many seconds the `Date` header is ahead of the truth (behind, when negative).
    pub date_off: i64,
    /// Name of the refresh token's lifetime, where it is told.
    pub refresh_lifetime_name: String,
    /// What userinfo looks like.
    pub userinfo: UserInfoShape,
    /// More members of token answers (`instance_url`, a `workspace_id`).
    pub more: BTreeMap<String, String>,
    /// More parameters of callbacks with a code (QuickBooks' `realmId`).
    pub callback: BTreeMap<String, String>,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            nested: None,
            success_flag: None,
            errors: ErrorShape::Standard,
            own_errors: BTreeMap::new(),
            bad_grant_words: None,
            reuse: None,
            bom: false,
            compressed: false,
            date_off: 0,
            refresh_lifetime_name: "refresh_expires_in".to_owned(),
            userinfo: UserInfoShape::OpenId,
            more: BTreeMap::new(),
            callback: BTreeMap::new(),
        }
    }
}
