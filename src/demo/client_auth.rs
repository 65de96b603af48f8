//! Client authentication: none, basic (form-urlencoded first) or post, as registered.

use crate::demo::parameters::Parameters;
use crate::demo::problem::Problem;
use crate::demo::settings::DemoClient;
use crate::demo::shared::Inner;
use crate::model::client::ClientAuth;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;
use subtle::ConstantTimeEq;

/// What a request says about its client, before anything of it was checked.
pub struct Presented {
    /// The identifier.
    pub id: Option<String>,
    secret: Option<String>,
    method: ClientAuth,
}

/// Reads what a request says about its client.
pub fn presented(headers: &HeaderMap, parameters: &Parameters) -> Result<Presented, Problem> {
    let in_body = parameters.get("client_id").map(str::to_owned);
    let secret_in_body = parameters.get("client_secret").map(str::to_owned);
    let Some(header) = headers.get(AUTHORIZATION) else {
        let method = match secret_in_body {
            Some(_) => ClientAuth::ClientSecretPost,
            None => ClientAuth::None,
        };
        return Ok(Presented {
            id: in_body,
            secret: secret_in_body,
            method,
        });
    };
    if secret_in_body.is_some() {
        return Err(Problem::invalid_request("two ways of authentication"));
    }
    let (id, secret) = basic(header.to_str().unwrap_or_default())
        .ok_or_else(|| Problem::invalid_client("the Authorization header is not Basic", true))?;
    if in_body.is_some_and(|in_body| in_body != id) {
        return Err(Problem::invalid_request("two different client ids"));
    }
    Ok(Presented {
        id: Some(id),
        secret: Some(secret),
        method: ClientAuth::ClientSecretBasic,
    })
}

/// Id and secret, each form-urlencoded before they were joined (RFC 6749 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = STANDARD.decode(encoded.trim()).ok()?;
    let pair = String::from_utf8(bytes).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((form_decoded(id), form_decoded(secret)))
}

fn form_decoded(text: &str) -> String {
    // The parser takes a whole form; as the value of its only field, nothing but `&` could end it early.
    let field = format!("v={}", text.replace('&', "%26"));
    url::form_urlencoded::parse(field.as_bytes())
        .next()
        .map(|(_, value)| Cow::into_owned(value))
        .unwrap_or_default()
}

/// The client, if it proved to be who it says by the method it is registered for.
pub fn authenticated<'a>(
    shared: &'a Inner,
    presented: &Presented,
) -> Result<&'a DemoClient, Problem> {
    let challenge = presented.method == ClientAuth::ClientSecretBasic;
    let refuse = |why: &'static str| Problem::invalid_client(why, challenge);
    let id = presented
        .id
        .as_deref()
        .ok_or_else(|| refuse("no client id"))?;
    let client = shared
        .client(id)
        .ok_or_else(|| refuse("the client is not known"))?;
    if client.auth != presented.method {
        return Err(refuse(match client.auth {
            ClientAuth::None => "a public client must not send a secret",
            ClientAuth::ClientSecretBasic => "this client authenticates by Basic",
            ClientAuth::ClientSecretPost => "this client authenticates in the body",
            ClientAuth::PrivateKeyJwt => "this client authenticates by its key",
        }));
    }
    let (known, sent) = (
        client.secret.as_deref().unwrap_or_default(),
        presented.secret.as_deref().unwrap_or_default(),
    );
    if bool::from(known.as_bytes().ct_eq(sent.as_bytes())) {
        Ok(client)
    } else {
        Err(refuse("wrong client secret"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_parts_are_form_decoded() {
        let encoded = STANDARD.encode("demo+odd%3Aclient%2Bid:p%40ss%3Aw%25rd");
        let read = basic(&format!("Basic {encoded}")).unwrap();
        assert_eq!(
            read,
            ("demo odd:client+id".to_owned(), "p@ss:w%rd".to_owned())
        );
        assert_eq!(basic("Bearer x"), None);
        assert_eq!(basic("Basic !"), None);
    }
}
