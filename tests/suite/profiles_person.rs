//! One test a quirk of who signed in and which client asked: account names, forged ID tokens, registration.

use crate::profiles_rig::{Scene, Stage};
use std::collections::BTreeMap;
use tokenward::demo::protocol::{Protocol, RegistrationRule};
use tokenward::demo::quirks::{Quirks, RequestKind};
use tokenward::demo::settings::INITIAL_ACCESS_TOKEN;
use tokenward::demo::shape::{Nesting, UserInfoShape};
use tokenward::model::provider::Provider;
use tokenward::model::signin::RegisterWish;
use tokenward::secret::RegistrationToken;

/// Signs in without saying under which name; gives the name that came of it.
async fn named(quirk: impl FnOnce(&mut Quirks), record: fn(&mut Provider)) -> String {
    // Without the scope openid nothing but userinfo or the answer itself tells.
    let scene = Scene::new(quirk).record(|it| it.default_scopes = vec!["read".to_owned()]);
    let stage = scene.record(record).empty().start().await;
    assert_eq!(stage.sign_in_with(|_| {}).await, None);
    let names = stage.names().await;
    assert_eq!(names.len(), 1);
    names[0].clone()
}

fn point_to(account_at: &str) -> Vec<String> {
    vec![account_at.to_owned()]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_is_the_login_of_a_userinfo_of_githubs_kind() {
    let login = |quirks: &mut Quirks| quirks.shape.userinfo = UserInfoShape::Login;
    let name = named(login, |it| it.account_at = point_to("/login")).await;
    assert_eq!(name, "demo/alice");
    let data = |quirks: &mut Quirks| quirks.shape.userinfo = UserInfoShape::Data;
    let name = named(data, |it| it.account_at = point_to("/data/username")).await;
    assert_eq!(name, "demo/alice");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_is_in_the_answer_where_the_record_says_so() {
    let nested = |quirks: &mut Quirks| {
        quirks.shape.nested = Some(Nesting {
            member: "authed_user".to_owned(),
            on_refresh: false,
        });
    };
    let name = named(nested, |it| {
        it.token_at = Some("/authed_user".to_owned());
        it.account_in_reply = point_to("/authed_user/id");
        it.endpoints.userinfo = None;
    });
    assert_eq!(name.await, "demo/alice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_userinfo_that_wants_a_post_and_a_header_is_asked_so() {
    let strict = |quirks: &mut Quirks| {
        quirks.shape.userinfo = UserInfoShape::Login;
        quirks.demands.userinfo_by_post = true;
        quirks.demands.userinfo_header = Some(("x-version".to_owned(), "7".to_owned()));
    };
    let name = named(strict, |it| {
        it.account_at = point_to("/login");
        it.userinfo_request.method = Some("POST".to_owned());
        it.userinfo_request.headers = [("X-Version".to_owned(), "7".to_owned())].into();
    });
    assert_eq!(name.await, "demo/alice");
    let name = named(strict, |it| it.account_at = point_to("/login")).await;
    assert_eq!(name, "demo/default", "who is not told is not guessed at");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_id_token_ends_the_sign_in_and_nothing_is_stored() {
    let stage = Scene::new(|quirks| quirks.protocol.forged_id_tokens = true)
        .empty()
        .start()
        .await;
    let failure = stage.sign_in_with(|_| {}).await.expect("it is refused");
    assert!(failure.cause.contains("signature"), "{failure:?}");
    assert!(stage.names().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_programs_need_beside_the_token_is_kept_at_sign_in_and_at_refresh() {
    let scene = Scene::new(|quirks| {
        let pair = ("instance_url".to_owned(), "https://eu7.example".to_owned());
        quirks.shape.more = [pair].into();
    });
    let stage = scene
        .record(|it| it.keep = vec!["/instance_url".to_owned()])
        .empty()
        .start()
        .await;
    assert_eq!(
        stage
            .sign_in_with(|it| it.account = Some("alice".to_owned()))
            .await,
        None
    );
    let kept = BTreeMap::from([("instance_url".to_owned(), "https://eu7.example".to_owned())]);
    assert_eq!(stage.view().await.profile.kept, kept);
    let (view, failure) = stage.refresh().await;
    assert_eq!((failure, &view.profile.kept), (None, &kept));
    // The provider moves the account elsewhere, and says so in the answer to a refresh.
    let moved = BTreeMap::from([("instance_url".to_owned(), "https://eu8.example".to_owned())]);
    for said in [moved.clone(), BTreeMap::new()] {
        stage
            .control()
            .change_quirks(|quirks| quirks.shape.more = said.into_iter().collect());
        let (view, failure) = stage.refresh().await;
        assert_eq!((failure, &view.profile.kept), (None, &moved));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clients_id_goes_under_the_name_that_the_record_has_for_it() {
    let odd = |quirks: &mut Quirks| quirks.demands.client_id_parameter = "client_key".to_owned();
    let scene = Scene::new(odd).record(|it| it.client_id_parameter = Some("client_key".to_owned()));
    let stage = scene.empty().start().await;
    assert_eq!(
        stage
            .sign_in_with(|it| it.account = Some("alice".to_owned()))
            .await,
        None
    );
    let (_, failure) = stage.refresh().await;
    assert_eq!(failure, None);
}

/// A sign-in that registers its own client first.
async fn registered(speak: impl FnOnce(&mut Protocol), token: Option<&str>) -> (Stage, bool) {
    let scene = Scene::new(|quirks| speak(&mut quirks.protocol)).without_client();
    let stage = scene.empty().start().await;
    let token = token.map(|token| RegistrationToken::new(token.to_owned()));
    let failure = stage.sign_in_with(|request| {
        request.account = Some("alice".to_owned());
        request.register = Some(RegisterWish { token });
    });
    let worked = match failure.await {
        None => true,
        Some(failure) => {
            assert!(!failure.cause.is_empty() && !failure.advice().is_empty());
            false
        }
    };
    (stage, worked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_registered_whatever_the_status_and_a_stray_secret_is_not_sent() {
    let (stage, worked) = registered(
        |protocol| {
            protocol.registration_status = 200;
            protocol.stray_secret = true;
        },
        None,
    )
    .await;
    assert!(worked);
    assert_eq!(stage.control().registered_clients(), 1);
    let (_, failure) = stage.refresh().await;
    assert_eq!(failure, None, "nor at a refresh");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_that_wants_a_token_first_gets_the_one_that_was_given() {
    let closed = |protocol: &mut Protocol| {
        protocol.registration = RegistrationRule::InitialToken;
    };
    let (stage, worked) = registered(closed, Some(INITIAL_ACCESS_TOKEN)).await;
    assert!(worked);
    assert_eq!(stage.control().registered_clients(), 1);
    let (stage, worked) = registered(closed, None).await;
    assert!(!worked);
    assert_eq!(stage.control().registered_clients(), 0);
    assert_eq!(stage.control().counts().of(RequestKind::Code), 0);
    assert!(stage.names().await.is_empty());
}
