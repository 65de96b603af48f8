//! The token endpoint: what comes, by which address, and how it is answered (RFC 6749 3.2).

use crate::demo::client_auth::{self, Presented};
use crate::demo::client_form::ClientForm;
use crate::demo::demands::{BodyRule, RefreshRule};
use crate::demo::dpop::{self, Proof};
use crate::demo::exchange::Exchange;
use crate::demo::id_token;
use crate::demo::parameters::Parameters;
use crate::demo::problem::Problem;
use crate::demo::quirks::{Quirks, RequestKind};
use crate::demo::reply;
use crate::demo::shared::{Shared, State};
use crate::demo::token_grants::{self, Given};
use crate::demo::token_reply::{self, Answer};
use axum::body::Body;
use axum::extract::{self, RawQuery};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};

/// `grant_type` of the device flow (RFC 8628 3.4).
pub const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// `grant_type` of a token exchange (RFC 8693 2.1).
pub const EXCHANGE_GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// Answers `POST /token`.
pub async fn token(
    extract::State(shared): extract::State<Shared>,
    posted: ClientForm,
) -> Response<Body> {
    let kind = kind(&shared, &posted);
    let exchange = Exchange::begin(&shared, kind, posted.client());
    if exchange.quirks.redirect_token_endpoint {
        // This machine by its other name is another host to whoever compares names.
        let elsewhere = shared
            .address("/elsewhere")
            .replace("127.0.0.1", "localhost");
        return exchange.answer(|_, _| redirect(&elsewhere)).await;
    }
    let elsewhere = exchange.quirks.demands.own_refresh_url && kind == RequestKind::Refresh;
    exchange
        .answer(|exchange, state| match posted.read() {
            Ok(_) if elsewhere => {
                let why = "refreshes go to another address";
                let problem = Problem::new("unsupported_grant_type", why);
                token_reply::problem(&problem, &exchange.quirks, None)
            }
            Ok(_) => respond(exchange, state, &posted, "/token"),
            Err(problem) => token_reply::problem(problem, &exchange.quirks, None),
        })
        .await
}

/// Answers `POST /refresh`, where refreshes have an address of their own.
pub async fn refresh(
    extract::State(shared): extract::State<Shared>,
    posted: ClientForm,
) -> Response<Body> {
    Exchange::begin(&shared, RequestKind::Refresh, posted.client())
        .answer(|exchange, state| {
            let own = exchange.quirks.demands.own_refresh_url;
            match posted.read() {
                _ if !own => reply::plain_error(404, "not_found"),
                Ok(_) => respond(exchange, state, &posted, "/refresh"),
                Err(problem) => token_reply::problem(problem, &exchange.quirks, None),
            }
        })
        .await
}

/// Answers `GET /token`, by which access tokens are exchanged where that is how they are kept alive.
pub async fn exchange_by_get(
    extract::State(shared): extract::State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response<Body> {
    let posted = ClientForm::of_query(&headers, &query.unwrap_or_default());
    Exchange::begin(&shared, RequestKind::Refresh, posted.client())
        .answer(|exchange, state| {
            let by_get = matches!(exchange.quirks.demands.refresh, RefreshRule::AccessToken(_));
            match posted.read() {
                _ if !by_get => reply::plain_error(405, "method_not_allowed"),
                Ok(_) => respond(exchange, state, &posted, "/token"),
                Err(problem) => token_reply::problem(problem, &exchange.quirks, None),
            }
        })
        .await
}

/// The standard's name of what is asked for, as this provider wants it spelt.
pub fn grant_type(form: &Parameters, quirks: &Quirks) -> Option<String> {
    let plain = form.get("grant_type").map(str::to_owned);
    match &quirks.demands.refresh {
        RefreshRule::Standard => plain,
        RefreshRule::TypeParameter => match form.get("type") {
            Some("refresh") => Some("refresh_token".to_owned()),
            Some("web_server") => Some("authorization_code".to_owned()),
            // Where the parameter is left out, the standard's is understood for everything but refreshes.
            Some(_) | None => plain.filter(|plain| plain != "refresh_token"),
        },
        RefreshRule::AccessToken(own) if plain.as_ref() == Some(own) => {
            Some("refresh_token".to_owned())
        }
        RefreshRule::AccessToken(_) => plain.filter(|plain| plain != "refresh_token"),
    }
}

fn kind(shared: &Shared, posted: &ClientForm) -> RequestKind {
    let Ok((presented, form)) = posted.read() else {
        return RequestKind::OtherToken;
    };
    let quirks = shared.state().quirks_for(presented.id.as_deref()).clone();
    match grant_type(form, &quirks).as_deref() {
        Some("authorization_code") => RequestKind::Code,
        Some("refresh_token") => RequestKind::Refresh,
        Some(DEVICE_GRANT) => RequestKind::DevicePoll,
        Some("client_credentials") => RequestKind::ClientCredentials,
        Some(EXCHANGE_GRANT) => RequestKind::TokenExchange,
        // However it is spelt, it was meant as one.
        _ if form.get("refresh_token").is_some() => RequestKind::Refresh,
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
    posted: &ClientForm,
    path: &str,
) -> Response<Body> {
    let Ok((presented, form)) = posted.read() else {
        return reply::plain_error(400, "invalid_request");
    };
    let proof = posted.proof().at(exchange.shared.address(path));
    let mut response = match process(exchange, state, presented, form, &proof) {
        Ok(given) => written(exchange, state, &given),
        Err(problem) => {
            let sent = ["refresh_token", "code", "device_code", "subject_token"]
                .iter()
                .find_map(|name| form.get(name));
            token_reply::problem(&problem, &exchange.quirks, sent)
        }
    };
    dpop::tell_server_nonce(exchange, state, &mut response);
    response
}

fn written(exchange: &Exchange, state: &State, given: &Given) -> Response<Body> {
    let (issued, now) = (&given.issued, state.now());
    let grant = state.grants.grant(issued.grant);
    let id_token = grant
        .filter(|_| given.id_token)
        .and_then(|grant| id_token::issue(&exchange.shared, &exchange.quirks, grant, issued, now));
    let answer = Answer {
        issued,
        account: grant
            .map(|grant| grant.account.as_str())
            .unwrap_or_default(),
        id_token,
        issued_token_type: given.issued_token_type,
        is_refresh: given.is_refresh,
    };
    token_reply::tokens(answer, &exchange.quirks, now)
}

fn process(
    exchange: &Exchange,
    state: &mut State,
    presented: &Presented,
    form: &Parameters,
    proof: &Proof<'_>,
) -> Result<Given, Problem> {
    // Which token it is about is noted first, so that refused requests can be counted by token as well.
    if let Some(token) = form.get("refresh_token") {
        let known = state.grants.refresh_token(token);
        exchange.concern(state, known);
    }
    well_formed(form, exchange.quirks.demands.body)?;
    let client = client_auth::authenticated(exchange, state, presented)?;
    let jkt = dpop::at_the_server(exchange, state, proof)?;
    token_grants::given(exchange, state, &client, form, jkt)
}

/// Whether the body came in the format that is wanted here.
fn well_formed(form: &Parameters, rule: BodyRule) -> Result<(), Problem> {
    let wrong = match rule {
        BodyRule::Any => None,
        BodyRule::Form => form.was_json().then_some("the body has to be a form"),
        BodyRule::Json => (!form.was_json()).then_some("the body has to be JSON"),
    };
    wrong.map_or(Ok(()), |why| Err(Problem::invalid_request(why)))
}

/// Answers `/elsewhere`, where nobody should come: it is only noted.
pub async fn elsewhere(extract::State(shared): extract::State<Shared>) -> Response<Body> {
    Exchange::begin(&shared, RequestKind::Elsewhere, None)
        .answer(|_, _| reply::plain_error(400, "invalid_request"))
        .await
}
