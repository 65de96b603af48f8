//! Checks what is asked of the authorization endpoint, pushed or in the address (RFC 6749 4.1.1).

use crate::demo::codes::AuthorizationRequest;
use crate::demo::demands::PkceRule;
use crate::demo::parameters::Parameters;
use crate::demo::problem::Problem;
use crate::demo::protocol::Offer;
use crate::demo::quirks::Quirks;
use crate::demo::resources;
use crate::demo::settings::{DemoClient, SCOPES};
use crate::demo::shared::Inner;
use url::{Host, Url};

/// Paths that the built-in clients have registered, on any loopback host.
const REDIRECT_PATHS: [&str; 3] = ["/callback", "/", "/oauth/callback"];

/// The redirect address, when it is one of the client's; nobody else may be told anything (RFC 6749 4.1.2.1).
pub fn redirect<'a>(
    form: &'a Parameters,
    client: &DemoClient,
    quirks: &Quirks,
) -> Result<&'a str, Problem> {
    form.get("redirect_uri")
        .filter(|uri| is_registered(uri, client, quirks))
        .ok_or_else(|| {
            Problem::invalid_request("The redirect address is not registered for this client.")
        })
}

/// Checks everything else; what is wrong may be told at the redirect address.
pub fn examined(
    shared: &Inner,
    form: &Parameters,
    client: &DemoClient,
    redirect: &str,
    quirks: &Quirks,
) -> Result<AuthorizationRequest, Problem> {
    if form.get("response_type") != Some("code") {
        let why = "only code is offered";
        return Err(Problem::new("unsupported_response_type", why));
    }
    let demands = &quirks.demands;
    let scopes = form.scopes_in(&demands.scope_parameter, quirks);
    let scopes = known(scopes.unwrap_or_default(), quirks)?;
    for (name, value) in &demands.authorize {
        if form.get(name) != Some(value.as_str()) {
            let why = format!("{name} has to be {value}");
            return Err(Problem::invalid_request(why));
        }
    }
    let dpop_jkt = form.get("dpop_jkt").map(str::to_owned);
    Ok(AuthorizationRequest {
        client: client.id.clone(),
        redirect_uri: redirect.to_owned(),
        state: form.get("state").map(str::to_owned),
        nonce: form.get("nonce").map(str::to_owned),
        scopes,
        challenge: challenge(form, client, demands.pkce)?,
        resources: resources::read(shared, form)?,
        dpop_jkt: dpop_jkt.filter(|_| quirks.protocol.dpop != Offer::Off),
        offline: demands
            .offline_parameter
            .as_ref()
            .is_none_or(|(name, value)| form.get(name) == Some(value)),
        quietly: form.get("prompt") == Some("none"),
    })
}

/// Scopes that may be asked for.
pub fn known(scopes: Vec<String>, quirks: &Quirks) -> Result<Vec<String>, Problem> {
    let is_known = |scope: &String| {
        quirks.demands.any_scope
            || SCOPES.contains(&scope.as_str())
            || quirks.demands.offline_scope.as_ref() == Some(scope)
    };
    if scopes.iter().all(is_known) {
        Ok(scopes)
    } else {
        Err(Problem::new("invalid_scope", "a scope is not known"))
    }
}

/// The PKCE challenge (RFC 7636 4.3, 4.4.1).
fn challenge(
    form: &Parameters,
    client: &DemoClient,
    rule: PkceRule,
) -> Result<Option<String>, Problem> {
    let challenge = form.get("code_challenge");
    let wrong = match (challenge, rule) {
        (Some(_), PkceRule::Forbidden) => Some("code_challenge is not a parameter here"),
        (Some(_), _) if form.get("code_challenge_method") != Some("S256") => {
            Some("the code_challenge_method has to be S256")
        }
        (None, PkceRule::Required) => Some("PKCE has to be used"),
        (None, PkceRule::Public) if client.is_public() => Some("public clients have to use PKCE"),
        _ => None,
    };
    match wrong {
        Some(why) => Err(Problem::invalid_request(why)),
        None => Ok(challenge.map(str::to_owned)),
    }
}

/// Loopback, a registered path, and any port (RFC 8252 7.3) unless the quirks want a certain one.
fn is_registered(uri: &str, client: &DemoClient, quirks: &Quirks) -> bool {
    let Ok(url) = Url::parse(uri) else {
        return false;
    };
    let demands = &quirks.demands;
    let port_fits = demands
        .redirect_port
        .is_none_or(|port| url.port_or_known_default() == Some(port));
    let host_fits = demands
        .redirect_host
        .as_deref()
        .is_none_or(|host| url.host_str() == Some(host));
    let own = client.redirect_uris.is_empty() && REDIRECT_PATHS.contains(&url.path());
    let fits = own || client.redirect_uris.iter().any(|one| is_same(one, &url));
    is_loopback(&url) && fits && port_fits && host_fits
}

/// Whether an address is one that a client on this machine may have (RFC 8252 7.3).
pub fn is_loopback(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let plain = url.username().is_empty() && url.fragment().is_none() && url.query().is_none();
    url.scheme() == "http" && loopback && plain
}

/// The same but for the port.
fn is_same(registered: &str, url: &Url) -> bool {
    Url::parse(registered)
        .is_ok_and(|known| known.host() == url.host() && known.path() == url.path())
}
