//! One test a quirk of sign-ins: what comes back in the callback, what the pages want, what device flows leave out.

use crate::profiles_rig::{Scene, Stage};
use crate::raw_http::{self, Answer};
use std::time::Duration;
use tokenward::demo::demands::PkceRule;
use tokenward::demo::protocol::Offer;
use tokenward::demo::quirks::{Consent, Fault, IssRule, Quirks, RequestKind, StateRule};
use tokenward::demo::shape::{ExpiresInShape, Nesting};
use tokenward::model::credential::Flow;
use tokenward::model::failure::Failure;
use tokenward::model::provider::{Dpop, Pkce};

async fn stage(quirk: impl FnOnce(&mut Quirks)) -> Stage {
    Scene::new(quirk).empty().start().await
}

/// A sign-in over loopback that comes to nothing: nothing is stored, and no code was spent.
async fn refused(quirk: impl FnOnce(&mut Quirks)) -> Failure {
    let stage = stage(quirk).await;
    let failure = stage.sign_in(Flow::Loopback).await;
    let failure = failure.expect("the sign-in failed");
    assert!(!stage.has_credential().await);
    assert_eq!(stage.control().counts().of(RequestKind::Code), 0);
    failure
}

/// A sign-in that works, and one refresh after it.
async fn works(stage: &Stage, flow: Flow) {
    assert_eq!(stage.sign_in(flow).await, None);
    stage.control().advance(Duration::from_secs(115));
    let (_, failure) = stage.refresh().await;
    assert_eq!(failure, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_issuers_answer_is_refused_as_a_mix_up() {
    let failure = refused(|quirks| quirks.iss = IssRule::Wrong).await;
    assert_eq!(failure.code, "issuer_mix_up", "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_is_left_out_of_errors_only_is_borne() {
    let failure = refused(|quirks| {
        quirks.iss = IssRule::SuccessOnly;
        quirks.consent = Consent::Deny;
    })
    .await;
    assert_eq!(failure.code, "access_denied");
    works(
        &stage(|quirks| quirks.iss = IssRule::SuccessOnly).await,
        Flow::Loopback,
    )
    .await;
}

/// A browser that waits for the page at the end.
async fn browse(url: String) -> Answer {
    let visit = move || {
        let get = |url: &str| {
            let rest = url.strip_prefix("http://").unwrap();
            let (host, path) = rest.split_at(rest.find('/').unwrap());
            raw_http::send(&format!("http://{host}"), "GET", path, &[], "").unwrap()
        };
        get(&get(&url).headers["location"])
    };
    tokio::task::spawn_blocking(visit).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_a_wrong_or_without_a_state_is_turned_away_and_its_own_is_waited_for() {
    for rule in [StateRule::Wrong, StateRule::Missing] {
        let stage = stage(|quirks| {
            quirks.state = rule;
            quirks.consent = Consent::Allow("alice".to_owned());
        })
        .await;
        let mut events = stage.begin(Flow::Loopback).await;
        let url = stage.to_open(&mut events).await.unwrap();
        let turned_away = browse(url.clone()).await;
        assert!(turned_away.status >= 400, "{rule:?}: {turned_away:?}");
        assert_eq!(
            stage.control().counts().of(RequestKind::Code),
            0,
            "{rule:?}"
        );
        stage
            .control()
            .change_quirks(|quirks| quirks.state = StateRule::Same);
        assert_eq!(browse(url).await.status, 200);
        assert_eq!(stage.ended(&mut events).await, None);
        assert_eq!(stage.control().counts().of(RequestKind::Code), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_wants_of_the_person_first_is_named() {
    for error in ["consent_required", "interaction_required", "login_required"] {
        let failure = refused(|quirks| quirks.consent = Consent::Fail(error.to_owned())).await;
        assert_eq!(failure.code, error);
        assert!(!failure.cause.is_empty() && !failure.advice().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_pushed_where_that_is_offered_or_demanded() {
    for offer in [Offer::Offered, Offer::Required] {
        let stage = stage(|quirks| quirks.protocol.par = offer).await;
        works(&stage, Flow::Loopback).await;
        assert_eq!(
            stage.control().counts().of(RequestKind::Pushed),
            1,
            "{offer:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pkce_is_left_out_where_the_record_forbids_it() {
    let forbidden = |quirks: &mut Quirks| quirks.demands.pkce = PkceRule::Forbidden;
    let told = Scene::new(forbidden).record(|it| it.pkce = Pkce::Forbidden);
    works(&told.empty().start().await, Flow::Loopback).await;
    let failure = refused(forbidden).await;
    assert_eq!(failure.code, "invalid_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_go_out_with_commas_and_under_another_name_where_the_record_says_so() {
    let scene = Scene::new(|quirks| {
        quirks.demands.scope_separator = ',';
        quirks.demands.scope_parameter = "user_scope".to_owned();
    });
    let stage = scene
        .record(|it| {
            it.scope_separator = ',';
            it.scope_parameter = Some("user_scope".to_owned());
        })
        .empty()
        .start()
        .await;
    works(&stage, Flow::Loopback).await;
    assert_eq!(
        stage.view().await.profile.scopes,
        ["openid", "email", "read"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_refresh_token_comes_unless_it_is_asked_for_as_the_provider_wants() {
    let demanding = |quirks: &mut Quirks| {
        let pair = ("access_type".to_owned(), "offline".to_owned());
        quirks.demands.offline_parameter = Some(pair);
    };
    let bare = stage(demanding).await;
    assert_eq!(bare.sign_in(Flow::Loopback).await, None);
    assert!(!bare.view().await.profile.has_refresh_token);
    let told = Scene::new(demanding).record(|it| {
        let pair = ("access_type".to_owned(), "offline".to_owned());
        it.extra.authorize = [pair].into();
    });
    works(&told.empty().start().await, Flow::Loopback).await;

    let scoped = |quirks: &mut Quirks| {
        quirks.demands.offline_scope = Some("offline_access".to_owned());
    };
    let bare = stage(scoped).await;
    assert_eq!(bare.sign_in(Flow::Loopback).await, None);
    assert!(!bare.view().await.profile.has_refresh_token);
    let told = Scene::new(scoped).record(|it| {
        it.default_scopes.push("offline_access".to_owned());
        it.offline_scope = Some("offline_access".to_owned());
    });
    works(&told.empty().start().await, Flow::Loopback).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_the_provider_demands_comes_from_the_record() {
    let demanding = |quirks: &mut Quirks| {
        quirks.demands.authorize = vec![("audience".to_owned(), "api".to_owned())];
    };
    let failure = refused(demanding).await;
    assert_eq!(failure.code, "invalid_request");
    let told = Scene::new(demanding).record(|it| {
        it.extra.authorize = [("audience".to_owned(), "api".to_owned())].into();
    });
    works(&told.empty().start().await, Flow::Loopback).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_in_authed_user_are_kept_and_refreshed_from_the_top() {
    let scene = Scene::new(|quirks| {
        quirks.shape.nested = Some(Nesting {
            member: "authed_user".to_owned(),
            on_refresh: false,
        });
        quirks.shape.success_flag = Some("ok".to_owned());
    });
    let stage = scene
        .record(|it| {
            it.token_at = Some("/authed_user".to_owned());
            it.success_flag = Some("/ok".to_owned());
        })
        .empty()
        .start()
        .await;
    works(&stage, Flow::Loopback).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_whose_answer_names_the_moment_of_expiry_keeps_it() {
    let stage = stage(|quirks| quirks.expires_in = ExpiresInShape::ExpiresAt).await;
    assert_eq!(stage.sign_in(Flow::Loopback).await, None);
    let profile = stage.view().await.profile;
    let life = profile.expires_at.unwrap().since(profile.issued_at);
    assert!((115..=121).contains(&life.as_secs()), "{life:?}");
}

/// A device sign-in that a person answers so.
async fn by_device(quirk: impl FnOnce(&mut Quirks), consent: Consent) -> (Stage, Option<Failure>) {
    let stage = stage(|quirks| {
        quirk(quirks);
        quirks.consent = consent;
    })
    .await;
    let outcome = stage.sign_in(Flow::Device).await;
    (stage, outcome)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_answer_of_googles_kind_without_an_interval_is_understood() {
    let quirk = |quirks: &mut Quirks| {
        quirks.verification_url = true;
        quirks.tell_interval = false;
    };
    let (stage, failure) = by_device(quirk, Consent::Allow("alice".to_owned())).await;
    assert_eq!(failure, None);
    assert!(stage.has_credential().await);
    assert_eq!(stage.control().counts().of(RequestKind::DevicePoll), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_device_code_ends_the_sign_in_at_once() {
    let (stage, failure) = by_device(|_| {}, Consent::Deny).await;
    assert_eq!(failure.unwrap().code, "access_denied");
    assert_eq!(stage.control().counts().of(RequestKind::DevicePoll), 1);
    assert!(!stage.has_credential().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_code_that_dies_early_is_called_expired() {
    let quirk = |quirks: &mut Quirks| {
        quirks.device_lifetime = Duration::from_secs(600);
        let fault = Fault::Error {
            status: 400,
            error: "expired_token".to_owned(),
        };
        *quirks = std::mem::take(quirks).failing(RequestKind::DevicePoll, 1, fault);
    };
    let (stage, failure) = by_device(quirk, Consent::Ask).await;
    let failure = failure.unwrap();
    assert_eq!(failure.code, "expired_token");
    assert!(failure.advice().contains("tart the sign-in again"));
    assert_eq!(stage.control().counts().of(RequestKind::DevicePoll), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_down_makes_the_next_question_wait_longer() {
    let quirk = |quirks: &mut Quirks| quirks.slow_down_once = true;
    let (stage, failure) = by_device(quirk, Consent::Allow("alice".to_owned())).await;
    assert_eq!(failure, None);
    let polls: Vec<_> = stage
        .control()
        .requests()
        .into_iter()
        .filter(|request| request.kind == RequestKind::DevicePoll)
        .collect();
    assert_eq!(polls.len(), 2, "the code was allowed already");
    // One second by the answer, five more by RFC 8628 3.5.
    let pause = polls[1].at.since(polls[0].at);
    assert!(pause >= Duration::from_millis(5_900), "{pause:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_bound_to_a_key_where_the_provider_demands_it_nonces_and_all() {
    let scene = Scene::new(|quirks| {
        quirks.protocol.dpop = Offer::Required;
        quirks.protocol.nonces.server = true;
        quirks.protocol.nonces.life = Duration::ZERO;
    });
    let stage = scene
        .record(|it| it.dpop = Dpop::Required)
        .empty()
        .start()
        .await;
    assert_eq!(stage.sign_in(Flow::Loopback).await, None);
    let view = stage.view().await;
    assert_eq!(view.profile.token_type, "DPoP");
    assert!(view.profile.bound_to.is_some());
    let (view, failure) = stage.refresh().await;
    assert_eq!(failure, None);
    assert_eq!(view.profile.token_type, "DPoP");
    // Each nonce is good for one proof: the code and the refresh were each asked twice at the most, and none was spent.
    let counts = stage.control().counts();
    assert!(
        counts.of(RequestKind::Code) <= 2 && counts.refreshes <= 2,
        "{counts:?}"
    );
    assert_eq!((counts.refreshed, counts.replays), (1, 0));
}
