//! The authorization request: the address a person's browser opens (RFC 6749 4.1.1, RFC 7636, RFC 9126).

use crate::model::provider::{Pkce, Provider};
use crate::oauth::caller::Caller;
use crate::oauth::endpoint;
use crate::oauth::error::OAuthError;
use crate::oauth::pushed::{Pushed, push};
use crate::oauth::random;
use crate::oauth::token::Wish;
use crate::secret::CodeVerifier;
use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
use url::Url;

/// One sign-in through the browser, from the address it opens to what its answer is checked by.
pub struct AuthorizationRequest {
    /// The address to open.
    pub url: String,
    /// How long that address can be opened, from when it was made; `None`: as long as one likes.
    pub lives: Option<Duration>,
    /// The address with everything in it, which a pushed request is made of.
    full: String,
    /// What the answer must carry (RFC 6749 10.12).
    pub state: String,
    /// What the ID token must carry, where one is asked for (OpenID Connect Core 3.1.2.1).
    pub nonce: Option<String>,
    /// The PKCE verifier, where the provider takes one.
    pub verifier: Option<CodeVerifier>,
    /// Names of parameters that are kept of the answer beside the code.
    pub keep: Vec<String>,
    /// Resources the tokens are asked for (RFC 8707).
    pub resources: Vec<String>,
    /// What people call the provider; stands on the page that the browser ends at.
    pub provider_name: String,
    /// Issuer the answer must be of, where known (RFC 9207).
    pub issuer: Option<String>,
    /// Whether an answer without `iss` is refused (RFC 9207 2.4).
    pub is_issuer_required: bool,
}

impl fmt::Debug for AuthorizationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthorizationRequest({})", self.provider_name)
    }
}

impl AuthorizationRequest {
    /// Builds the address. Fails when the provider's record has no usable authorization endpoint.
    pub fn new(
        caller: &Caller<'_>,
        redirect_uri: &str,
        wish: Wish<'_>,
    ) -> Result<Self, OAuthError> {
        let (provider, client, scopes) = (caller.provider, caller.client, wish.scopes);
        let address = authorization_endpoint(provider)?;
        let redirect =
            RedirectUrl::new(redirect_uri.to_owned()).map_err(|_| OAuthError::Endpoint {
                what: "redirect address",
                why: "is no absolute URL",
            })?;
        let oauth = BasicClient::new(ClientId::new(client.id.clone()))
            .set_auth_uri(AuthUrl::from_url(address));
        let mut building = oauth
            .authorize_url(|| CsrfToken::new(random::text()))
            .set_redirect_uri(Cow::Owned(redirect));
        let verifier = takes_pkce(provider).then(|| PkceCodeVerifier::new(random::text()));
        if let Some(verifier) = &verifier {
            let challenge = PkceCodeChallenge::from_code_verifier_sha256(verifier);
            building = building.set_pkce_challenge(challenge);
        }
        let joined = scopes.join(&provider.scope_separator.to_string());
        if !joined.is_empty() {
            building = match &provider.scope_parameter {
                Some(name) => building.add_extra_param(name.clone(), joined),
                None => building.add_scope(Scope::new(joined)),
            };
        }
        // A record may take it away, for a provider whose ID token does not bring it back.
        let is_taken_away = provider
            .extra
            .authorize
            .get("nonce")
            .is_some_and(String::is_empty);
        let is_openid = scopes.iter().any(|scope| scope == "openid");
        let nonce = (is_openid && !is_taken_away).then(random::text);
        if let Some(nonce) = &nonce {
            building = building.add_extra_param("nonce", nonce.clone());
        }
        for resource in wish.resources {
            building = building.add_extra_param("resource", resource.clone());
        }
        if let Some(key) = caller.key {
            // The code is then of use to the key's holder only (RFC 9449 10).
            building = building.add_extra_param("dpop_jkt", key.public().thumbprint());
        }
        if let Some(name) = &provider.client_id_parameter {
            building = building.add_extra_param(name.clone(), client.id.clone());
        }
        let (mut url, state) = building.url();
        if provider.client_id_parameter.is_some() {
            url = without(url, "client_id");
        }
        let full = String::from(with_extra(url, &provider.extra.authorize));
        Ok(Self {
            url: full.clone(),
            lives: None,
            full,
            state: state.into_secret(),
            nonce,
            keep: provider.keep_from_callback.clone(),
            resources: wish.resources.to_vec(),
            verifier: verifier.map(|verifier| CodeVerifier::new(verifier.into_secret())),
            provider_name: provider.display_name.clone(),
            issuer: provider.expected_issuer().map(str::to_owned),
            is_issuer_required: provider.metadata.iss_parameter,
        })
    }

    /// The same, announced to the provider first where it offers that (RFC 9126): the address then holds a reference
    /// only. A provider may demand it of single clients, which its metadata does not tell.
    pub async fn start(
        caller: &Caller<'_>,
        redirect_uri: &str,
        wish: Wish<'_>,
    ) -> Result<Self, OAuthError> {
        let provider = caller.provider;
        let mut request = Self::new(caller, redirect_uri, wish)?;
        let is_offered = provider.endpoints.pushed_authorization_request.is_some();
        if !provider.metadata.requires_par && !is_offered {
            return Ok(request);
        }
        match request.renewed(caller).await {
            Ok(pushed) => (request.url, request.lives) = (pushed.url, pushed.lives),
            Err(error) if provider.metadata.requires_par => return Err(error),
            // Offered, but perhaps not to this client: then the plain address is as good as it ever was.
            Err(_) => {}
        }
        Ok(request)
    }

    /// Another address for the same request, when the one before has expired unopened.
    pub async fn renewed(&self, caller: &Caller<'_>) -> Result<Pushed, OAuthError> {
        push(caller, &self.full).await
    }
}

/// The provider's authorization endpoint (RFC 6749 3.1), fit to be opened.
pub fn authorization_endpoint(provider: &Provider) -> Result<Url, OAuthError> {
    let what = "authorization endpoint";
    let address = provider.endpoints.authorization.as_deref();
    endpoint::read(endpoint::needed(address, what, provider)?, what)
}

/// S256 or nothing: a provider whose metadata names other methods only gets no challenge (RFC 7636 4.2).
fn takes_pkce(provider: &Provider) -> bool {
    let methods = &provider.metadata.code_challenge_methods;
    match provider.pkce {
        Pkce::Required => true,
        Pkce::Optional => methods.is_empty() || methods.iter().any(|method| method == "S256"),
        Pkce::Forbidden => false,
    }
}

fn without(mut url: Url, parameter: &str) -> Url {
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != parameter)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(kept);
    url
}

/// The provider's extra parameters win over ours; an empty one takes ours away.
fn with_extra(mut url: Url, extra: &BTreeMap<String, String>) -> Url {
    if extra.is_empty() {
        return url;
    }
    let ours: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !extra.contains_key(name.as_ref()))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let theirs = extra.iter().filter(|(_, value)| !value.is_empty());
    url.query_pairs_mut()
        .clear()
        .extend_pairs(ours)
        .extend_pairs(theirs);
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::client::{Client, ClientAuth};
    use crate::oauth::http::{Http, HttpSettings};

    fn client() -> Client {
        Client::new("id 1", None, ClientAuth::None)
    }

    fn provider() -> Provider {
        let mut provider = Provider::unknown("p", "P");
        provider.endpoints.authorization = Some("https://p.example/authorize?tenant=7".to_owned());
        provider
    }

    fn asked(
        provider: &Provider,
        client: &Client,
        redirect: &str,
        scopes: &[String],
    ) -> Result<AuthorizationRequest, OAuthError> {
        let http = Http::new(HttpSettings::default());
        let wish = Wish {
            scopes,
            ..Wish::default()
        };
        AuthorizationRequest::new(&Caller::new(&http, provider, client), redirect, wish)
    }

    fn ask(
        provider: &Provider,
        scopes: &[&str],
    ) -> (AuthorizationRequest, BTreeMap<String, String>) {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let request = asked(provider, &client(), "http://127.0.0.1:7/callback", &scopes).unwrap();
        let url = Url::parse(&request.url).unwrap();
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        let map: BTreeMap<_, _> = pairs.iter().cloned().collect();
        assert_eq!(map.len(), pairs.len(), "a parameter stands twice");
        (request, map)
    }

    #[test]
    fn the_address_holds_everything_that_the_standards_ask_for() {
        let (request, query) = ask(&provider(), &["openid", "read"]);
        assert_eq!(query["tenant"], "7");
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["client_id"], "id 1");
        assert_eq!(query["redirect_uri"], "http://127.0.0.1:7/callback");
        assert_eq!(query["scope"], "openid read");
        assert_eq!(query["code_challenge_method"], "S256");
        assert_eq!(query["code_challenge"].len(), 43);
        assert_eq!(query["state"], request.state);
        assert_eq!(query.get("nonce"), request.nonce.as_ref());
        assert!(!query.values().any(|value| Some(value.as_str())
            == request.verifier.as_ref().map(CodeVerifier::expose_secret)));
    }

    #[test]
    fn the_record_bends_scopes_pkce_and_parameters() {
        let mut provider = provider();
        provider.scope_separator = ',';
        provider.scope_parameter = Some("user_scope".to_owned());
        provider.pkce = Pkce::Forbidden;
        provider.extra.authorize = BTreeMap::from([
            ("access_type".to_owned(), "offline".to_owned()),
            ("response_type".to_owned(), "code2".to_owned()),
            ("tenant".to_owned(), String::new()),
        ]);
        let (request, query) = ask(&provider, &["a", "b"]);
        assert_eq!(query["user_scope"], "a,b");
        assert!(
            !query.contains_key("scope")
                && !query.contains_key("code_challenge")
                && !query.contains_key("tenant")
        );
        assert_eq!(query["access_type"], "offline");
        assert_eq!(query["response_type"], "code2");
        assert!(request.verifier.is_none() && request.nonce.is_none());
    }

    #[test]
    fn a_provider_that_takes_other_challenges_only_gets_none() {
        let mut provider = provider();
        provider.metadata.code_challenge_methods = vec!["plain".to_owned()];
        assert!(ask(&provider, &[]).0.verifier.is_none());
        provider
            .metadata
            .code_challenge_methods
            .push("S256".to_owned());
        assert!(ask(&provider, &[]).0.verifier.is_some());
    }

    #[test]
    fn no_two_requests_share_anything_random() {
        let (one, two) = (
            ask(&provider(), &["openid"]).0,
            ask(&provider(), &["openid"]).0,
        );
        assert_ne!(one.state, two.state);
        assert_ne!(one.nonce, two.nonce);
        assert!(!one.verifier.unwrap().matches(&two.verifier.unwrap()));
    }
}
