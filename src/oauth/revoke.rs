//! Tells the provider that tokens are over: RFC 7009, or a request of its own.

use crate::model::client::Client;
use crate::model::provider::{BodyFormat, Provider, Revocation, RevocationAuth};
use crate::oauth::caller::{Caller, Target};
use crate::oauth::client_auth;
use crate::oauth::error::OAuthError;
use crate::oauth::fields::Fields;
use crate::oauth::form::Form;
use crate::oauth::http::Http;
use crate::oauth::reply;
use crate::oauth::step::Step;
use crate::oauth::wire::{Reply, Request};
use crate::secret::{AccessToken, RefreshToken};
use reqwest::Method;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoked {
    /// The provider confirmed it, or knows the tokens no more.
    Confirmed,
    /// The provider has no way that a client like this one could use.
    ByHand {
        /// Where the person ends the grant.
        page: Option<String>,
    },
}

/// Revokes a credential's tokens. The refresh token goes first: from it new ones could be made.
pub async fn revoke(
    http: &Http,
    provider: &Provider,
    client: &Client,
    access: &AccessToken,
    refresh: Option<&RefreshToken>,
) -> Result<Revoked, OAuthError> {
    match &provider.revocation {
        Revocation::Standard => match provider.endpoints.revocation.as_deref() {
            Some(url) => standard(http, url, provider, client, access, refresh).await,
            None => Ok(by_hand(provider)),
        },
        Revocation::Page { url } => Ok(Revoked::ByHand {
            page: Some(url.clone()),
        }),
        Revocation::Request {
            auth: RevocationAuth::ClientBasic,
            ..
        } if client.secret.is_none() => Ok(by_hand(provider)),
        Revocation::Request {
            method,
            url,
            auth,
            token_field,
            body_format,
        } => {
            let recipe = Recipe {
                method,
                url,
                auth: *auth,
                token_field: token_field.as_deref(),
                body_format: *body_format,
            };
            own_request(http, &recipe, provider, client, access).await
        }
    }
}

fn by_hand(provider: &Provider) -> Revoked {
    Revoked::ByHand {
        page: provider.grants_page.clone(),
    }
}

/// Both tokens, each by its own request (RFC 7009 2.1). Not every provider revokes both kinds, so one that cannot be
/// revoked is excused when the other was.
async fn standard(
    http: &Http,
    url: &str,
    provider: &Provider,
    client: &Client,
    access: &AccessToken,
    refresh: Option<&RefreshToken>,
) -> Result<Revoked, OAuthError> {
    let first = match refresh {
        Some(token) => {
            let one = One::new("refresh_token", token.expose_secret());
            Some(one.revoke(http, url, provider, client).await)
        }
        None => None,
    };
    let one = One::new("access_token", access.expose_secret());
    let second = one.revoke(http, url, provider, client).await;
    match (first, second) {
        (None, second) => second.map(|_| Revoked::Confirmed),
        (Some(Ok(())), Err(error)) if !is_unsupported(&error) => Err(error),
        (Some(Err(error)), Ok(())) if !is_unsupported(&error) => Err(error),
        (Some(Err(error)), Err(_)) => Err(error),
        (Some(_), _) => Ok(Revoked::Confirmed),
    }
}

struct One<'a> {
    hint: &'static str,
    token: &'a str,
}

impl<'a> One<'a> {
    fn new(hint: &'static str, token: &'a str) -> Self {
        Self { hint, token }
    }

    async fn revoke(
        &self,
        http: &Http,
        url: &str,
        provider: &Provider,
        client: &Client,
    ) -> Result<(), OAuthError> {
        let mut form = Form::new();
        form.add_secret("token", self.token)
            .add("token_type_hint", self.hint);
        let step = Step::Revocation;
        let what = "revocation endpoint";
        let to = Target {
            step,
            url,
            what,
            format: BodyFormat::Form,
        };
        let caller = Caller::new(http, provider, client);
        let reply = caller.post(to, &mut form).await?;
        match outcome(&reply, provider, &form.secrets()) {
            Err(error) if is_over(&error) => Ok(()),
            outcome => outcome,
        }
    }
}

/// Any 2xx is a yes, whatever stands in it, unless it says that it is an error (RFC 7009 2.2).
fn outcome(reply: &Reply, provider: &Provider, secrets: &[&str]) -> Result<(), OAuthError> {
    let read = Fields::read(reply.body.bytes());
    if reply.is_success() && read.is_err() {
        return Ok(());
    }
    reply::fields(Step::Revocation, reply, provider, secrets).map(drop)
}

/// The provider cannot revoke this kind of token (RFC 7009 2.2.1).
fn is_unsupported(error: &OAuthError) -> bool {
    has_code(error, &["unsupported_token_type"])
}

/// Some say so when they do not know the token (any more), where RFC 7009 2.2 wants 200.
fn is_over(error: &OAuthError) -> bool {
    has_code(
        error,
        &[
            "invalid_token",
            "invalid_grant",
            "token_revoked",
            "token_expired",
            "invalid_auth",
        ],
    )
}

fn has_code(error: &OAuthError, codes: &[&str]) -> bool {
    match error {
        OAuthError::Refused(refused) => refused
            .code
            .as_deref()
            .is_some_and(|code| codes.contains(&code)),
        _ => false,
    }
}

struct Recipe<'a> {
    method: &'a str,
    url: &'a str,
    auth: RevocationAuth,
    token_field: Option<&'a str>,
    body_format: BodyFormat,
}

async fn own_request(
    http: &Http,
    recipe: &Recipe<'_>,
    provider: &Provider,
    client: &Client,
    access: &AccessToken,
) -> Result<Revoked, OAuthError> {
    let mut form = Form::new();
    form.remember(access.expose_secret());
    let authorization = match (recipe.auth, &client.secret) {
        (RevocationAuth::ClientBasic, Some(secret)) => {
            form.remember(secret.expose_secret());
            Some(client_auth::basic(&client.id, secret.expose_secret()))
        }
        (RevocationAuth::Bearer, _) => {
            Some(Zeroizing::new(format!("Bearer {}", access.expose_secret())))
        }
        (RevocationAuth::ClientBasic, None) | (RevocationAuth::None, _) => None,
    };
    let body = recipe.token_field.map(|field| {
        form.add_secret(field, access.expose_secret());
        form.body(recipe.body_format)
    });
    let encoded: String = byte_serialize(client.id.as_bytes()).collect();
    let method =
        Method::from_bytes(recipe.method.as_bytes()).map_err(|_| OAuthError::Endpoint {
            what: "revocation endpoint",
            why: "has an HTTP method that does not exist",
        })?;
    let url = recipe.url.replace("{client_id}", &encoded);
    let request = Request {
        authorization,
        body,
        ..Request::new(method, &url, "revocation endpoint")
    };
    let reply = http.send(Step::Revocation, request).await?;
    match outcome(&reply, provider, &form.secrets()) {
        Err(error) if !is_over(&error) => Err(error),
        Ok(()) | Err(_) => Ok(Revoked::Confirmed),
    }
}
