//! The provider catalogue: every record is complete and makes sense.

use std::collections::{BTreeMap, BTreeSet};
use tokenward::model::credential::Flow;
use tokenward::model::name::is_provider_name;
use tokenward::model::provider::{Metadata, Pkce, Provider, Revocation, RevocationAuth};
use tokenward::oauth::callback::Listener;
use tokenward::oauth::catalogue::{all, find};
use tokenward::oauth::{endpoint, template};

const ASKED_FOR: [&str; 12] = [
    "atlassian",
    "auth0",
    "discord",
    "dropbox",
    "github",
    "gitlab",
    "google",
    "keycloak",
    "microsoft",
    "okta",
    "slack",
    "spotify",
];

fn filled(provider: &Provider) -> Provider {
    let given: BTreeMap<String, String> = provider
        .parameters
        .keys()
        .map(|name| (name.clone(), "tenant.example".to_owned()))
        .collect();
    template::fill(provider, &given).unwrap()
}

#[test]
fn every_provider_that_was_asked_for_is_there_once_and_in_order() {
    let names: Vec<&str> = all()
        .iter()
        .map(|provider| provider.name.as_str())
        .collect();
    for name in ASKED_FOR {
        assert!(find(name).is_some(), "{name}");
    }
    let unique: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(unique.into_iter().collect::<Vec<_>>(), names);
}

#[test]
fn names_words_and_steps_are_there() {
    for provider in all() {
        let name = &provider.name;
        assert!(is_provider_name(name), "{name}");
        assert!(!provider.display_name.is_empty(), "{name}");
        assert!(provider.setup.steps.len() >= 2, "{name}: steps");
        assert!(!provider.setup.client_id_hint.is_empty(), "{name}: hint");
        assert!(provider.setup.url.is_some(), "{name}: setup page");
        assert!(!provider.notes.is_empty(), "{name}: notes");
        assert!(!provider.default_scopes.is_empty(), "{name}: scopes");
        for sentence in provider.setup.steps.iter().chain(&provider.notes) {
            let first = sentence.chars().next().unwrap();
            assert!(
                first.is_uppercase() && sentence.ends_with('.'),
                "{name}: {sentence}"
            );
        }
    }
}

#[test]
fn every_address_is_https_and_every_placeholder_is_declared() {
    for provider in all() {
        let mut record = filled(provider);
        let name = record.name.clone();
        for address in template::addresses(&mut record) {
            let shown = address.replace("{client_id}", "id");
            // Pages for people may hold a fragment, which endpoints may not.
            let shown = shown.split('#').next().unwrap();
            let url = endpoint::read(shown, "address")
                .unwrap_or_else(|e| panic!("{name}: {address}: {e}"));
            assert_eq!(url.scheme(), "https", "{name}: {address}");
        }
    }
}

#[test]
fn every_parameter_is_used_and_its_default_is_sound() {
    for provider in all() {
        let text = serde_json::to_string(&provider.endpoints).unwrap()
            + provider.issuer.as_deref().unwrap_or_default();
        for (name, default) in &provider.parameters {
            assert!(
                text.contains(&format!("{{{name}}}")),
                "{}: {name}",
                provider.name
            );
            assert!(
                default.is_empty() || template::check(default).is_ok(),
                "{}: {name}",
                provider.name
            );
        }
    }
}

#[test]
fn every_flow_has_its_endpoints_or_an_issuer_to_ask() {
    for provider in all() {
        assert!(!provider.flows.is_empty(), "{}", provider.name);
        if provider.issuer.is_some() {
            continue;
        }
        let endpoints = &provider.endpoints;
        assert!(endpoints.token.is_some(), "{}", provider.name);
        for flow in &provider.flows {
            let has = match flow {
                Flow::Device => endpoints.device_authorization.is_some(),
                Flow::Loopback => endpoints.authorization.is_some(),
                Flow::ClientCredentials => endpoints.token.is_some(),
                Flow::ApiKey => provider.api_key.is_some(),
            };
            assert!(has, "{}: {flow:?}", provider.name);
        }
    }
}

#[tokio::test]
async fn every_redirect_rule_can_be_listened_by_and_stands_in_the_steps() {
    for provider in all() {
        let rule = &provider.redirect;
        assert!(rule.path.starts_with('/'), "{}", provider.name);
        assert!(
            rule.ports.iter().all(|port| *port >= 1024),
            "{}",
            provider.name
        );
        let listener = Listener::bind(rule, Some(0)).unwrap();
        assert!(
            listener
                .redirect_uri()
                .starts_with(&format!("http://{}:", rule.host))
        );
        if provider.name == "google" {
            continue; // desktop clients there register no address
        }
        let registered = match (rule.ports.first(), rule.path.as_str()) {
            (Some(port), path) => format!("http://{}:{port}{path}", rule.host),
            (None, "/") => format!("http://{}", rule.host),
            (None, path) => format!("http://{}{path}", rule.host),
        };
        let others = rule.ports.iter().skip(1);
        let others = others.map(|port| format!("http://{}:{port}{}", rule.host, rule.path));
        for registered in std::iter::once(registered).chain(others) {
            let mut steps = provider.setup.steps.iter();
            assert!(
                steps.any(|step| step.contains(&registered)),
                "{}: no step says {registered}",
                provider.name
            );
        }
    }
}

#[test]
fn every_record_says_where_its_facts_are_from() {
    let text = include_str!("../../assets/providers.toml");
    let before: Vec<&str> = text.split("[[provider]]").collect();
    assert_eq!(before.len(), all().len() + 1);
    for (record, before) in all().iter().zip(&before) {
        let source = before.rsplit("\n\n").next().unwrap();
        assert!(
            source.contains("# From https://"),
            "{}: {source}",
            record.name
        );
    }
}

/// Where each refresh brings a new token with a life of its own, an end counted from the sign-in would be believed, and
/// a credential that is alive would be given up.
#[test]
fn only_a_life_that_no_refresh_prolongs_counts_from_the_sign_in() {
    let absolute = all()
        .iter()
        .filter(|provider| provider.refresh_absolute_life.is_some());
    let names: Vec<&str> = absolute.map(|provider| provider.name.as_str()).collect();
    assert_eq!(names, ["atlassian"]);
}

#[test]
fn behaviour_makes_sense() {
    for provider in all() {
        let name = &provider.name;
        assert_eq!(
            provider.metadata,
            Metadata::default(),
            "{name}: metadata is never in the catalogue"
        );
        for pointer in provider.token_at.iter().chain(&provider.success_flag) {
            assert!(pointer.starts_with('/'), "{name}: {pointer}");
        }
        if let (Some(idle), Some(absolute)) =
            (provider.refresh_idle_life, provider.refresh_absolute_life)
        {
            assert!(idle <= absolute, "{name}");
        }
        assert!(
            provider.scope_separator == ' ' || provider.scope_separator == ',',
            "{name}"
        );
        assert_ne!(
            provider.pkce,
            Pkce::Forbidden,
            "{name}: none of these refuses PKCE"
        );
        let can_end = match &provider.revocation {
            Revocation::Standard => {
                provider.endpoints.revocation.is_some() || provider.issuer.is_some()
            }
            Revocation::Page { .. } => true,
            Revocation::Request {
                method,
                auth,
                token_field,
                ..
            } => {
                assert!(["POST", "DELETE"].contains(&method.as_str()), "{name}");
                *auth == RevocationAuth::Bearer || token_field.is_some()
            }
        };
        assert!(can_end, "{name}: no way to end a grant");
    }
}

#[test]
fn a_misspelt_member_is_refused() {
    for wrong in [
        "pkces = \"required\"",
        "[endpoints]\ntokens = \"https://p.example\"",
        "[redirect]\nhots = \"x\"",
    ] {
        let record = format!("name = \"p\"\ndisplay_name = \"P\"\n{wrong}");
        assert!(toml::from_str::<Provider>(&record).is_err(), "{wrong}");
    }
}
