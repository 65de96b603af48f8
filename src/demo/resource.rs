//! What access tokens are for: userinfo and a protected resource (RFC 6750, RFC 9449 7).

use crate::demo::dpop::{self, Proof, ProofHeader};
use crate::demo::exchange::Exchange;
use crate::demo::grant::{Access, Grant};
use crate::demo::id_token;
use crate::demo::keys;
use crate::demo::quirks::{Quirks, RequestKind};
use crate::demo::reply;
use crate::demo::resources;
use crate::demo::shape::UserInfoShape;
use crate::demo::shared::{Shared, State};
use axum::body::Body;
use axum::extract::{self, Request};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, Method, Response};
use serde_json::{Value, json};

/// Answers `GET /userinfo` (OpenID Connect Core 5.3), or what a provider has in its place.
pub async fn userinfo(
    extract::State(shared): extract::State<Shared>,
    request: Request,
) -> Response<Body> {
    let visit = Visit::of(&shared, RequestKind::UserInfo, "/userinfo", request);
    if !visit.is_asked_right() {
        let why = |_: &Exchange, _: &mut State| reply::plain_error(400, "invalid_request");
        return visit.exchange.answer(why).await;
    }
    visit
        .serve(|access, grant, quirks| match quirks.shape.userinfo {
            UserInfoShape::OpenId => {
                needs(access, "openid")?;
                Ok(id_token::claims(grant, &access.scopes))
            }
            UserInfoShape::Login => Ok(json!({
                "id": access.grant.0,
                "login": grant.account,
                "name": grant.account,
                "type": "User",
            })),
            UserInfoShape::Data => Ok(json!({
                "data": { "id": access.grant.0.to_string(), "username": grant.account }
            })),
        })
        .await
}

/// Answers `GET /api/hello`: any token of this API will do.
pub async fn hello(
    extract::State(shared): extract::State<Shared>,
    request: Request,
) -> Response<Body> {
    Visit::of(&shared, RequestKind::Resource, "/api/hello", request)
        .serve(|_, grant, _| Ok(json!({ "hello": grant.account, "client": grant.client })))
        .await
}

/// Answers `/api/write`, which wants the scope `write`: who lacks it is told so (RFC 6750 3.1).
pub async fn write(
    extract::State(shared): extract::State<Shared>,
    request: Request,
) -> Response<Body> {
    Visit::of(&shared, RequestKind::Resource, "/api/write", request)
        .serve(|access, grant, _| {
            needs(access, "write")?;
            Ok(json!({ "written": grant.account }))
        })
        .await
}

/// A scope that is missing.
struct Missing(&'static str);

fn needs(access: &Access, scope: &'static str) -> Result<(), Missing> {
    let has = access.scopes.iter().any(|one| one == scope);
    has.then_some(()).ok_or(Missing(scope))
}

/// A request for something that a token is needed for.
struct Visit {
    exchange: Exchange,
    headers: HeaderMap,
    method: Method,
    path: &'static str,
}

impl Visit {
    fn of(shared: &Shared, kind: RequestKind, path: &'static str, request: Request) -> Self {
        Self {
            exchange: Exchange::begin(shared, kind, None),
            headers: request.headers().clone(),
            method: request.method().clone(),
            path,
        }
    }

    /// Whether userinfo is asked by the method and with the header that are wanted.
    fn is_asked_right(&self) -> bool {
        let demands = &self.exchange.quirks.demands;
        let has_header = demands
            .userinfo_header
            .as_ref()
            .is_none_or(|(name, value)| {
                let sent = self.headers.get(name.as_str());
                sent.is_some_and(|sent| sent.as_bytes() == value.as_bytes())
            });
        has_header && (!demands.userinfo_by_post || self.method == Method::POST)
    }

    async fn serve(
        self,
        content: impl FnOnce(&Access, &Grant, &Quirks) -> Result<Value, Missing>,
    ) -> Response<Body> {
        let Self {
            exchange,
            headers,
            method,
            path,
        } = self;
        exchange
            .answer(|exchange, state| {
                let Some((scheme, token)) = presented(&headers) else {
                    return challenge(401, "Bearer", None, None);
                };
                let known = state.grants.owner(token);
                exchange.concern(state, known);
                let address = exchange.shared.address(path);
                let header = ProofHeader::of(&headers, method.as_str());
                let proof = header.at(address);
                let mut response = match admitted(exchange, state, scheme, token, &proof) {
                    Ok((access, grant)) => {
                        // Those of the client the token belongs to, since the request names none.
                        let quirks = state.quirks_for(Some(&grant.client));
                        match content(&access, &grant, quirks) {
                            Ok(body) => reply::json(200, &body),
                            Err(Missing(scope)) => {
                                challenge(403, scheme, Some("insufficient_scope"), Some(scope))
                            }
                        }
                    }
                    Err(error) => challenge(401, scheme, Some(error), None),
                };
                dpop::tell_resource_nonce(exchange, state, &mut response);
                response
            })
            .await
    }
}

/// The token and its grant, when it may be used here and now and by this way; else the error.
fn admitted(
    exchange: &Exchange,
    state: &mut State,
    scheme: &str,
    token: &str,
    proof: &Proof<'_>,
) -> Result<(Access, Grant), &'static str> {
    let now = state.now();
    let found = state.grants.live_access(token, now);
    let (access, grant) = found
        .map(|(access, grant)| (access.clone(), grant.clone()))
        .ok_or("invalid_token")?;
    if !resources::is_for_us(&exchange.shared, &access.audience) {
        return Err("invalid_token");
    }
    match (&access.jkt, scheme) {
        (None, "Bearer") => {}
        // RFC 9449 7.2: a bound token is no bearer token, and the other way round.
        (None, _) | (Some(_), "Bearer") => return Err("invalid_token"),
        (Some(jkt), _) => dpop::at_the_resource(exchange, state, proof, token, jkt)?,
    }
    Ok((access, grant))
}

/// Scheme and token of the `Authorization` header.
fn presented(headers: &HeaderMap) -> Option<(&'static str, &str)> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    ["Bearer", "DPoP"]
        .into_iter()
        .find(|known| scheme.eq_ignore_ascii_case(known))
        .map(|known| (known, token))
}

/// The bearer token that came (RFC 6750 2.1).
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = presented(headers)?;
    (scheme == "Bearer").then_some(token)
}

/// What was wrong stands in a header; nothing when no token came (RFC 6750 3, RFC 9449 7.1).
fn challenge(
    status: u16,
    scheme: &str,
    error: Option<&'static str>,
    scope: Option<&'static str>,
) -> Response<Body> {
    let mut response = reply::plain_error(status, error.unwrap_or("unauthorized"));
    let mut value = format!("{scheme} realm=\"tokenward demo\"");
    if let Some(error) = error {
        value.push_str(&format!(", error=\"{error}\""));
    }
    if let Some(scope) = scope {
        value.push_str(&format!(", scope=\"{scope}\""));
    }
    if scheme == "DPoP" {
        value.push_str(&format!(", algs=\"{}\"", keys::ACCEPTED.join(" ")));
    }
    if let Ok(value) = value.parse() {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response
}
