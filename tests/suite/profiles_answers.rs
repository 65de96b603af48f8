//! One test a quirk of answers: what the user sees, what is stored, how many requests went out.

use crate::profiles_rig::Scene;
use std::time::Duration;
use tokenward::clock;
use tokenward::demo::quirks::{Fault, Quirks, RequestKind, RetryAfter};
use tokenward::demo::shape::{
    ErrorShape, ExpiresInShape, Nesting, ReuseAnswer, ScopeShape, TokenTypeShape,
};
use tokenward::model::credential::Generation;
use tokenward::model::health::{Health, HealthKind};
use tokenward::model::provider::ExpiresInUnit;

fn fault(fault: Fault) -> Scene {
    Scene::new(|quirks| {
        *quirks = std::mem::take(quirks).failing(RequestKind::Refresh, 1, fault);
    })
}

/// The grant was ended, so that a refresh is refused.
async fn dead(scene: Scene) -> crate::profiles_rig::Stage {
    let stage = scene.start().await;
    for found in stage.control().grants() {
        stage.control().revoke(found.id);
    }
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_encoded_answer_is_read() {
    let scene = Scene::new(|quirks| quirks.form_encoded = true);
    let view = scene.start().await.refreshes_well().await;
    assert_eq!(view.health.kind(), HealthKind::Fresh);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_with_status_200_is_an_error() {
    let stage = dead(Scene::new(|quirks| quirks.errors_with_200 = true)).await;
    let what = (HealthKind::NeedsLogin, "invalid_grant");
    stage.fails(what, "revoked", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nested_tokens_are_found_where_the_record_says() {
    let nested = |quirks: &mut Quirks| {
        quirks.shape.nested = Some(Nesting {
            member: "authed_user".to_owned(),
            on_refresh: true,
        });
    };
    let known = Scene::new(nested).record(|it| it.token_at = Some("/authed_user".to_owned()));
    known.start().await.refreshes_well().await;
    let unknown = Scene::new(nested).start().await;
    let (view, failure) = unknown.refresh().await;
    assert_eq!(failure.unwrap().code, "unreadable_reply");
    assert_eq!(
        view.health.kind(),
        HealthKind::Retrying,
        "nobody is signed out for that"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_flag_that_says_no_is_believed_over_the_status() {
    let flagged = |errors: ErrorShape| {
        let scene = Scene::new(|quirks| {
            quirks.shape.success_flag = Some("ok".to_owned());
            quirks.shape.errors = errors;
        });
        scene.record(|it| it.success_flag = Some("/ok".to_owned()))
    };
    let well = flagged(ErrorShape::Standard).start().await;
    well.refreshes_well().await;
    let what = (HealthKind::NeedsLogin, "invalid_grant");
    let coded = dead(flagged(ErrorShape::Standard)).await;
    coded.fails(what, "revoked", 1).await;
    // Nothing but the flag says that it failed: that is no reason to sign anybody out.
    let what = (HealthKind::Retrying, "http_200");
    dead(flagged(ErrorShape::Words))
        .await
        .fails(what, "", 1)
        .await;
}

/// Seconds that the new access token lives.
async fn life(shape: ExpiresInShape, scene: fn(Scene) -> Scene) -> Option<u64> {
    let scene = scene(Scene::new(|quirks| quirks.expires_in = shape));
    let view = scene.start().await.refreshes_well().await;
    let expires_at = view.profile.expires_at?;
    Some(expires_at.since(view.profile.issued_at).as_secs())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expiry_is_read_in_every_shape() {
    for (shape, tolerance) in [
        (ExpiresInShape::Seconds, 0),
        (ExpiresInShape::Text, 0),
        (ExpiresInShape::ClockTime, 0),
        // Moments in whole seconds, told by another clock.
        (ExpiresInShape::ExpiresAt, 2),
        (ExpiresInShape::ExpiresAtText, 2),
    ] {
        let read = life(shape, |scene| scene).await.unwrap();
        assert!((120 - tolerance..=120).contains(&read), "{shape:?}: {read}");
    }
    let milliseconds =
        |scene: Scene| scene.record(|it| it.expires_in_unit = ExpiresInUnit::Milliseconds);
    assert_eq!(
        life(ExpiresInShape::Milliseconds, milliseconds).await,
        Some(120)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_expiry_is_what_the_record_assumes_or_none() {
    let assumed = |scene: Scene| scene.record(|it| it.assumed_expires_in = Some(77));
    assert_eq!(life(ExpiresInShape::Missing, assumed).await, Some(77));
    assert_eq!(life(ExpiresInShape::Missing, |scene| scene).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_odd_token_type_is_a_bearer_token() {
    for shape in [
        TokenTypeShape::Missing,
        TokenTypeShape::LowerCase,
        TokenTypeShape::User,
    ] {
        let scene = Scene::new(|quirks| quirks.token_type = shape);
        let view = scene.start().await.refreshes_well().await;
        assert_eq!(view.profile.token_type, "Bearer", "{shape:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_are_read_with_commas_as_a_list_and_kept_when_unsaid() {
    for shape in [ScopeShape::Commas, ScopeShape::Array, ScopeShape::Missing] {
        let scene = Scene::new(|quirks| quirks.scope = shape).scopes(&["read", "write"]);
        let view = scene.start().await.refreshes_well().await;
        assert_eq!(view.profile.scopes, ["read", "write"], "{shape:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_order_mark_is_skipped() {
    let scene = Scene::new(|quirks| quirks.shape.bom = true);
    scene.start().await.refreshes_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_answer_is_read_though_nobody_asked_for_it() {
    let scene = Scene::new(|quirks| quirks.shape.compressed = true);
    scene.start().await.refreshes_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_providers_clock_that_is_hours_off_moves_no_expiry() {
    for off in [-7 * 3600, 7 * 3600] {
        let scene = Scene::new(|quirks| quirks.shape.date_off = off);
        let view = scene.start().await.refreshes_well().await;
        let left = view.profile.expires_at.unwrap().since(clock::now());
        assert!((60..=120).contains(&left.as_secs()), "{off}: {left:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_echoes_the_token_shows_nothing_of_it() {
    let stage = dead(Scene::new(|quirks| quirks.echo_token = true)).await;
    let what = (HealthKind::NeedsLogin, "invalid_grant");
    let failure = stage.fails(what, "revoked", 1).await;
    let shown = format!("{failure:?}");
    assert!(failure.provider_words.is_some(), "{shown}");
    assert!(!shown.contains("demo_rt_"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_without_a_body_asks_for_a_person_and_says_so() {
    let stage = dead(Scene::new(|quirks| quirks.empty_errors = true)).await;
    let what = (HealthKind::NeedsLogin, "http_400");
    stage.fails(what, "without saying why", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_megabytes_are_not_read_to_their_end() {
    let scene = Scene::new(|quirks| quirks.huge_body = true);
    let what = (HealthKind::Retrying, "reply_too_large");
    scene
        .start()
        .await
        .fails(what, "more than an answer may hold", 1)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_slow_body_is_left_when_its_time_is_up() {
    let what = (HealthKind::Retrying, "timeout");
    let stage = fault(Fault::EndlessBody).start().await;
    stage.fails(what, "no whole answer in time", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_in_mid_body_is_told_from_an_answer() {
    let what = (HealthKind::Retrying, "connection_cut");
    let stage = fault(Fault::CutBody).start().await;
    stage.fails(what, "before its answer was whole", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_forms_of_retry_after_are_obeyed() {
    for form in [RetryAfter::Seconds(50), RetryAfter::Date(50)] {
        let stage = fault(Fault::Status {
            status: 429,
            retry_after: Some(form),
        })
        .start()
        .await;
        let (view, failure) = stage.refresh().await;
        assert_eq!(failure.unwrap().code, "http_429");
        let Health::RateLimited { until } = view.health else {
            panic!("{:?}", view.health);
        };
        let wait = until.since(clock::now()).as_secs();
        // The wait is spread a little, so that not everybody comes back at once.
        assert!((45..=60).contains(&wait), "{form:?}: {wait}");
        // Who asks again is told so, and the provider is not asked.
        let (_, again) = stage.refresh().await;
        assert!(again.is_some());
        assert_eq!(stage.control().counts().refreshes, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_503_with_a_page_is_trouble_that_passes() {
    let stage = fault(Fault::Status {
        status: 503,
        retry_after: None,
    })
    .start()
    .await;
    let what = (HealthKind::Retrying, "http_503");
    let failure = stage.fails(what, "having trouble", 1).await;
    assert_eq!(failure.provider_words, None, "a page is no words");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_to_another_host_is_not_followed() {
    let scene = Scene::new(|quirks| quirks.redirect_token_endpoint = true);
    let what = (HealthKind::Retrying, "http_307");
    scene
        .start()
        .await
        .fails(what, "never sent after one", 1)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_providers_own_code_for_a_dead_token_asks_for_a_person() {
    for own in ["bad_refresh_token", "invalid_refresh_token"] {
        let stage = dead(Scene::new(|quirks| {
            let own = ("invalid_grant".to_owned(), own.to_owned());
            quirks.shape.own_errors = [own].into();
            quirks.errors_with_200 = true;
        }))
        .await;
        let what = (HealthKind::NeedsLogin, own);
        stage.fails(what, "ign in again", 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_microsofts_and_of_metas_shape_are_read() {
    let microsoft = Scene::new(|quirks| quirks.shape.errors = ErrorShape::Microsoft);
    let what = (HealthKind::NeedsLogin, "invalid_grant");
    dead(microsoft).await.fails(what, "ign in again", 1).await;
    let meta = dead(Scene::new(|quirks| {
        quirks.shape.errors = ErrorShape::Nested
    }))
    .await;
    let (view, failure) = meta.refresh().await;
    assert_eq!(view.health.kind(), HealthKind::NeedsLogin, "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_token_that_is_answered_with_401_asks_for_a_person_and_not_for_a_setting() {
    for error in ["invalid_grant", "refresh_token_reused"] {
        let scene = Scene::new(|quirks| {
            quirks.shape.reuse = Some(ReuseAnswer {
                status: 401,
                error: error.to_owned(),
            });
        });
        let mut stage = scene.start().await;
        stage.spend_behind().await;
        let (view, failure) = stage.refresh().await;
        let failure = failure.unwrap();
        assert_eq!(failure.code, error);
        assert_eq!(view.health.kind(), HealthKind::NeedsLogin, "{failure:?}");
        assert!(failure.cause.contains("already used"), "{failure:?}");
        assert_eq!(stage.stored().await.0, Generation(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_after_a_while_is_waited_for() {
    let scene = Scene::new(|quirks| quirks.answer_delay = Duration::from_millis(300));
    scene.start().await.refreshes_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captive_portal_is_trouble_that_passes_and_no_reason_to_sign_in() {
    let what = (HealthKind::Retrying, "unreadable_reply");
    let stage = fault(Fault::CaptivePortal).start().await;
    stage.fails(what, "web page", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_left_when_its_time_is_up_and_a_closed_connection_at_once() {
    let what = (HealthKind::Retrying, "timeout");
    let stage = fault(Fault::Hang).start().await;
    stage.fails(what, "no whole answer in time", 1).await;
    let stage = fault(Fault::CloseBefore).start().await;
    let (view, failure) = stage.refresh().await;
    assert_eq!(failure.unwrap().code, "connection_cut");
    assert_eq!(view.health.kind(), HealthKind::Retrying);
    let (view, failure) = stage.refresh().await;
    assert_eq!(
        (failure, view.generation),
        (None, Generation(2)),
        "it was not spent"
    );
}
