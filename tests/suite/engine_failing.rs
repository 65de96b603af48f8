//! The pure core when something fails: the provider, the network, the vault, a crash before.

use crate::engine_bench::{Bench, HOUR, START, dead, failure, profile, transient, trouble};
use std::time::Duration;
use tokenward::engine::api::Refusal;
use tokenward::engine::step::{Effect, Input, RotateOutcome, SpendOutcome, TokenChoice};
use tokenward::model::credential::{CredentialId, Generation};
use tokenward::model::event::Happening;
use tokenward::model::failure::{Failure, FailureClass};
use tokenward::model::fingerprint::Fingerprint;
use tokenward::model::health::{Health, HealthKind};
use tokenward::model::likely::{Evidence, LikelyCause};
use tokenward::vault::store::Spending;

#[test]
fn a_refresh_is_tried_again_and_again_after_passing_failures() {
    let mut bench = Bench::aged(HOUR + 1);
    for attempt in 1..=20 {
        bench.fail(transient());
        assert_eq!(bench.kind(1), HealthKind::Retrying, "attempt {attempt}");
        bench.pass_to_wake();
    }
    bench.succeed();
    assert_eq!(bench.kind(1), HealthKind::Fresh);
    let view = bench.core.view(CredentialId(1), bench.now).unwrap();
    assert_eq!(view.profile.failures_in_a_row, 0);
}

#[test]
fn a_refused_refresh_token_is_told_with_its_likely_causes_and_its_life_is_remembered() {
    let mut old = profile(1, "h", HOUR + 1);
    old.signed_in_at = START.minus(Duration::from_secs(7 * 86_400));
    old.test_life = Some(7 * 86_400);
    let mut bench = Bench::new(vec![old], Vec::new());
    let open = Evidence {
        is_open: true,
        clock_ahead_secs: Some(4000),
        ..Evidence::default()
    };
    bench.fail(dead().with_evidence(open));
    let view = bench.core.view(CredentialId(1), bench.now).unwrap();
    let Health::NeedsLogin { cause } = &view.health else {
        panic!("{:?}", view.health)
    };
    let causes: Vec<_> = cause.likely().iter().map(|it| it.cause).collect();
    assert_eq!(causes, [LikelyCause::TestMode, LikelyCause::ClockWrong]);
    assert_eq!(view.profile.seen_lives, [7 * 86_400]);
}

#[test]
fn a_cut_off_refresh_is_told_as_what_may_have_cost_the_token() {
    let open = Spending {
        id: CredentialId(1),
        generation: Generation(1),
        fingerprint: Fingerprint(2),
        started_at: START.minus(Duration::from_secs(60)),
    };
    let mut bench = Bench::new(vec![profile(1, "h", HOUR + 1)], vec![open]);
    let unsaid = Evidence {
        is_open: true,
        ..Evidence::default()
    };
    bench.fail(dead().with_evidence(unsaid));
    let view = bench.core.view(CredentialId(1), bench.now).unwrap();
    let failure = view.profile.last_failure.as_ref().unwrap();
    assert_eq!(failure.likely()[0].cause, LikelyCause::AnswerLost);
    assert!(view.profile.seen_lives.is_empty(), "it did not die of age");
}

#[test]
fn a_dead_refresh_token_stops_the_attempts_and_answers_at_once() {
    let mut bench = Bench::aged(HOUR + 1);
    bench.fail(dead());
    assert_eq!(bench.kind(1), HealthKind::NeedsLogin);
    bench.pass(86_400);
    assert_eq!(bench.spend(), None);
    let caller = bench.ask(1, 0, 30);
    assert!(matches!(
        bench.answer(caller),
        Some(Err(Refusal::Failed { .. }))
    ));
    bench.rotate(1);
    bench.succeed();
    assert_eq!(bench.kind(1), HealthKind::Fresh);
}

#[test]
fn a_wrong_client_is_a_matter_of_settings() {
    let mut bench = Bench::aged(HOUR + 1);
    bench.fail(failure(FailureClass::Misconfigured, "invalid_client"));
    assert_eq!(bench.kind(1), HealthKind::Misconfigured);
    bench.pass(86_400);
    assert_eq!(bench.spend(), None);
}

#[test]
fn retry_after_holds_for_everything_at_that_host_and_for_no_other() {
    let profiles = vec![
        profile(1, "one.example", HOUR + 1),
        profile(2, "one.example", 0),
        profile(3, "two.example", 0),
    ];
    let mut bench = Bench::new(profiles, Vec::new());
    bench.fail(Failure {
        retry_after_secs: Some(120),
        ..failure(FailureClass::Transient, "http_429")
    });
    assert_eq!(bench.kind(1), HealthKind::RateLimited);
    bench.rotate(3);
    bench.succeed();
    let hasty = bench.rotate(2);
    assert!(matches!(
        bench.answer(hasty),
        Some(Err(Refusal::Failed { .. }))
    ));
    bench.pass(119);
    assert_eq!(bench.spend(), None);
    bench.pass(12);
    assert!(bench.spend().is_some());
}

#[test]
fn an_open_journal_entry_is_tried_with_both_tokens_before_a_person_is_asked() {
    let open = Spending {
        id: CredentialId(1),
        generation: Generation(1),
        fingerprint: Fingerprint(2),
        started_at: START,
    };
    let fresh = profile(1, "one.example", 0);
    let mut bench = Bench::new(vec![fresh], vec![open]);
    let flight = bench.spend().expect("it is tried at once");
    bench.written(flight, Some(START.plus(Duration::from_secs(60))));
    assert_eq!(bench.send(), Some(TokenChoice::Current));
    bench.refused(flight, dead());
    assert_eq!(bench.kind(1), HealthKind::Refreshing, "given up too early");
    assert_eq!(bench.send(), Some(TokenChoice::Previous));
    bench.refused(flight, dead());
    assert_eq!(bench.kind(1), HealthKind::NeedsLogin);
}

#[test]
fn an_outcome_nobody_knows_keeps_the_journal_open() {
    let certain = |failure: Failure| {
        let mut bench = Bench::aged(HOUR + 1);
        bench.fail(failure);
        bench
            .find(|wish| match wish {
                Effect::FailSpending { certain, .. } => Some(*certain),
                _ => None,
            })
            .unwrap()
    };
    assert!(!certain(transient()));
    assert!(certain(Failure {
        unsent: true,
        ..transient()
    }));
    assert!(certain(failure(FailureClass::Transient, "http_429")));
    assert!(certain(dead()));
}

#[test]
fn a_vault_that_cannot_take_the_intent_keeps_the_token_unspent() {
    let mut bench = Bench::aged(HOUR + 1);
    let caller = bench.ask(1, 0, 30);
    let flight = bench.spend().unwrap();
    bench.give(Input::Spent {
        flight,
        outcome: SpendOutcome::Failed(trouble()),
    });
    assert_eq!(bench.send(), None);
    assert!(matches!(
        bench.answer(caller),
        Some(Err(Refusal::Vault { .. }))
    ));
    bench.pass_to_wake();
    bench.succeed();
    assert_eq!(bench.generation(1), 2);
}

#[test]
fn tokens_in_hand_are_written_again_and_nothing_older_is_served() {
    let mut bench = Bench::aged(HOUR - 100);
    let flight = bench.spend().unwrap();
    bench.written(flight, None);
    bench.granted(flight);
    for _ in 0..5 {
        assert!(bench.has_rotation());
        bench.give(Input::Rotated {
            flight,
            outcome: RotateOutcome::Failed(trouble()),
        });
        let caller = bench.ask(1, 0, 1);
        assert!(matches!(
            bench.answer(caller),
            Some(Err(Refusal::Vault { .. }))
        ));
        bench.pass_to_wake();
    }
    assert!(bench.has_rotation());
    bench.rotated(flight);
    assert_eq!(bench.spend(), None, "the answer was not thrown away");
    assert_eq!((bench.generation(1), bench.kind(1)), (2, HealthKind::Fresh));
}

#[test]
fn each_failure_is_told_with_when_it_is_tried_again() {
    let mut bench = Bench::aged(HOUR + 1);
    bench.fail(transient());
    let next = bench
        .find(|wish| match wish {
            Effect::Happened(line) => match &line.what {
                Happening::RefreshFailed { next, .. } => Some(*next),
                _ => None,
            },
            _ => None,
        })
        .unwrap();
    assert_eq!(
        next,
        bench
            .core
            .view(CredentialId(1), bench.now)
            .unwrap()
            .refresh_at
    );
}

#[test]
fn the_token_before_is_not_tried_once_its_grace_is_over() {
    let mut bench = Bench::aged(HOUR + 1);
    let flight = bench.spend().unwrap();
    bench.written(flight, Some(bench.now.plus(Duration::from_secs(5))));
    assert_eq!(bench.send(), Some(TokenChoice::Current));
    bench.pass(6);
    bench.refused(flight, dead());
    assert_eq!(bench.send(), None);
    assert_eq!(bench.kind(1), HealthKind::NeedsLogin);
}

#[test]
fn a_retry_after_of_weeks_is_taken_for_a_mistake_after_a_day() {
    let mut bench = Bench::aged(HOUR + 1);
    bench.fail(Failure {
        retry_after_secs: Some(30 * 86_400),
        ..failure(FailureClass::Transient, "http_503")
    });
    bench.pass(86_400 - 1);
    assert_eq!(bench.spend(), None);
    bench.pass(60);
    assert!(bench.spend().is_some());
}

#[test]
fn a_refresh_token_that_is_known_to_be_dead_asks_for_a_person() {
    let aged = |secs| START.minus(Duration::from_secs(secs));
    let mut told = profile(1, "one.example", HOUR + 1);
    told.refresh_expires_at = Some(aged(2 * 86_400));
    let mut bench = Bench::new(vec![told], Vec::new());
    bench.fail(transient());
    assert_eq!(bench.kind(1), HealthKind::NeedsLogin);
}

#[test]
fn a_refresh_token_that_is_only_thought_to_be_dead_is_tried_on() {
    let mut idle = profile(1, "one.example", 9 * 86_400);
    idle.refresh_idle_life = Some(86_400);
    let mut bench = Bench::new(vec![idle], Vec::new());
    bench.fail(transient());
    assert_eq!(bench.kind(1), HealthKind::Retrying);
    bench.pass_to_wake();
    bench.succeed();
    assert_eq!(bench.kind(1), HealthKind::Fresh);
}
