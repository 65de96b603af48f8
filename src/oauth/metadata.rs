//! The metadata documents of a provider: where they lie, what they say, what of it is believed.

use crate::model::provider::{Endpoints, Metadata};
use crate::oauth::clean;
use crate::oauth::endpoint;
use crate::oauth::error::{OAuthError, Refused, Unreadable};
use crate::oauth::fields::Fields;
use crate::oauth::http::Http;
use crate::oauth::issuer;
use crate::oauth::step::Step;
use crate::oauth::wire::Request;
use reqwest::Method;
use serde_json::Value;
use url::Url;

/// No list is kept beyond so many entries.
const LONGEST_LIST: usize = 200;

/// What one metadata document says.
#[derive(Debug)]
pub struct Document {
    /// Endpoints it names.
    pub endpoints: Endpoints,
    /// What it says beside them.
    pub metadata: Metadata,
}

/// Both documents, OpenID's first; each at the place its standard names, and where servers put it by mistake.
pub async fn documents(http: &Http, asked: &str) -> Result<Vec<Document>, OAuthError> {
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
    let request = Request::new(Method::GET, place, "metadata address");
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
            clock_ahead: reply.clock_ahead,
            needed_scopes: Vec::new(),
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

/// Reads a document of the issuer `asked`; endpoints that would leak make it unusable.
pub fn read(fields: &Fields, asked: &str) -> Result<Document, OAuthError> {
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
        jwks: text("jwks_uri"),
        pushed_authorization_request: text("pushed_authorization_request_endpoint"),
    };
    endpoints.userinfo = endpoints.userinfo.filter(|url| is_allowed(url, asked));
    endpoints.jwks = endpoints.jwks.filter(|url| is_allowed(url, asked));
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
            dpop_algorithms: list("dpop_signing_alg_values_supported"),
            auth_algorithms: list("token_endpoint_auth_signing_alg_values_supported"),
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

/// Refuses what is no issuer identifier (RFC 8414 2).
pub fn check_issuer(issuer: &str) -> Result<(), OAuthError> {
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
pub fn named(endpoints: &Endpoints) -> [(&'static str, Option<&String>); 9] {
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
}
