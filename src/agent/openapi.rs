//! `GET /api/openapi.json`: what can be asked here and what is answered, for programs that read it.

use crate::agent::response::{Body, json};
use hyper::body::Bytes;
use hyper::{Response, StatusCode};

/// The OpenAPI 3.1 document. The suite holds it to what an owner answers.
pub const DOCUMENT: &str = include_str!("../../assets/openapi.json");

/// The answer: the document as it is.
pub(in crate::agent) fn answer() -> Response<Body> {
    json(StatusCode::OK, Bytes::from_static(DOCUMENT.as_bytes()))
}
