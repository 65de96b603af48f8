//! Requests to the token endpoint: a code becomes tokens, a refresh token becomes newer ones.

use crate::clock;
use crate::model::client::Client;
use crate::model::provider::{BodyFormat, Provider};
use crate::model::token::TokenSet;
use crate::oauth::authorize::AuthorizationRequest;
use crate::oauth::client_auth;
use crate::oauth::error::OAuthError;
use crate::oauth::form::Form;
use crate::oauth::http::Http;
use crate::oauth::id_token;
use crate::oauth::reply;
use crate::oauth::step::Step;
use crate::oauth::wire::{Reply, Request};
use crate::secret::{AuthorizationCode, RefreshToken};
use reqwest::Method;

/// Exchanges an authorization code (RFC 6749 4.1.3, RFC 7636 4.5) and checks that the ID token, if one comes, belongs
/// to this sign-in.
pub async fn exchange_code(
    http: &Http,
    provider: &Provider,
    client: &Client,
    request: &AuthorizationRequest,
    redirect_uri: &str,
    code: AuthorizationCode,
) -> Result<TokenSet, OAuthError> {
    let mut form = Form::new();
    form.add("grant_type", "authorization_code")
        .add_secret("code", code.expose_secret())
        .add("redirect_uri", redirect_uri);
    if let Some(verifier) = &request.verifier {
        form.add_secret("code_verifier", verifier.expose_secret());
    }
    form.add_extra(&provider.extra.token);
    let url = endpoint(provider, provider.endpoints.token.as_ref())?;
    let step = Step::CodeExchange;
    let reply = post(
        http,
        step,
        url,
        "token endpoint",
        provider.body_format,
        client,
        &mut form,
    )
    .await?;
    let set = reply::token_set(step, &reply, provider, &form.secrets())?;
    if let Some(token) = &set.id_token {
        id_token::check(token, provider, client, request, clock::now())?;
    }
    Ok(set)
}

/// Refreshes (RFC 6749 6). `scopes` is empty to keep those of the grant; naming fewer narrows the new access token.
pub async fn refresh(
    http: &Http,
    provider: &Provider,
    client: &Client,
    token: &RefreshToken,
    scopes: &[String],
) -> Result<TokenSet, OAuthError> {
    let mut form = Form::new();
    form.add("grant_type", "refresh_token")
        .add_secret("refresh_token", token.expose_secret());
    if !scopes.is_empty() {
        form.add("scope", &scopes.join(&provider.scope_separator.to_string()));
    }
    form.add_extra(&provider.extra.refresh);
    let endpoints = &provider.endpoints;
    let url = endpoint(
        provider,
        endpoints.refresh.as_ref().or(endpoints.token.as_ref()),
    )?;
    let step = Step::Refresh;
    let reply = post(
        http,
        step,
        url,
        "token endpoint",
        provider.body_format,
        client,
        &mut form,
    )
    .await?;
    reply::token_set(step, &reply, provider, &form.secrets())
}

fn endpoint<'a>(provider: &Provider, url: Option<&'a String>) -> Result<&'a str, OAuthError> {
    url.map(String::as_str)
        .ok_or_else(|| OAuthError::NoEndpoint {
            what: "token endpoint",
            provider: provider.display_name.clone(),
        })
}

/// Posts a form as the client.
pub async fn post(
    http: &Http,
    step: Step,
    url: &str,
    what: &'static str,
    format: BodyFormat,
    client: &Client,
    form: &mut Form,
) -> Result<Reply, OAuthError> {
    let authorization = client_auth::apply(client, form);
    let request = Request {
        method: Method::POST,
        url: url.to_owned(),
        what,
        authorization,
        body: Some(form.body(format)),
    };
    http.send(step, request).await
}
