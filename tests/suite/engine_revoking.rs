//! Revoking: told in the end however long the provider is away, and proved where somebody can be asked.

use crate::engine_bench::{Bench, HOUR, failure, name, transient};
use crate::engine_rig::{Rig, eventually, on_demand, revoke, show, token};
use std::time::Duration;
use tokenward::demo::quirks::{Fault, Quirks, RequestKind, RevocationRule};
use tokenward::engine::api::{Refusal, RevokeOutcome};
use tokenward::engine::settings::EngineSettings;
use tokenward::engine::step::{CallerId, Effect, Input};
use tokenward::model::credential::{CredentialId, Generation, Profile, Standing};
use tokenward::model::event::Happening;
use tokenward::model::failure::{Errand, FailureClass};
use tokenward::model::health::HealthKind;
use tokenward::model::inquiry::Liveness;
use tokenward::model::provider::Revocation;
use tokenward::vault::store::StoredProfile;

const REVOKER: CallerId = CallerId(99);

fn ask_to_revoke(bench: &mut Bench) {
    bench.give(Input::RevokeAsked {
        caller: REVOKER,
        name: name(1),
        within: None,
    });
}

fn is_told(bench: &mut Bench) -> bool {
    bench
        .find(|wish| matches!(wish, Effect::Revoke { .. }).then_some(()))
        .is_some()
}

fn end(bench: &mut Bench, outcome: Result<RevokeOutcome, Refusal>) {
    bench.give(Input::RevokeEnded {
        id: CredentialId(1),
        generation: Generation(1),
        outcome,
    });
}

fn unreachable() -> Result<RevokeOutcome, Refusal> {
    let failure = transient();
    Err(Refusal::Failed { failure })
}

fn confirmed(proof: Liveness) -> Result<RevokeOutcome, Refusal> {
    Ok(RevokeOutcome::Confirmed { proof })
}

fn standing(bench: &Bench) -> Standing {
    let view = bench.core.view(CredentialId(1), bench.now).unwrap();
    view.profile.standing.clone()
}

fn is_withheld(bench: &mut Bench) -> bool {
    let caller = bench.ask(1, 0, 30);
    matches!(bench.answer(caller), Some(Err(Refusal::Revoked { .. })))
}

#[test]
fn from_the_first_moment_nothing_is_handed_out_and_the_wish_is_on_disk() {
    let mut bench = Bench::aged(10);
    ask_to_revoke(&mut bench);
    let written = bench.find(|wish| match wish {
        Effect::WriteProfile { profile, .. } => Some(profile.standing.clone()),
        _ => None,
    });
    assert!(matches!(written, Some(Standing::Revoking { tries: 0, .. })));
    assert!(
        bench
            .find(|wish| matches!(wish, Effect::Withdraw(_)).then_some(()))
            .is_some()
    );
    assert!(is_told(&mut bench) && is_withheld(&mut bench));
    assert_eq!(bench.kind(1), HealthKind::Revoking);
}

#[test]
fn a_provider_that_cannot_be_reached_is_told_again_until_it_is() {
    let mut bench = Bench::aged(10);
    ask_to_revoke(&mut bench);
    let mut pauses = Vec::new();
    for tries in 1..=12 {
        assert!(is_told(&mut bench), "{tries}");
        end(&mut bench, unreachable());
        let Standing::Revoking {
            tries: so_far,
            next,
            ..
        } = standing(&bench)
        else {
            panic!("{:?}", standing(&bench))
        };
        assert_eq!(so_far, tries);
        assert!(is_withheld(&mut bench));
        pauses.push(bench.now.until(next));
        bench.pass_to_wake();
    }
    assert!(pauses[11] > pauses[0] && pauses[11] <= Duration::from_secs(15 * 60));
    assert!(is_told(&mut bench));
    end(&mut bench, confirmed(Liveness::Dead));
    assert!(matches!(
        standing(&bench),
        Standing::Revoked {
            proof: Liveness::Dead,
            ..
        }
    ));
    bench.pass(30 * 86_400);
    assert!(!is_told(&mut bench) && bench.spend().is_none());
}

#[test]
fn who_asked_is_told_at_once_that_the_provider_could_not_be() {
    let mut bench = Bench::aged(10);
    ask_to_revoke(&mut bench);
    end(&mut bench, unreachable());
    let answer = bench.answer(REVOKER);
    assert!(
        matches!(answer, Some(Err(Refusal::Failed { .. }))),
        "{answer:?}"
    );
    let told = bench.find(|wish| match wish {
        Effect::Happened(activity) => match &activity.what {
            Happening::RevokeFailed { next, .. } => Some(next.is_some()),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(told, Some(true));
}

#[test]
fn the_wish_outlives_a_restart_and_one_command_does_not_wait_for_it() {
    let mut bench = Bench::aged(10);
    ask_to_revoke(&mut bench);
    end(&mut bench, unreachable());
    let kept = bench.core.view(CredentialId(1), bench.now).unwrap().profile;
    let restarted = |settings: &EngineSettings| {
        let mut again = Bench::with(settings, Vec::new(), Vec::new());
        again.now = bench.now.plus(Duration::from_secs(HOUR));
        again.give(Input::Loaded {
            profiles: vec![StoredProfile {
                id: CredentialId(1),
                generation: Generation(1),
                profile: Profile::clone(&kept),
            }],
            total: 1,
        });
        again.pass(1);
        again
    };
    let mut owner = restarted(&EngineSettings::default());
    assert!(is_told(&mut owner));
    let mut command = restarted(&EngineSettings {
        is_for_a_moment: true,
        ..EngineSettings::default()
    });
    command.pass(HOUR);
    assert!(!is_told(&mut command) && is_withheld(&mut command));
    ask_to_revoke(&mut command);
    assert!(is_told(&mut command), "but it tells when it is asked to");
    end(&mut command, unreachable());
    let Some(Err(Refusal::Failed { failure })) = command.answer(REVOKER) else {
        panic!("it was refused")
    };
    assert_eq!(failure.errand, Errand::AskedRevocation);
}

#[test]
fn a_provider_that_refuses_leaves_the_credential_as_it_was() {
    let mut bench = Bench::aged(10);
    ask_to_revoke(&mut bench);
    let refused = Refusal::Failed {
        failure: failure(FailureClass::Misconfigured, "http_401"),
    };
    end(&mut bench, Err(refused));
    assert_eq!(standing(&bench), Standing::Active);
    let caller = bench.ask(1, 0, 30);
    assert_eq!(bench.answer(caller), Some(Ok(())));
    bench.pass(HOUR);
    assert!(bench.spend().is_some(), "it is refreshed again");
}

#[test]
fn what_was_seen_alive_may_be_revoked_again() {
    let mut bench = Bench::aged(10);
    ask_to_revoke(&mut bench);
    assert!(is_told(&mut bench));
    end(&mut bench, confirmed(Liveness::Alive));
    ask_to_revoke(&mut bench);
    assert!(is_told(&mut bench));
    end(&mut bench, confirmed(Liveness::Unknown));
    bench.answer(REVOKER);
    bench.answer(REVOKER);
    ask_to_revoke(&mut bench);
    assert!(!is_told(&mut bench));
}

/// Revokes through the running engine at a provider whose record was changed.
async fn proof(change: fn(&mut tokenward::model::provider::Provider), quirks: Quirks) -> Liveness {
    let rig = Rig::with_record(quirks, &[("alice", 0)], change).await;
    let engine = rig.start(on_demand());
    let outcome = revoke(&engine.link(), "alice").await.unwrap();
    let view = show(&engine.link(), "alice").await.unwrap();
    let Standing::Revoked { proof, .. } = view.profile.standing else {
        panic!("{:?}", view.profile.standing)
    };
    assert_eq!(outcome.proof(), proof);
    engine.shutdown().await;
    proof
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_proved_dead_by_introspection_else_by_a_refresh_that_is_refused() {
    let by_introspection = proof(|_| {}, Quirks::default()).await;
    assert_eq!(by_introspection, Liveness::Dead);
    let by_refresh = proof(
        |record| {
            record.endpoints.introspection = None;
            record.endpoints.userinfo = None;
        },
        Quirks::default(),
    )
    .await;
    assert_eq!(by_refresh, Liveness::Dead);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_without_revocation_leaves_them_alive_and_nothing_is_spent_for_the_proof() {
    let alive = proof(
        |record| {
            record.revocation = Revocation::Page {
                url: "https://p.example/apps".to_owned(),
            }
        },
        Quirks::default(),
    )
    .await;
    assert_eq!(alive, Liveness::Alive);
    let unknown = proof(
        |record| {
            record.revocation = Revocation::Page {
                url: "https://p.example/apps".to_owned(),
            };
            record.endpoints.introspection = None;
            record.endpoints.userinfo = None;
        },
        Quirks::default(),
    )
    .await;
    assert_eq!(unknown, Liveness::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_comes_back_is_told_by_the_next_owner() {
    let rig = Rig::new(Quirks::default(), &[("alice", 0)]).await;
    let fault = Fault::Status {
        status: 503,
        retry_after: None,
    };
    rig.control()
        .fail_next(RequestKind::Revoke, u32::MAX, fault);
    let engine = rig.start(on_demand());
    let refused = revoke(&engine.link(), "alice").await.unwrap_err();
    assert!(matches!(refused, Refusal::Failed { .. }), "{refused:?}");
    let refused = token(&engine.link(), "alice").await.unwrap_err();
    assert!(matches!(refused, Refusal::Revoked { .. }), "{refused:?}");
    engine.shutdown().await;
    rig.control().change_quirks(|quirks| quirks.faults.clear());
    let mut settings = on_demand();
    settings.limits.backoff_first = Duration::from_millis(10);
    let engine = rig.start(settings);
    let link = engine.link();
    eventually(|| rig.control().counts().of(RequestKind::Revoke) >= 2).await;
    loop {
        let view = show(&link, "alice").await.unwrap();
        if let Standing::Revoked { proof, .. } = view.profile.standing {
            assert_eq!(proof, Liveness::Dead);
            break;
        }
    }
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_client_that_may_not_revoke_is_told_so() {
    let quirks = Quirks {
        revocation: RevocationRule::NotForPublicClients,
        ..Quirks::default()
    };
    let rig = Rig::new(quirks, &[("alice", 0)]).await;
    let engine = rig.start(on_demand());
    let Err(Refusal::Failed { failure }) = revoke(&engine.link(), "alice").await else {
        panic!("it was refused")
    };
    assert_eq!(failure.class, FailureClass::Misconfigured);
    assert!(
        failure.cause.contains("a public client"),
        "{}",
        failure.cause
    );
    assert!(token(&engine.link(), "alice").await.is_ok(), "it lives on");
    engine.shutdown().await;
}
