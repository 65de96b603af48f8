//! Requests to the token endpoint: a code becomes tokens, a refresh token becomes newer ones.

use crate::clock;
use crate::model::token::TokenSet;
use crate::oauth::authorize::AuthorizationRequest;
use crate::oauth::caller::Caller;
use crate::oauth::error::OAuthError;
use crate::oauth::form::Form;
use crate::oauth::id_token::{self, Expected};
use crate::oauth::reply;
use crate::oauth::step::Step;
use crate::oauth::wire::{Reply, Request};
use crate::secret::{AccessToken, AuthorizationCode, RefreshToken};
use reqwest::Method;
use url::Url;

/// What a token is asked for, beside what asks for it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish<'a> {
    /// Scopes; empty: those of the grant.
    pub scopes: &'a [String],
    /// Resources (RFC 8707 2.2); empty: those of the grant.
    pub resources: &'a [String],
}

impl Wish<'_> {
    fn add_to(&self, form: &mut Form, separator: char) {
        if !self.scopes.is_empty() {
            form.add("scope", &self.scopes.join(&separator.to_string()));
        }
        for resource in self.resources {
            form.add("resource", resource);
        }
    }
}

/// Exchanges an authorization code (RFC 6749 4.1.3, RFC 7636 4.5) and checks that the ID token, if one comes, belongs
/// to this sign-in.
pub async fn exchange_code(
    caller: &Caller<'_>,
    request: &AuthorizationRequest,
    redirect_uri: &str,
    code: AuthorizationCode,
) -> Result<TokenSet, OAuthError> {
    let provider = caller.provider;
    let mut form = Form::new();
    form.add("grant_type", "authorization_code")
        .add_secret("code", code.expose_secret())
        .add("redirect_uri", redirect_uri);
    if let Some(verifier) = &request.verifier {
        form.add_secret("code_verifier", verifier.expose_secret());
    }
    for resource in &request.resources {
        form.add("resource", resource);
    }
    form.add_extra(&provider.extra.token);
    let step = Step::CodeExchange;
    let reply = caller.ask_for_token(step, &mut form).await?;
    let mut set = reply::token_set(step, &reply, provider, &form.secrets())?;
    let expected = Expected {
        nonce: request.nonce.as_deref(),
        is_nonce_vital: request.verifier.is_none(),
    };
    if let Some(token) = &set.id_token {
        set.is_id_verified = id_token::check(caller, token, expected, clock::now()).await?;
    }
    Ok(set)
}

/// Refreshes (RFC 6749 6). Naming fewer scopes than were granted narrows the new access token.
pub async fn refresh(
    caller: &Caller<'_>,
    token: &RefreshToken,
    wish: Wish<'_>,
) -> Result<TokenSet, OAuthError> {
    let provider = caller.provider;
    let mut form = Form::new();
    form.add("grant_type", "refresh_token")
        .add_secret("refresh_token", token.expose_secret());
    wish.add_to(&mut form, provider.scope_separator);
    form.add_extra(&provider.extra.refresh);
    let endpoints = &provider.endpoints;
    let url = endpoints.refresh.as_deref().or(endpoints.token.as_deref());
    let step = Step::Refresh;
    let reply = caller.ask(step, url, &mut form).await?;
    let mut set = reply::token_set(step, &reply, provider, &form.secrets())?;
    if let Some(token) = set.id_token.take() {
        // A wrong one is dropped, not the tokens beside it: the refresh token is spent by now (OpenID Connect Core 12.2).
        let checked = id_token::check(caller, &token, Expected::default(), clock::now()).await;
        set.is_id_verified = checked == Ok(true);
        set.id_token = checked.is_ok().then_some(token);
    }
    Ok(set)
}

/// Exchanges an access token for a newer one, at providers that have no refresh tokens (the record's `refresh_by`).
pub async fn renew(caller: &Caller<'_>, token: &AccessToken) -> Result<TokenSet, OAuthError> {
    let provider = caller.provider;
    let mut form = Form::new();
    let by = provider.refresh_by.as_ref();
    let parameter = by.map_or("access_token", |by| by.parameter.as_str());
    form.add_secret(parameter, token.expose_secret());
    form.add_extra(&provider.extra.refresh);
    let endpoints = &provider.endpoints;
    let url = endpoints.refresh.as_deref().or(endpoints.token.as_deref());
    let step = Step::Refresh;
    let is_get = by.is_some_and(|by| by.method.as_deref() == Some("GET"));
    let reply = match url {
        Some(url) if is_get => in_the_query(caller, step, url, &mut form).await?,
        url => caller.ask(step, url, &mut form).await?,
    };
    reply::token_set(step, &reply, provider, &form.secrets())
}

/// Some providers want their parameters, the token included, in the address. It goes nowhere but to them.
async fn in_the_query(
    caller: &Caller<'_>,
    step: Step,
    url: &str,
    form: &mut Form,
) -> Result<Reply, OAuthError> {
    let what = "refresh endpoint";
    let unusable = |_| OAuthError::Endpoint {
        what,
        why: "is no absolute URL",
    };
    let client = caller.client;
    if form.wants("client_id") {
        form.add("client_id", &client.id);
    }
    if let Some(secret) = client
        .secret
        .as_ref()
        .filter(|_| form.wants("client_secret"))
    {
        form.add_secret("client_secret", secret.expose_secret());
    }
    let mut address = Url::parse(url).map_err(unusable)?;
    let (_, query) = form.body(crate::model::provider::BodyFormat::Form);
    let query = String::from_utf8_lossy(&query);
    let joined = match address.query() {
        Some(before) if !before.is_empty() => format!("{before}&{query}"),
        _ => query.into_owned(),
    };
    address.set_query(Some(&joined));
    let request = Request::new(Method::GET, address.as_str(), what);
    caller.http.send(step, request).await
}

/// Asks for a token as the client itself (RFC 6749 4.4): no person, no refresh token.
pub async fn client_credentials(
    caller: &Caller<'_>,
    wish: Wish<'_>,
) -> Result<TokenSet, OAuthError> {
    let provider = caller.provider;
    let mut form = Form::new();
    form.add("grant_type", "client_credentials");
    wish.add_to(&mut form, provider.scope_separator);
    form.add_extra(&provider.extra.token);
    let step = Step::ClientCredentials;
    let reply = caller.ask_for_token(step, &mut form).await?;
    reply::token_set(step, &reply, provider, &form.secrets())
}
