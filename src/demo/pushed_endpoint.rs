//! The pushed authorization request endpoint (RFC 9126 2).

use crate::demo::authorization_request::{examined, redirect};
use crate::demo::client_form::ClientForm;
use crate::demo::dpop;
use crate::demo::exchange::Exchange;
use crate::demo::problem::Problem;
use crate::demo::protocol::Offer;
use crate::demo::quirks::RequestKind;
use crate::demo::reply;
use crate::demo::shared::{Shared, State};
use axum::body::Body;
use axum::extract;
use axum::http::Response;
use serde_json::{Value, json};

/// Answers `POST /par`.
pub async fn push(
    extract::State(shared): extract::State<Shared>,
    posted: ClientForm,
) -> Response<Body> {
    Exchange::begin(&shared, RequestKind::Pushed, posted.client())
        .answer(|exchange, state| {
            if exchange.quirks.protocol.par == Offer::Off {
                return reply::plain_error(404, "not_found");
            }
            let mut response = match kept(exchange, state, posted) {
                Ok(body) => reply::json(201, &body),
                Err(problem) => reply::problem(&problem),
            };
            dpop::tell_server_nonce(exchange, state, &mut response);
            response
        })
        .await
}

fn kept(exchange: &Exchange, state: &mut State, posted: ClientForm) -> Result<Value, Problem> {
    let (shared, quirks) = (&exchange.shared, &exchange.quirks);
    let proof = posted.proof().clone();
    let (client, form) = posted.authenticated(exchange, state)?;
    if form.get("request_uri").is_some() {
        let why = "request_uri is what this endpoint gives";
        return Err(Problem::invalid_request(why));
    }
    let redirect = redirect(&form, &client, quirks)?;
    let mut request = examined(shared, &form, &client, redirect, quirks)?;
    // RFC 9449 10.1: a proof binds the code as dpop_jkt does, and has to agree with it.
    if proof.is_there() {
        let jkt = dpop::at_the_server(exchange, state, &proof.at(shared.address("/par")))?;
        if request.dpop_jkt.is_some() && request.dpop_jkt != jkt {
            let why = "dpop_jkt is not the key of the proof";
            return Err(Problem::invalid_request(why));
        }
        request.dpop_jkt = jkt;
    }
    let until = state.now().plus(quirks.protocol.par_lifetime);
    Ok(json!({
        "request_uri": state.pushed.keep(request, until),
        "expires_in": quirks.protocol.par_lifetime.as_secs(),
    }))
}
