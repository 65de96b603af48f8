//! Fills placeholders like `{tenant}` in addresses, with values that cannot change their shape.

use crate::model::provider::{Provider, Revocation};
use crate::oauth::error::OAuthError;
use std::collections::BTreeMap;

/// The only placeholder that is filled later, when a token is revoked.
const CLIENT_ID: &str = "client_id";

/// The record with all its placeholders filled: by `given`, else by their defaults.
pub fn fill(record: &Provider, given: &BTreeMap<String, String>) -> Result<Provider, OAuthError> {
    let refuse = |name: &str, why| OAuthError::Parameter {
        provider: record.display_name.clone(),
        name: name.to_owned(),
        why,
    };
    for name in given.keys() {
        if !record.parameters.contains_key(name) {
            return Err(refuse(name, "is not known there"));
        }
    }
    let mut filled = record.clone();
    for (name, value) in &mut filled.parameters {
        if let Some(given) = given.get(name) {
            given.trim().clone_into(value);
        }
        check(value).map_err(|why| refuse(name, why))?;
    }
    let values = filled.parameters.clone();
    for address in addresses(&mut filled) {
        *address = replaced(address, &values);
        if let Some(name) = placeholder(address) {
            return Err(refuse(name, "has no value"));
        }
    }
    for sentence in sentences(&mut filled) {
        *sentence = replaced(sentence, &values);
    }
    Ok(filled)
}

/// Every address of a record; any may hold placeholders.
pub fn addresses(provider: &mut Provider) -> Vec<&mut String> {
    let endpoints = &mut provider.endpoints;
    let mut all: Vec<&mut String> = [
        &mut provider.issuer,
        &mut provider.grants_page,
        &mut provider.setup.url,
        &mut endpoints.authorization,
        &mut endpoints.token,
        &mut endpoints.refresh,
        &mut endpoints.device_authorization,
        &mut endpoints.revocation,
        &mut endpoints.jwks,
        &mut endpoints.introspection,
        &mut endpoints.userinfo,
        &mut endpoints.registration,
        &mut endpoints.pushed_authorization_request,
    ]
    .into_iter()
    .filter_map(Option::as_mut)
    .collect();
    match &mut provider.revocation {
        Revocation::Page { url } | Revocation::Request { url, .. } => all.push(url),
        Revocation::Standard => {}
    }
    all.extend(provider.api_key.iter_mut().filter_map(|it| it.url.as_mut()));
    all.extend(&mut provider.sources);
    all
}

/// Every sentence of a record that may name a placeholder's value.
fn sentences(provider: &mut Provider) -> impl Iterator<Item = &mut String> {
    let keys = provider.api_key.iter_mut().flat_map(|it| &mut it.steps);
    provider.setup.steps.iter_mut().chain(keys)
}

fn replaced(address: &str, values: &BTreeMap<String, String>) -> String {
    values
        .iter()
        .fold(address.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
}

/// The first placeholder that is left.
fn placeholder(address: &str) -> Option<&str> {
    address
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
        .find(|name| *name != CLIENT_ID)
}

/// A host, with a port perhaps, or a name of one path segment: nothing that starts a path, a query, a user name or
/// another host.
pub fn check(value: &str) -> Result<(), &'static str> {
    if value.is_empty() {
        return Err("has no value");
    }
    let (name, port) = match value.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (value, None),
    };
    let is_name = name.len() <= 253
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        && name.split('.').all(|label| !label.is_empty());
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    if is_name && is_port {
        Ok(())
    } else {
        Err("must be a plain name of letters, digits, dots and hyphens")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::setup::ApiKeys;

    fn record() -> Provider {
        let mut record = Provider::unknown("p", "P");
        record.issuer = Some("https://{host}/{tenant}".to_owned());
        record.endpoints.token = Some("https://{host}/{tenant}/token".to_owned());
        record.parameters = BTreeMap::from([
            ("host".to_owned(), String::new()),
            ("tenant".to_owned(), "common".to_owned()),
        ]);
        record
    }

    fn given(host: &str) -> BTreeMap<String, String> {
        BTreeMap::from([("host".to_owned(), host.to_owned())])
    }

    #[test]
    fn values_and_defaults_fill_every_address() {
        let filled = fill(&record(), &given("a.example:8443")).unwrap();
        assert_eq!(
            filled.issuer.as_deref(),
            Some("https://a.example:8443/common")
        );
        assert_eq!(
            filled.endpoints.token.as_deref(),
            Some("https://a.example:8443/common/token")
        );
        // What is filled already can be filled again.
        assert_eq!(fill(&filled, &BTreeMap::new()).unwrap(), filled);
    }

    #[test]
    fn what_a_person_reads_is_filled_too() {
        let mut record = record();
        record.sources = vec!["https://{host}/docs".to_owned()];
        record.setup.steps = vec!["Open {host}.".to_owned()];
        record.api_key = Some(ApiKeys {
            url: Some("https://{host}/keys".to_owned()),
            steps: vec!["Open https://{host}/keys.".to_owned()],
            ..ApiKeys::default()
        });
        let filled = fill(&record, &given("a.example")).unwrap();
        let keys = filled.api_key.unwrap();
        assert_eq!(keys.url.as_deref(), Some("https://a.example/keys"));
        assert_eq!(keys.steps, ["Open https://a.example/keys."]);
        assert_eq!(filled.setup.steps, ["Open a.example."]);
        assert_eq!(filled.sources, ["https://a.example/docs"]);
    }

    #[test]
    fn a_value_cannot_change_the_shape_of_an_address() {
        for bad in [
            "",
            " ",
            "a/b",
            "a b",
            "a?x",
            "a#x",
            "a@evil",
            "a\\b",
            "a%2fb",
            "..",
            "a..b",
            ".a",
            "a:b",
            "a:0",
            "a:80:80",
            "a:80/x",
            "{tenant}",
            "ä.example",
            "a\nb",
            "[::1]",
        ] {
            assert!(fill(&record(), &given(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn unknown_and_missing_values_are_refused_by_name() {
        let error = fill(&record(), &BTreeMap::new()).unwrap_err();
        assert!(matches!(error, OAuthError::Parameter { name, .. } if name == "host"));
        let other = BTreeMap::from([("realm".to_owned(), "x".to_owned())]);
        let error = fill(&record(), &other).unwrap_err();
        assert!(matches!(error, OAuthError::Parameter { name, .. } if name == "realm"));
    }
}
