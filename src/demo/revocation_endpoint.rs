//! The revocation endpoint: any token of a family ends the whole family (RFC 7009).

use crate::demo::client_form::ClientForm;
use crate::demo::exchange::Exchange;
use crate::demo::parameters::Parameters;
use crate::demo::problem::Problem;
use crate::demo::quirks::{RequestKind, RevocationRule};
use crate::demo::reply;
use crate::demo::resource::bearer;
use crate::demo::shared::{Shared, State};
use crate::demo::token_reply;
use axum::body::Body;
use axum::extract::{self, Path};
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::json;

/// Answers `POST /revoke`.
pub async fn revoke(
    extract::State(shared): extract::State<Shared>,
    posted: ClientForm,
) -> Response<Body> {
    Exchange::begin(&shared, RequestKind::Revoke, posted.client())
        .answer(|exchange, state| {
            let rule = exchange.quirks.revocation;
            if matches!(rule, RevocationRule::Missing | RevocationRule::Own) {
                return reply::plain_error(404, "not_found");
            }
            let authenticated = posted.authenticated(exchange, state);
            let outcome = authenticated.and_then(|(client, form)| {
                let refused = exchange.quirks.revocation == RevocationRule::NotForPublicClients;
                if refused && client.is_public() {
                    return Err(Problem::invalid_client(
                        "public clients may not revoke",
                        false,
                    ));
                }
                end_family(exchange, state, &client.id, form.need("token")?)
            });
            match outcome {
                Ok(()) => Response::new(Body::empty()),
                Err(problem) => token_reply::problem(&problem, &exchange.quirks, None),
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

/// Answers `/own_revoke/CLIENT`, where that is how the provider revokes: the token comes as a bearer token or in a JSON
/// body, and the answer is empty, or says `ok` where the provider's answers do.
pub async fn own(
    extract::State(shared): extract::State<Shared>,
    Path(client): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Response<Body> {
    Exchange::begin(&shared, RequestKind::Revoke, Some(client.clone()))
        .answer(|exchange, state| {
            if exchange.quirks.revocation != RevocationRule::Own {
                return reply::plain_error(404, "not_found");
            }
            let form = Parameters::from_body(&headers, &body).unwrap_or_default();
            let in_body = || form.get("access_token").or(form.get("token"));
            let token = bearer(&headers).or_else(in_body).unwrap_or_default();
            let lives = state.grants.live_access(token, state.now()).is_some();
            let ended = end_family(exchange, state, &client, token);
            match &exchange.quirks.shape.success_flag {
                Some(flag) => reply::json(200, &json!({ flag: lives && ended.is_ok() })),
                None if ended.is_ok() && lives => empty(StatusCode::NO_CONTENT),
                None => reply::plain_error(404, "not_found"),
            }
        })
        .await
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
