//! One test a quirk of refresh tokens: rotated or not, in grace, lost on the way, refused while fresh.

use crate::engine_rig::token;
use crate::profiles_rig::{Scene, Stage};
use std::time::Duration;
use tokenward::demo::quirks::{Fault, Quirks, RequestKind, RotationRule};
use tokenward::engine::api::Refusal;
use tokenward::model::credential::Generation;
use tokenward::model::health::HealthKind;

/// Refreshes twice; both times with what the provider gave last.
async fn twice(quirk: impl FnOnce(&mut Quirks)) -> Stage {
    let stage = Scene::new(quirk).start().await;
    for generation in 2..=3 {
        let (view, failure) = stage.refresh().await;
        assert_eq!(failure, None);
        assert_eq!(view.generation, Generation(generation));
    }
    let counts = stage.control().counts();
    assert_eq!((counts.refreshed, counts.replays), (2, 0));
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_use_token_is_used_once_and_the_next_one_is_stored() {
    let stage = twice(|quirks| quirks.rotation = RotationRule::SingleUse).await;
    let counts = stage.control().counts();
    assert_eq!(counts.refreshes_by_token.len(), 2);
    assert!(counts.refreshes_by_token.values().all(|uses| *uses == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_stays_the_same_is_used_again() {
    let stage = twice(|quirks| quirks.rotation = RotationRule::Never).await;
    assert_eq!(stage.control().counts().refreshes_by_token.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_refresh_token_in_the_answer_the_old_one_is_kept() {
    let mut stage = twice(|quirks| quirks.omit_refresh_token = true).await;
    assert_eq!(stage.control().counts().refreshes_by_token.len(), 1);
    let control = stage.control();
    let (_, secret) = stage.stored().await;
    assert!(control.is_live_refresh(secret.refresh.unwrap().expose_secret()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_replaced_while_the_old_one_lives_is_replaced_here_too() {
    let stage = twice(|quirks| quirks.rotation = RotationRule::Always).await;
    assert_eq!(stage.control().counts().refreshes_by_token.len(), 2);
}

/// The first refresh is processed, and its answer is lost.
async fn after_a_lost_answer(quirk: impl FnOnce(&mut Quirks)) -> Stage {
    let scene = Scene::new(|quirks| {
        quirk(quirks);
        *quirks = std::mem::take(quirks).failing(RequestKind::Refresh, 1, Fault::CloseAfter);
    });
    let stage = scene.start().await;
    let (view, failure) = stage.refresh().await;
    assert_eq!(failure.unwrap().code, "connection_cut");
    assert_eq!(view.health.kind(), HealthKind::Retrying);
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_after_rotation_is_had_again_within_the_grace() {
    let stage = after_a_lost_answer(|quirks| quirks.reuse_grace = Duration::from_secs(60)).await;
    let (view, failure) = stage.refresh().await;
    assert_eq!(failure, None);
    assert_eq!(
        (view.generation, view.health.kind()),
        (Generation(2), HealthKind::Fresh)
    );
    // What came is the successor that the provider had issued already.
    let counts = stage.control().counts();
    assert_eq!((counts.refreshes, counts.replays), (2, 0));
    let (_, failure) = stage.refresh().await;
    assert_eq!(failure, None, "and it works");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_where_the_token_stays_costs_one_more_request() {
    let stage = after_a_lost_answer(|quirks| quirks.rotation = RotationRule::Never).await;
    let (view, failure) = stage.refresh().await;
    assert_eq!((failure, view.generation), (None, Generation(2)));
    assert_eq!(stage.control().counts().refreshes, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_where_reuse_ends_the_family_asks_for_a_person_and_keeps_everything() {
    let mut stage = after_a_lost_answer(|quirks| quirks.reuse_detection = true).await;
    let (view, failure) = stage.refresh().await;
    let failure = failure.unwrap();
    assert_eq!(failure.code, "invalid_grant");
    assert_eq!(view.health.kind(), HealthKind::NeedsLogin, "{failure:?}");
    let counts = stage.control().counts();
    assert_eq!((counts.refreshes, counts.replays), (2, 1));
    // Nobody hammers a provider that has said no.
    let before = counts.refreshes;
    let (generation, secret) = stage.stored().await;
    assert_eq!(generation, Generation(1));
    assert!(secret.refresh.is_some());
    assert_eq!(stage.control().counts().refreshes, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_the_provider_would_refuse_as_too_early_is_not_sent() {
    let early = |quirks: &mut Quirks| quirks.refuse_early = Some(Duration::from_secs(30));
    // Of 120 seconds 100 are left.
    let known = Scene::new(early)
        .record(|it| it.earliest_refresh = Some(30))
        .aged(20)
        .start()
        .await;
    let refused = known.try_refresh().await.unwrap_err();
    assert!(matches!(refused, Refusal::Invalid { .. }), "{refused:?}");
    assert!(refused.hint().contains("as soon as the provider allows"));
    assert_eq!(known.control().counts().refreshes, 0);
    let late = Scene::new(early)
        .record(|it| it.earliest_refresh = Some(30))
        .aged(100);
    late.start().await.refreshes_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_was_too_early_unawares_costs_nothing_and_works_later() {
    let early = |quirks: &mut Quirks| quirks.refuse_early = Some(Duration::from_secs(30));
    let stage = Scene::new(early).aged(20).start().await;
    let (view, failure) = stage.refresh().await;
    let failure = failure.unwrap();
    assert_eq!(failure.code, "invalid_request");
    assert_ne!(view.health.kind(), HealthKind::NeedsLogin, "{failure:?}");
    stage.control().advance(Duration::from_secs(80));
    let (view, failure) = stage.refresh().await;
    assert_eq!((failure, view.generation), (None, Generation(2)));
    assert_eq!(stage.control().counts().replays, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_refresh_ends_the_access_token_before_it_the_new_one_is_handed_out() {
    let scene = Scene::new(|quirks| quirks.refresh_ends_access = true);
    let stage = scene.aged(0).start().await;
    let link = stage.engine().link();
    let before = token(&link, "alice").await.unwrap();
    assert!(stage.control().is_live(before.access.expose_secret()));
    let (_, failure) = stage.refresh().await;
    assert_eq!(failure, None);
    assert!(!stage.control().is_live(before.access.expose_secret()));
    let after = token(&link, "alice").await.unwrap();
    assert!(stage.control().is_live(after.access.expose_secret()));
    assert_eq!(stage.control().counts().refreshes, 1);
}
