//! The pure core with credentials that came back with a backup: what is probably spent is tried with care.

use crate::engine_bench::{Bench, HOUR, START, dead, profile, transient};
use std::time::Duration;
use tokenward::engine::api::Refusal;
use tokenward::engine::step::TokenChoice;
use tokenward::model::credential::{CredentialId, Generation, Profile, Restored};
use tokenward::model::fingerprint::Fingerprint;
use tokenward::model::health::HealthKind;
use tokenward::model::likely::LikelyCause;
use tokenward::model::why::{Decision, Rule};
use tokenward::vault::store::Spending;

fn restored(behind: Option<u64>) -> Profile {
    Profile {
        restored: Some(Restored {
            of: START,
            behind,
            put_back: false,
            imported: false,
        }),
        ..profile(1, "one.example", HOUR + 1)
    }
}

fn decision(bench: &Bench) -> Decision {
    bench.core.why(CredentialId(1), bench.now).unwrap().1
}

#[test]
fn a_token_that_is_probably_spent_is_sent_only_when_somebody_asks() {
    let mut bench = Bench::new(vec![restored(Some(2))], Vec::new());
    assert!(bench.spend().is_none(), "it was tried by itself");
    assert_eq!(bench.core.next_refresh(bench.now), None);
    assert_eq!(
        decision(&bench),
        Decision::new(None, Rule::Overtaken { behind: 2 })
    );
    bench.ask(1, 0, 30);
    bench.succeed();
    assert_eq!(bench.kind(1), HealthKind::Fresh);
    let view = bench.core.view(CredentialId(1), bench.now).unwrap();
    assert_eq!(view.profile.restored, None);
    assert!(view.refresh_at.is_some(), "its life goes on");
}

#[test]
fn it_is_tried_once_and_not_again_however_it_failed() {
    let mut bench = Bench::new(vec![restored(Some(2))], Vec::new());
    let caller = bench.ask(1, 0, 3600);
    bench.fail(transient());
    let answer = bench.answer(caller);
    assert!(
        matches!(answer, Some(Err(Refusal::Failed { .. }))),
        "{answer:?}"
    );
    assert_eq!(decision(&bench).at, None);
    bench.pass(86_400);
    assert!(bench.spend().is_none(), "it was tried again");
}

#[test]
fn the_token_before_it_is_not_sent_and_the_backup_is_named_as_the_likely_cause() {
    let mut bench = Bench::new(vec![restored(Some(2))], Vec::new());
    bench.ask(1, 0, 30);
    let flight = bench.spend().unwrap();
    bench.written(flight, Some(bench.now.plus(Duration::from_secs(60))));
    assert_eq!(bench.send(), Some(TokenChoice::Current));
    let mut failure = dead();
    failure.evidence.get_or_insert_default().is_open = true;
    bench.refused(flight, failure);
    assert_eq!(bench.send(), None);
    assert_eq!(bench.kind(1), HealthKind::NeedsLogin);
    let view = bench.core.view(CredentialId(1), bench.now).unwrap();
    let failure = view.profile.last_failure.clone().unwrap();
    let first = failure.likely().first().unwrap();
    assert_eq!(first.cause, LikelyCause::Reused);
    assert!(
        first.evidence.contains("came back with a backup"),
        "{first:?}"
    );
}

#[test]
fn a_refresh_that_the_backup_was_made_in_the_middle_of_is_not_made_good_by_itself() {
    let open = Spending {
        id: CredentialId(1),
        generation: Generation(1),
        fingerprint: Fingerprint(2),
        started_at: START,
    };
    let mut bench = Bench::new(vec![restored(Some(1))], vec![open]);
    assert!(bench.spend().is_none());
}

#[test]
fn where_nobody_knows_what_was_replaced_the_background_goes_on() {
    let mut bench = Bench::new(vec![restored(None)], Vec::new());
    bench.succeed();
    let view = bench.core.view(CredentialId(1), bench.now).unwrap();
    assert_eq!(view.profile.restored, None);
}
