//! Answers of the token endpoint, in every shape that providers give them.

use crate::clock::Timestamp;
use crate::demo::grant::Issued;
use crate::demo::problem::Problem;
use crate::demo::quirks::Quirks;
use crate::demo::reply;
use crate::demo::shape::{ErrorShape, ExpiresInShape, ScopeShape, TokenTypeShape};
use axum::body::Body;
use axum::http::header::CONTENT_ENCODING;
use axum::http::{HeaderValue, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value, json};
use std::io::Write as _;

const FORM: &str = "application/x-www-form-urlencoded";
const PADDING: usize = 10 * 1024 * 1024;

/// What an answer is made of.
pub struct Answer<'a> {
    /// The tokens.
    pub issued: &'a Issued,
    /// Whose they are.
    pub account: &'a str,
    /// An ID token.
    pub id_token: Option<String>,
    /// `issued_token_type` of a token exchange (RFC 8693 2.2.1).
    pub issued_token_type: Option<&'static str>,
    /// Whether it answers a refresh.
    pub is_refresh: bool,
}

/// New tokens, as the quirks have them.
pub fn tokens(answer: Answer<'_>, quirks: &Quirks, now: Timestamp) -> Response<Body> {
    let mut inner = Map::new();
    let issued = answer.issued;
    put(&mut inner, "access_token", issued.access.as_str());
    let bound = issued.record.jkt.is_some();
    match quirks.token_type {
        _ if bound => put(&mut inner, "token_type", "DPoP"),
        TokenTypeShape::Bearer => put(&mut inner, "token_type", "Bearer"),
        TokenTypeShape::LowerCase => put(&mut inner, "token_type", "bearer"),
        TokenTypeShape::User => put(&mut inner, "token_type", "user"),
        TokenTypeShape::Missing => {}
    }
    if let Some(expires_at) = issued.record.expires_at {
        put_expiry(&mut inner, expires_at, now, quirks.expires_in);
    }
    if let Some(refresh) = &issued.refresh {
        put(&mut inner, "refresh_token", refresh.as_str());
    }
    let told = issued
        .refresh_expires_at
        .filter(|_| quirks.tell_refresh_lifetime);
    if let Some(at) = told {
        let name = &quirks.shape.refresh_lifetime_name;
        put(&mut inner, name, seconds(at, now));
    }
    put_scopes(&mut inner, &issued.record.scopes, quirks.scope);
    if let Some(kind) = answer.issued_token_type {
        put(&mut inner, "issued_token_type", kind);
    }
    let nesting = quirks.shape.nested.as_ref();
    let nesting = nesting.filter(|nesting| nesting.on_refresh || !answer.is_refresh);
    let mut body = match nesting {
        Some(nesting) => {
            put(&mut inner, "id", answer.account);
            Map::from_iter([(nesting.member.clone(), Value::Object(inner))])
        }
        None => inner,
    };
    if let Some(id_token) = answer.id_token {
        put(&mut body, "id_token", id_token);
    }
    for (name, value) in &quirks.shape.more {
        put(&mut body, name, value.as_str());
    }
    if let Some(flag) = &quirks.shape.success_flag {
        put(&mut body, flag, true);
    }
    if quirks.huge_body {
        put(&mut body, "padding", "x".repeat(PADDING));
    }
    written(200, body, quirks)
}

/// An error, as the quirks have it; `token` is what was sent.
pub fn problem(found: &Problem, quirks: &Quirks, token: Option<&str>) -> Response<Body> {
    if quirks.empty_errors {
        return reply::typed(400, "text/plain", Vec::new());
    }
    let shape = &quirks.shape;
    let mut shaped = found.clone();
    let own_words = shape.bad_grant_words.as_ref();
    if let Some(words) = own_words.filter(|_| found.error == "invalid_grant") {
        shaped.description = words.clone().into();
    }
    if let Some(token) = token.filter(|_| quirks.echo_token) {
        shaped.description = format!("{} (token {token})", shaped.description).into();
    }
    if let Some(own) = shape.own_errors.get(found.error.as_ref()) {
        shaped.error = own.clone().into();
    }
    if let Some(reuse) = shape.reuse.as_ref().filter(|_| found.is_replay) {
        (shaped.status, shaped.error) = (reuse.status, reuse.error.clone().into());
    }
    if quirks.errors_with_200 || shape.success_flag.is_some() {
        shaped.status = 200;
    }
    let mut body = error_body(&shaped, shape.errors);
    if let Some(flag) = &shape.success_flag {
        put(&mut body, flag, false);
    }
    let mut response = written(shaped.status, body, quirks);
    reply::challenge(&mut response, &shaped);
    response
}

fn error_body(problem: &Problem, shape: ErrorShape) -> Map<String, Value> {
    let (error, words) = (problem.error.as_ref(), problem.description.as_ref());
    let mut body = Map::new();
    match shape {
        ErrorShape::Standard => {
            put(&mut body, "error", error);
            put(&mut body, "error_description", words);
        }
        ErrorShape::Microsoft => {
            let number = if problem.is_replay { 54005 } else { 70008 };
            put(&mut body, "error", error);
            let words = format!("AADSTS{number}: {words} Trace ID: 0 Correlation ID: 0");
            put(&mut body, "error_description", words);
            put(&mut body, "error_codes", vec![number]);
            put(&mut body, "suberror", "bad_token");
        }
        ErrorShape::Words => put(&mut body, "message", words),
        ErrorShape::Nested => {
            let kind = "OAuthException";
            let inner = json!({ "message": words, "type": kind, "code": 190 });
            put(&mut body, "error", inner);
        }
    }
    if let Some(interval) = problem.interval {
        put(&mut body, "interval", interval.as_secs());
    }
    body
}

/// A body as a form or JSON, with what stands before it, compressed or plain.
fn written(status: u16, body: Map<String, Value>, quirks: &Quirks) -> Response<Body> {
    let (kind, text) = if quirks.form_encoded {
        (FORM, form(&body))
    } else {
        ("application/json", Value::Object(body).to_string())
    };
    let mut bytes = Vec::new();
    if quirks.shape.bom {
        bytes.extend_from_slice("\u{feff}".as_bytes());
    }
    bytes.extend_from_slice(text.as_bytes());
    if !quirks.shape.compressed {
        return reply::typed(status, kind, bytes);
    }
    let mut response = reply::typed(status, kind, compressed(&bytes));
    let gzip = HeaderValue::from_static("gzip");
    response.headers_mut().insert(CONTENT_ENCODING, gzip);
    response
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("memory takes what is written to it")
}

fn put(body: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    body.insert(name.to_owned(), value.into());
}

fn seconds(at: Timestamp, now: Timestamp) -> u64 {
    let left = at.since(now).as_millis().div_ceil(1000);
    left.try_into().unwrap_or(u64::MAX)
}

fn put_expiry(body: &mut Map<String, Value>, at: Timestamp, now: Timestamp, shape: ExpiresInShape) {
    let left = seconds(at, now);
    match shape {
        ExpiresInShape::Seconds => put(body, "expires_in", left),
        ExpiresInShape::Text => put(body, "expires_in", left.to_string()),
        ExpiresInShape::Milliseconds => put(body, "expires_in", left.saturating_mul(1000)),
        ExpiresInShape::ClockTime => {
            let (hours, minutes) = (left / 3600, left / 60 % 60);
            let text = format!("{hours:02}:{minutes:02}:{:02}", left % 60);
            put(body, "expires_in", text);
        }
        ExpiresInShape::ExpiresAt => put(body, "expires_at", at.as_secs()),
        ExpiresInShape::ExpiresAtText => {
            let moment = jiff::Timestamp::from_second(at.as_secs()).unwrap_or_default();
            put(body, "expires_at", moment.to_string());
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
