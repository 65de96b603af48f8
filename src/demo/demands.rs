//! What a provider wants of requests beyond the standards, or instead of them.

use crate::model::client::ClientAuth;

/// Format of bodies at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyRule {
    /// A form or JSON, as the content type says.
    Any,
    /// A form (RFC 6749 4.1.3).
    Form,
    /// JSON (as at Notion and Atlassian).
    Json,
}

/// Whether PKCE is wanted (RFC 7636).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PkceRule {
    /// Of public clients.
    Public,
    /// Of every client.
    Required,
    /// Requests with it are refused.
    Forbidden,
}

/// What a refresh request looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefreshRule {
    /// `grant_type=refresh_token` (RFC 6749 6).
    Standard,
    /// `type=refresh` instead of a grant type, and `type=web_server` for codes (Basecamp).
    TypeParameter,
    /// The access token itself is exchanged: this grant type and parameter, by GET (Meta's `fb_exchange_token`).
    AccessToken(String),
}

/// A parameter and its value.
pub type Pair = (String, String);

/// What is wanted of requests; the default is what the standards ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demands {
    /// Format of bodies at the token endpoint.
    pub body: BodyRule,
    /// How every confidential client has to authenticate, whatever it is registered for; `None`: as registered.
    pub client_auth: Option<ClientAuth>,
    /// Name of the parameter with the client's id, for every client (TikTok's `client_key`).
    pub client_id_parameter: String,
    /// Whether PKCE is wanted.
    pub pkce: PkceRule,
    /// What a refresh request looks like.
    pub refresh: RefreshRule,
    /// Whether refreshes go to `/refresh` and nowhere else (as Figma has it).
    pub own_refresh_url: bool,
    /// What stands between scopes in requests: a space (RFC 6749 3.3), or a comma.
    pub scope_separator: char,
    /// Name of the parameter with the scopes at the authorization endpoint (Slack's `user_scope`).
    pub scope_parameter: String,
    /// Whether any scope may be asked for, not only those that the provider knows.
    pub any_scope: bool,
    /// The scope without which no refresh token is issued; `None`: one is issued anyway.
    pub offline_scope: Option<String>,
    /// The parameter of the authorization request without which no refresh token is issued (`access_type=offline`).
    pub offline_parameter: Option<Pair>,
    /// Parameters without which the authorization endpoint refuses (`audience` at Atlassian, `owner` at Notion).
    pub authorize: Vec<Pair>,
    /// The only host a loopback redirect may have; `None`: any of the three.
    pub redirect_host: Option<String>,
    /// The only port a loopback redirect may have; `None`: any (RFC 8252 7.3).
    pub redirect_port: Option<u16>,
    /// Whether userinfo is asked by POST only (as at Dropbox).
    pub userinfo_by_post: bool,
    /// The header without which userinfo is refused (Notion's `Notion-Version`), in lower case.
    pub userinfo_header: Option<Pair>,
}

impl Default for Demands {
    fn default() -> Self {
        Self {
            body: BodyRule::Any,
            client_auth: None,
            client_id_parameter: "client_id".to_owned(),
            pkce: PkceRule::Public,
            refresh: RefreshRule::Standard,
            own_refresh_url: false,
            scope_separator: ' ',
            scope_parameter: "scope".to_owned(),
            any_scope: false,
            offline_scope: None,
            offline_parameter: None,
            authorize: Vec::new(),
            redirect_host: None,
            redirect_port: None,
            userinfo_by_post: false,
            userinfo_header: None,
        }
    }
}
