//! The revocation endpoint: any token of a family ends the whole family (RFC 7009).

use crate::demo::client_auth;
use crate::demo::exchange::Exchange;
use crate::demo::parameters::Parameters;
use crate::demo::problem::Problem;
use crate::demo::quirks::{RequestKind, RevocationRule};
use crate::demo::reply;
use crate::demo::shared::{Shared, State};
use crate::model::client::ClientAuth;
use axum::body::Body;
use axum::extract;
use axum::http::{HeaderMap, Response};

/// Answers `POST /revoke`.
pub async fn revoke(
    extract::State(shared): extract::State<Shared>,
    headers: HeaderMap,
    body: String,
) -> Response<Body> {
    let read = Parameters::from_body(&headers, &body)
        .and_then(|form| Ok((client_auth::presented(&headers, &form)?, form)));
    let client = read
        .as_ref()
        .ok()
        .and_then(|(presented, _)| presented.id.clone());
    Exchange::begin(&shared, RequestKind::Revoke, client)
        .answer(|exchange, state| {
            if exchange.quirks.revocation == RevocationRule::Missing {
                return reply::plain_error(404, "not_found");
            }
            let outcome = read.and_then(|(presented, form)| {
                let client = client_auth::authenticated(&exchange.shared, &presented)?;
                let refused = exchange.quirks.revocation == RevocationRule::NotForPublicClients;
                if refused && client.auth == ClientAuth::None {
                    return Err(Problem::invalid_client(
                        "public clients may not revoke",
                        false,
                    ));
                }
                end_family(exchange, state, &client.id, form.need("token")?)
            });
            match outcome {
                Ok(()) => Response::new(Body::empty()),
                Err(problem) => reply::token_problem(&problem, &exchange.quirks, None),
            }
        })
        .await
}

/// A token nobody knows is as good as revoked (RFC 7009 2.2); another client's is not to be touched (2.1).
fn end_family(
    exchange: &Exchange,
    state: &mut State,
    client: &str,
    token: &str,
) -> Result<(), Problem> {
    let Some((token, grant)) = state.grants.owner(token) else {
        return Ok(());
    };
    exchange.concern(state, Some((token, grant)));
    if state
        .grants
        .grant(grant)
        .is_none_or(|grant| grant.client != client)
    {
        return Err(Problem::invalid_grant("the token is another client's"));
    }
    state.grants.revoke(grant);
    Ok(())
}
