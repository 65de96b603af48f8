//! How the provider behaves, and how it misbehaves on purpose: each as some real provider does.

use crate::demo::demands::Demands;
use crate::demo::protocol::Protocol;
use crate::demo::shape::{ExpiresInShape, ScopeShape, Shape, TokenTypeShape};
use std::collections::BTreeMap;
use std::time::Duration;

/// What kind of request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestKind {
    /// One of the metadata documents.
    Metadata,
    /// The authorization endpoint and its pages.
    Authorize,
    /// The device authorization endpoint.
    DeviceStart,
    /// The page where a user code is entered.
    DevicePage,
    /// The token endpoint, with a device code.
    DevicePoll,
    /// The token endpoint, with an authorization code.
    Code,
    /// The token endpoint, with a refresh token.
    Refresh,
    /// The token endpoint, with the client's own credentials.
    ClientCredentials,
    /// The token endpoint, with a token to be exchanged (RFC 8693).
    TokenExchange,
    /// The token endpoint, with something else.
    OtherToken,
    /// The pushed authorization request endpoint.
    Pushed,
    /// The registration endpoint and what it hands out.
    Register,
    /// The provider's public keys.
    Keys,
    /// The revocation endpoint.
    Revoke,
    /// The introspection endpoint.
    Introspect,
    /// The userinfo endpoint.
    UserInfo,
    /// The protected resource.
    Resource,
    /// Where a redirecting token endpoint points: whoever comes here followed a redirect with secrets in hand.
    Elsewhere,
}

/// What happens to the refresh token at a refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationRule {
    /// It stays the same.
    Never,
    /// A new one comes, the old one stays valid (as at Microsoft).
    Always,
    /// A new one comes and the old one is dead once the grace is over.
    SingleUse,
}

/// A way to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// This status with an HTML body, before anything was processed.
    Status {
        /// 500, 503, 429.
        status: u16,
        /// The `Retry-After` header, if any.
        retry_after: Option<RetryAfter>,
    },
    /// An OAuth error, before anything was processed (`invalid_client`, `invalid_scope`, and with status 200 too).
    Error {
        /// The HTTP status.
        status: u16,
        /// The error code.
        error: String,
    },
    /// No answer ever; nothing was processed.
    Hang,
    /// Processed, but no answer ever.
    HangAfter,
    /// The connection is closed; nothing was processed.
    CloseBefore,
    /// Processed, then the connection is closed: the answer is lost.
    CloseAfter,
    /// Status 200 with a page of HTML, as a captive portal does; nothing was processed.
    CaptivePortal,
    /// Processed, but the connection is reset in the middle of the body.
    CutBody,
    /// Processed, but the body comes byte by byte and never ends.
    EndlessBody,
}

/// The two forms of `Retry-After` (RFC 9110 10.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// A number of seconds.
    Seconds(u64),
    /// A date that many seconds ahead.
    Date(u64),
}

/// Fail that many times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailNext {
    /// How often; `u32::MAX` means always.
    pub count: u32,
    /// How.
    pub fault: Fault,
}

/// When `iss` comes in the callback (RFC 9207).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssRule {
    /// Always, and the metadata says so.
    Always,
    /// Never, and the metadata is silent.
    Never,
    /// Only with a code, never with an error, whatever the metadata says.
    SuccessOnly,
    /// Another issuer's, as in a mix-up attack.
    Wrong,
}

/// What comes back as `state` in the callback (RFC 6749 4.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateRule {
    /// What was sent.
    Same,
    /// Something else, as in a forged answer.
    Wrong,
    /// Nothing.
    Missing,
}

/// Which metadata documents there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataRule {
    /// Both, complete.
    Both,
    /// Both, but the OpenID document lacks the device, revocation and introspection endpoints.
    Holes,
    /// Only `/.well-known/openid-configuration`.
    OpenIdOnly,
    /// Only `/.well-known/oauth-authorization-server` (RFC 8414).
    OAuthOnly,
    /// None: endpoints have to be given by hand.
    None,
    /// Both, but they name another issuer.
    WrongIssuer,
}

/// How revocation works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationRule {
    /// RFC 7009; the whole family dies with any of its tokens.
    Standard,
    /// Public clients get 401.
    NotForPublicClients,
    /// There is no endpoint, and the metadata names none.
    Missing,
    /// There is a request of the provider's own instead (GitHub, Slack, Dropbox).
    Own,
}

/// Who answers at the authorization and device pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consent {
    /// A person, on the page or through the control.
    Ask,
    /// Nobody: everything is allowed at once, for this account.
    Allow(String),
    /// Nobody: everything is denied at once.
    Deny,
    /// Nobody: the authorization endpoint answers this error at once (`consent_required`, `login_required`,
    /// `interaction_required`); devices are denied.
    Fail(String),
}

/// How the provider behaves; the default is a well-behaved one with strict rotation and short lifetimes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quirks {
    /// Lifetime of access tokens; `None`: they do not expire.
    pub access_lifetime: Option<Duration>,
    /// Lifetime of access tokens by scope, over `access_lifetime`; the shortest wins.
    pub lifetime_by_scope: BTreeMap<String, Duration>,
    /// Lifetime of each refresh token; `None`: they do not expire.
    pub refresh_lifetime: Option<Duration>,
    /// Whether answers tell the refresh token's lifetime (`refresh_expires_in`).
    pub tell_refresh_lifetime: bool,
    /// Whether a refresh token is issued at sign-in at all.
    pub refresh_tokens: bool,
    /// What happens to the refresh token at a refresh.
    pub rotation: RotationRule,
    /// Whether a spent refresh token that comes back revokes its whole family.
    pub reuse_detection: bool,
    /// For how long a spent refresh token still gets the answer of its successor.
    pub reuse_grace: Duration,
    /// Whether refresh answers leave the refresh token out (it is not rotated then).
    pub omit_refresh_token: bool,
    /// Whether a refresh ends the access tokens before it (as GitLab's does).
    pub refresh_ends_access: bool,
    /// Refuses a refresh while the access token has more than this left (as Exact Online does).
    pub refuse_early: Option<Duration>,
    /// Whether refresh answers bring a new ID token.
    pub id_token_on_refresh: bool,
    /// Pause before a request of the token, revocation, introspection and device endpoints is processed.
    pub latency: Duration,
    /// Pause after it was processed and before the answer is sent.
    pub answer_delay: Duration,
    /// Failures to come, by kind of request.
    pub faults: BTreeMap<RequestKind, FailNext>,
    /// Whether token answers are form-encoded (as GitHub's are without an `Accept` header).
    pub form_encoded: bool,
    /// Whether errors of the token endpoint come with status 200 (as GitHub's do).
    pub errors_with_200: bool,
    /// Whether errors of the token endpoint are a 400 with an empty body.
    pub empty_errors: bool,
    /// Whether error descriptions echo the token that was sent.
    pub echo_token: bool,
    /// Whether token answers are padded to ten megabytes.
    pub huge_body: bool,
    /// Whether the token endpoint redirects (307) to another address.
    pub redirect_token_endpoint: bool,
    /// How `expires_in` is written.
    pub expires_in: ExpiresInShape,
    /// How `scope` is written.
    pub scope: ScopeShape,
    /// How `token_type` is written.
    pub token_type: TokenTypeShape,
    /// Lifetime of device codes.
    pub device_lifetime: Duration,
    /// Least pause between two polls; really enforced, and five seconds longer after each `slow_down`.
    pub device_interval: Duration,
    /// Whether the device answer names the interval.
    pub tell_interval: bool,
    /// Whether the first poll of every device code gets `slow_down`, however late it comes.
    pub slow_down_once: bool,
    /// Whether `slow_down` names the new interval (as GitHub does).
    pub tell_slow_down_interval: bool,
    /// Whether a denied device sign-in stays `authorization_pending` until its code dies.
    pub denied_stays_pending: bool,
    /// Whether the device answer says `verification_url` instead of `verification_uri` (as Google does).
    pub verification_url: bool,
    /// Lifetime of authorization codes.
    pub code_lifetime: Duration,
    /// When `iss` comes in the callback.
    pub iss: IssRule,
    /// What comes back as `state` in the callback.
    pub state: StateRule,
    /// Who answers at the pages.
    pub consent: Consent,
    /// Which metadata documents there are.
    pub metadata: MetadataRule,
    /// How revocation works.
    pub revocation: RevocationRule,
    /// How answers are written where providers go their own ways.
    pub shape: Shape,
    /// What is wanted of requests.
    pub demands: Demands,
    /// Which extensions are spoken.
    pub protocol: Protocol,
}

impl Default for Quirks {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        Self {
            access_lifetime: Some(minutes(2)),
            lifetime_by_scope: [("short", minutes(1)), ("long", minutes(3))]
                .map(|(scope, life)| (scope.to_owned(), life))
                .into(),
            refresh_lifetime: Some(minutes(60)),
            tell_refresh_lifetime: false,
            refresh_tokens: true,
            rotation: RotationRule::SingleUse,
            reuse_detection: true,
            reuse_grace: Duration::ZERO,
            omit_refresh_token: false,
            refresh_ends_access: false,
            refuse_early: None,
            id_token_on_refresh: true,
            latency: Duration::ZERO,
            answer_delay: Duration::ZERO,
            faults: BTreeMap::new(),
            form_encoded: false,
            errors_with_200: false,
            empty_errors: false,
            echo_token: false,
            huge_body: false,
            redirect_token_endpoint: false,
            expires_in: ExpiresInShape::Seconds,
            scope: ScopeShape::Spaces,
            token_type: TokenTypeShape::Bearer,
            device_lifetime: minutes(5),
            device_interval: Duration::from_secs(2),
            tell_interval: true,
            slow_down_once: false,
            tell_slow_down_interval: false,
            denied_stays_pending: false,
            verification_url: false,
            code_lifetime: minutes(1),
            iss: IssRule::Always,
            state: StateRule::Same,
            consent: Consent::Ask,
            metadata: MetadataRule::Both,
            revocation: RevocationRule::Standard,
            shape: Shape::default(),
            demands: Demands::default(),
            protocol: Protocol::default(),
        }
    }
}

impl Quirks {
    /// These quirks with failures to come for one kind of request.
    pub fn failing(mut self, kind: RequestKind, count: u32, fault: Fault) -> Self {
        self.faults.insert(kind, FailNext { count, fault });
        self
    }

    /// Takes one of the failures to come, if one is due for this kind of request.
    pub fn take_fault(&mut self, kind: RequestKind) -> Option<Fault> {
        let next = self.faults.get_mut(&kind).filter(|next| next.count > 0)?;
        if next.count != u32::MAX {
            next.count -= 1;
        }
        Some(next.fault.clone())
    }

    /// Lifetime of an access token with these scopes.
    pub fn access_lifetime_for(&self, scopes: &[String]) -> Option<Duration> {
        scopes
            .iter()
            .filter_map(|scope| self.lifetime_by_scope.get(scope))
            .min()
            .copied()
            .or(self.access_lifetime)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_to_come_run_out() {
        let mut quirks = Quirks::default().failing(RequestKind::Refresh, 2, Fault::Hang);
        assert_eq!(quirks.take_fault(RequestKind::Code), None);
        assert_eq!(quirks.take_fault(RequestKind::Refresh), Some(Fault::Hang));
        assert_eq!(quirks.take_fault(RequestKind::Refresh), Some(Fault::Hang));
        assert_eq!(quirks.take_fault(RequestKind::Refresh), None);
    }

    #[test]
    fn a_scope_sets_the_lifetime() {
        let quirks = Quirks::default();
        let life = |scopes: &[&str]| {
            let scopes: Vec<String> = scopes.iter().map(|s| (*s).to_owned()).collect();
            quirks.access_lifetime_for(&scopes).unwrap().as_secs()
        };
        assert_eq!(life(&["read"]), 120);
        assert_eq!(life(&["read", "long"]), 180);
        assert_eq!(life(&["long", "short"]), 60);
    }
}
