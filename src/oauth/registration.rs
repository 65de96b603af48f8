//! Dynamic client registration: a client is made (RFC 7591), read and deleted again (RFC 7592).

use crate::model::client::{Client, ClientAuth, ClientRegistration};
use crate::model::provider::Provider;
use crate::oauth::endpoint;
use crate::oauth::error::{OAuthError, Unreadable};
use crate::oauth::fields::Fields;
use crate::oauth::http::Http;
use crate::oauth::refusal::refused;
use crate::oauth::step::Step;
use crate::oauth::wire::{Reply, Request};
use crate::secret::{ClientSecret, RegistrationToken};
use reqwest::Method;
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// What a client is registered with.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// `client_name`: what the provider shows to people.
    pub name: &'a str,
    /// Redirect addresses; empty where none are needed.
    pub redirect_uris: &'a [String],
    /// Grant types beside `refresh_token`.
    pub grant_types: &'a [&'a str],
    /// Scopes it will ask for.
    pub scopes: &'a [String],
}

const WHAT: &str = "registration endpoint";

/// Registers a public client. A provider may give it a secret all the same (RFC 7591 3.2.1): how it shall authenticate
/// is then what the answer says, and `none` means that the secret is not sent.
pub async fn register(
    http: &Http,
    provider: &Provider,
    wish: &Wish<'_>,
    token: Option<&RegistrationToken>,
) -> Result<Client, OAuthError> {
    let url = provider.endpoints.registration.as_deref();
    let url = endpoint::needed(url, WHAT, provider)?;
    let mut grants: Vec<&str> = wish.grant_types.to_vec();
    grants.push("refresh_token");
    let mut body = json!({
        "client_name": wish.name,
        "application_type": "native",
        "token_endpoint_auth_method": "none",
        "grant_types": grants,
    });
    // Without them a response type of `code` is meant (RFC 7591 2), and some want the addresses in every case (OpenID
    // Connect Registration 2).
    body["redirect_uris"] = json!(wish.redirect_uris);
    body["response_types"] = match wish.redirect_uris {
        [] => json!([]),
        _ => json!(["code"]),
    };
    if !wish.scopes.is_empty() {
        body["scope"] = Value::from(wish.scopes.join(" "));
    }
    let request = Request {
        authorization: token.map(bearer),
        body: Some((
            "application/json",
            Zeroizing::new(body.to_string().into_bytes()),
        )),
        ..Request::new(Method::POST, url, WHAT)
    };
    let reply = http.send(Step::Registration, request).await?;
    let mut fields = fields(&reply, token)?;
    read(&mut fields).map_err(|why| unreadable(&reply, why))
}

/// Whether the registration is still there (RFC 7592 2.1).
pub async fn exists(http: &Http, kept: &ClientRegistration) -> Result<bool, OAuthError> {
    let reply = manage(http, kept, Method::GET).await?;
    match reply.status {
        // RFC 7592 2.1: 401 where the client is gone; others say 404.
        401 | 404 => Ok(false),
        _ => fields(&reply, Some(&kept.token)).map(|_| true),
    }
}

/// Deletes the registration (RFC 7592 2.3): the provider ends its tokens with it. One that is gone already is as good.
pub async fn delete(http: &Http, kept: &ClientRegistration) -> Result<(), OAuthError> {
    let reply = manage(http, kept, Method::DELETE).await?;
    match reply.status {
        200..=299 | 401 | 404 => Ok(()),
        _ => fields(&reply, Some(&kept.token)).map(drop),
    }
}

async fn manage(
    http: &Http,
    kept: &ClientRegistration,
    method: Method,
) -> Result<Reply, OAuthError> {
    let request = Request {
        authorization: Some(bearer(&kept.token)),
        ..Request::new(method, &kept.uri, "address of the registration")
    };
    http.send(Step::Registration, request).await
}

fn bearer(token: &RegistrationToken) -> Zeroizing<String> {
    Zeroizing::new(format!("Bearer {}", token.expose_secret()))
}

/// 201 is the standard's word (RFC 7591 3.2.1), 200 that of some.
fn fields(reply: &Reply, token: Option<&RegistrationToken>) -> Result<Fields, OAuthError> {
    let secrets: Vec<&str> = token.iter().map(|token| token.expose_secret()).collect();
    let read = Fields::read(reply.body.bytes());
    if !reply.is_success() {
        return Err(refused(
            Step::Registration,
            reply,
            read.ok().as_ref(),
            &secrets,
        ));
    }
    read.map_err(|why| unreadable(reply, why))
}

fn unreadable(reply: &Reply, why: Unreadable) -> OAuthError {
    OAuthError::Unreadable {
        step: Step::Registration,
        host: reply.host.clone(),
        status: reply.status,
        why,
    }
}

/// Reads the client that a provider made (RFC 7591 3.2.1).
pub fn read(fields: &mut Fields) -> Result<Client, Unreadable> {
    let id = fields
        .text("client_id")
        .ok_or(Unreadable::Missing("client_id"))?;
    if id.chars().any(char::is_control) {
        return Err(Unreadable::Malformed("client_id"));
    }
    let id = id.to_owned();
    let method = fields.text("token_endpoint_auth_method").map(str::to_owned);
    let secret = fields.take("client_secret").map(ClientSecret::new);
    let auth = match (method.as_deref(), &secret) {
        (Some("client_secret_post"), Some(_)) => ClientAuth::ClientSecretPost,
        (Some("client_secret_basic"), Some(_)) => ClientAuth::ClientSecretBasic,
        // It was asked for `none`: a secret that comes without a word is not sent.
        _ => ClientAuth::None,
    };
    let uri = fields.text("registration_client_uri").map(str::to_owned);
    let uri = uri.filter(|uri| endpoint::read(uri, "address of the registration").is_ok());
    let token = fields.take("registration_access_token");
    let registration = uri.zip(token).map(|(uri, token)| ClientRegistration {
        uri,
        token: RegistrationToken::new(token),
    });
    Ok(Client {
        registration,
        ..Client::new(id, secret.filter(|_| auth != ClientAuth::None), auth)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered(json: &str) -> Result<Client, Unreadable> {
        read(&mut Fields::read(json.as_bytes()).unwrap())
    }

    #[test]
    fn a_secret_for_a_public_client_is_not_kept_and_one_that_was_meant_is() {
        let public = registered(
            r#"{"client_id":"c","client_secret":"s","token_endpoint_auth_method":"none",
                "registration_client_uri":"https://p.example/r/c","registration_access_token":"t"}"#,
        )
        .unwrap();
        assert!(public.auth == ClientAuth::None && public.secret.is_none());
        assert_eq!(public.registration.unwrap().uri, "https://p.example/r/c");
        let post = r#"{"client_id":"c","client_secret":"s","token_endpoint_auth_method":"client_secret_post"}"#;
        let post = registered(post).unwrap();
        assert!(post.auth == ClientAuth::ClientSecretPost && post.secret.is_some());
        assert!(post.registration.is_none());
    }

    #[test]
    fn an_answer_without_a_client_is_none_and_a_bad_address_is_not_kept() {
        assert!(registered("{}").is_err());
        let led_away = r#"{"client_id":"c","registration_client_uri":"http://p.example/r","registration_access_token":"t"}"#;
        assert!(registered(led_away).unwrap().registration.is_none());
    }
}
