//! Finds a provider's endpoints: its record, what is given by hand, then both metadata documents.

use crate::model::credential::Flow;
use crate::model::name::is_provider_name;
use crate::model::provider::{Endpoints, Metadata, Provider};
use crate::model::signin::ProviderChoice;
use crate::oauth::catalogue;
use crate::oauth::clean;
use crate::oauth::endpoint;
use crate::oauth::error::OAuthError;
use crate::oauth::http::Http;
use crate::oauth::metadata::{Document, check_issuer, documents, named};
use crate::oauth::template;
use std::collections::BTreeMap;

/// The provider's record with placeholders filled and endpoints completed. `known` is the record used last time, if
/// there is one. What is given by hand wins over metadata; metadata fills the holes.
pub async fn resolve(
    http: &Http,
    choice: ProviderChoice,
    known: Option<Provider>,
) -> Result<Provider, OAuthError> {
    let mut provider = chosen(choice, known)?;
    check_endpoints(&provider.endpoints)?;
    let Some(asked) = provider.issuer.clone().filter(|issuer| !issuer.is_empty()) else {
        return usable(provider);
    };
    match documents(http, &asked).await {
        Ok(found) => {
            for document in found {
                merge(&mut provider, document);
            }
            usable(provider)
        }
        // A provider whose endpoints are known is not held up by a missing document.
        Err(_) if is_complete(&provider) => Ok(provider),
        Err(error) => Err(error),
    }
}

fn chosen(choice: ProviderChoice, known: Option<Provider>) -> Result<Provider, OAuthError> {
    match choice {
        ProviderChoice::Known { name, parameters } => {
            match (known, catalogue::find(&name)) {
                // What was signed in to before is meant again, unless other values are given for a known record.
                (Some(known), Some(listed)) if parameters.is_empty() => again(&known, &listed),
                (_, Some(listed)) => template::fill(&listed, &parameters),
                (Some(known), None) => template::fill(&known, &parameters),
                (None, None) => Err(OAuthError::UnknownProvider { name }),
            }
        }
        ProviderChoice::Issuer {
            name,
            issuer,
            endpoints,
        } => {
            if !is_provider_name(&name) {
                return Err(OAuthError::UnknownProvider {
                    name: clean::clean(&name, &[]).unwrap_or_default(),
                });
            }
            let issuer = issuer.trim();
            let mut provider = known
                .filter(|known| known.issuer.as_deref() == Some(issuer))
                .unwrap_or_else(|| Provider::unknown(&name, &name));
            provider.name.clone_from(&name);
            if !issuer.is_empty() {
                check_issuer(issuer)?;
                provider.issuer = Some(issuer.to_owned());
            }
            // What the metadata said last time is read anew; what is given by hand stays.
            provider.endpoints = *endpoints;
            provider.metadata = Metadata::default();
            Ok(provider)
        }
    }
}

/// The record as it is now, with the values that were given the last time. What was signed in to by another issuer than
/// the catalogue's stays as it was, unless the person wrote a record of that name.
fn again(known: &Provider, listed: &Provider) -> Result<Provider, OAuthError> {
    let mut given = known.parameters.clone();
    given.retain(|name, _| listed.parameters.contains_key(name));
    let filled = template::fill(listed, &given);
    let is_the_same = filled.as_ref().is_ok_and(|filled| {
        let is_same_endpoint = filled.endpoints.token == known.endpoints.token;
        filled.issuer == known.issuer && (known.issuer.is_some() || is_same_endpoint)
    });
    if is_the_same || catalogue::is_own(&known.name) {
        filled
    } else {
        template::fill(known, &BTreeMap::new())
    }
}

fn check_endpoints(endpoints: &Endpoints) -> Result<(), OAuthError> {
    for (what, address) in named(endpoints) {
        if let Some(address) = address {
            endpoint::read(address, what)?;
        }
    }
    Ok(())
}

fn is_complete(provider: &Provider) -> bool {
    let endpoints = &provider.endpoints;
    endpoints.token.is_some()
        && (endpoints.authorization.is_some()
            || endpoints.device_authorization.is_some()
            // The client itself needs no more.
            || provider.flows.contains(&Flow::ClientCredentials))
}

fn usable(provider: Provider) -> Result<Provider, OAuthError> {
    let missing = |what| {
        Err(OAuthError::NoEndpoint {
            what,
            provider: provider.display_name.clone(),
        })
    };
    if provider.endpoints.token.is_none() {
        return missing("token endpoint");
    }
    if !is_complete(&provider) {
        return missing("authorization or device authorization endpoint");
    }
    Ok(provider)
}

/// Fills the holes; what is there already stays.
fn merge(provider: &mut Provider, document: Document) {
    fn fill(hole: &mut Option<String>, found: Option<String>) {
        if hole.is_none() {
            *hole = found;
        }
    }
    fn fill_list(hole: &mut Vec<String>, found: Vec<String>) {
        if hole.is_empty() {
            *hole = found;
        }
    }
    let (into, from) = (&mut provider.endpoints, document.endpoints);
    fill(&mut into.authorization, from.authorization);
    fill(&mut into.token, from.token);
    fill(&mut into.device_authorization, from.device_authorization);
    fill(&mut into.revocation, from.revocation);
    fill(&mut into.introspection, from.introspection);
    fill(&mut into.userinfo, from.userinfo);
    fill(&mut into.registration, from.registration);
    fill(&mut into.jwks, from.jwks);
    fill(
        &mut into.pushed_authorization_request,
        from.pushed_authorization_request,
    );
    let (into, from) = (&mut provider.metadata, document.metadata);
    fill(&mut into.issuer, from.issuer);
    fill_list(&mut into.auth_methods, from.auth_methods);
    fill_list(&mut into.grant_types, from.grant_types);
    fill_list(
        &mut into.code_challenge_methods,
        from.code_challenge_methods,
    );
    fill_list(&mut into.scopes, from.scopes);
    fill_list(&mut into.dpop_algorithms, from.dpop_algorithms);
    fill_list(&mut into.auth_algorithms, from.auth_algorithms);
    into.iss_parameter |= from.iss_parameter;
    into.requires_par |= from.requires_par;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fields::Fields;
    use crate::oauth::metadata::read;

    #[test]
    fn what_is_there_already_stays() {
        let mut provider = Provider::unknown("p", "P");
        provider.endpoints.token = Some("https://hand.example/token".to_owned());
        let json = br#"{"issuer":"https://a.example","token_endpoint":"https://a.example/token",
            "authorization_endpoint":"https://a.example/auth","grant_types_supported":["x"]}"#;
        let document = read(&Fields::read(json).unwrap(), "https://a.example").unwrap();
        merge(&mut provider, document);
        assert_eq!(
            provider.endpoints.token.as_deref(),
            Some("https://hand.example/token")
        );
        assert_eq!(
            provider.endpoints.authorization.as_deref(),
            Some("https://a.example/auth")
        );
        assert_eq!(provider.metadata.grant_types, ["x"]);
    }
}
