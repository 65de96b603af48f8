//! The token endpoint: codes, refresh tokens and device codes become tokens (RFC 6749 3.2).

use crate::demo::client_auth::{self, Presented};
use crate::demo::client_form::ClientForm;
use crate::demo::codes::Redeemed;
use crate::demo::device_codes::Polled;
use crate::demo::exchange::Exchange;
use crate::demo::grants::{Grant, GrantId, Issued, Refused};
use crate::demo::id_token;
use crate::demo::parameters::Parameters;
use crate::demo::problem::Problem;
use crate::demo::quirks::RequestKind;
use crate::demo::reply;
use crate::demo::settings::DemoClient;
use crate::demo::shared::{Shared, State};
use axum::body::Body;
use axum::extract;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// `grant_type` of the device flow (RFC 8628 3.4).
pub const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Answers `POST /token`.
pub async fn token(
    extract::State(shared): extract::State<Shared>,
    posted: ClientForm,
) -> Response<Body> {
    let kind = match posted.read() {
        Ok((_, form)) => kind_of(form.get("grant_type")),
        Err(_) => RequestKind::OtherToken,
    };
    let exchange = Exchange::begin(&shared, kind, posted.client());
    if exchange.quirks.redirect_token_endpoint {
        let elsewhere = shared.address("/elsewhere");
        return exchange.answer(|_, _| redirect(&elsewhere)).await;
    }
    exchange
        .answer(|exchange, state| match posted.read() {
            Ok((presented, form)) => respond(exchange, state, presented, form),
            Err(problem) => reply::token_problem(problem, &exchange.quirks, None),
        })
        .await
}

fn kind_of(grant_type: Option<&str>) -> RequestKind {
    match grant_type {
        Some("authorization_code") => RequestKind::Code,
        Some("refresh_token") => RequestKind::Refresh,
        Some(DEVICE_GRANT) => RequestKind::DevicePoll,
        _ => RequestKind::OtherToken,
    }
}

/// A redirect that keeps the method and the body: following it hands the secrets over.
fn redirect(to: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

fn respond(
    exchange: &Exchange,
    state: &mut State,
    presented: &Presented,
    form: &Parameters,
) -> Response<Body> {
    let sent = ["refresh_token", "code", "device_code"]
        .iter()
        .find_map(|name| form.get(name));
    match process(exchange, state, presented, form) {
        Ok((issued, with_id_token)) => issued_reply(exchange, state, &issued, with_id_token),
        Err(problem) => reply::token_problem(&problem, &exchange.quirks, sent),
    }
}

fn issued_reply(
    exchange: &Exchange,
    state: &State,
    issued: &Issued,
    with_id_token: bool,
) -> Response<Body> {
    let now = state.now();
    let grant = state.grants.grant(issued.grant).filter(|_| with_id_token);
    let id_token = grant
        .and_then(|grant| id_token::issue(&exchange.shared, grant, &issued.record.scopes, now));
    reply::tokens(issued, id_token, &exchange.quirks, now)
}

/// The tokens, and whether an ID token goes with them.
fn process(
    exchange: &Exchange,
    state: &mut State,
    presented: &Presented,
    form: &Parameters,
) -> Result<(Issued, bool), Problem> {
    // Which token it is about is noted first, so that refused requests can be counted by token as well.
    if let Some(token) = form.get("refresh_token") {
        let known = state.grants.refresh_token(token);
        exchange.concern(state, known);
    }
    let client = client_auth::authenticated(&exchange.shared, presented)?;
    match form.need("grant_type")? {
        "authorization_code" => Ok((by_code(exchange, state, client, form)?, true)),
        "refresh_token" => {
            let issued = by_refresh_token(exchange, state, client, form)?;
            Ok((issued, exchange.quirks.id_token_on_refresh))
        }
        DEVICE_GRANT => Ok((by_device_code(exchange, state, client, form)?, true)),
        _ => Err(Problem::new(
            "unsupported_grant_type",
            "this grant type is not offered",
        )),
    }
}

fn by_code(
    exchange: &Exchange,
    state: &mut State,
    client: &DemoClient,
    form: &Parameters,
) -> Result<Issued, Problem> {
    let (code, now) = (form.need("code")?, state.now());
    let (request, account) = match state.codes.redeem(code, now) {
        Redeemed::Good(request, account) => (request, account),
        Redeemed::Bad => return Err(Problem::invalid_grant("the code is not good")),
        Redeemed::UsedBefore(grant) => {
            state.grants.revoke(grant);
            return Err(Problem::invalid_grant("the code was used before"));
        }
    };
    if request.client != client.id {
        return Err(Problem::invalid_grant("the code is another client's"));
    }
    if form.get("redirect_uri") != Some(request.redirect_uri.as_str()) {
        return Err(Problem::invalid_grant("the redirect_uri is another one"));
    }
    verify(request.challenge.as_deref(), form.get("code_verifier"))?;
    let id = state.grants.open(Grant {
        client: request.client,
        account,
        scopes: request.scopes,
        nonce: request.nonce,
        revoked: false,
    });
    state.codes.used_for(code, id);
    Ok(first_tokens(exchange, state, id))
}

/// PKCE, S256 (RFC 7636 4.6).
fn verify(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), Problem> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier)) => {
            let hashed = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
            let same = bool::from(hashed.as_bytes().ct_eq(challenge.as_bytes()));
            let long_enough = (43..=128).contains(&verifier.len());
            if same && long_enough {
                Ok(())
            } else {
                Err(Problem::invalid_grant("the code_verifier is wrong"))
            }
        }
        (Some(_), None) => Err(Problem::invalid_grant("the code_verifier is missing")),
        (None, Some(_)) => Err(Problem::invalid_grant(
            "a code_verifier without a challenge",
        )),
    }
}

fn first_tokens(exchange: &Exchange, state: &mut State, id: GrantId) -> Issued {
    let now = state.now();
    let issued = state.grants.issue(id, &exchange.quirks, now);
    exchange.concern(state, Some((issued.record.id, id)));
    issued
}

fn by_refresh_token(
    exchange: &Exchange,
    state: &mut State,
    client: &DemoClient,
    form: &Parameters,
) -> Result<Issued, Problem> {
    let (token, now) = (form.need("refresh_token")?, state.now());
    let outcome = state
        .grants
        .refresh(token, &client.id, form.scopes(), &exchange.quirks, now);
    if matches!(outcome, Err(Refused::Replayed)) {
        state.log.replayed();
    }
    Ok(outcome?)
}

fn by_device_code(
    exchange: &Exchange,
    state: &mut State,
    client: &DemoClient,
    form: &Parameters,
) -> Result<Issued, Problem> {
    let (code, now, quirks) = (form.need("device_code")?, state.now(), &exchange.quirks);
    match state.devices.poll(code, &client.id, quirks, now) {
        Polled::Bad => Err(Problem::invalid_grant("the device code is not good")),
        Polled::Expired => Err(Problem::new("expired_token", "the device code has expired")),
        Polled::Pending => Err(Problem::new(
            "authorization_pending",
            "the person has not answered",
        )),
        Polled::SlowDown(interval) => Err(Problem::slow_down(
            quirks.tell_slow_down_interval.then_some(interval),
        )),
        Polled::Denied => Err(Problem::new("access_denied", "the person said no")),
        Polled::Allowed { account, scopes } => {
            let id = state.grants.open(Grant {
                client: client.id.clone(),
                account,
                scopes,
                nonce: None,
                revoked: false,
            });
            Ok(first_tokens(exchange, state, id))
        }
    }
}

/// Answers `/elsewhere`, where nobody should come: it is only noted.
pub async fn elsewhere(extract::State(shared): extract::State<Shared>) -> Response<Body> {
    Exchange::begin(&shared, RequestKind::Elsewhere, None)
        .answer(|_, _| reply::plain_error(400, "invalid_request"))
        .await
}
