//! One request on its way through the server: logged, delayed, failed on purpose, answered.

use crate::demo::grant::{GrantId, TokenId};
use crate::demo::log::RequestNumber;
use crate::demo::quirks::{Fault, Quirks, RequestKind, RetryAfter};
use crate::demo::reply;
use crate::demo::shared::{Shared, State};
use crate::demo::stream;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use axum::http::{Response, StatusCode};
use std::time::{Duration, SystemTime};

/// Marks a response that must not be sent: the connection is closed instead.
#[derive(Debug, Clone, Copy)]
pub struct CloseConnection;

/// One request.
pub struct Exchange {
    /// What everyone shares.
    pub shared: Shared,
    /// How the server behaves to this client, now.
    pub quirks: Quirks,
    kind: RequestKind,
    client: Option<String>,
    number: RequestNumber,
}

impl Drop for Exchange {
    // Also when the client went away: the request is not in flight any more.
    fn drop(&mut self) {
        self.shared.state().log.leave(self.kind);
    }
}

impl Exchange {
    /// Notes that a request came.
    pub fn begin(shared: &Shared, kind: RequestKind, client: Option<String>) -> Self {
        let mut state = shared.state();
        let now = state.now();
        let number = state.log.arrive(now, kind, client.clone());
        let quirks = state.quirks_for(client.as_deref()).clone();
        drop(state);
        Self {
            shared: shared.clone(),
            quirks,
            kind,
            client,
            number,
        }
    }

    /// Notes which token it is about.
    pub fn concern(&self, state: &mut State, token: Option<(TokenId, GrantId)>) {
        let (token, grant) = token.unzip();
        state.log.concern(self.number, grant, token);
    }

    /// Waits, fails or processes, and answers.
    pub async fn answer(
        self,
        process: impl FnOnce(&Self, &mut State) -> Response<Body>,
    ) -> Response<Body> {
        pause(self.quirks.latency).await;
        let fault = self
            .shared
            .state()
            .take_fault(self.client.as_deref(), self.kind);
        if let Some(refusal) = fault.as_ref().and_then(before) {
            return self.finish(refusal);
        }
        if matches!(fault, Some(Fault::Hang)) {
            return self.hang().await;
        }
        let response = process(&self, &mut self.shared.state());
        pause(self.quirks.answer_delay).await;
        match fault {
            Some(Fault::HangAfter) => self.hang().await,
            Some(Fault::CloseAfter) => closing(),
            Some(Fault::CutBody) => self.finish(stream::cut(response)),
            Some(Fault::EndlessBody) => {
                let shutdown = self.shared.shutdown.clone();
                self.finish(stream::endless(response, shutdown))
            }
            _ => self.finish(response),
        }
    }

    async fn hang(self) -> Response<Body> {
        self.shared.shutdown.cancelled().await;
        closing()
    }

    fn finish(self, mut response: Response<Body>) -> Response<Body> {
        let off = self.quirks.shape.date_off;
        if off != 0 {
            wrong_date(&mut response, off);
        }
        if response.extensions().get::<CloseConnection>().is_none() {
            let mut state = self.shared.state();
            let now = state.now();
            state
                .log
                .answer(self.number, now, response.status().as_u16());
        }
        response
    }
}

/// A clock that is wrong by that many seconds.
fn wrong_date(response: &mut Response<Body>, off: i64) {
    let by = Duration::from_secs(off.unsigned_abs());
    let now = SystemTime::now();
    let shown = if off < 0 { now - by } else { now + by };
    if let Ok(date) = httpdate::fmt_http_date(shown).parse() {
        response.headers_mut().insert(DATE, date);
    }
}

async fn pause(duration: Duration) {
    if !duration.is_zero() {
        tokio::time::sleep(duration).await;
    }
}

/// The answer to a request that is not even looked at.
fn before(fault: &Fault) -> Option<Response<Body>> {
    match fault {
        Fault::Status {
            status,
            retry_after,
        } => Some(failed(*status, *retry_after)),
        Fault::Error { status, error } => Some(reply::plain_error(*status, error)),
        Fault::CloseBefore => Some(closing()),
        Fault::CaptivePortal => Some(html(
            200,
            "<html><body>Please accept our terms.</body></html>",
        )),
        Fault::Hang
        | Fault::HangAfter
        | Fault::CloseAfter
        | Fault::CutBody
        | Fault::EndlessBody => None,
    }
}

fn failed(status: u16, retry_after: Option<RetryAfter>) -> Response<Body> {
    let mut response = html(
        status,
        "<html><body><h1>Failed on purpose</h1></body></html>",
    );
    let value = retry_after.map(|after| match after {
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::Date(ahead) => {
            httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(ahead))
        }
    });
    if let Some(value) = value.and_then(|value| value.parse().ok()) {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
    response
}

fn html(status: u16, body: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = axum::http::HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn closing() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(CloseConnection);
    response
}
