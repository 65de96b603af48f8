//! What of a sign-in can be told to fail, or to end badly, before a browser opens.

use crate::model::asked_scopes::{device_scopes, offline, unknown_scopes};
use crate::model::client::{Client, ClientAuth};
use crate::model::credential::Flow;
use crate::model::finding::{Finding, Intent, Weight};
use crate::model::provider::{Dpop, Pkce, Provider};
use crate::model::redirect::RedirectRule;

/// Everything that stands in the way, what stops first.
pub fn findings(intent: &Intent<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = [
        flow(intent),
        grant_type(intent),
        client_id(intent),
        secret(intent),
        redirect(intent),
        port(intent),
        pkce(intent),
        auth_method(intent),
        dpop(intent),
        device_scopes(intent),
        offline(intent),
        unknown_scopes(intent),
    ]
    .into_iter()
    .flatten()
    .collect();
    found.sort_by_key(|finding| finding.weight);
    found
}

/// The first thing that cannot work.
pub fn obstacle(intent: &Intent<'_>) -> Option<Finding> {
    let first = findings(intent).into_iter().next();
    first.filter(|finding| finding.weight == Weight::Stops)
}

/// What of a client alone cannot work, before anything is known of the sign-in.
pub fn of_client(provider: &Provider, client: &Client) -> Option<Finding> {
    let intent = Intent {
        provider,
        flow: Flow::Loopback,
        scopes: &[],
        client: Some(client),
        redirect_port: None,
        dpop: false,
    };
    client_id(&intent).or_else(|| secret(&intent))
}

fn flow(intent: &Intent<'_>) -> Option<Finding> {
    let provider = intent.provider;
    let endpoints = &provider.endpoints;
    let (has, what) = match intent.flow {
        Flow::Device => (
            endpoints.device_authorization.is_some(),
            "a device authorization endpoint",
        ),
        Flow::Loopback => (
            endpoints.authorization.is_some(),
            "an authorization endpoint",
        ),
        Flow::ClientCredentials => (endpoints.token.is_some(), "a token endpoint"),
        Flow::ApiKey => return None,
    };
    let fix = match provider.flows.as_slice() {
        [] => "Sign in another way, or give the endpoint by hand.".to_owned(),
        flows => format!("Sign in another way: {}.", words(flows)),
    };
    if !has {
        return Finding::stops("flow", format!("{} has not {what}", intent.name()), fix);
    }
    let is_listed = provider.flows.is_empty() || provider.flows.contains(&intent.flow);
    if is_listed {
        return None;
    }
    let what = format!(
        "{} is not known to offer this way of signing in",
        intent.name()
    );
    Finding::warns("flow", what, fix)
}

fn words(flows: &[Flow]) -> String {
    let words = flows.iter().map(|flow| match flow {
        Flow::Device => "--flow device",
        Flow::Loopback => "--flow loopback",
        Flow::ClientCredentials => "--flow client-credentials",
        Flow::ApiKey => "--api-key",
    });
    words.collect::<Vec<_>>().join(" or ")
}

// A list without the device grant beside an endpoint for it is a slip that many make; without the code it is meant.
fn grant_type(intent: &Intent<'_>) -> Option<Finding> {
    let (grant, weight) = match intent.flow {
        Flow::Loopback => ("authorization_code", Weight::Stops),
        Flow::Device => (
            "urn:ietf:params:oauth:grant-type:device_code",
            Weight::Warns,
        ),
        Flow::ClientCredentials => ("client_credentials", Weight::Warns),
        Flow::ApiKey => return None,
    };
    let said = &intent.provider.metadata.grant_types;
    let is_fine = said.is_empty() || said.iter().any(|one| one == grant);
    (!is_fine).then(|| {
        Finding::new(
            weight,
            "grant_type",
            format!(
                "{}'s metadata does not offer the grant {grant}",
                intent.name()
            ),
            "Sign in another way (--flow), or have the grant switched on at the provider.",
        )
    })
}

fn client_id(intent: &Intent<'_>) -> Option<Finding> {
    let setup = &intent.provider.setup;
    let client = intent.client?;
    if setup.fits(&client.id) {
        return None;
    }
    let fix = match setup.client_id_hint.as_str() {
        "" => "Copy the client id from the provider's page.".to_owned(),
        hint => format!("{}'s client ids look like this: {hint}", intent.name()),
    };
    Finding::stops(
        "client_id",
        format!("this is no client id of {}", intent.name()),
        fix,
    )
}

fn secret(intent: &Intent<'_>) -> Option<Finding> {
    let (provider, client) = (intent.provider, intent.client?);
    if client.auth == ClientAuth::PrivateKeyJwt && client.key.is_none() {
        return Finding::stops(
            "key",
            format!(
                "{} wants a signed client, and there is no key",
                intent.name()
            ),
            "Give the client's private key.",
        );
    }
    let has_proof = client.secret.is_some() || client.key.is_some();
    if provider.setup.needs_secret && !has_proof {
        return Finding::stops(
            "secret",
            format!(
                "{}'s clients have a secret, and none was given",
                intent.name()
            ),
            "Give it once: --client-secret-file FILE",
        );
    }
    if intent.flow == Flow::ClientCredentials && !has_proof {
        return Finding::stops(
            "secret",
            "a client that signs in for itself needs a secret or a key".to_owned(),
            "Give it once: --client-secret-file FILE",
        );
    }
    None
}

fn redirect(intent: &Intent<'_>) -> Option<Finding> {
    let rule = &intent.provider.redirect;
    if intent.flow != Flow::Loopback {
        return None;
    }
    redirect_rule(rule).map(|what| {
        Finding::new(
            Weight::Stops,
            "redirect",
            what,
            "Change the record: [providers.NAME.redirect] with host, ports and path.",
        )
    })
}

/// What makes a redirect rule unusable, a sentence without its full stop.
pub fn redirect_rule(rule: &RedirectRule) -> Option<String> {
    let is_here = matches!(
        rule.host.as_str(),
        "127.0.0.1" | "localhost" | "[::1]" | "::1"
    );
    if !is_here {
        Some(format!(
            "the redirect host {} is not this machine: 127.0.0.1, localhost or [::1]",
            rule.host
        ))
    } else if rule.path.contains('#') {
        Some("a redirect address holds no fragment (RFC 6749 3.1.2)".to_owned())
    } else if !rule.path.starts_with('/') || rule.path.contains(char::is_whitespace) {
        Some(format!("the redirect path {:?} is no path", rule.path))
    } else if rule.ports.contains(&0) {
        Some("the redirect port 0 is no port: leave ports out for any".to_owned())
    } else {
        None
    }
}

fn port(intent: &Intent<'_>) -> Option<Finding> {
    let rule = &intent.provider.redirect;
    let port = intent
        .redirect_port
        .filter(|_| intent.flow == Flow::Loopback)?;
    if rule.ports.is_empty() || rule.ports.contains(&port) {
        return None;
    }
    Finding::warns(
        "port",
        format!(
            "{} compares redirect addresses to the letter",
            intent.name()
        ),
        format!(
            "Register http://{}:{port}{} with the client too.",
            rule.host, rule.path
        ),
    )
}

fn pkce(intent: &Intent<'_>) -> Option<Finding> {
    let provider = intent.provider;
    let said = &provider.metadata.code_challenge_methods;
    let is_refused = !said.is_empty() && !said.iter().any(|method| method == "S256");
    if intent.flow != Flow::Loopback || !is_refused || provider.pkce == Pkce::Forbidden {
        return None;
    }
    Finding::stops(
        "pkce",
        format!(
            "{} offers PKCE by {} only, not by S256",
            intent.name(),
            said.join(" and ")
        ),
        "If its metadata is wrong, or it takes requests without PKCE, say so: [providers.NAME] pkce = \"forbidden\".",
    )
}

fn auth_method(intent: &Intent<'_>) -> Option<Finding> {
    let said = &intent.provider.metadata.auth_methods;
    let method = match intent.client?.auth {
        // Most servers that have public clients do not list them.
        ClientAuth::None => return None,
        ClientAuth::ClientSecretBasic => "client_secret_basic",
        ClientAuth::ClientSecretPost => "client_secret_post",
        ClientAuth::PrivateKeyJwt => "private_key_jwt",
    };
    if said.is_empty() || said.iter().any(|one| one == method) {
        return None;
    }
    Finding::warns(
        "client_auth",
        format!("{}'s metadata does not offer {method}", intent.name()),
        format!("It offers: {}.", said.join(", ")),
    )
}

fn dpop(intent: &Intent<'_>) -> Option<Finding> {
    let provider = intent.provider;
    let said = &provider.metadata.dpop_algorithms;
    let is_wanted = intent.dpop || provider.dpop == Dpop::Required;
    if intent.dpop && provider.dpop == Dpop::Never {
        return Finding::stops(
            "dpop",
            format!("{} does not bind tokens to a key", intent.name()),
            "Leave --dpop out.",
        );
    }
    if is_wanted && !said.is_empty() && !said.iter().any(|name| name == "ES256") {
        return Finding::stops(
            "dpop",
            format!(
                "{} binds tokens by {} only, not by ES256",
                intent.name(),
                said.join(", ")
            ),
            "Leave --dpop out, if the provider lets you.",
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ClientSecret;

    fn provider(change: impl FnOnce(&mut Provider)) -> Provider {
        let mut provider = Provider::unknown("p", "P");
        provider.endpoints.authorization = Some("https://p.example/authorize".to_owned());
        provider.endpoints.token = Some("https://p.example/token".to_owned());
        provider.endpoints.device_authorization = Some("https://p.example/device".to_owned());
        change(&mut provider);
        provider
    }

    fn list(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn topics(
        provider: &Provider,
        change: impl FnOnce(&mut Intent<'_>),
    ) -> Vec<(Weight, &'static str)> {
        let client = Client::new("id", None, ClientAuth::None);
        let scopes = list(&["mail"]);
        let mut intent = Intent {
            provider,
            flow: Flow::Loopback,
            scopes: &scopes,
            client: Some(&client),
            redirect_port: None,
            dpop: false,
        };
        change(&mut intent);
        let found = findings(&intent);
        found.iter().map(|one| (one.weight, one.topic)).collect()
    }

    /// A change of the record, a change of the wish, what is found.
    type Row = (
        fn(&mut Provider),
        fn(&mut Intent<'_>),
        &'static [(Weight, &'static str)],
    );

    #[test]
    fn what_cannot_work_is_told_from_what_may_not() {
        use Weight::{Stops, Warns};
        let device: fn(&mut Intent<'_>) = |it| it.flow = Flow::Device;
        let rows: &[Row] = &[
            (|_| {}, |_| {}, &[]),
            (
                |p| p.endpoints.authorization = None,
                |_| {},
                &[(Stops, "flow")],
            ),
            (
                |p| p.endpoints.device_authorization = None,
                device,
                &[(Stops, "flow")],
            ),
            (
                |p| p.flows = vec![Flow::Loopback],
                device,
                &[(Warns, "flow")],
            ),
            (
                |p| p.metadata.grant_types = list(&["implicit"]),
                |_| {},
                &[(Stops, "grant_type")],
            ),
            (
                |p| p.metadata.grant_types = list(&["authorization_code"]),
                device,
                &[(Warns, "grant_type")],
            ),
            (
                |p| p.setup.client_id_pattern = Some("^[0-9]+$".to_owned()),
                |_| {},
                &[(Stops, "client_id")],
            ),
            (
                |p| p.setup.needs_secret = true,
                |_| {},
                &[(Stops, "secret")],
            ),
            (
                |_| {},
                |it| it.flow = Flow::ClientCredentials,
                &[(Stops, "secret")],
            ),
            (
                |p| p.redirect.host = "0.0.0.0".to_owned(),
                |_| {},
                &[(Stops, "redirect")],
            ),
            (
                |p| p.redirect.host = "corp.example".to_owned(),
                |_| {},
                &[(Stops, "redirect")],
            ),
            (
                |p| p.redirect.path = "/back#x".to_owned(),
                |_| {},
                &[(Stops, "redirect")],
            ),
            (
                |p| p.redirect.path = "back".to_owned(),
                |_| {},
                &[(Stops, "redirect")],
            ),
            (|p| p.redirect.path = "/back#x".to_owned(), device, &[]),
            (
                |p| p.redirect.ports = vec![28542],
                |it| it.redirect_port = Some(9000),
                &[(Warns, "port")],
            ),
            (
                |p| p.redirect.ports = vec![28542],
                |it| it.redirect_port = Some(28542),
                &[],
            ),
            (|_| {}, |it| it.redirect_port = Some(9000), &[]),
            (
                |p| p.metadata.code_challenge_methods = list(&["plain"]),
                |_| {},
                &[(Stops, "pkce")],
            ),
            (
                |p| p.metadata.code_challenge_methods = list(&["plain", "S256"]),
                |_| {},
                &[],
            ),
            (
                |p| p.metadata.code_challenge_methods = list(&["plain"]),
                device,
                &[],
            ),
            (
                |p| p.dpop = Dpop::Never,
                |it| it.dpop = true,
                &[(Stops, "dpop")],
            ),
            (
                |p| p.metadata.dpop_algorithms = list(&["RS256"]),
                |it| it.dpop = true,
                &[(Stops, "dpop")],
            ),
            (
                |p| p.metadata.dpop_algorithms = list(&["RS256"]),
                |_| {},
                &[],
            ),
            (
                |p| p.device_scopes = list(&["openid"]),
                device,
                &[(Stops, "device_scopes")],
            ),
            (|p| p.device_scopes = list(&["mail"]), device, &[]),
            (|p| p.device_scopes = list(&["openid"]), |_| {}, &[]),
            (
                |p| p.offline_scope = Some("offline".to_owned()),
                |_| {},
                &[(Warns, "offline_scope")],
            ),
            (|p| p.offline_scope = Some("mail".to_owned()), |_| {}, &[]),
            (
                |p| p.metadata.scopes = list(&["openid"]),
                |_| {},
                &[(Warns, "scopes")],
            ),
            (
                |p| p.metadata.scopes = list(&["openid", "mail"]),
                |_| {},
                &[],
            ),
        ];
        for (number, (record, wish, wanted)) in rows.iter().enumerate() {
            assert_eq!(topics(&provider(record), wish), *wanted, "row {number}");
        }
    }

    #[test]
    fn a_way_to_prove_the_client_that_the_metadata_lacks_is_told() {
        let record = provider(|p| p.metadata.auth_methods = list(&["client_secret_post"]));
        let secret = || Some(ClientSecret::new("s".to_owned()));
        for (auth, is_told) in [
            (ClientAuth::ClientSecretBasic, true),
            (ClientAuth::ClientSecretPost, false),
            (ClientAuth::None, false),
        ] {
            let client: &Client = Box::leak(Box::new(Client::new("id", secret(), auth)));
            let found = topics(&record, |it| it.client = Some(client));
            assert_eq!(
                found == [(Weight::Warns, "client_auth")],
                is_told,
                "{auth:?}"
            );
        }
        let client = Client::new("id", secret(), ClientAuth::PrivateKeyJwt);
        let client: &Client = Box::leak(Box::new(client));
        let found = topics(&provider(|_| {}), |it| it.client = Some(client));
        assert_eq!(found, [(Weight::Stops, "key")]);
    }

    #[test]
    fn every_finding_says_what_to_change() {
        let record = provider(|p| {
            p.setup.needs_secret = true;
            p.redirect.path = "x".to_owned();
            p.offline_scope = Some("offline".to_owned());
            p.metadata.scopes = list(&["openid"]);
        });
        let client = Client::new("", None, ClientAuth::None);
        let scopes = list(&["mail"]);
        let found = findings(&Intent {
            provider: &record,
            flow: Flow::Loopback,
            scopes: &scopes,
            client: Some(&client),
            redirect_port: None,
            dpop: false,
        });
        assert_eq!(found.len(), 5, "{found:?}");
        assert!(found.is_sorted_by_key(|one| one.weight));
        assert!(
            found
                .iter()
                .all(|one| !one.fix.is_empty() && !one.what.ends_with('.'))
        );
    }
}
