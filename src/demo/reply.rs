//! Answers as the standards have them: JSON that no cache keeps, and errors.

use crate::demo::problem::Problem;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

/// A JSON answer that no cache may keep (RFC 6749 5.1).
pub fn json(status: u16, body: &Value) -> Response<Body> {
    typed(status, "application/json", body.to_string().into_bytes())
}

/// An answer of that content type that no cache may keep.
pub fn typed(status: u16, kind: &'static str, body: Vec<u8>) -> Response<Body> {
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
    challenge(&mut response, problem);
    response
}

/// Asks for Basic authentication where it was tried (RFC 6749 5.2).
pub fn challenge(response: &mut Response<Body>, problem: &Problem) {
    if problem.challenge {
        let challenge = HeaderValue::from_static("Basic realm=\"tokenward demo\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
}
