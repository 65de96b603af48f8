//! The grants of the token endpoint: what each of them takes, and the tokens it gives.

use crate::demo::codes::Redeemed;
use crate::demo::demands::RefreshRule;
use crate::demo::device_codes::Polled;
use crate::demo::exchange::Exchange;
use crate::demo::grant::{Grant, GrantId, Issued, Refused, Terms};
use crate::demo::parameters::Parameters;
use crate::demo::problem::Problem;
use crate::demo::resources;
use crate::demo::settings::DemoClient;
use crate::demo::shared::State;
use crate::demo::token_endpoint::{DEVICE_GRANT, EXCHANGE_GRANT, grant_type};
use crate::demo::token_exchange;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What a request came to.
pub struct Given {
    /// The tokens.
    pub issued: Issued,
    /// Whether an ID token goes with them.
    pub id_token: bool,
    /// `issued_token_type` of a token exchange.
    pub issued_token_type: Option<&'static str>,
    /// Whether it was a refresh.
    pub is_refresh: bool,
}

impl Given {
    /// Tokens that a sign-in brought.
    fn anew(issued: Issued) -> Self {
        Self {
            issued,
            id_token: true,
            issued_token_type: None,
            is_refresh: false,
        }
    }

    /// Tokens that nobody signed in for.
    pub fn plain(issued: Issued) -> Self {
        Self {
            id_token: false,
            ..Self::anew(issued)
        }
    }
}

/// Carries a request out, for a client that proved who it is and perhaps that it has a key.
pub fn given(
    exchange: &Exchange,
    state: &mut State,
    client: &DemoClient,
    form: &Parameters,
    jkt: Option<String>,
) -> Result<Given, Problem> {
    let terms = Terms {
        scopes: form.scopes(&exchange.quirks),
        resources: resources::read(&exchange.shared, form)?,
        jkt,
        public: client.is_public(),
    };
    let (quirks, protocol) = (&exchange.quirks, &exchange.quirks.protocol);
    let asked = grant_type(form, quirks);
    match asked.as_deref().or(form.get("grant_type")) {
        None => Err(Problem::invalid_request("grant_type is missing")),
        Some("authorization_code") => {
            by_code(exchange, state, client, form, terms).map(Given::anew)
        }
        Some("refresh_token") if asked.is_some() => {
            let issued = by_refresh_token(exchange, state, client, form, &terms)?;
            Ok(Given {
                issued,
                id_token: quirks.id_token_on_refresh,
                issued_token_type: None,
                is_refresh: true,
            })
        }
        Some(DEVICE_GRANT) => by_device_code(exchange, state, client, form, terms).map(Given::anew),
        Some("client_credentials") if protocol.client_credentials => {
            by_itself(exchange, state, client, terms).map(Given::plain)
        }
        Some(EXCHANGE_GRANT) if protocol.token_exchange => {
            token_exchange::given(exchange, state, client, form, terms)
        }
        Some(_) => Err(Problem::new(
            "unsupported_grant_type",
            "this grant type is not offered",
        )),
    }
}

fn by_code(
    exchange: &Exchange,
    state: &mut State,
    client: &DemoClient,
    form: &Parameters,
    terms: Terms,
) -> Result<Issued, Problem> {
    let (code, now) = (form.need("code")?, state.now());
    let (request, account) = match state.codes.redeem(code, now) {
        Redeemed::Good(request, account) => (request, account),
        Redeemed::Bad => return Err(Problem::invalid_grant("the code is not good")),
        Redeemed::UsedBefore(grant) => {
            state.grants.revoke(grant);
            return Err(Problem::invalid_grant("the code was used before"));
        }
    };
    if request.client != client.id {
        return Err(Problem::invalid_grant("the code is another client's"));
    }
    if form.get("redirect_uri") != Some(request.redirect_uri.as_str()) {
        return Err(Problem::invalid_grant("the redirect_uri is another one"));
    }
    verify(request.challenge.as_deref(), form.get("code_verifier"))?;
    if request.dpop_jkt.is_some() && request.dpop_jkt != terms.jkt {
        return Err(Problem::invalid_grant("the code is bound to another key"));
    }
    let id = state.grants.open(Grant {
        resources: request.resources,
        nonce: request.nonce,
        offline: request.offline,
        ..Grant::new(&request.client, &account, request.scopes, now)
    });
    state.codes.used_for(code, id);
    first_tokens(exchange, state, id, terms)
}

/// PKCE, S256 (RFC 7636 4.6).
fn verify(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), Problem> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier)) => {
            let hashed = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
            let same = bool::from(hashed.as_bytes().ct_eq(challenge.as_bytes()));
            let long_enough = (43..=128).contains(&verifier.len());
            if same && long_enough {
                Ok(())
            } else {
                Err(Problem::invalid_grant("the code_verifier is wrong"))
            }
        }
        (Some(_), None) => Err(Problem::invalid_grant("the code_verifier is missing")),
        (None, Some(_)) => Err(Problem::invalid_grant(
            "a code_verifier without a challenge",
        )),
    }
}

/// The first tokens of a sign-in; scopes were settled there.
fn first_tokens(
    exchange: &Exchange,
    state: &mut State,
    id: GrantId,
    terms: Terms,
) -> Result<Issued, Problem> {
    let (now, quirks) = (state.now(), &exchange.quirks);
    let terms = Terms {
        scopes: None,
        ..terms
    };
    let issued = state.grants.issue(id, &terms, quirks, now)?;
    exchange.concern(state, Some((issued.record.id, id)));
    Ok(issued)
}

fn by_refresh_token(
    exchange: &Exchange,
    state: &mut State,
    client: &DemoClient,
    form: &Parameters,
    terms: &Terms,
) -> Result<Issued, Problem> {
    let (now, quirks) = (state.now(), &exchange.quirks);
    if let RefreshRule::AccessToken(parameter) = &quirks.demands.refresh {
        let token = form
            .get(parameter)
            .or(form.get("access_token"))
            .ok_or_else(|| Problem::invalid_request(format!("{parameter} is missing")))?;
        let known = state.grants.owner(token);
        exchange.concern(state, known);
        let outcome = state.grants.exchange_access(token, &client.id, quirks, now);
        return Ok(outcome?);
    }
    let token = form.need("refresh_token")?;
    let outcome = state.grants.refresh(token, &client.id, terms, quirks, now);
    if matches!(outcome, Err(Refused::Replayed)) {
        state.log.replayed();
    }
    Ok(outcome?)
}

fn by_device_code(
    exchange: &Exchange,
    state: &mut State,
    client: &DemoClient,
    form: &Parameters,
    terms: Terms,
) -> Result<Issued, Problem> {
    let (code, now, quirks) = (form.need("device_code")?, state.now(), &exchange.quirks);
    match state.devices.poll(code, &client.id, quirks, now) {
        Polled::Bad => Err(Problem::invalid_grant("the device code is not good")),
        Polled::Expired => Err(Problem::new("expired_token", "the device code has expired")),
        Polled::Pending => Err(Problem::new(
            "authorization_pending",
            "the person has not answered",
        )),
        Polled::SlowDown(interval) => Err(Problem::slow_down(
            quirks.tell_slow_down_interval.then_some(interval),
        )),
        Polled::Denied => Err(Problem::new("access_denied", "the person said no")),
        Polled::Allowed { account, scopes } => {
            let grant = Grant::new(&client.id, &account, scopes, now);
            let id = state.grants.open(grant);
            first_tokens(exchange, state, id, terms)
        }
    }
}

/// For the client itself (RFC 6749 4.4): nobody signed in, and no refresh token comes (4.4.3).
fn by_itself(
    exchange: &Exchange,
    state: &mut State,
    client: &DemoClient,
    terms: Terms,
) -> Result<Issued, Problem> {
    if client.is_public() {
        let why = "a public client has no credentials";
        return Err(Problem::new("unauthorized_client", why));
    }
    let scopes = terms.scopes.clone().unwrap_or_default();
    let scopes = crate::demo::authorization_request::known(scopes, &exchange.quirks)?;
    if scopes.iter().any(|scope| scope == "openid") {
        let why = "nobody signs in here";
        return Err(Problem::new("invalid_scope", why));
    }
    let (now, quirks) = (state.now(), &exchange.quirks);
    let grant = Grant {
        resources: terms.resources.clone(),
        ..Grant::new(&client.id, &client.id, scopes, now)
    };
    let id = state.grants.open(grant);
    let issued = state.grants.issue_access(id, &terms, quirks, now)?;
    exchange.concern(state, Some((issued.record.id, id)));
    Ok(issued)
}
