//! Finding a provider's endpoints through metadata that has holes, lies, or is missing.

use crate::oauth_rig::{Act, Rig, answer, http};
use std::collections::BTreeMap;
use tokenward::model::provider::{Endpoints, Provider};
use tokenward::model::signin::ProviderChoice;
use tokenward::oauth::discovery::resolve;
use tokenward::oauth::error::OAuthError;

fn issuer(url: &str, endpoints: Endpoints) -> ProviderChoice {
    ProviderChoice::Issuer {
        name: "mine".to_owned(),
        issuer: url.to_owned(),
        endpoints: Box::new(endpoints),
    }
}

fn host(request: &str) -> String {
    let line = request
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with("host:"))
        .unwrap();
    format!("http://{}", line[5..].trim())
}

fn metadata(issuer: &str, members: &str) -> Act {
    answer(200, "", &format!("{{\"issuer\":\"{issuer}\"{members}}}"))
}

/// OpenID's document lacks the device endpoint, the other lacks userinfo.
fn two_documents(request: &str) -> Act {
    let base = host(request);
    let issuer = format!("{base}/o");
    if request.starts_with("GET /o/.well-known/openid-configuration ") {
        metadata(
            &issuer,
            &format!(
                r#","authorization_endpoint":"{base}/a","token_endpoint":"{base}/t","userinfo_endpoint":"{base}/u"
            ,"code_challenge_methods_supported":["S256"],"authorization_response_iss_parameter_supported":true"#
            ),
        )
    } else if request.starts_with("GET /.well-known/oauth-authorization-server/o ") {
        metadata(
            &issuer,
            &format!(
                r#","token_endpoint":"{base}/other","device_authorization_endpoint":"{base}/d"
            ,"token_endpoint_auth_methods_supported":["none"],"require_pushed_authorization_requests":true"#
            ),
        )
    } else {
        answer(404, "", "")
    }
}

#[tokio::test]
async fn both_documents_are_read_and_what_is_given_by_hand_wins() {
    let rig = Rig::start(two_documents).await;
    let by_hand = Endpoints {
        revocation: Some(rig.url("/by-hand")),
        userinfo: Some(rig.url("/mine")),
        ..Endpoints::default()
    };
    let provider = resolve(&http(), issuer(&rig.url("/o/"), by_hand), None)
        .await
        .unwrap();
    let endpoints = &provider.endpoints;
    assert_eq!(endpoints.token, Some(rig.url("/t")));
    assert_eq!(endpoints.device_authorization, Some(rig.url("/d")));
    assert_eq!(endpoints.revocation, Some(rig.url("/by-hand")));
    assert_eq!(endpoints.userinfo, Some(rig.url("/mine")));
    assert_eq!(provider.metadata.auth_methods, ["none"]);
    assert!(provider.metadata.iss_parameter && provider.metadata.requires_par);
    assert_eq!(provider.name, "mine");
}

#[tokio::test]
async fn documents_in_unusual_places_are_found() {
    let rig = Rig::start(|request| {
        let base = host(request);
        if request.starts_with("GET /o/.well-known/oauth-authorization-server ") {
            metadata(
                &format!("{base}/o"),
                &format!(r#","authorization_endpoint":"{base}/a","token_endpoint":"{base}/t""#),
            )
        } else {
            answer(404, "", "<html>")
        }
    })
    .await;
    let provider = resolve(&http(), issuer(&rig.url("/o"), Endpoints::default()), None)
        .await
        .unwrap();
    assert_eq!(provider.endpoints.token, Some(rig.url("/t")));
}

#[tokio::test]
async fn metadata_of_another_issuer_is_refused() {
    let rig = Rig::always(metadata("https://evil.example", r#","authorization_endpoint":"https://evil.example/a","token_endpoint":"https://evil.example/t""#)).await;
    let error = resolve(&http(), issuer(&rig.url(""), Endpoints::default()), None)
        .await
        .unwrap_err();
    assert!(
        matches!(error, OAuthError::IssuerMismatch { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn endpoints_that_would_leak_are_refused() {
    let rig = Rig::start(|request| {
        metadata(&host(request), r#","authorization_endpoint":"https://p.example/a","token_endpoint":"http://p.example/t""#)
    })
    .await;
    let error = resolve(&http(), issuer(&rig.url(""), Endpoints::default()), None)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            OAuthError::Endpoint {
                what: "token endpoint",
                ..
            }
        ),
        "{error:?}"
    );
    let by_hand = Endpoints {
        token: Some("http://p.example/t".to_owned()),
        ..Endpoints::default()
    };
    let error = resolve(&http(), issuer("", by_hand), None)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            OAuthError::Endpoint {
                what: "token endpoint",
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn endpoints_by_hand_are_enough_without_any_document() {
    let rig = Rig::always(answer(404, "", "")).await;
    let by_hand = Endpoints {
        token: Some(rig.url("/t")),
        device_authorization: Some(rig.url("/d")),
        ..Endpoints::default()
    };
    let provider = resolve(&http(), issuer(&rig.url(""), by_hand.clone()), None)
        .await
        .unwrap();
    assert_eq!(provider.endpoints, by_hand);
    assert!(resolve(&http(), issuer("", by_hand), None).await.is_ok());
    let error = resolve(&http(), issuer(&rig.url(""), Endpoints::default()), None)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "http_404");
}

#[tokio::test]
async fn names_and_parameters_are_checked_before_anything_is_sent() {
    let known = |name: &str, parameters: BTreeMap<String, String>| ProviderChoice::Known {
        name: name.to_owned(),
        parameters,
    };
    let error = resolve(&http(), known("nobody", BTreeMap::new()), None)
        .await
        .unwrap_err();
    assert!(matches!(error, OAuthError::UnknownProvider { .. }));
    let error = resolve(&http(), known("keycloak", BTreeMap::new()), None)
        .await
        .unwrap_err();
    assert!(matches!(error, OAuthError::Parameter { .. }), "{error:?}");
    let evil = BTreeMap::from([("tenant".to_owned(), "x/../..@evil.example/".to_owned())]);
    let error = resolve(&http(), known("microsoft", evil), None)
        .await
        .unwrap_err();
    assert!(matches!(error, OAuthError::Parameter { .. }), "{error:?}");
    let github = resolve(&http(), known("github", BTreeMap::new()), None)
        .await
        .unwrap();
    assert_eq!(github.display_name, "GitHub");
}

#[tokio::test]
async fn what_was_signed_in_to_before_is_meant_again() {
    let rig = Rig::start(two_documents).await;
    let mut known = Provider::unknown("mine", "Mine");
    known.issuer = Some(rig.url("/o"));
    known.endpoints.token = Some(rig.url("/kept"));
    let choice = ProviderChoice::Known {
        name: "mine".to_owned(),
        parameters: BTreeMap::new(),
    };
    let provider = resolve(&http(), choice, Some(known)).await.unwrap();
    assert_eq!(provider.endpoints.token, Some(rig.url("/kept")));
    assert_eq!(provider.endpoints.device_authorization, Some(rig.url("/d")));
}
