//! The revocation endpoint: any token of a family ends the whole family (RFC 7009).

use crate::demo::client_form::ClientForm;
use crate::demo::exchange::Exchange;
use crate::demo::problem::Problem;
use crate::demo::quirks::{RequestKind, RevocationRule};
use crate::demo::reply;
use crate::demo::shared::{Shared, State};
use crate::model::client::ClientAuth;
use axum::body::Body;
use axum::extract;
use axum::http::Response;

/// Answers `POST /revoke`.
pub async fn revoke(
    extract::State(shared): extract::State<Shared>,
    posted: ClientForm,
) -> Response<Body> {
    Exchange::begin(&shared, RequestKind::Revoke, posted.client())
        .answer(|exchange, state| {
            if exchange.quirks.revocation == RevocationRule::Missing {
                return reply::plain_error(404, "not_found");
            }
            let authenticated = posted.authenticated(&exchange.shared);
            let outcome = authenticated.and_then(|(client, form)| {
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
