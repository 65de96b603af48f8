//! The pure core's recurring work, and what goes before it.

use crate::engine_bench::{Bench, HOUR, name, profile};
use std::time::Duration;
use tokenward::engine::api::{Refusal, RevokeOutcome};
use tokenward::engine::settings::EngineSettings;
use tokenward::engine::step::{CallerId, Effect, Input};
use tokenward::model::chore::{Chore, Ended};
use tokenward::model::credential::{CredentialId, Generation};
use tokenward::model::failure::{Failure, FailureClass};
use tokenward::model::inquiry::Liveness;

/// Whose revocations were wished for since the last look.
fn told(bench: &mut Bench) -> Vec<i64> {
    let told = bench.wishes.iter().filter_map(|wish| match wish {
        Effect::Revoke { id, .. } => Some(id.0),
        _ => None,
    });
    let told = told.collect();
    bench
        .wishes
        .retain(|wish| !matches!(wish, Effect::Revoke { .. }));
    told
}

fn revoke(bench: &mut Bench, number: i64) -> CallerId {
    bench.callers += 1;
    let caller = CallerId(bench.callers);
    let name = name(number);
    bench.give(Input::RevokeAsked {
        caller,
        name,
        within: None,
    });
    caller
}

fn revoked(bench: &mut Bench, number: i64, outcome: Result<RevokeOutcome, Refusal>) {
    bench.give(Input::RevokeEnded {
        id: CredentialId(number),
        generation: Generation(1),
        outcome,
    });
}

fn away() -> Refusal {
    Refusal::Failed {
        failure: Failure::new(FailureClass::Transient, "network", "nobody answers", ""),
    }
}

const DEAD: RevokeOutcome = RevokeOutcome::Confirmed {
    proof: Liveness::Dead,
};

fn many(count: i64, settings: &EngineSettings) -> Bench {
    let profiles = (1..=count).map(|number| profile(number, "one.example", 10));
    Bench::with(settings, profiles.collect(), Vec::new())
}

#[test]
fn a_refresh_that_somebody_waits_for_goes_before_routine_ones_that_were_due_first() {
    let mut settings = EngineSettings::default();
    settings.limits.in_flight = 1;
    settings.policy.jitter_share = 0.0;
    let due = |number| profile(number, "one.example", HOUR - 300 + 60 * (4 - number as u64));
    let fresh = profile(4, "one.example", 10);
    let profiles = (1..=3).map(due).chain([fresh]).collect();
    let mut bench = Bench::with(&settings, profiles, Vec::new());
    let spent = |bench: &mut Bench| {
        bench.find(|wish| match wish {
            Effect::Spend { flight, spending } => Some((*flight, spending.id.0)),
            _ => None,
        })
    };
    let (flight, first) = spent(&mut bench).unwrap();
    assert_eq!((first, spent(&mut bench)), (1, None), "one at a time");
    bench.rotate(4);
    bench.written(flight, None);
    bench.granted(flight);
    bench.rotated(flight);
    let (_, next) = spent(&mut bench).unwrap();
    assert_eq!(next, 4, "two that are due wait since before");
}

#[test]
fn revocations_that_are_asked_for_wait_for_a_place_and_withhold_the_tokens_at_once() {
    let mut settings = EngineSettings::default();
    settings.limits.in_flight = 2;
    let mut bench = many(4, &settings);
    let callers: Vec<_> = (1..=4).map(|number| revoke(&mut bench, number)).collect();
    assert_eq!(told(&mut bench), [1, 2], "as many as there are places");
    let asked = bench.ask(4, 0, 30);
    let refused = bench.answer(asked).unwrap().unwrap_err();
    assert!(matches!(refused, Refusal::Revoked { .. }), "{refused:?}");
    let is_on_disk = |wish: &Effect| match wish {
        Effect::WriteProfile { id, profile, .. } => {
            (id.0 == 4 && profile.standing.is_revoked()).then_some(())
        }
        _ => None,
    };
    assert!(bench.find(is_on_disk).is_some(), "a crash forgets it not");
    revoked(&mut bench, 1, Ok(DEAD));
    assert_eq!(told(&mut bench), [3]);
    revoked(&mut bench, 2, Err(away()));
    assert_eq!(told(&mut bench), [4]);
    revoked(&mut bench, 3, Ok(DEAD));
    bench.give(Input::Leaving);
    revoked(&mut bench, 4, Ok(DEAD));
    let answers: Vec<_> = callers
        .iter()
        .map(|it| bench.answer(*it).unwrap())
        .collect();
    assert!(answers[1].is_err() && answers.iter().filter(|it| it.is_ok()).count() == 3);
}

#[test]
fn who_waits_for_a_place_to_revoke_is_told_when_the_engine_leaves() {
    let mut settings = EngineSettings::default();
    settings.limits.in_flight = 1;
    let mut bench = many(2, &settings);
    revoke(&mut bench, 1);
    let second = revoke(&mut bench, 2);
    bench.give(Input::Leaving);
    assert_eq!(bench.answer(second), Some(Err(Refusal::Stopped)));
    revoked(&mut bench, 1, Ok(DEAD));
    assert_eq!(told(&mut bench), [1], "the next engine tells it");
}

#[test]
fn of_providers_that_are_told_again_one_less_are_called_at_once_than_recurring_work_may() {
    let mut settings = EngineSettings::default();
    settings.limits.upkeep_at_once = 3;
    let mut bench = many(5, &settings);
    for number in 1..=5 {
        revoke(&mut bench, number);
        revoked(&mut bench, number, Err(away()));
    }
    told(&mut bench);
    bench.pass(60);
    let first = told(&mut bench);
    assert_eq!(first.len(), 2, "{first:?}");
    let table = bench.core.chores();
    assert_eq!((table[0].chore, table[0].running), (Chore::Revocations, 2));
    revoked(&mut bench, first[0], Ok(DEAD));
    assert_eq!(told(&mut bench).len(), 1);
    revoked(&mut bench, first[1], Err(away()));
    assert_eq!(bench.core.chores()[0].result(), "failed: nobody answers");
    assert_eq!(told(&mut bench).len(), 1);
}

#[test]
fn recurring_work_has_its_rhythm_and_what_fails_is_shown_and_tried_again() {
    let settings = EngineSettings::default();
    let mut bench = many(1, &settings);
    let wished = |bench: &mut Bench| {
        bench.find(|wish| match wish {
            Effect::Chore(chore) => Some(*chore),
            _ => None,
        })
    };
    let names: Vec<Chore> = bench.core.chores().iter().map(|it| it.chore).collect();
    let on = [
        Chore::Revocations,
        Chore::Forecast,
        Chore::Alerts,
        Chore::Uses,
        Chore::Pruning,
    ];
    assert_eq!(names, on, "no backups and no checks were asked for");
    bench.pass(60);
    assert_eq!(wished(&mut bench), Some(Chore::Alerts));
    assert_eq!(wished(&mut bench), Some(Chore::Uses));
    assert_eq!(wished(&mut bench), Some(Chore::Pruning));
    let mut end = |ended| {
        let chore = Chore::Pruning;
        bench.give(Input::ChoreEnded { chore, ended });
        let view = bench.core.chores().remove(4);
        let pause = view.next.unwrap().since(bench.now).as_secs();
        (pause, view.failures)
    };
    assert_eq!(end(Ended::Done { count: 1000 }), (1, 0), "there is more");
    assert_eq!(end(Ended::Done { count: 999 }), (600, 0));
    let why = "the vault is read-only".to_owned();
    assert_eq!(end(Ended::Failed { why: why.clone() }), (60, 1));
    assert_eq!(end(Ended::Failed { why }), (120, 2));
    bench.now = bench.now.plus(Duration::from_secs(120));
    bench.give(Input::Woke);
    assert_eq!(wished(&mut bench), Some(Chore::Pruning));
    bench.give(Input::Leaving);
    bench.pass(HOUR);
    assert_eq!(wished(&mut bench), None, "whoever leaves begins nothing");
}
