//! The device authorization endpoint and the page where its codes are entered (RFC 8628).

use crate::clock::Timestamp;
use crate::demo::authorization_endpoint::account_name;
use crate::demo::authorization_request::known;
use crate::demo::client_form::ClientForm;
use crate::demo::device_codes::Decision;
use crate::demo::exchange::Exchange;
use crate::demo::page::{self, Asked, SUGGESTED_NAME, Visitor};
use crate::demo::parameters::Parameters;
use crate::demo::problem::Problem;
use crate::demo::quirks::{Consent, Quirks, RequestKind};
use crate::demo::reply;
use crate::demo::shared::{Inner, Shared, State};
use axum::body::Body;
use axum::extract::{self, RawQuery};
use axum::http::{HeaderMap, Response};
use serde_json::{Value, json};
use std::time::Duration;

/// So many wrong user codes a minute, then the page rests (RFC 8628 5.1).
const WRONG_CODES: usize = 20;
const A_MINUTE: Duration = Duration::from_secs(60);

/// Answers `POST /device_authorization`.
pub async fn start(
    extract::State(shared): extract::State<Shared>,
    posted: ClientForm,
) -> Response<Body> {
    Exchange::begin(&shared, RequestKind::DeviceStart, posted.client())
        .answer(|exchange, state| {
            let started = posted
                .authenticated(exchange, state)
                .and_then(|(client, form)| started(exchange, state, &client.id, &form));
            match started {
                Ok(body) => reply::json(200, &body),
                Err(problem) => reply::problem(&problem),
            }
        })
        .await
}

fn started(
    exchange: &Exchange,
    state: &mut State,
    client: &str,
    form: &Parameters,
) -> Result<Value, Problem> {
    let scopes = form.scopes(&exchange.quirks).unwrap_or_default();
    let scopes = known(scopes, &exchange.quirks)?;
    let (id, now, quirks) = (state.next_pending(), state.now(), &exchange.quirks);
    let (device_code, user_code) = state.devices.start(id, client, scopes, quirks, now);
    if let Some(found) = state.devices.by_id(id, now) {
        match &quirks.consent {
            Consent::Ask => {}
            Consent::Allow(account) => found.decision = Decision::Allowed(account.clone()),
            Consent::Deny | Consent::Fail(_) => found.decision = Decision::Denied,
        }
    }
    Ok(device_answer(
        &exchange.shared,
        &device_code,
        &user_code,
        quirks,
    ))
}

fn device_answer(shared: &Inner, device_code: &str, user_code: &str, quirks: &Quirks) -> Value {
    let page = shared.address("/device");
    let mut body = json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri_complete": format!("{page}?user_code={user_code}"),
        "expires_in": quirks.device_lifetime.as_secs(),
    });
    let name = if quirks.verification_url {
        "verification_url"
    } else {
        "verification_uri"
    };
    body[name] = page.into();
    if quirks.tell_interval {
        body["interval"] = quirks.device_interval.as_secs().into();
    }
    body
}

/// Answers `GET /device`.
pub async fn show(
    extract::State(shared): extract::State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response<Body> {
    let query = Parameters::from_form(&query.unwrap_or_default()).unwrap_or_default();
    Exchange::begin(&shared, RequestKind::DevicePage, None)
        .answer(|exchange, _| {
            let code = query.get("user_code").unwrap_or_default();
            Visitor::of(&exchange.shared, &headers).device(200, code, None)
        })
        .await
}

/// Answers `POST /device`: first the code and who, then yes or no.
pub async fn decide(
    extract::State(shared): extract::State<Shared>,
    headers: HeaderMap,
    body: String,
) -> Response<Body> {
    let form = Parameters::from_form(&body).unwrap_or_default();
    Exchange::begin(&shared, RequestKind::DevicePage, None)
        .answer(
            |exchange, state| match Visitor::who_sent(&exchange.shared, &headers, &form) {
                Some(visitor) => step(state, &visitor, &form),
                None => page::foreign_form(),
            },
        )
        .await
}

fn step(state: &mut State, visitor: &Visitor, form: &Parameters) -> Response<Body> {
    let (typed, now) = (form.get("user_code").unwrap_or_default(), state.now());
    if is_guessing(&mut state.wrong_codes, now) {
        return visitor.device(429, "", Some("Too many wrong codes. Wait a minute."));
    }
    let Some(found) = state.devices.by_user_code(typed, now) else {
        state.wrong_codes.push(now);
        return visitor.device(400, typed, Some("No device waits with this code."));
    };
    match (form.get("decision"), found.account.clone()) {
        (Some("allow"), Some(account)) => {
            found.decision = Decision::Allowed(account);
            page::message(200, "Your device is connected", "You can close this page.")
        }
        (Some(_), Some(_)) => {
            found.decision = Decision::Denied;
            page::message(
                200,
                "Denied",
                "Your device gets nothing. You can close this page.",
            )
        }
        _ => {
            let account = account_name(form.get("username").unwrap_or(SUGGESTED_NAME));
            found.account = Some(account.clone());
            visitor.consent(&Asked {
                client: &found.client,
                account: &account,
                scopes: &found.scopes,
                ticket: "",
                user_code: Some(&found.user_code),
            })
        }
    }
}

fn is_guessing(wrong: &mut Vec<Timestamp>, now: Timestamp) -> bool {
    wrong.retain(|at| now.since(*at) < A_MINUTE);
    wrong.len() >= WRONG_CODES
}
