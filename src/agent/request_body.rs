//! A request's body: bounded, in time, and zeroized when it is dropped.

use crate::agent::problem::Problem;
use crate::agent::wire;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use std::time::Duration;
use zeroize::Zeroizing;

/// Longest request body, in bytes.
pub const LONGEST_BODY: usize = 64 * 1024;

/// A problem with a request itself.
pub fn refused(status: u16, slug: &str, title: &str, message: &str, hint: &str) -> Box<Problem> {
    Box::new(Problem::invalid(status, slug, title, message, hint))
}

/// A body that is not what the address takes.
pub fn bad_body(error: wire::BadBody) -> Box<Problem> {
    refused(
        400,
        "body",
        "Unreadable body",
        &error.to_string(),
        "GET /api/openapi.json tells what this address takes",
    )
}

/// Reads a body whole.
pub async fn read_body(
    mut body: Incoming,
    time: Duration,
) -> Result<Zeroizing<Vec<u8>>, Box<Problem>> {
    let too_large = || {
        refused(
            413,
            "body-size",
            "Body too large",
            "the body is longer than 64 KB",
            "send less",
        )
    };
    if body.size_hint().lower() > LONGEST_BODY as u64 {
        return Err(too_large());
    }
    let cut_off = || {
        refused(
            408,
            "body-time",
            "Body incomplete",
            "the body did not arrive whole and in time",
            "send it again",
        )
    };
    // Room for all from the start: no outgrown buffer with a secret in it stays behind.
    let mut whole = Zeroizing::new(Vec::with_capacity(LONGEST_BODY));
    let read = async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| cut_off())?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            if whole.len() + data.len() > LONGEST_BODY {
                return Err(too_large());
            }
            whole.extend_from_slice(data);
        }
        Ok(())
    };
    tokio::time::timeout(time, read)
        .await
        .unwrap_or_else(|_| Err(cut_off()))?;
    Ok(whole)
}
