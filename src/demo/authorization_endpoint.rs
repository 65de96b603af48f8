//! The authorization endpoint: checks the request, asks the person, sends the browser back.

use crate::demo::codes::{AuthorizationRequest, BrowserSignIn};
use crate::demo::exchange::Exchange;
use crate::demo::page::{self, Asked, SUGGESTED_NAME, Visitor};
use crate::demo::parameters::Parameters;
use crate::demo::quirks::{Consent, IssRule, Quirks, RequestKind};
use crate::demo::settings::SCOPES;
use crate::demo::shared::{Inner, Shared, State};
use crate::model::client::ClientAuth;
use axum::body::Body;
use axum::extract::{self, RawQuery};
use axum::http::{HeaderMap, Response};
use url::{Host, Url};

/// Paths that the clients have registered, on any loopback host.
const REDIRECT_PATHS: [&str; 3] = ["/callback", "/", "/oauth/callback"];
const LONGEST_NAME: usize = 64;

/// Why an authorization request is not carried out.
#[derive(Debug, PartialEq, Eq)]
pub enum Rejected {
    /// Nobody can be told but the person: client or redirect are not to be trusted (RFC 6749 4.1.2.1).
    Page(&'static str),
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
    let client = Parameters::from_form(&query)
        .ok()
        .and_then(|q| q.get("client_id").map(str::to_owned));
    Exchange::begin(&shared, RequestKind::Authorize, client)
        .answer(|exchange, state| {
            let visitor = Visitor::of(&exchange.shared, &headers);
            match checked(&exchange.shared, &query, &exchange.quirks) {
                Ok(request) => ask(exchange, state, &visitor, request, &query),
                Err(Rejected::Page(why)) => page::message(400, "This cannot go on", why),
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
    let quirks = state.quirks_for(Some(&request.client));
    let (iss, until) = (quirks.iss, state.now().plus(quirks.code_lifetime));
    let (redirect, sent_state) = (request.redirect_uri.clone(), request.state.clone());
    let code = state.codes.issue(request, account, until);
    let back = Back {
        redirect: &redirect,
        state: sent_state.as_deref(),
        iss: iss_value(shared, iss, true),
    };
    back.to(&[("code", &code)])
}

/// Where the browser goes when the person said no.
pub fn denied(shared: &Inner, state: &State, request: &AuthorizationRequest) -> String {
    let iss = state.quirks_for(Some(&request.client)).iss;
    let back = Back {
        redirect: &request.redirect_uri,
        state: request.state.as_deref(),
        iss: iss_value(shared, iss, false),
    };
    back.error("access_denied", "the person said no")
}

fn iss_value(shared: &Inner, rule: IssRule, success: bool) -> Option<String> {
    match rule {
        IssRule::Always => Some(shared.issuer.clone()),
        IssRule::SuccessOnly => success.then(|| shared.issuer.clone()),
        IssRule::Wrong => Some("https://another-issuer.test".to_owned()),
        IssRule::Never => None,
    }
}

/// The way back to the client.
struct Back<'a> {
    redirect: &'a str,
    state: Option<&'a str>,
    iss: Option<String>,
}

impl Back<'_> {
    fn to(&self, pairs: &[(&str, &str)]) -> String {
        let Ok(mut url) = Url::parse(self.redirect) else {
            return self.redirect.to_owned();
        };
        {
            let mut query = url.query_pairs_mut();
            query.extend_pairs(pairs);
            if let Some(state) = self.state {
                query.append_pair("state", state);
            }
            if let Some(iss) = &self.iss {
                query.append_pair("iss", iss);
            }
        }
        url.into()
    }

    fn error(&self, error: &str, description: &str) -> String {
        self.to(&[("error", error), ("error_description", description)])
    }
}

/// Checks an authorization request: client and redirect first, since only then errors may be sent back.
pub fn checked(
    shared: &Inner,
    query: &str,
    quirks: &Quirks,
) -> Result<AuthorizationRequest, Rejected> {
    let form =
        Parameters::from_form(query).map_err(|_| Rejected::Page("The request is malformed."))?;
    let client = form
        .get("client_id")
        .and_then(|id| shared.client(id))
        .ok_or(Rejected::Page("The client is not registered."))?;
    let redirect = form
        .get("redirect_uri")
        .filter(|uri| is_registered(uri, quirks))
        .ok_or(Rejected::Page(
            "The redirect address is not registered for this client.",
        ))?;
    let back = Back {
        redirect,
        state: form.get("state"),
        iss: iss_value(shared, quirks.iss, false),
    };
    let refuse = |error: &str, why: &str| Err(Rejected::Back(back.error(error, why)));
    if form.get("response_type") != Some("code") {
        return refuse("unsupported_response_type", "only code is offered");
    }
    let scopes = form.scopes().unwrap_or_default();
    if scopes.iter().any(|scope| !SCOPES.contains(&scope.as_str())) {
        return refuse("invalid_scope", "a scope is not known");
    }
    let challenge = form.get("code_challenge");
    if challenge.is_some() && form.get("code_challenge_method") != Some("S256") {
        return refuse(
            "invalid_request",
            "the code_challenge_method has to be S256",
        );
    }
    if challenge.is_none() && client.auth == ClientAuth::None {
        return refuse("invalid_request", "public clients have to use PKCE");
    }
    Ok(AuthorizationRequest {
        client: client.id.clone(),
        redirect_uri: redirect.to_owned(),
        state: form.get("state").map(str::to_owned),
        nonce: form.get("nonce").map(str::to_owned),
        scopes,
        challenge: challenge.map(str::to_owned),
    })
}

/// Loopback, a registered path, and any port (RFC 8252 7.3) unless the quirks want a certain one.
fn is_registered(uri: &str, quirks: &Quirks) -> bool {
    let Ok(url) = Url::parse(uri) else {
        return false;
    };
    let loopback = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let port_fits = quirks
        .redirect_port
        .is_none_or(|port| url.port_or_known_default() == Some(port));
    let plain = url.username().is_empty() && url.fragment().is_none() && url.query().is_none();
    url.scheme() == "http" && loopback && plain && port_fits && REDIRECT_PATHS.contains(&url.path())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::settings::DemoSettings;

    const GOOD: &str = "response_type=code&client_id=demo-cli&redirect_uri=http%3A%2F%2F127.0.0.1%3A7777%2Fcallback\
                        &code_challenge=abc&code_challenge_method=S256&state=st&scope=read";

    fn check(query: &str) -> Result<AuthorizationRequest, Rejected> {
        let shared = Inner::new("http://127.0.0.1:1".to_owned(), DemoSettings::default());
        checked(&shared, query, &Quirks::default())
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
