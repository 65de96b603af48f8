//! A provider's record: where its endpoints are and how it behaves.

use crate::model::category::Category;
use crate::model::client::ClientAuth;
use crate::model::credential::Flow;
use crate::model::redirect::RedirectRule;
use crate::model::setup::{ApiKeys, Setup};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All that is known about one provider. The catalogue (`assets/providers.toml`) holds one for each known provider; a
/// credential keeps the one it was minted with, templates filled in, sealed beside its tokens, so that nothing outside
/// the vault can send them elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The provider part of credential names, `github`.
    pub name: String,
    /// What people call it, `GitHub`.
    pub display_name: String,
    /// What kind of service it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// Pages of the provider's own documentation that the record rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// The day (`2026-11-21`) the record was last held against those pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<String>,
    /// Members that none of the pages that could be read then says (`refresh_idle_life`, `endpoints.revocation`): known
    /// otherwise, and the first to doubt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unconfirmed: Vec<String>,
    /// Issuer identifier (RFC 8414 2); discovery starts here.
    #[serde(default)]
    pub issuer: Option<String>,
    /// Placeholders in `issuer` and endpoints (`{tenant}`, `{host}`), each with its default or an empty string when the
    /// person has to say it.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Endpoints; what is missing is filled by discovery.
    #[serde(default)]
    pub endpoints: Endpoints,
    /// Scopes asked for when the person names none.
    #[serde(default)]
    pub default_scopes: Vec<String>,
    /// The scope without which no refresh token comes (`offline_access`): a sign-in that names scopes without it adds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline_scope: Option<String>,
    /// The only scopes that the device flow allows there; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub device_scopes: Vec<String>,
    /// What stands between scopes: a space (RFC 6749 3.3), or a comma.
    #[serde(default = "space")]
    pub scope_separator: char,
    /// Name of the parameter that carries them to the authorization endpoint, when it is not `scope` (Slack's
    /// `user_scope`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_parameter: Option<String>,
    /// Whether PKCE (RFC 7636) is used.
    #[serde(default)]
    pub pkce: Pkce,
    /// Client authentication for the authorization code flow and its refreshes; `None`: by metadata and by whether
    /// there is a secret.
    #[serde(default)]
    pub client_auth: Option<ClientAuth>,
    /// Client authentication for the device flow and its refreshes, where it differs.
    #[serde(default)]
    pub device_client_auth: Option<ClientAuth>,
    /// Name of the parameter that carries the client id, when it is not `client_id` (TikTok's `client_key`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id_parameter: Option<String>,
    /// Whether tokens are bound to a key (RFC 9449).
    #[serde(default)]
    pub dpop: Dpop,
    /// Format of request bodies at the token endpoint.
    #[serde(default)]
    pub body_format: BodyFormat,
    /// Extra parameters by kind of request.
    #[serde(default)]
    pub extra: ExtraParameters,
    /// JSON pointer (RFC 6901) to the object that holds the token, when it is not the top.
    #[serde(default)]
    pub token_at: Option<String>,
    /// JSON pointer to a boolean that must be true for success, for providers that answer 200 to everything.
    #[serde(default)]
    pub success_flag: Option<String>,
    /// JSON pointers into the token endpoint's answer to who signed in; the first that is there counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub account_in_reply: Vec<String>,
    /// The same, into the answer of the UserInfo endpoint; beside OpenID's own claims.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub account_at: Vec<String>,
    /// How the UserInfo endpoint is asked.
    #[serde(default, skip_serializing_if = "UserinfoRequest::is_usual")]
    pub userinfo_request: UserinfoRequest,
    /// JSON pointers into the token endpoint's answer to what programs need beside the token (Salesforce's
    /// `instance_url`): kept under its last part and shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<String>,
    /// The same, parameters of the redirect (QuickBooks' `realmId`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep_from_callback: Vec<String>,
    /// Lifetime to assume when the answer names none, in seconds; `None`: the token has no expiry.
    #[serde(default)]
    pub assumed_expires_in: Option<u64>,
    /// Unit of `expires_in` in answers.
    #[serde(default)]
    pub expires_in_unit: ExpiresInUnit,
    /// How the access token itself is exchanged for a newer one, where there are no refresh tokens (Meta).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_by: Option<RefreshBy>,
    /// What happens to the refresh token at a refresh.
    #[serde(default)]
    pub rotation: Rotation,
    /// For how long a spent refresh token is still accepted, in seconds.
    #[serde(default)]
    pub reuse_grace: u64,
    /// Whether a refresh ends the access token before it at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refresh_ends_access: bool,
    /// The refresh token dies when unused for that long, in seconds.
    #[serde(default)]
    pub refresh_idle_life: Option<u64>,
    /// The refresh token dies that long after sign-in whatever happens, in seconds.
    #[serde(default)]
    pub refresh_absolute_life: Option<u64>,
    /// The refresh token dies that long after sign-in while the client is in the provider's test mode, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_life: Option<u64>,
    /// A refresh is refused earlier than that many seconds before expiry.
    #[serde(default)]
    pub earliest_refresh: Option<u64>,
    /// How a token is revoked.
    #[serde(default)]
    pub revocation: Revocation,
    /// What one revocation ends there: it decides whether the tokens of the sign-in before are revoked after a new one.
    #[serde(default, skip_serializing_if = "RevocationReach::is_unknown")]
    pub revocation_reach: RevocationReach,
    /// Where a person ends the grant by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grants_page: Option<String>,
    /// Which loopback redirect URIs can be registered.
    #[serde(default)]
    pub redirect: RedirectRule,
    /// Flows the provider offers, the recommended one first.
    #[serde(default)]
    pub flows: Vec<Flow>,
    /// How a client is registered there.
    #[serde(default)]
    pub setup: Setup,
    /// Static API keys, where the provider hands out such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<ApiKeys>,
    /// What usually ends a refresh token there, in words for people.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Environment variables in which programs for this provider look for a token (`GITHUB_TOKEN`), the usual one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_variables: Vec<String>,
    /// User name that git sends beside the token over https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_user: Option<String>,
    /// Hosts that git reaches it at, with their ports where those are not the usual ones; empty: the host that the tokens
    /// come from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub git_hosts: Vec<String>,
    /// User name that clients of its container registry send beside the token; `{account}` is the credential's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry_user: Option<String>,
    /// Its container registries, `*.` in front for whatever is below; empty: the host that the tokens come from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registry_hosts: Vec<String>,
    /// IMAP and SMTP hosts that take the token by XOAUTH2 or OAUTHBEARER; the user name is the account's address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mail_hosts: Vec<String>,
    /// What its metadata said at the last sign-in; never in the catalogue.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// What a provider's metadata documents (RFC 8414 2, OpenID Connect Discovery 3) say beside the endpoints.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metadata {
    /// `issuer`, as it stands there: what callbacks and ID tokens are compared with.
    pub issuer: Option<String>,
    /// `token_endpoint_auth_methods_supported`; empty: not said.
    pub auth_methods: Vec<String>,
    /// `grant_types_supported`; empty: not said.
    pub grant_types: Vec<String>,
    /// `code_challenge_methods_supported`; empty: not said.
    pub code_challenge_methods: Vec<String>,
    /// `scopes_supported`; empty: not said.
    pub scopes: Vec<String>,
    /// `dpop_signing_alg_values_supported` (RFC 9449 5.1); empty: not said.
    pub dpop_algorithms: Vec<String>,
    /// `token_endpoint_auth_signing_alg_values_supported`; empty: not said.
    pub auth_algorithms: Vec<String>,
    /// `authorization_response_iss_parameter_supported` (RFC 9207 3): a callback without `iss` is then refused.
    pub iss_parameter: bool,
    /// `require_pushed_authorization_requests` (RFC 9126 5).
    pub requires_par: bool,
}

impl Provider {
    /// A record of which only the names are known: everything else by discovery, by hand, or as the standards say.
    pub fn unknown(name: &str, display_name: &str) -> Self {
        Self {
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            category: None,
            sources: Vec::new(),
            checked: None,
            unconfirmed: Vec::new(),
            issuer: None,
            parameters: BTreeMap::new(),
            endpoints: Endpoints::default(),
            default_scopes: Vec::new(),
            offline_scope: None,
            device_scopes: Vec::new(),
            scope_separator: space(),
            scope_parameter: None,
            pkce: Pkce::default(),
            client_auth: None,
            device_client_auth: None,
            client_id_parameter: None,
            dpop: Dpop::default(),
            body_format: BodyFormat::default(),
            extra: ExtraParameters::default(),
            token_at: None,
            success_flag: None,
            account_in_reply: Vec::new(),
            account_at: Vec::new(),
            userinfo_request: UserinfoRequest::default(),
            keep: Vec::new(),
            keep_from_callback: Vec::new(),
            assumed_expires_in: None,
            expires_in_unit: ExpiresInUnit::default(),
            refresh_by: None,
            rotation: Rotation::default(),
            reuse_grace: 0,
            refresh_ends_access: false,
            refresh_idle_life: None,
            refresh_absolute_life: None,
            test_life: None,
            earliest_refresh: None,
            revocation: Revocation::default(),
            revocation_reach: RevocationReach::default(),
            grants_page: None,
            redirect: RedirectRule::default(),
            flows: Vec::new(),
            setup: Setup::default(),
            api_key: None,
            notes: Vec::new(),
            token_variables: Vec::new(),
            git_user: None,
            git_hosts: Vec::new(),
            registry_user: None,
            registry_hosts: Vec::new(),
            mail_hosts: Vec::new(),
            metadata: Metadata::default(),
        }
    }

    /// What `iss` must be in callbacks and ID tokens: the metadata's word, else the issuer that was given.
    pub fn expected_issuer(&self) -> Option<&str> {
        self.metadata.issuer.as_deref().or(self.issuer.as_deref())
    }
}

impl Metadata {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn space() -> char {
    ' '
}

/// Endpoint URLs; placeholders in braces are filled from the provider's parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Endpoints {
    /// Authorization endpoint (RFC 6749 3.1).
    pub authorization: Option<String>,
    /// Token endpoint (RFC 6749 3.2).
    pub token: Option<String>,
    /// Where refreshes go, when not to the token endpoint.
    pub refresh: Option<String>,
    /// Device authorization endpoint (RFC 8628 3.1).
    pub device_authorization: Option<String>,
    /// Revocation endpoint (RFC 7009 2).
    pub revocation: Option<String>,
    /// The key set that ID tokens are signed by, `jwks_uri` (RFC 8414 2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<String>,
    /// Introspection endpoint (RFC 7662 2).
    pub introspection: Option<String>,
    /// UserInfo endpoint (OpenID Connect Core 5.3).
    pub userinfo: Option<String>,
    /// Dynamic client registration endpoint (RFC 7591 3).
    pub registration: Option<String>,
    /// Pushed authorization request endpoint (RFC 9126 2).
    pub pushed_authorization_request: Option<String>,
}

/// Whether tokens are bound to a key of ours (RFC 9449).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dpop {
    /// Not possible there.
    Never,
    /// When the person asks for it: a bound token is of no use to programs that only know bearer tokens.
    #[default]
    Optional,
    /// Always.
    Required,
}

/// How the UserInfo endpoint is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UserinfoRequest {
    /// HTTP method; `None`: GET.
    pub method: Option<String>,
    /// Headers beside `Authorization`; `{client_id}` is filled in.
    pub headers: BTreeMap<String, String>,
}

impl UserinfoRequest {
    /// Whether it is asked as OpenID Connect Core 5.3.1 says.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// How an access token is exchanged for a newer one without a refresh token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshBy {
    /// The parameter that carries the access token.
    pub parameter: String,
    /// HTTP method; with GET the parameters stand in the query. `None`: POST.
    #[serde(default)]
    pub method: Option<String>,
}

/// Whether PKCE is used with a provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pkce {
    /// The provider refuses requests without it.
    Required,
    /// Sent always, checked perhaps.
    #[default]
    Optional,
    /// The provider refuses requests with it.
    Forbidden,
}

/// Format of request bodies at the token endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded`, the standard one.
    #[default]
    Form,
    /// `application/json`.
    Json,
}

/// Unit of `expires_in`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiresInUnit {
    /// As RFC 6749 5.1 says.
    #[default]
    Seconds,
    /// Milliseconds.
    Milliseconds,
}

/// Extra request parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExtraParameters {
    /// At the authorization endpoint.
    pub authorize: BTreeMap<String, String>,
    /// When a code is exchanged.
    pub token: BTreeMap<String, String>,
    /// When a token is refreshed.
    pub refresh: BTreeMap<String, String>,
    /// At the device authorization endpoint.
    pub device: BTreeMap<String, String>,
}

/// What happens to the refresh token at a refresh.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// Not known: learned from what happens.
    #[default]
    Unknown,
    /// It stays the same.
    Never,
    /// A new one comes, the old one stays valid.
    Always,
    /// A new one comes and the old one is dead (after `reuse_grace`).
    SingleUse,
}

/// How a token is revoked at a provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Revocation {
    /// RFC 7009 at the revocation endpoint, when there is one.
    #[default]
    Standard,
    /// The provider has none; the person removes the grant on this page.
    Page {
        /// Where.
        url: String,
    },
    /// A request of the provider's own.
    Request {
        /// HTTP method, `DELETE`.
        method: String,
        /// URL; `{client_id}` is filled in.
        url: String,
        /// How the request is authenticated.
        auth: RevocationAuth,
        /// JSON member or form field of the body that carries the access token, if the body does.
        token_field: Option<String>,
        /// Format of the body.
        #[serde(default)]
        body_format: BodyFormat,
    },
}

/// What one revocation ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReach {
    /// Not known: perhaps all that the client has for the account, a newer sign-in included.
    #[default]
    Unknown,
    /// The tokens of that one sign-in.
    SignIn,
    /// All that the client has for the account.
    Account,
}

impl Provider {
    /// Where a person ends a grant by hand. An address with a placeholder that nobody filled leads nowhere.
    pub fn page_to_end_grants(&self) -> Option<&str> {
        let page = match &self.revocation {
            Revocation::Page { url } => Some(url),
            Revocation::Standard | Revocation::Request { .. } => self.grants_page.as_ref(),
        };
        page.map(String::as_str).filter(|page| !page.contains('{'))
    }
}

impl RevocationReach {
    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }
}

/// How a provider's own revocation request is authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationAuth {
    /// By the client's id and secret, Basic.
    ClientBasic,
    /// By the access token itself, Bearer.
    Bearer,
    /// By nothing but the body.
    None,
}
