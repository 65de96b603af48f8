//! Token exchange: a narrower token, or one for another place, for an access token (RFC 8693).

use crate::demo::exchange::Exchange;
use crate::demo::grant::Terms;
use crate::demo::parameters::Parameters;
use crate::demo::problem::Problem;
use crate::demo::resources;
use crate::demo::settings::DemoClient;
use crate::demo::shared::State;
use crate::demo::token_grants::Given;

/// The one type of tokens that is taken and given (RFC 8693 3).
pub const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A token for a token. It belongs to the same grant, and no refresh token comes with it.
pub fn given(
    exchange: &Exchange,
    state: &mut State,
    client: &DemoClient,
    form: &Parameters,
    mut terms: Terms,
) -> Result<Given, Problem> {
    let subject = form.need("subject_token")?;
    if form.need("subject_token_type")? != ACCESS_TOKEN_TYPE {
        let why = "only access tokens are taken as subject_token";
        return Err(Problem::invalid_request(why));
    }
    let wanted = form.get("requested_token_type");
    if wanted.is_some_and(|wanted| wanted != ACCESS_TOKEN_TYPE) {
        return Err(Problem::invalid_request("only access tokens are given"));
    }
    if form.get("actor_token").is_some() {
        return Err(Problem::invalid_request("nobody acts for another here"));
    }
    let (now, quirks) = (state.now(), &exchange.quirks);
    let known = state.grants.owner(subject);
    exchange.concern(state, known);
    // RFC 8693 2.2.2: a subject token that is no good makes the request invalid.
    let bad = || Problem::invalid_request("the subject_token is not good");
    let (access, grant) = state.grants.live_access(subject, now).ok_or_else(bad)?;
    if grant.client != client.id {
        return Err(bad());
    }
    // The key of a bound token has to be proven again (RFC 9449 6).
    if access.jkt.is_some() && access.jkt != terms.jkt {
        return Err(bad());
    }
    let scopes = terms.scopes.unwrap_or_else(|| access.scopes.clone());
    if !scopes.iter().all(|scope| access.scopes.contains(scope)) {
        let why = "more scopes than the subject_token has";
        return Err(Problem::new("invalid_scope", why));
    }
    terms
        .resources
        .extend(resources::audiences(&exchange.shared, form)?);
    let fits = |asked: &String| access.audience.is_empty() || access.audience.contains(asked);
    if !terms.resources.iter().all(fits) {
        let why = "a target that the subject_token is not for";
        return Err(Problem::new("invalid_target", why));
    }
    if terms.resources.is_empty() {
        terms.resources.clone_from(&access.audience);
    }
    terms.scopes = Some(scopes);
    let id = access.grant;
    let issued = state.grants.issue_access(id, &terms, quirks, now)?;
    Ok(Given {
        issued_token_type: Some(ACCESS_TOKEN_TYPE),
        ..Given::plain(issued)
    })
}
