//! Responses: their status, their headers, and what a problem looks like.

use crate::agent::problem::{MEDIA_TYPE, Problem};
use crate::agent::wire::{self, VERSION, VERSION_HEADER};
use crate::clock::Timestamp;
use crate::engine::api::Refusal;
use crate::engine::bucket::Left;
use crate::model::token::IssuedToken;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{Either, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use hyper::{Response, StatusCode};
use serde::Serialize;
use std::convert::Infallible;

/// A body that is there, or one that is made while it is sent.
pub type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, Infallible>>;

/// A response for a problem.
pub fn refuse(problem: &Problem) -> Response<Body> {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(status, to_json(problem));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    if let Some(seconds) = problem.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some((most, reset_secs)) = problem.limit() {
        let left = Left {
            most,
            remaining: 0,
            reset_secs,
        };
        add_limit(headers, left);
    }
    if let Refusal::Grant { fault } = &problem.refusal
        && problem.status == 401
    {
        // RFC 6750 3: without a code where nothing was shown.
        let challenge = match fault.code() {
            Some(code) => format!("Bearer realm=\"tokenward\", error=\"{code}\""),
            None => "Bearer realm=\"tokenward\"".to_owned(),
        };
        let challenge = HeaderValue::from_str(&challenge);
        headers.extend(challenge.map(|challenge| (WWW_AUTHENTICATE, challenge)));
    }
    if let Some(allow) = &problem.allow {
        let allow = HeaderValue::from_str(allow);
        headers.extend(allow.map(|allow| (ALLOW, allow)));
    }
    response
}

/// The body with an access token.
pub fn token_body(token: &IssuedToken, now: Timestamp) -> Bytes {
    // The connection sends it from where it lies and drops it, and with that it is zeroized.
    Bytes::from_owner(wire::write_token(token, now))
}

/// Plain data as JSON.
pub fn to_json(body: &impl Serialize) -> Bytes {
    Bytes::from(serde_json::to_vec(body).expect("plain data always serializes"))
}

/// A response of JSON.
pub fn json(status: StatusCode, body: Bytes) -> Response<Body> {
    with_headers(status, "application/json", Either::Left(Full::new(body)))
}

/// A response of plain text.
pub fn text(media_type: &'static str, body: String) -> Response<Body> {
    let body = Either::Left(Full::new(Bytes::from(body)));
    with_headers(StatusCode::OK, media_type, body)
}

/// A response without a body.
pub fn empty() -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::new(Bytes::new())));
    *response.status_mut() = StatusCode::NO_CONTENT;
    add_version(response.headers_mut());
    response
}

/// A response that is made while it is sent.
pub fn streamed(
    media_type: &'static str,
    frames: impl futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>> + Send + 'static,
) -> Response<Body> {
    let body = Either::Right(UnsyncBoxBody::new(StreamBody::new(frames)));
    with_headers(StatusCode::OK, media_type, body)
}

fn with_headers(status: StatusCode, media_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(4);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    add_version(headers);
    response
}

fn add_version(headers: &mut HeaderMap) {
    headers.insert(
        HeaderName::from_static(VERSION_HEADER),
        HeaderValue::from_static(VERSION),
    );
}

/// Says how much of a limit is left.
pub fn add_limit(headers: &mut HeaderMap, left: Left) {
    for (name, number) in [
        ("x-ratelimit-limit", left.most),
        ("x-ratelimit-remaining", left.remaining),
        ("x-ratelimit-reset", left.reset_secs),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(number));
    }
}
