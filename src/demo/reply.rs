//! Answers of the token endpoint, in every shape that providers give them.

use crate::clock::Timestamp;
use crate::demo::grants::Issued;
use crate::demo::problem::Problem;
use crate::demo::quirks::{ExpiresInShape, Quirks, ScopeShape, TokenTypeShape};
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

const PADDING: usize = 2 * 1024 * 1024;

/// A JSON answer that no cache may keep (RFC 6749 5.1).
pub fn json(status: u16, body: &Value) -> Response<Body> {
    typed(status, "application/json", body.to_string())
}

fn typed(status: u16, kind: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An error with nothing but its code.
pub fn plain_error(status: u16, error: &str) -> Response<Body> {
    json(status, &json!({ "error": error }))
}

/// An error as RFC 6749 5.2 has it.
pub fn problem(problem: &Problem) -> Response<Body> {
    let mut body = json!({ "error": problem.error, "error_description": problem.description });
    if let Some(interval) = problem.interval {
        body["interval"] = interval.as_secs().into();
    }
    let mut response = json(problem.status, &body);
    if problem.challenge {
        let challenge = HeaderValue::from_static("Basic realm=\"tokenward demo\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

/// An error of the token endpoint, as the quirks have it; `token` is what was sent.
pub fn token_problem(found: &Problem, quirks: &Quirks, token: Option<&str>) -> Response<Body> {
    if quirks.empty_errors {
        return typed(400, "text/plain", String::new());
    }
    let mut shaped = found.clone();
    if let Some(token) = token.filter(|_| quirks.echo_token) {
        shaped.description = format!("{} (token {token})", found.description).into();
    }
    if quirks.errors_with_200 {
        shaped.status = 200;
    }
    if quirks.form_encoded {
        let body = [
            ("error", shaped.error),
            ("error_description", shaped.description),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(body)
            .finish();
        return typed(shaped.status, "application/x-www-form-urlencoded", body);
    }
    problem(&shaped)
}

/// New tokens, as the quirks have them.
pub fn tokens(
    issued: &Issued,
    id_token: Option<String>,
    quirks: &Quirks,
    now: Timestamp,
) -> Response<Body> {
    let mut body = Map::new();
    body.insert("access_token".to_owned(), issued.access.as_str().into());
    match quirks.token_type {
        TokenTypeShape::Bearer => put(&mut body, "token_type", "Bearer"),
        TokenTypeShape::LowerCase => put(&mut body, "token_type", "bearer"),
        TokenTypeShape::Missing => {}
    }
    if let Some(expires_at) = issued.record.expires_at {
        put_expiry(&mut body, expires_at, now, quirks.expires_in);
    }
    if let Some(refresh) = &issued.refresh {
        put(&mut body, "refresh_token", refresh.as_str());
    }
    if let Some(at) = issued
        .refresh_expires_at
        .filter(|_| quirks.tell_refresh_lifetime)
    {
        put(&mut body, "refresh_expires_in", seconds(at, now));
    }
    if let Some(id_token) = id_token {
        put(&mut body, "id_token", id_token);
    }
    put_scopes(&mut body, &issued.record.scopes, quirks.scope);
    if quirks.huge_body {
        put(&mut body, "padding", "x".repeat(PADDING));
    }
    if quirks.form_encoded {
        return typed(200, "application/x-www-form-urlencoded", form(&body));
    }
    json(200, &Value::Object(body))
}

fn put(body: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    body.insert(name.to_owned(), value.into());
}

fn seconds(at: Timestamp, now: Timestamp) -> u64 {
    at.since(now)
        .as_millis()
        .div_ceil(1000)
        .try_into()
        .unwrap_or(u64::MAX)
}

fn put_expiry(body: &mut Map<String, Value>, at: Timestamp, now: Timestamp, shape: ExpiresInShape) {
    match shape {
        ExpiresInShape::Seconds => put(body, "expires_in", seconds(at, now)),
        ExpiresInShape::Text => put(body, "expires_in", seconds(at, now).to_string()),
        ExpiresInShape::Milliseconds => {
            put(body, "expires_in", seconds(at, now).saturating_mul(1000))
        }
        ExpiresInShape::Missing => {}
    }
}

fn put_scopes(body: &mut Map<String, Value>, scopes: &[String], shape: ScopeShape) {
    match shape {
        ScopeShape::Spaces => put(body, "scope", scopes.join(" ")),
        ScopeShape::Commas => put(body, "scope", scopes.join(",")),
        ScopeShape::Array => put(body, "scope", scopes.to_vec()),
        ScopeShape::Missing => {}
    }
}

fn form(body: &Map<String, Value>) -> String {
    let pairs = body.iter().map(|(name, value)| match value {
        Value::String(text) => (name.as_str(), text.clone()),
        Value::Array(items) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            (name.as_str(), items.join(","))
        }
        other => (name.as_str(), other.to_string()),
    });
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}
