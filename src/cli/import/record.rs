//! Which provider's record a token belongs to that only has an address: the catalogue's, else one of its own.

use crate::model::category::Category;
use crate::model::provider::Provider;
use crate::oauth::{catalogue, template};
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;

/// The record whose token endpoint is this address; a new one by the name of its host otherwise.
///
/// Where a record's host is all placeholder (`https://{host}/oauth/token`), any server has that address: it is that one
/// only if the other told addresses are its own too, and only if they are no other record's.
pub fn by_token_endpoint(
    address: &str,
    authorization: Option<&str>,
    issuer: Option<&str>,
) -> Option<Provider> {
    let url = Url::parse(address).ok()?;
    let listed = catalogue::all().into_iter();
    let found = listed.filter_map(|record| at_address(&record, address));
    let (sure, guessed): (Vec<At>, Vec<At>) = found.partition(|at| at.is_sure);
    if let Some(found) = first(sure.into_iter().map(|at| at.filled), Category::Identity) {
        return Some(found);
    }
    let fits = |record: &Provider| {
        let theirs = &record.endpoints.authorization;
        let is_issuer = |issuer| {
            record
                .issuer
                .as_deref()
                .is_some_and(|it| is_same(it, issuer))
        };
        (authorization.is_some() && theirs.as_deref() == authorization)
            || issuer.is_some_and(is_issuer)
    };
    let mut fitting = guessed.into_iter().map(|at| at.filled).filter(fits);
    if let (Some(only), None) = (fitting.next(), fitting.next()) {
        return Some(only);
    }
    let mut provider = own(url.host_str()?);
    provider.endpoints.token = Some(address.to_owned());
    provider.endpoints.authorization = authorization.map(str::to_owned);
    Some(provider)
}

/// A record whose token endpoint is at the address.
struct At {
    filled: Provider,
    /// Whether no other server can have that address by chance.
    is_sure: bool,
}

/// The record, its placeholder filled so that its token endpoint is this address.
fn at_address(record: &Arc<Provider>, address: &str) -> Option<At> {
    let pattern = record.endpoints.token.as_deref()?;
    let (given, is_sure) = match pattern.split_once('{') {
        None if pattern == address => (BTreeMap::new(), true),
        None => return None,
        Some((before, rest)) => {
            let (name, after) = rest.split_once('}')?;
            let value = address.strip_prefix(before)?.strip_suffix(after)?;
            let is_plain = !value.is_empty() && !value.contains(['/', '?', '#', '@']);
            if !is_plain || after.contains('{') {
                return None;
            }
            let is_whole_host = before.ends_with("://") && after.starts_with('/');
            let is_usual = record
                .parameters
                .get(name)
                .is_some_and(|usual| usual == value);
            let given = BTreeMap::from([(name.to_owned(), value.to_owned())]);
            (given, !is_whole_host || is_usual)
        }
    };
    let filled = template::fill(record, &given).ok()?;
    let is_it = filled.endpoints.token.as_deref() == Some(address);
    is_it.then_some(At { filled, is_sure })
}

/// Whether two issuers are one, but for a slash at the end.
fn is_same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

/// The record of this issuer; a new one by the name of its host otherwise, whose endpoints have to be found.
pub fn by_issuer(issuer: &str) -> Option<Provider> {
    let url = Url::parse(issuer).ok()?;
    let is_it = |record: &Provider| {
        let theirs = record.issuer.as_deref();
        theirs.is_some_and(|theirs| is_same(theirs, issuer))
    };
    let filled = |record: Arc<Provider>| template::fill(&record, &BTreeMap::new()).ok();
    let listed = catalogue::all().into_iter().filter_map(filled);
    let listed = first(listed.filter(is_it), Category::Identity);
    if listed.is_some() {
        return listed;
    }
    let mut provider = own(url.host_str()?);
    provider.issuer = Some(issuer.to_owned());
    Some(provider)
}

/// The record of the provider at this host (`github.com`), by where it signs people in; a new one otherwise.
pub fn by_host(host: &str) -> Provider {
    let is_there = |record: &Provider| {
        let endpoints = [&record.endpoints.authorization, &record.endpoints.token];
        let hosts = endpoints.into_iter().flatten();
        hosts
            .filter_map(|address| Url::parse(address).ok())
            .any(|url| url.host_str() == Some(host))
    };
    let filled = |record: Arc<Provider>| template::fill(&record, &BTreeMap::new()).ok();
    let listed = catalogue::all().into_iter().filter_map(filled);
    first(listed.filter(is_there), Category::CodeHost).unwrap_or_else(|| own(host))
}

/// Of several services at one address the one of that kind, else the first.
fn first(found: impl Iterator<Item = Provider>, kind: Category) -> Option<Provider> {
    let mut found: Vec<Provider> = found.collect();
    let at = found.iter().position(|one| one.category == Some(kind));
    (!found.is_empty()).then(|| found.swap_remove(at.unwrap_or(0)))
}

/// A record of which only the host is known.
pub fn own(host: &str) -> Provider {
    let fits =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let name: String = host
        .to_ascii_lowercase()
        .chars()
        .map(|c| if fits(c) { c } else { '-' })
        .take(64)
        .collect();
    let name = match name.is_empty() {
        true => "unknown".to_owned(),
        false => name,
    };
    Provider::unknown(&name, host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_endpoint_leads_to_its_record_with_the_placeholder_filled() {
        let google = by_token_endpoint("https://oauth2.googleapis.com/token", None, None).unwrap();
        assert_eq!(google.name, "google");
        let address = "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token";
        let microsoft = by_token_endpoint(address, None, None).unwrap();
        assert_eq!(microsoft.endpoints.token.as_deref(), Some(address));
        assert!(
            microsoft
                .endpoints
                .authorization
                .unwrap()
                .contains("/contoso.example/")
        );
        let other = by_token_endpoint(
            "https://id.corp.example/token",
            Some("https://id.corp.example/a"),
            None,
        );
        let other = other.unwrap();
        assert_eq!(other.name, "id.corp.example");
        assert_eq!(
            other.endpoints.authorization.as_deref(),
            Some("https://id.corp.example/a")
        );
        assert!(by_token_endpoint("no address", None, None).is_none());
    }

    #[test]
    fn an_address_that_any_server_may_have_is_no_providers_without_a_second_one() {
        for (address, authorization) in [
            ("https://gitlab.corp.example/oauth/token", None),
            // Two records have both.
            (
                "https://gitlab.corp.example/oauth/token",
                Some("https://gitlab.corp.example/oauth/authorize"),
            ),
            ("https://corp.example/oauth2/token", None),
            ("https://corp.example/auth/token", None),
            (
                "https://corp.example/auth/token",
                Some("https://elsewhere.example/auth/authorize"),
            ),
        ] {
            let own = by_token_endpoint(address, authorization, None).unwrap();
            let host = Url::parse(address).unwrap();
            assert_eq!(Some(own.name.as_str()), host.host_str(), "{address}");
            assert_eq!(own.endpoints.token.as_deref(), Some(address));
            assert_eq!(own.endpoints.authorization.as_deref(), authorization);
            assert_eq!(own.rotation, Provider::unknown("x", "x").rotation);
        }
    }

    #[test]
    fn a_second_address_or_the_usual_host_tells_whose_it_is() {
        let home = "https://home.corp.example/auth";
        let (token, authorize) = (format!("{home}/token"), format!("{home}/authorize"));
        let found = by_token_endpoint(&token, Some(&authorize), None).unwrap();
        assert_eq!(found.name, "home_assistant");
        let address = "https://id.corp.example/api/oidc/token";
        let found = by_token_endpoint(address, None, None).unwrap();
        assert_eq!(found.name, "id.corp.example");
        let issuer = Some("https://id.corp.example/");
        let found = by_token_endpoint(address, None, issuer).unwrap();
        assert_eq!(found.name, "authelia");
        let found = by_token_endpoint("https://gitlab.com/oauth/token", None, None).unwrap();
        assert_eq!(found.name, "gitlab");
    }

    #[test]
    fn a_host_and_an_issuer_lead_to_their_records() {
        assert_eq!(by_host("github.com").name, "github");
        assert_eq!(by_host("gitlab.com").name, "gitlab");
        assert_eq!(
            by_host("git.corp.example:8443").name,
            "git.corp.example-8443"
        );
        assert_eq!(
            by_issuer("https://accounts.google.com/").unwrap().name,
            "google"
        );
        let own = by_issuer("https://id.corp.example/realm").unwrap();
        assert_eq!(own.issuer.as_deref(), Some("https://id.corp.example/realm"));
        assert!(own.endpoints.token.is_none());
    }
}
