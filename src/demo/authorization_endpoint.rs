//! The authorization endpoint: checks the request, asks the person, sends the browser back.

use crate::demo::authorization_request::{examined, redirect};
use crate::demo::callback::Back;
use crate::demo::codes::{AuthorizationRequest, BrowserSignIn};
use crate::demo::exchange::Exchange;
use crate::demo::page::{self, Asked, SUGGESTED_NAME, Visitor};
use crate::demo::parameters::Parameters;
use crate::demo::protocol::Offer;
use crate::demo::quirks::{Consent, Quirks, RequestKind};
use crate::demo::shared::{Inner, Shared, State};
use axum::body::Body;
use axum::extract::{self, RawQuery};
use axum::http::{HeaderMap, Response};
use std::borrow::Cow;

const LONGEST_NAME: usize = 64;

/// Why an authorization request is not carried out.
#[derive(Debug, PartialEq, Eq)]
pub enum Rejected {
    /// Nobody can be told but the person: client or redirect are not to be trusted (RFC 6749 4.1.2.1).
    Page(Cow<'static, str>),
    /// The client is told, at this address.
    Back(String),
}

/// Answers `GET /authorize`.
pub async fn show(
    extract::State(shared): extract::State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response<Body> {
    let query = query.unwrap_or_default();
    let quirks = shared.state().quirks.clone();
    let client = Parameters::from_form(&query).ok().and_then(|q| {
        q.named_as_usual(&quirks)
            .get("client_id")
            .map(str::to_owned)
    });
    Exchange::begin(&shared, RequestKind::Authorize, client)
        .answer(|exchange, state| {
            let visitor = Visitor::of(&exchange.shared, &headers);
            match checked(&exchange.shared, state, &query, &exchange.quirks) {
                Ok(request) => ask(exchange, state, &visitor, request, &query),
                Err(Rejected::Page(why)) => page::message(400, "This cannot go on", &why),
                Err(Rejected::Back(to)) => page::see_other(&to),
            }
        })
        .await
}

fn ask(
    exchange: &Exchange,
    state: &mut State,
    visitor: &Visitor,
    request: AuthorizationRequest,
    query: &str,
) -> Response<Body> {
    let shared = &exchange.shared;
    match exchange.quirks.consent.clone() {
        Consent::Allow(account) => page::see_other(&allowed(shared, state, request, account)),
        Consent::Deny => page::see_other(&denied(shared, state, &request)),
        Consent::Fail(error) => page::see_other(&failed(shared, state, &request, &error)),
        // Nobody is ever signed in here before they are asked.
        Consent::Ask if request.quietly => {
            page::see_other(&failed(shared, state, &request, "login_required"))
        }
        Consent::Ask => {
            let hint = Parameters::from_form(query)
                .ok()
                .and_then(|q| q.get("login_hint").map(str::to_owned));
            let client = request.client.clone();
            let (id, now) = (state.next_pending(), state.now());
            let ticket = state.codes.wait(id, request, now);
            visitor.authorize(&client, &ticket, hint.as_deref().unwrap_or(SUGGESTED_NAME))
        }
    }
}

/// Answers `POST /authorize`: first who, then yes or no.
pub async fn decide(
    extract::State(shared): extract::State<Shared>,
    headers: HeaderMap,
    body: String,
) -> Response<Body> {
    let form = Parameters::from_form(&body).unwrap_or_default();
    Exchange::begin(&shared, RequestKind::Authorize, None)
        .answer(|exchange, state| {
            let Some(visitor) = Visitor::who_sent(&exchange.shared, &headers, &form) else {
                return page::foreign_form();
            };
            step(&exchange.shared, state, &visitor, &form).unwrap_or_else(|| {
                page::message(400, "This page is out of date", "Start the sign-in again.")
            })
        })
        .await
}

/// `None`: no sign-in waits under this ticket.
fn step(
    shared: &Inner,
    state: &mut State,
    visitor: &Visitor,
    form: &Parameters,
) -> Option<Response<Body>> {
    let (ticket, now) = (form.get("ticket")?, state.now());
    let waiting = state.codes.waiting(ticket, now)?;
    match (form.get("decision"), waiting.account.clone()) {
        (Some(decision), Some(account)) => {
            let BrowserSignIn { request, .. } = state.codes.take(ticket)?;
            Some(page::see_other(&if decision == "allow" {
                allowed(shared, state, request, account)
            } else {
                denied(shared, state, &request)
            }))
        }
        _ => {
            let account = account_name(form.get("username").unwrap_or(SUGGESTED_NAME));
            waiting.account = Some(account.clone());
            Some(visitor.consent(&Asked {
                client: &waiting.request.client,
                account: &account,
                scopes: &waiting.request.scopes,
                ticket,
                user_code: None,
            }))
        }
    }
}

/// What a person typed as their name, without what no name has.
pub fn account_name(typed: &str) -> String {
    let name: String = typed
        .chars()
        .filter(|c| !c.is_control() && !c.is_whitespace() && *c != '/')
        .take(LONGEST_NAME)
        .collect();
    if name.is_empty() {
        SUGGESTED_NAME.to_owned()
    } else {
        name
    }
}

/// Where the browser goes when the person said yes.
pub fn allowed(
    shared: &Inner,
    state: &mut State,
    request: AuthorizationRequest,
    account: String,
) -> String {
    let quirks = state.quirks_for(Some(&request.client)).clone();
    let until = state.now().plus(quirks.code_lifetime);
    let (redirect, sent_state) = (request.redirect_uri.clone(), request.state.clone());
    let code = state.codes.issue(request, account, until);
    Back::new(shared, &quirks, &redirect, sent_state.as_deref()).code(&code)
}

/// Where the browser goes when the person said no.
pub fn denied(shared: &Inner, state: &State, request: &AuthorizationRequest) -> String {
    failed(shared, state, request, "access_denied")
}

/// Where the browser goes with this error (RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6).
pub fn failed(
    shared: &Inner,
    state: &State,
    request: &AuthorizationRequest,
    error: &str,
) -> String {
    let quirks = state.quirks_for(Some(&request.client));
    let why = match error {
        "access_denied" => "the person said no",
        "consent_required" => "the person has to allow more first",
        "login_required" => "nobody is signed in",
        "interaction_required" => "the person has to do something first",
        _ => "failed on purpose",
    };
    let sent_state = request.state.as_deref();
    Back::new(shared, quirks, &request.redirect_uri, sent_state).error(error, why)
}

/// Checks an authorization request: client and redirect first, since only then errors may be sent back. One that was
/// pushed was checked then, and is good once (RFC 9126 4).
pub fn checked(
    shared: &Inner,
    state: &mut State,
    query: &str,
    quirks: &Quirks,
) -> Result<AuthorizationRequest, Rejected> {
    let page = |why: &'static str| Rejected::Page(why.into());
    let form = Parameters::from_form(query).map_err(|_| page("The request is malformed."))?;
    let form = form.named_as_usual(quirks);
    let client = form
        .get("client_id")
        .and_then(|id| shared.client(id))
        .ok_or(page("The client is not registered."))?;
    if let Some(reference) = form.get("request_uri") {
        let now = state.now();
        return state
            .pushed
            .take(reference, &client.id, now)
            .ok_or(page("The announced request is not known or out of date."));
    }
    let redirect =
        redirect(&form, &client, quirks).map_err(|problem| Rejected::Page(problem.description))?;
    let back = Back::new(shared, quirks, redirect, form.get("state"));
    if quirks.protocol.par == Offer::Required {
        let why = "the request has to be pushed";
        return Err(Rejected::Back(back.error("invalid_request", why)));
    }
    examined(shared, &form, &client, redirect, quirks)
        .map_err(|problem| Rejected::Back(back.error(&problem.error, &problem.description)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::settings::DemoSettings;

    const GOOD: &str = "response_type=code&client_id=demo-cli&redirect_uri=http%3A%2F%2F127.0.0.1%3A7777%2Fcallback\
                        &code_challenge=abc&code_challenge_method=S256&state=st&scope=read";

    fn check(query: &str) -> Result<AuthorizationRequest, Rejected> {
        let shared = Inner::new("http://127.0.0.1:1".to_owned(), DemoSettings::default());
        checked(&shared, &mut shared.state(), query, &Quirks::default())
    }

    #[test]
    fn a_good_request_passes_on_any_port() {
        let request = check(GOOD).unwrap();
        assert_eq!(request.redirect_uri, "http://127.0.0.1:7777/callback");
        assert!(check(&GOOD.replace("127.0.0.1%3A7777", "localhost%3A1")).is_ok());
        assert!(check(&GOOD.replace("127.0.0.1%3A7777", "%5B%3A%3A1%5D%3A1")).is_ok());
    }

    #[test]
    fn an_untrusted_redirect_gets_nothing() {
        for bad in [
            GOOD.replace("demo-cli", "nobody"),
            GOOD.replace("127.0.0.1%3A7777", "evil.test"),
            GOOD.replace("http%3A", "https%3A"),
            GOOD.replace("%2Fcallback", "%2Felsewhere"),
            GOOD.replace("127.0.0.1%3A7777", "u%40127.0.0.1"),
        ] {
            assert!(matches!(check(&bad), Err(Rejected::Page(_))), "{bad}");
        }
    }

    #[test]
    fn other_mistakes_are_told_to_the_client_with_state_and_iss() {
        for (bad, error) in [
            (
                GOOD.replace("=code&", "=token&"),
                "unsupported_response_type",
            ),
            (GOOD.replace("scope=read", "scope=root"), "invalid_scope"),
            (GOOD.replace("=S256", "=plain"), "invalid_request"),
            (GOOD.replace("code_challenge=abc", "x=1"), "invalid_request"),
        ] {
            let Err(Rejected::Back(to)) = check(&bad) else {
                panic!("{bad}");
            };
            assert!(to.contains(&format!("error={error}&")), "{to}");
            assert!(
                to.contains("state=st&iss=http%3A%2F%2F127.0.0.1%3A1"),
                "{to}"
            );
        }
    }
}
