//! What access tokens are for: userinfo and a protected resource (RFC 6750).

use crate::demo::exchange::Exchange;
use crate::demo::grants::{Access, Grant};
use crate::demo::id_token;
use crate::demo::quirks::RequestKind;
use crate::demo::reply;
use crate::demo::shared::{Shared, State};
use axum::body::Body;
use axum::extract;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Response};
use serde_json::{Value, json};

/// Answers `GET /userinfo` (OpenID Connect Core 5.3).
pub async fn userinfo(
    extract::State(shared): extract::State<Shared>,
    headers: HeaderMap,
) -> Response<Body> {
    serve(&shared, RequestKind::UserInfo, &headers, |access, grant| {
        let allowed = access.scopes.iter().any(|scope| scope == "openid");
        allowed.then(|| id_token::claims(grant, &access.scopes))
    })
    .await
}

/// Answers `GET /api/hello`.
pub async fn hello(
    extract::State(shared): extract::State<Shared>,
    headers: HeaderMap,
) -> Response<Body> {
    serve(&shared, RequestKind::Resource, &headers, |_, grant| {
        Some(json!({ "hello": grant.account, "client": grant.client }))
    })
    .await
}

async fn serve(
    shared: &Shared,
    kind: RequestKind,
    headers: &HeaderMap,
    content: impl FnOnce(&Access, &Grant) -> Option<Value>,
) -> Response<Body> {
    Exchange::begin(shared, kind, None)
        .answer(|exchange, state| {
            let Some(token) = bearer(headers) else {
                return challenge(401, None);
            };
            let known = state.grants.owner(token);
            exchange.concern(state, known);
            answer(state, token, content)
        })
        .await
}

fn answer(
    state: &State,
    token: &str,
    content: impl FnOnce(&Access, &Grant) -> Option<Value>,
) -> Response<Body> {
    match state.grants.live_access(token, state.now()) {
        None => challenge(401, Some("invalid_token")),
        Some((access, grant)) => match content(access, grant) {
            Some(body) => reply::json(200, &body),
            None => challenge(403, Some("insufficient_scope")),
        },
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// RFC 6750 3: what was wrong stands in a header; nothing when no token came.
fn challenge(status: u16, error: Option<&'static str>) -> Response<Body> {
    let mut response = reply::plain_error(status, error.unwrap_or("unauthorized"));
    let value = match error {
        Some("invalid_token") => "Bearer realm=\"tokenward demo\", error=\"invalid_token\"",
        Some(_) => {
            "Bearer realm=\"tokenward demo\", error=\"insufficient_scope\", scope=\"openid\""
        }
        None => "Bearer realm=\"tokenward demo\"",
    };
    response
        .headers_mut()
        .insert(WWW_AUTHENTICATE, HeaderValue::from_static(value));
    response
}
