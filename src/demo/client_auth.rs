//! Client authentication: none, basic (form-urlencoded first), post or a signed assertion, as registered.

use crate::demo::client_assertion::{self, ASSERTION_TYPE};
use crate::demo::exchange::Exchange;
use crate::demo::parameters::Parameters;
use crate::demo::problem::Problem;
use crate::demo::settings::DemoClient;
use crate::demo::shared::State;
use crate::model::client::ClientAuth;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// What a request says about its client, before anything of it was checked.
pub struct Presented {
    /// The identifier.
    pub id: Option<String>,
    proof: Proof,
}

/// What is to prove it.
enum Proof {
    Nothing,
    Basic(String),
    Post(String),
    Assertion(String),
}

/// Reads what a request says about its client.
pub fn presented(headers: &HeaderMap, parameters: &Parameters) -> Result<Presented, Problem> {
    let in_body = parameters.get("client_id").map(str::to_owned);
    let secret = parameters.get("client_secret").map(str::to_owned);
    let assertion = assertion(parameters)?;
    let several = || Problem::invalid_request("two ways of authentication");
    let Some(header) = headers.get(AUTHORIZATION) else {
        let (id, proof) = match (secret, assertion) {
            (Some(_), Some(_)) => return Err(several()),
            (Some(secret), None) => (in_body, Proof::Post(secret)),
            (None, Some(text)) => {
                let id = in_body.or_else(|| client_assertion::subject(&text));
                (id, Proof::Assertion(text))
            }
            (None, None) => (in_body, Proof::Nothing),
        };
        return Ok(Presented { id, proof });
    };
    if secret.is_some() || assertion.is_some() {
        return Err(several());
    }
    let (id, secret) = basic(header.to_str().unwrap_or_default())
        .ok_or_else(|| Problem::invalid_client("the Authorization header is not Basic", true))?;
    if in_body.is_some_and(|in_body| in_body != id) {
        return Err(Problem::invalid_request("two different client ids"));
    }
    Ok(Presented {
        id: Some(id),
        proof: Proof::Basic(secret),
    })
}

/// A signed assertion (RFC 7521 4.2).
fn assertion(parameters: &Parameters) -> Result<Option<String>, Problem> {
    let assertion = parameters.get("client_assertion");
    match parameters.get("client_assertion_type") {
        Some(ASSERTION_TYPE) => Ok(assertion.map(str::to_owned)),
        None if assertion.is_none() => Ok(None),
        Some(_) | None => Err(Problem::invalid_request("another kind of assertion")),
    }
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
pub fn authenticated(
    exchange: &Exchange,
    state: &mut State,
    presented: &Presented,
) -> Result<Arc<DemoClient>, Problem> {
    let challenge = matches!(presented.proof, Proof::Basic(_));
    let refuse = |why: &'static str| Problem::invalid_client(why, challenge);
    let id = presented
        .id
        .as_deref()
        .ok_or_else(|| refuse("no client id"))?;
    let client = exchange
        .shared
        .client(id)
        .ok_or_else(|| refuse("the client is not known"))?;
    if let Some(key) = &client.key {
        let Proof::Assertion(assertion) = &presented.proof else {
            return Err(refuse("this client authenticates by a signed assertion"));
        };
        client_assertion::check(exchange, state, id, key, assertion)?;
        return Ok(client);
    }
    let wanted = match client.auth {
        ClientAuth::None => ClientAuth::None,
        registered => exchange.quirks.demands.client_auth.unwrap_or(registered),
    };
    let sent = match (&presented.proof, wanted) {
        (Proof::Nothing, ClientAuth::None) => return Ok(client),
        (Proof::Basic(secret), ClientAuth::ClientSecretBasic)
        | (Proof::Post(secret), ClientAuth::ClientSecretPost) => secret,
        (_, ClientAuth::None) => return Err(refuse("a public client must not send a secret")),
        (_, ClientAuth::ClientSecretBasic) => {
            return Err(refuse("this client authenticates by Basic"));
        }
        (_, ClientAuth::ClientSecretPost) => {
            return Err(refuse("this client authenticates in the body"));
        }
        (_, ClientAuth::PrivateKeyJwt) => {
            return Err(refuse("this client authenticates by a signed assertion"));
        }
    };
    let known = client.secret.as_deref().unwrap_or_default();
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
