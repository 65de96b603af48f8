//! One test a quirk of requests: what providers want instead of what the standards say.

use crate::engine_rig::revoke;
use crate::profiles_rig::{Scene, Stage};
use tokenward::demo::demands::{BodyRule, RefreshRule};
use tokenward::demo::quirks::{Quirks, RequestKind, RevocationRule, RotationRule};
use tokenward::demo::settings::{
    CONFIDENTIAL_CLIENT, CONFIDENTIAL_SECRET, POST_CLIENT, POST_SECRET,
};
use tokenward::engine::api::Refusal;
use tokenward::model::client::{Client, ClientAuth};
use tokenward::model::credential::Generation;
use tokenward::model::health::HealthKind;
use tokenward::model::provider::{BodyFormat, RefreshBy};
use tokenward::secret::ClientSecret;

/// The one built-in client with a secret, authenticating so.
fn confidential(auth: ClientAuth) -> Client {
    let (id, secret) = match auth {
        ClientAuth::ClientSecretPost => (POST_CLIENT, POST_SECRET),
        _ => (CONFIDENTIAL_CLIENT, CONFIDENTIAL_SECRET),
    };
    Client::new(id, Some(ClientSecret::new(secret.to_owned())), auth)
}

#[tokio::test(flavor = "multi_thread")]
async fn json_bodies_are_sent_where_the_record_says_so() {
    let json = |quirks: &mut Quirks| quirks.demands.body = BodyRule::Json;
    let told = Scene::new(json).record(|it| it.body_format = BodyFormat::Json);
    told.start().await.refreshes_well().await;
    let untold = Scene::new(json).start().await;
    let what = (HealthKind::Misconfigured, "invalid_request");
    untold.fails(what, "", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn basic_authentication_is_sent_where_the_provider_demands_it() {
    let basic = |quirks: &mut Quirks| {
        quirks.demands.client_auth = Some(ClientAuth::ClientSecretBasic);
    };
    let right = Scene::new(basic).client(confidential(ClientAuth::ClientSecretBasic));
    right.start().await.refreshes_well().await;
    let wrong = Scene::new(basic).client(confidential(ClientAuth::ClientSecretPost));
    let what = (HealthKind::Misconfigured, "invalid_client");
    wrong.start().await.fails(what, "client", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_a_public_client_must_not_send_is_named_as_the_fault() {
    let secretive = Client::new(
        "demo-cli",
        Some(ClientSecret::new("stray-secret-marker".to_owned())),
        ClientAuth::ClientSecretPost,
    );
    let stage = Scene::new(|_| {}).client(secretive).start().await;
    let what = (HealthKind::Misconfigured, "invalid_client");
    let failure = stage.fails(what, "client", 1).await;
    assert!(!format!("{failure:?}").contains("stray-secret-marker"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_is_called_type_refresh_where_the_record_says_so() {
    let odd = |quirks: &mut Quirks| {
        quirks.demands.refresh = RefreshRule::TypeParameter;
        quirks.rotation = RotationRule::Never;
    };
    let told = Scene::new(odd).record(|it| {
        it.extra.refresh = [("type", "refresh"), ("grant_type", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    });
    told.start().await.refreshes_well().await;
    let what = (HealthKind::Misconfigured, "unsupported_grant_type");
    Scene::new(odd).start().await.fails(what, "", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refreshes_go_to_an_address_of_their_own_where_the_record_has_one() {
    let own = |quirks: &mut Quirks| quirks.demands.own_refresh_url = true;
    let told = Scene::new(own).record(|it| {
        let token = it.endpoints.token.clone().unwrap();
        it.endpoints.refresh = Some(token.replace("/token", "/refresh"));
    });
    told.start().await.refreshes_well().await;
    let what = (HealthKind::Misconfigured, "unsupported_grant_type");
    Scene::new(own).start().await.fails(what, "", 1).await;
}

fn exchanging() -> Scene {
    let scene = Scene::new(|quirks| {
        quirks.demands.refresh = RefreshRule::AccessToken("fb_exchange_token".to_owned());
        quirks.refresh_tokens = false;
    });
    scene
        .client(confidential(ClientAuth::ClientSecretPost))
        .record(|it| {
            let pair = ("grant_type".to_owned(), "fb_exchange_token".to_owned());
            it.extra.refresh = [pair].into();
            it.refresh_by = Some(RefreshBy {
                parameter: "fb_exchange_token".to_owned(),
                method: Some("GET".to_owned()),
            });
        })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_is_exchanged_while_it_lives_where_there_are_no_refresh_tokens() {
    let view = exchanging().aged(60).start().await.refreshes_well().await;
    assert!(!view.profile.has_refresh_token);
    let stage: Stage = exchanging().aged(200).start().await;
    let (view, failure) = stage.refresh().await;
    let failure = failure.expect("a token that is over cannot be exchanged");
    assert_eq!(view.health.kind(), HealthKind::NeedsLogin, "{failure:?}");
    assert_eq!(view.generation, Generation(1));
    assert_eq!(stage.control().counts().of(RequestKind::Refresh), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_that_is_not_for_public_clients_is_told_as_such_and_ends_nothing() {
    let stage = Scene::new(|quirks| quirks.revocation = RevocationRule::NotForPublicClients)
        .start()
        .await;
    let refused = revoke(&stage.engine().link(), "alice").await.unwrap_err();
    assert!(matches!(refused, Refusal::Failed { .. }), "{refused:?}");
    assert!(
        stage
            .control()
            .grants()
            .iter()
            .all(|found| !found.grant.revoked)
    );
}
