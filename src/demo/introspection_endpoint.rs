//! The introspection endpoint: tells confidential clients about their own tokens (RFC 7662).

use crate::demo::client_form::ClientForm;
use crate::demo::exchange::Exchange;
use crate::demo::grant::Grant;
use crate::demo::problem::Problem;
use crate::demo::quirks::RequestKind;
use crate::demo::reply;
use crate::demo::shared::{Shared, State};
use axum::body::Body;
use axum::extract;
use axum::http::Response;
use serde_json::{Value, json};

/// Answers `POST /introspect`.
pub async fn introspect(
    extract::State(shared): extract::State<Shared>,
    posted: ClientForm,
) -> Response<Body> {
    Exchange::begin(&shared, RequestKind::Introspect, posted.client())
        .answer(|exchange, state| {
            let authenticated = posted.authenticated(exchange, state);
            let outcome = authenticated.and_then(|(client, form)| {
                // RFC 7662 2.1: without authentication anybody could scan for tokens.
                if client.is_public() {
                    return Err(Problem::invalid_client("public clients may not ask", false));
                }
                let issuer = &exchange.shared.issuer;
                Ok(about(issuer, state, &client.id, form.need("token")?))
            });
            match outcome {
                Ok(body) => reply::json(200, &body),
                Err(problem) => reply::problem(&problem),
            }
        })
        .await
}

/// What is known of a token; of one that is not the caller's nothing is told, not even that it lives (RFC 7662 2.2, 4).
fn about(issuer: &str, state: &State, client: &str, token: &str) -> Value {
    let now = state.now();
    if let Some((access, grant)) = state.grants.live_access(token, now)
        && grant.client == client
    {
        let mut body = described(issuer, grant, &access.scopes);
        body["token_type"] = "Bearer".into();
        if let Some(jkt) = &access.jkt {
            body["token_type"] = "DPoP".into();
            body["cnf"] = json!({ "jkt": jkt });
        }
        if !access.audience.is_empty() {
            body["aud"] = access.audience.clone().into();
        }
        body["iat"] = access.issued_at.as_secs().into();
        if let Some(expires_at) = access.expires_at {
            body["exp"] = expires_at.as_secs().into();
        }
        return body;
    }
    match state.grants.live_refresh(token, now) {
        Some((grant, expires_at)) if grant.client == client => {
            let mut body = described(issuer, grant, &grant.scopes);
            if let Some(expires_at) = expires_at {
                body["exp"] = expires_at.as_secs().into();
            }
            body
        }
        Some(_) | None => json!({ "active": false }),
    }
}

fn described(issuer: &str, grant: &Grant, scopes: &[String]) -> Value {
    json!({
        "active": true,
        "iss": issuer,
        "client_id": grant.client,
        "sub": grant.account,
        "username": grant.account,
        "scope": scopes.join(" "),
    })
}
