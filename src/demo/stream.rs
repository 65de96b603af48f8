//! Bodies that go wrong on their way: cut in the middle, or without an end.

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderValue, Response};
use futures_util::stream;
use std::io;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What any answer of ours has at least.
const CUT_AFTER: usize = 40;
/// A body that comes like this keeps every timer between two bytes from running out.
const PACE: Duration = Duration::from_millis(20);

/// Marks a response whose connection is reset, not closed.
#[derive(Debug, Clone, Copy)]
pub struct ResetConnection;

/// The answer up to its middle; then the connection is reset. The length it announces is never reached.
pub fn cut(response: Response<Body>) -> Response<Body> {
    let part = stream::unfold(0, |sent| async move {
        if sent == 0 {
            let chunk = Bytes::from_static(&[b' '; CUT_AFTER]);
            return Some((Ok(chunk), 1));
        }
        // What was sent gets out first.
        tokio::time::sleep(PACE).await;
        Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), 2))
    });
    let (mut head, _) = response.into_parts();
    head.headers
        .insert(CONTENT_LENGTH, HeaderValue::from(CUT_AFTER * 2));
    head.extensions.insert(ResetConnection);
    Response::from_parts(head, Body::from_stream(part))
}

/// A head like this one's, then a byte now and then until the provider ends.
pub fn endless(response: Response<Body>, until: CancellationToken) -> Response<Body> {
    let (mut head, _) = response.into_parts();
    head.headers.remove(CONTENT_LENGTH);
    let drip = stream::unfold(until, |until| async move {
        tokio::select! {
            () = until.cancelled() => None,
            () = tokio::time::sleep(PACE) => {
                Some((Ok::<_, io::Error>(Bytes::from_static(b" ")), until))
            }
        }
    });
    Response::from_parts(head, Body::from_stream(drip))
}
