//! The few words of HTTP that the callback listener speaks, to strangers, within tight bounds.

use crate::oauth::callback_answer::{Answer, Expected, read_answer};
use crate::oauth::callback_page::{Page, page};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// From the first byte to the last; a browser needs milliseconds.
const WHOLE_REQUEST: Duration = Duration::from_secs(10);

/// How long an answer may take to be fetched.
const WHOLE_ANSWER: Duration = Duration::from_secs(3);

/// Bytes of the request line and the headers.
const LARGEST_HEAD: usize = 32 * 1024;

/// Bytes of a posted form.
const LARGEST_FORM: usize = 64 * 1024;

/// Headers that are read.
const MOST_HEADERS: usize = 100;

/// Answers one connection; what it said, if it said anything about this sign-in.
pub async fn talk<S>(mut stream: S, expected: Arc<Expected>) -> Option<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let read = timeout(WHOLE_REQUEST, read_request(&mut stream)).await;
    let (status, shown, answer) = match read {
        Ok(Some(request)) => judge(&request, &expected),
        // Silent, endless or broken: nobody waits for an answer.
        Ok(None) | Err(_) => return None,
    };
    let body = page(&shown, &expected.provider_name);
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    let write = async {
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        stream.shutdown().await
    };
    // The answer counts even when its page could not be delivered.
    let _ = timeout(WHOLE_ANSWER, write).await;
    answer
}

/// What of a request matters.
struct Received {
    method: String,
    path: String,
    host: Option<String>,
    /// The query, or the posted form.
    parameters: Zeroizing<Vec<u8>>,
}

fn judge(request: &Received, expected: &Expected) -> (&'static str, Page, Option<Answer>) {
    let is_for_us = request.host.as_ref().is_some_and(|host| {
        expected
            .hosts
            .iter()
            .any(|ours| ours.eq_ignore_ascii_case(host))
    });
    if !is_for_us {
        // A page of somebody else whose name was made to point here (DNS rebinding).
        return ("421 Misdirected Request", Page::Nothing, None);
    }
    if request.path != expected.path {
        return ("404 Not Found", Page::Nothing, None);
    }
    if !matches!(request.method.as_str(), "GET" | "POST") {
        return ("405 Method Not Allowed", Page::Nothing, None);
    }
    match read_answer(&request.parameters, expected) {
        Some(Answer::Code(code)) => ("200 OK", Page::Done, Some(Answer::Code(code))),
        Some(Answer::Failed(error)) => {
            let failure = error.failure();
            (
                "400 Bad Request",
                Page::Failed(Box::new(failure)),
                Some(Answer::Failed(error)),
            )
        }
        Some(Answer::Stray) => ("400 Bad Request", Page::Stray, Some(Answer::Stray)),
        None => ("404 Not Found", Page::Nothing, None),
    }
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Received> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST_HEAD + LARGEST_FORM));
    let head = loop {
        if let Some(head) = read_head(&bytes)? {
            break head;
        }
        if bytes.len() > LARGEST_HEAD {
            return None;
        }
        read_some(stream, &mut bytes).await?;
    };
    let Head {
        method,
        target,
        host,
        ends_at,
        body_length,
    } = head;
    let (path, query) = split_target(&target);
    let parameters = if method == "POST" {
        if body_length > LARGEST_FORM {
            return None;
        }
        while bytes.len() < ends_at + body_length {
            read_some(stream, &mut bytes).await?;
        }
        Zeroizing::new(bytes[ends_at..ends_at + body_length].to_vec())
    } else {
        Zeroizing::new(query.as_bytes().to_vec())
    };
    Some(Received {
        method,
        path: path.to_owned(),
        host,
        parameters,
    })
}

async fn read_some(stream: &mut (impl AsyncRead + Unpin), into: &mut Vec<u8>) -> Option<()> {
    let mut portion = Zeroizing::new([0_u8; 4096]);
    let count = stream.read(&mut *portion).await.ok()?;
    into.extend_from_slice(&portion[..count]);
    (count > 0).then_some(())
}

struct Head {
    method: String,
    target: Zeroizing<String>,
    host: Option<String>,
    ends_at: usize,
    body_length: usize,
}

/// Outer `None`: no HTTP. Inner `None`: not whole yet.
fn read_head(bytes: &[u8]) -> Option<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let ends_at = match request.parse(bytes).ok()? {
        httparse::Status::Complete(ends_at) => ends_at,
        httparse::Status::Partial => return Some(None),
    };
    let header = |name: &str| {
        request
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .and_then(|header| std::str::from_utf8(header.value).ok())
            .map(str::trim)
    };
    let body_length = match header("content-length") {
        Some(length) => length.parse().ok()?,
        None => 0,
    };
    Some(Some(Head {
        method: request.method?.to_owned(),
        target: Zeroizing::new(request.path?.to_owned()),
        host: header("host").map(str::to_owned),
        ends_at,
        body_length,
    }))
}

/// Path and query of a request target, which may be a whole address (RFC 9112 3.2.2).
fn split_target(target: &str) -> (&str, &str) {
    let target = match target.strip_prefix("http://") {
        Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    target.split_once('?').unwrap_or((target, ""))
}
