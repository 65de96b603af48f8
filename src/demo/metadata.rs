//! Both metadata documents: OpenID Connect Discovery and RFC 8414.

use crate::demo::demands::PkceRule;
use crate::demo::exchange::Exchange;
use crate::demo::keys;
use crate::demo::protocol::{Offer, RegistrationRule};
use crate::demo::quirks::{IssRule, MetadataRule, Quirks, RequestKind, RevocationRule};
use crate::demo::reply;
use crate::demo::settings::SCOPES;
use crate::demo::shared::{Inner, Shared};
use crate::demo::token_endpoint::{DEVICE_GRANT, EXCHANGE_GRANT};
use axum::body::Body;
use axum::extract;
use axum::http::Response;
use serde_json::{Value, json};

/// Answers `GET /.well-known/openid-configuration`.
pub async fn openid(extract::State(shared): extract::State<Shared>) -> Response<Body> {
    serve(&shared, |rule| match rule {
        MetadataRule::OAuthOnly | MetadataRule::None => None,
        MetadataRule::Holes => Some(&[
            "device_authorization_endpoint",
            "revocation_endpoint",
            "introspection_endpoint",
        ]),
        MetadataRule::Both | MetadataRule::OpenIdOnly | MetadataRule::WrongIssuer => Some(&[]),
    })
    .await
}

/// Answers `GET /.well-known/oauth-authorization-server`.
pub async fn oauth(extract::State(shared): extract::State<Shared>) -> Response<Body> {
    serve(&shared, |rule| match rule {
        MetadataRule::OpenIdOnly | MetadataRule::None => None,
        MetadataRule::Both
        | MetadataRule::Holes
        | MetadataRule::OAuthOnly
        | MetadataRule::WrongIssuer => Some(&[]),
    })
    .await
}

async fn serve(
    shared: &Shared,
    holes: impl FnOnce(MetadataRule) -> Option<&'static [&'static str]>,
) -> Response<Body> {
    Exchange::begin(shared, RequestKind::Metadata, None)
        .answer(|exchange, _| {
            let Some(holes) = holes(exchange.quirks.metadata) else {
                return reply::plain_error(404, "not_found");
            };
            let mut body = document(&exchange.shared, &exchange.quirks);
            if let Some(members) = body.as_object_mut() {
                members.retain(|name, value| !holes.contains(&name.as_str()) && !value.is_null());
            }
            reply::json(200, &body)
        })
        .await
}

fn document(shared: &Inner, quirks: &Quirks) -> Value {
    let issuer = match quirks.metadata {
        MetadataRule::WrongIssuer => "https://another-issuer.test",
        _ => shared.issuer.as_str(),
    };
    let revocation = match quirks.revocation {
        RevocationRule::Missing | RevocationRule::Own => None,
        RevocationRule::Standard | RevocationRule::NotForPublicClients => {
            Some(shared.address("/revoke"))
        }
    };
    let methods = [
        "none",
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
    ];
    let mut body = json!({
        "issuer": issuer,
        "authorization_endpoint": shared.address("/authorize"),
        "token_endpoint": shared.address("/token"),
        "device_authorization_endpoint": shared.address("/device_authorization"),
        "revocation_endpoint": revocation,
        "introspection_endpoint": shared.address("/introspect"),
        "userinfo_endpoint": shared.address("/userinfo"),
        "jwks_uri": shared.address("/jwks"),
        "scopes_supported": SCOPES,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": grant_types(quirks),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [keys::ALGORITHM],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": keys::ACCEPTED,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": &methods[1..],
        "code_challenge_methods_supported": challenge_methods(quirks.demands.pkce),
        "claims_supported": CLAIMS,
        "authorization_response_iss_parameter_supported": quirks.iss != IssRule::Never,
    });
    extensions(&mut body, shared, quirks);
    body
}

const CLAIMS: [&str; 8] = [
    "sub",
    "email",
    "email_verified",
    "name",
    "preferred_username",
    "auth_time",
    "nonce",
    "azp",
];

fn grant_types(quirks: &Quirks) -> Vec<&'static str> {
    let protocol = &quirks.protocol;
    [
        ("authorization_code", true),
        ("refresh_token", true),
        (DEVICE_GRANT, true),
        ("client_credentials", protocol.client_credentials),
        (EXCHANGE_GRANT, protocol.token_exchange),
    ]
    .into_iter()
    .filter_map(|(name, offered)| offered.then_some(name))
    .collect()
}

/// `None`: nothing is announced (RFC 8414 2: then PKCE is not supported).
fn challenge_methods(rule: PkceRule) -> Option<[&'static str; 1]> {
    match rule {
        PkceRule::Public | PkceRule::Required => Some(["S256"]),
        PkceRule::Forbidden => None,
    }
}

/// What is announced only where it is there.
fn extensions(body: &mut Value, shared: &Inner, quirks: &Quirks) {
    let protocol = &quirks.protocol;
    if protocol.par != Offer::Off {
        body["pushed_authorization_request_endpoint"] = shared.address("/par").into();
        let demanded = protocol.par == Offer::Required;
        body["require_pushed_authorization_requests"] = demanded.into();
    }
    if protocol.dpop != Offer::Off {
        body["dpop_signing_alg_values_supported"] = keys::ACCEPTED.to_vec().into();
    }
    if protocol.registration != RegistrationRule::Off {
        body["registration_endpoint"] = shared.address("/register").into();
    }
}
