//! Dynamic client registration (RFC 7591), and reading and deleting what was registered (RFC 7592).

use crate::demo::authorization_request::is_loopback;
use crate::demo::exchange::Exchange;
use crate::demo::keys::public_key;
use crate::demo::problem::Problem;
use crate::demo::protocol::RegistrationRule;
use crate::demo::quirks::RequestKind;
use crate::demo::reply;
use crate::demo::resource::bearer;
use crate::demo::settings::{DemoClient, INITIAL_ACCESS_TOKEN};
use crate::demo::shared::Shared;
use crate::demo::tokens::{digest, random};
use crate::model::client::ClientAuth;
use axum::body::Body;
use axum::extract::{self, Path};
use axum::http::{HeaderMap, Response};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use url::Url;

const ID_PREFIX: &str = "demo-registered-";
const SECRET_PREFIX: &str = "demo_cs_";
const TOKEN_PREFIX: &str = "demo_rat_";

/// Answers `POST /register`.
pub async fn register(
    extract::State(shared): extract::State<Shared>,
    headers: HeaderMap,
    body: String,
) -> Response<Body> {
    Exchange::begin(&shared, RequestKind::Register, None)
        .answer(|exchange, _| {
            let protocol = &exchange.quirks.protocol;
            match protocol.registration {
                RegistrationRule::Off => return reply::plain_error(404, "not_found"),
                RegistrationRule::InitialToken if !is_initial(&headers) => {
                    return reply::plain_error(401, "invalid_token");
                }
                RegistrationRule::InitialToken | RegistrationRule::Open => {}
            }
            match registered(exchange, &body) {
                Ok(body) => reply::json(protocol.registration_status, &body),
                Err(problem) => reply::problem(&problem),
            }
        })
        .await
}

fn is_initial(headers: &HeaderMap) -> bool {
    let sent = bearer(headers).unwrap_or_default();
    bool::from(sent.as_bytes().ct_eq(INITIAL_ACCESS_TOKEN.as_bytes()))
}

/// Answers `GET /register/CLIENT`.
pub async fn read(
    extract::State(shared): extract::State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    Exchange::begin(&shared, RequestKind::Register, Some(id.clone()))
        .answer(
            |exchange, _| match managed(&exchange.shared, &id, &headers) {
                Some(client) => {
                    let token = bearer(&headers).unwrap_or_default();
                    reply::json(200, &described(&exchange.shared, &client, token))
                }
                None => reply::plain_error(401, "invalid_token"),
            },
        )
        .await
}

/// Answers `DELETE /register/CLIENT`: the client's grants end with it (RFC 7592 2.3).
pub async fn delete(
    extract::State(shared): extract::State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    Exchange::begin(&shared, RequestKind::Register, Some(id.clone()))
        .answer(|exchange, state| {
            if managed(&exchange.shared, &id, &headers).is_none() {
                return reply::plain_error(401, "invalid_token");
            }
            exchange.shared.clients.remove(&id);
            state.grants.revoke_all_of(&id);
            let mut response = Response::new(Body::empty());
            *response.status_mut() = axum::http::StatusCode::NO_CONTENT;
            response
        })
        .await
}

/// The client, when the token that came with the request is the one for its registration.
fn managed(shared: &Shared, id: &str, headers: &HeaderMap) -> Option<Arc<DemoClient>> {
    let client = shared.client(id)?;
    let sent = digest(bearer(headers)?);
    (client.registration == Some(sent)).then_some(client)
}

fn registered(exchange: &Exchange, body: &str) -> Result<Value, Problem> {
    let wrong = |why: &'static str| Problem::new("invalid_client_metadata", why);
    let asked: Map<String, Value> =
        serde_json::from_str(body).map_err(|_| wrong("the body is no JSON object"))?;
    let text = |name: &str| asked.get(name).and_then(Value::as_str);
    // RFC 7591 2: Basic, when nothing is said.
    let method = text("token_endpoint_auth_method").unwrap_or("client_secret_basic");
    let auth = match method {
        "none" => ClientAuth::None,
        "private_key_jwt" => ClientAuth::PrivateKeyJwt,
        "client_secret_basic" => ClientAuth::ClientSecretBasic,
        "client_secret_post" => ClientAuth::ClientSecretPost,
        _ => return Err(wrong("another way of authentication")),
    };
    let key = match (method, asked.get("jwks").and_then(public_key)) {
        ("private_key_jwt", None) => return Err(wrong("jwks with an ES256 or RS256 key")),
        ("private_key_jwt", found) => found,
        _ => None,
    };
    let token = random(TOKEN_PREFIX);
    let client_is_public = auth == ClientAuth::None;
    let has_secret = matches!(
        auth,
        ClientAuth::ClientSecretBasic | ClientAuth::ClientSecretPost
    );
    let client = DemoClient {
        id: random(ID_PREFIX),
        secret: has_secret.then(|| random(SECRET_PREFIX)),
        auth,
        key,
        redirect_uris: redirects(&asked)?,
        registration: Some(digest(&token)),
    };
    let mut answer = described(&exchange.shared, &client, &token);
    if let Some(members) = answer.as_object_mut() {
        let echoed = ["client_name", "scope", "grant_types", "response_types"];
        for name in echoed {
            if let Some(value) = asked.get(name) {
                members.insert(name.to_owned(), value.clone());
            }
        }
    }
    if exchange.quirks.protocol.stray_secret && client_is_public {
        answer["client_secret"] = random(SECRET_PREFIX).into();
        answer["client_secret_expires_at"] = 0.into();
    }
    exchange.shared.clients.register(client);
    Ok(answer)
}

/// At least one, each on loopback: whoever registers here is a program of this machine.
fn redirects(asked: &Map<String, Value>) -> Result<Vec<String>, Problem> {
    let has_codes = match asked.get("grant_types").and_then(Value::as_array) {
        Some(types) => types.iter().any(|kind| kind == "authorization_code"),
        None => true,
    };
    let uris = asked.get("redirect_uris").and_then(Value::as_array);
    let uris: Vec<String> = uris
        .into_iter()
        .flatten()
        .map(|uri| uri.as_str().unwrap_or_default().to_owned())
        .collect();
    let fits = |uri: &String| Url::parse(uri).is_ok_and(|url| is_loopback(&url));
    if uris.iter().all(fits) && (!uris.is_empty() || !has_codes) {
        Ok(uris)
    } else {
        let why = "redirect_uris have to be loopback addresses";
        Err(Problem::new("invalid_redirect_uri", why))
    }
}

/// What is told of a client (RFC 7591 3.2.1, RFC 7592 3).
fn described(shared: &Shared, client: &DemoClient, token: &str) -> Value {
    let method = match client.auth {
        ClientAuth::None => "none",
        ClientAuth::ClientSecretBasic => "client_secret_basic",
        ClientAuth::ClientSecretPost => "client_secret_post",
        ClientAuth::PrivateKeyJwt => "private_key_jwt",
    };
    let mut body = json!({
        "client_id": client.id,
        "redirect_uris": client.redirect_uris,
        "token_endpoint_auth_method": method,
        "registration_access_token": token,
        "registration_client_uri": shared.address(&format!("/register/{}", client.id)),
    });
    if let Some(secret) = &client.secret {
        body["client_secret"] = secret.as_str().into();
        // RFC 7591 3.2.1: it never expires.
        body["client_secret_expires_at"] = 0.into();
    }
    body
}
