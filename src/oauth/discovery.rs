//! Finds a provider's endpoints: its record, what is given by hand, then both metadata documents.

use crate::model::name::is_provider_name;
use crate::model::provider::{Endpoints, Metadata, Provider};
use crate::model::signin::ProviderChoice;
use crate::oauth::catalogue;
use crate::oauth::clean;
use crate::oauth::endpoint;
use crate::oauth::error::{OAuthError, Refused, Step, Unreadable};
use crate::oauth::http::Http;
use crate::oauth::issuer;
use crate::oauth::reply::Fields;
use crate::oauth::template;
use crate::oauth::wire::Request;
use reqwest::Method;
use serde_json::Value;
use url::Url;

/// No list of the metadata is kept beyond so many entries.
const LONGEST_LIST: usize = 200;

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
            let record = match (known, catalogue::find(&name)) {
                // What was signed in to before is meant again, unless other values are given for a known record.
                (Some(known), listed) if parameters.is_empty() || listed.is_none() => known,
                (_, Some(listed)) => listed.clone(),
                (Some(known), None) => known,
                (None, None) => return Err(OAuthError::UnknownProvider { name }),
            };
            template::fill(&record, &parameters)
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

fn check_issuer(issuer: &str) -> Result<(), OAuthError> {
    let url = endpoint::read(issuer, "issuer")?;
    if url.query().is_some() {
        return Err(OAuthError::Endpoint {
            what: "issuer",
            why: "holds a query (RFC 8414 2)",
        });
    }
    Ok(())
}

/// Every endpoint that secrets are sent to, with its name for people.
fn named(endpoints: &Endpoints) -> [(&'static str, Option<&String>); 9] {
    [
        ("authorization endpoint", endpoints.authorization.as_ref()),
        ("token endpoint", endpoints.token.as_ref()),
        ("refresh endpoint", endpoints.refresh.as_ref()),
        (
            "device authorization endpoint",
            endpoints.device_authorization.as_ref(),
        ),
        ("revocation endpoint", endpoints.revocation.as_ref()),
        ("introspection endpoint", endpoints.introspection.as_ref()),
        ("userinfo endpoint", endpoints.userinfo.as_ref()),
        ("registration endpoint", endpoints.registration.as_ref()),
        (
            "pushed authorization request endpoint",
            endpoints.pushed_authorization_request.as_ref(),
        ),
    ]
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
        && (endpoints.authorization.is_some() || endpoints.device_authorization.is_some())
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

/// What one metadata document says.
struct Document {
    endpoints: Endpoints,
    metadata: Metadata,
}

/// Both documents, OpenID's first; each at the place its standard names, and where servers put it by mistake.
async fn documents(http: &Http, asked: &str) -> Result<Vec<Document>, OAuthError> {
    check_issuer(asked)?;
    let places = places(asked)?;
    let [first, second, third, fourth] = &places;
    let (openid, oauth) = tokio::join!(fetch(http, asked, first), fetch(http, asked, second));
    let mut found = Vec::new();
    let mut failure = None;
    let mut keep = |result: Result<Document, OAuthError>, found: &mut Vec<Document>| match result {
        Ok(document) => found.push(document),
        Err(error) => {
            // A wrong issuer or address is worth more words than a missing document.
            let is_finding = !matches!(error, OAuthError::Refused(_));
            if failure.is_none() || is_finding {
                failure = Some(error);
            }
        }
    };
    keep(openid, &mut found);
    keep(oauth, &mut found);
    if found.is_empty() && third != first {
        let (openid, oauth) = tokio::join!(fetch(http, asked, third), fetch(http, asked, fourth));
        keep(openid, &mut found);
        keep(oauth, &mut found);
    }
    match failure {
        Some(error) if found.is_empty() => Err(error),
        _ => Ok(found),
    }
}

/// OpenID's by suffix (Discovery 4), RFC 8414's by insertion (3.1); then each the other way round.
fn places(asked: &str) -> Result<[String; 4], OAuthError> {
    let url = Url::parse(asked).map_err(|_| OAuthError::Endpoint {
        what: "issuer",
        why: "is no absolute URL",
    })?;
    let path = url.path().trim_end_matches('/').to_owned();
    let at = |path: String| {
        let mut url = url.clone();
        url.set_path(&path);
        String::from(url)
    };
    let suffixed = |name: &str| at(format!("{path}/.well-known/{name}"));
    let inserted = |name: &str| at(format!("/.well-known/{name}{path}"));
    Ok([
        suffixed("openid-configuration"),
        inserted("oauth-authorization-server"),
        inserted("openid-configuration"),
        suffixed("oauth-authorization-server"),
    ])
}

async fn fetch(http: &Http, asked: &str, place: &str) -> Result<Document, OAuthError> {
    let step = Step::Discovery;
    let request = Request {
        method: Method::GET,
        url: place.to_owned(),
        what: "metadata address",
        authorization: None,
        body: None,
    };
    let reply = http.send(step, request).await?;
    if !reply.is_success() {
        return Err(OAuthError::Refused(Box::new(Refused {
            step,
            host: reply.host,
            status: reply.status,
            code: None,
            words: None,
            reason: None,
            retry_after: reply.retry_after,
            is_page: false,
        })));
    }
    let unreadable = |why| OAuthError::Unreadable {
        step,
        host: reply.host.clone(),
        status: reply.status,
        why,
    };
    let fields = Fields::read(reply.body.bytes()).map_err(unreadable)?;
    let said = fields
        .text("issuer")
        .ok_or_else(|| unreadable(Unreadable::Missing("issuer")))?;
    if !issuer::is_same(asked, said) {
        return Err(OAuthError::IssuerMismatch {
            asked: asked.to_owned(),
            said: clean::clean(said, &[]).unwrap_or_default(),
        });
    }
    read(&fields, asked)
}

fn read(fields: &Fields, asked: &str) -> Result<Document, OAuthError> {
    let text = |name: &str| fields.text(name).map(|text| text.trim().to_owned());
    let list = |name: &str| match fields.value(name) {
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(Value::as_str)
            .take(LONGEST_LIST)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    };
    let flag = |name: &str| fields.value(name).and_then(Value::as_bool) == Some(true);
    let mut endpoints = Endpoints {
        authorization: text("authorization_endpoint"),
        token: text("token_endpoint"),
        refresh: None,
        device_authorization: text("device_authorization_endpoint"),
        revocation: text("revocation_endpoint"),
        introspection: text("introspection_endpoint"),
        userinfo: text("userinfo_endpoint"),
        registration: text("registration_endpoint"),
        pushed_authorization_request: text("pushed_authorization_request_endpoint"),
    };
    endpoints.userinfo = endpoints.userinfo.filter(|url| is_allowed(url, asked));
    endpoints.registration = endpoints.registration.filter(|url| is_allowed(url, asked));
    endpoints.introspection = endpoints.introspection.filter(|url| is_allowed(url, asked));
    for (what, address) in named(&endpoints) {
        if let Some(address) = address {
            endpoint::read(address, what)?;
            if !is_allowed(address, asked) {
                return Err(OAuthError::Endpoint {
                    what,
                    why: "found in the metadata of an https issuer is plain http",
                });
            }
        }
    }
    Ok(Document {
        endpoints,
        metadata: Metadata {
            issuer: text("issuer"),
            auth_methods: list("token_endpoint_auth_methods_supported"),
            grant_types: list("grant_types_supported"),
            code_challenge_methods: list("code_challenge_methods_supported"),
            scopes: list("scopes_supported"),
            iss_parameter: flag("authorization_response_iss_parameter_supported"),
            requires_par: flag("require_pushed_authorization_requests"),
        },
    })
}

/// An address found through https is https itself: nobody is led back to the open road.
fn is_allowed(address: &str, asked: &str) -> bool {
    let is_https = |text: &str| text.starts_with("https://");
    endpoint::read(address, "endpoint").is_ok_and(|url| url.scheme() == "https") || !is_https(asked)
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
    into.iss_parameter |= from.iss_parameter;
    into.requires_par |= from.requires_par;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_looked_for_where_the_standards_put_them() {
        let places = places("https://a.example/o/").unwrap();
        assert_eq!(
            places,
            [
                "https://a.example/o/.well-known/openid-configuration",
                "https://a.example/.well-known/oauth-authorization-server/o",
                "https://a.example/.well-known/openid-configuration/o",
                "https://a.example/o/.well-known/oauth-authorization-server",
            ]
        );
    }

    #[test]
    fn an_https_issuer_cannot_lead_to_plain_http() {
        let json = br#"{"issuer":"https://a.example","token_endpoint":"http://127.0.0.1:1/token"}"#;
        let fields = Fields::read(json).unwrap();
        assert!(read(&fields, "https://a.example").is_err());
        assert!(read(&fields, "http://127.0.0.1:1").is_ok());
    }

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
