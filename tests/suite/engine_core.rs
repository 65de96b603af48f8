//! The pure core by itself: one refresh for all who ask, callers, clocks, leaving.

use crate::engine_bench::{Bench, HOUR, START, grant, name, profile, trouble};
use std::time::Duration;
use tokenward::engine::api::{Refusal, RevokeOutcome};
use tokenward::engine::core::Core;
use tokenward::engine::settings::{CoreSettings, EngineSettings};
use tokenward::engine::step::{
    CallerId, Effect, Grant, Input, RemoveOutcome, RotateOutcome, TokenChoice,
};
use tokenward::model::credential::{CredentialId, Generation, KEPT_ATTEMPTS};
use tokenward::model::health::HealthKind;
use tokenward::model::inquiry::Liveness;
use tokenward::model::policy::PolicyOverride;
use tokenward::vault::store::StoredProfile;

#[test]
fn a_refresh_is_journalled_then_sent_then_written_then_told() {
    let mut bench = Bench::aged(HOUR + 1);
    let caller = bench.ask(1, 0, 30);
    let flight = bench.spend().unwrap();
    assert_eq!(bench.send(), None, "sent before the intent was on disk");
    bench.written(flight, None);
    assert_eq!(bench.send(), Some(TokenChoice::Current));
    assert!(!bench.has_rotation());
    bench.granted(flight);
    assert!(bench.has_rotation());
    assert_eq!(bench.answer(caller), None, "told before it was on disk");
    bench.rotated(flight);
    assert_eq!(bench.answer(caller), Some(Ok(())));
    assert_eq!((bench.generation(1), bench.kind(1)), (2, HealthKind::Fresh));
}

#[test]
fn everyone_who_asks_meanwhile_joins_the_one_refresh() {
    let mut bench = Bench::aged(HOUR + 1);
    let callers: Vec<_> = (0..64).map(|_| bench.ask(1, 0, 30)).collect();
    let rotator = bench.rotate(1);
    bench.succeed();
    assert_eq!(bench.spend(), None);
    for caller in callers {
        assert_eq!(bench.answer(caller), Some(Ok(())));
    }
    assert_eq!(bench.answer(rotator), Some(Ok(())));
}

#[test]
fn a_valid_token_is_served_at_once_even_while_its_refresh_is_under_way() {
    let mut bench = Bench::aged(HOUR - 100);
    assert!(bench.spend().is_some(), "the plan was due");
    let caller = bench.ask(1, 60, 30);
    assert_eq!(bench.answer(caller), Some(Ok(())));
    let demanding = bench.ask(1, 200, 30);
    assert_eq!(bench.answer(demanding), None);
}

#[test]
fn more_life_than_a_token_ever_has_is_answered_after_one_refresh() {
    let mut bench = Bench::aged(0);
    let caller = bench.ask(1, 10 * HOUR, 30);
    bench.succeed();
    assert_eq!(bench.answer(caller), Some(Ok(())));
    assert_eq!(bench.spend(), None);
}

#[test]
fn a_caller_waits_no_longer_than_it_said_and_the_refresh_goes_on() {
    let mut bench = Bench::aged(HOUR + 1);
    let caller = bench.ask(1, 0, 5);
    bench.pass(4);
    assert_eq!(bench.answer(caller), None);
    bench.pass(1);
    assert_eq!(bench.answer(caller), Some(Err(Refusal::TimedOut)));
    bench.succeed();
    assert_eq!(bench.generation(1), 2);
}

#[test]
fn an_answer_after_a_new_sign_in_is_dropped() {
    let mut bench = Bench::aged(HOUR + 1);
    let flight = bench.spend().unwrap();
    bench.written(flight, None);
    let mut fresh = profile(1, "one.example", 0);
    fresh.scopes = vec!["new".to_owned()];
    bench.give(Input::SignedIn {
        id: CredentialId(1),
        generation: Generation(2),
        profile: Box::new(fresh),
        begun: None,
    });
    bench.granted(flight);
    assert!(!bench.has_rotation());
    let view = bench.core.view(CredentialId(1), bench.now).unwrap();
    assert_eq!(view.profile.scopes, ["new"]);
    assert_eq!(bench.core.load(), (0, 0), "its place is free again");
}

#[test]
fn a_credential_removed_during_its_refresh_stays_gone() {
    let mut bench = Bench::aged(HOUR + 1);
    let waiting = bench.ask(1, 0, 30);
    let flight = bench.spend().unwrap();
    bench.written(flight, None);
    let remover = CallerId(99);
    bench.give(Input::RemoveAsked {
        caller: remover,
        name: name(1),
        only: None,
    });
    bench.give(Input::RemoveEnded {
        caller: Some(remover),
        id: CredentialId(1),
        outcome: RemoveOutcome::Removed,
    });
    bench.granted(flight);
    assert!(!bench.has_rotation());
    assert_eq!(bench.answer(remover), Some(Ok(())));
    assert!(matches!(
        bench.answer(waiting),
        Some(Err(Refusal::NoSuchCredential { .. }))
    ));
    assert!(bench.core.is_quiet());
}

#[test]
fn after_a_long_sleep_the_expired_come_first_and_the_rest_is_spread() {
    let mut profiles: Vec<_> = (1..=40).map(|it| profile(it, "one.example", 0)).collect();
    for young in &mut profiles[20..] {
        young.expires_at = Some(START.plus(Duration::from_secs(11_000)));
    }
    let mut bench = Bench::new(profiles, Vec::new());
    bench.now = START.plus(Duration::from_secs(10_500));
    bench.give(Input::ClockJumped { by_ms: 10_500_000 });
    let mut begun = 0;
    while let Some(flight) = bench.spend() {
        bench.written(flight, None);
        bench.granted(flight);
        bench.rotated(flight);
        begun += 1;
    }
    assert_eq!(begun, 20);
    bench.pass(31);
    assert!(bench.spend().is_some());
}

#[test]
fn a_clock_set_back_does_not_lengthen_a_tokens_life() {
    let mut bench = Bench::aged(0);
    bench.pass(3000);
    bench.now = bench.now.minus(Duration::from_secs(1800));
    bench.give(Input::ClockJumped { by_ms: -1_800_000 });
    let is_withdrawn = |wish: &Effect| matches!(wish, Effect::Withdraw(of) if *of == name(1));
    assert!(
        bench.wishes.iter().any(is_withdrawn),
        "what lies ready tells its end in the old clock's terms"
    );
    let view = bench.core.view(CredentialId(1), bench.now).unwrap();
    let left = bench.now.until(view.profile.expires_at.unwrap());
    assert_eq!(left.as_secs(), 600);
    bench.pass(300);
    assert!(bench.spend().is_some());
}

#[test]
fn a_token_from_the_future_is_refreshed_soon() {
    let mut odd = profile(1, "one.example", 0);
    odd.issued_at = START.plus(Duration::from_secs(7 * 86_400));
    odd.expires_at = Some(odd.issued_at.plus(Duration::from_secs(HOUR)));
    let mut bench = Bench::new(vec![odd], Vec::new());
    bench.pass(31);
    assert!(bench.spend().is_some());
}

#[test]
fn leaving_finishes_what_is_under_way_and_begins_nothing() {
    let profiles = vec![
        profile(1, "one.example", HOUR + 1),
        profile(2, "one.example", 0),
    ];
    let mut bench = Bench::new(profiles, Vec::new());
    let waiting = bench.ask(1, 0, 30);
    bench.give(Input::Leaving);
    let late = bench.rotate(2);
    assert_eq!(bench.answer(late), Some(Err(Refusal::Stopped)));
    assert!(!bench.core.is_quiet());
    bench.succeed();
    assert_eq!(bench.answer(waiting), Some(Ok(())));
    assert!(bench.core.is_quiet());
    bench.pass(86_400);
    assert_eq!(bench.spend(), None);
}

#[test]
fn a_revocation_waits_for_the_refresh_under_way_and_refuses_what_comes_later() {
    let mut bench = Bench::aged(HOUR + 1);
    let revoker = CallerId(99);
    let flight = bench.spend().unwrap();
    bench.give(Input::RevokeAsked {
        caller: revoker,
        name: name(1),
        within: None,
    });
    let asked = |bench: &mut Bench| {
        bench
            .find(|wish| matches!(wish, Effect::Revoke { .. }).then_some(()))
            .is_some()
    };
    assert!(!asked(&mut bench));
    bench.written(flight, None);
    bench.granted(flight);
    bench.rotated(flight);
    assert!(asked(&mut bench));
    bench.give(Input::RevokeEnded {
        id: CredentialId(1),
        generation: Generation(2),
        outcome: Ok(RevokeOutcome::Confirmed {
            proof: Liveness::Dead,
        }),
    });
    assert_eq!(bench.answer(revoker), Some(Ok(())));
    assert_eq!(bench.kind(1), HealthKind::Revoked);
    let caller = bench.ask(1, 0, 30);
    assert!(matches!(
        bench.answer(caller),
        Some(Err(Refusal::Revoked { .. }))
    ));
    bench.pass(86_400);
    assert_eq!(bench.spend(), None);
}

fn not_loaded() -> Bench {
    Bench {
        core: Core::new(CoreSettings::new(&EngineSettings::default(), 1)),
        now: START,
        wishes: Vec::new(),
        callers: 0,
    }
}

fn one_loaded() -> Input {
    Input::Loaded {
        profiles: vec![StoredProfile {
            id: CredentialId(1),
            generation: Generation(1),
            profile: profile(1, "one.example", 0),
        }],
        total: 1,
    }
}

#[test]
fn what_is_asked_before_its_credential_is_loaded_is_answered_when_it_is() {
    let mut bench = not_loaded();
    let (known, unknown) = (bench.ask(1, 0, 30), bench.ask(2, 0, 30));
    assert_eq!(bench.answer(known), None);
    bench.give(one_loaded());
    assert_eq!(bench.answer(known), Some(Ok(())));
    bench.give(Input::LoadEnded { unreadable: 0 });
    assert!(matches!(
        bench.answer(unknown),
        Some(Err(Refusal::NoSuchCredential { similar, .. })) if similar == [name(1)]
    ));
}

#[test]
fn what_comes_of_a_question_belongs_to_it_though_it_was_asked_before_its_credential_was_loaded() {
    let mut bench = not_loaded();
    let caller = CallerId(1);
    bench.give(Input::RenameAsked {
        caller,
        name: name(1),
        to: name(2),
    });
    bench.give(one_loaded());
    let renamed = bench.find(|wish| match wish {
        Effect::Happened(line) => Some(line.operation),
        _ => None,
    });
    assert_eq!(renamed, Some(Some(bench.core.operation_of_caller(caller))));
    bench.give(Input::LoadEnded { unreadable: 0 });
    let started = bench.find(|wish| match wish {
        Effect::Happened(line) => Some(line.operation),
        _ => None,
    });
    assert_eq!(started, Some(None), "that belongs to nobody's question");
}

#[test]
fn being_used_is_written_once_a_minute_at_most() {
    let mut bench = Bench::aged(0);
    let writes = |bench: &mut Bench| {
        bench
            .find(|wish| matches!(wish, Effect::WriteProfile { .. }).then_some(()))
            .is_some()
    };
    for _ in 0..59 {
        bench.ask(1, 0, 30);
        bench.pass(1);
        assert!(!writes(&mut bench));
    }
    bench.pass(1);
    assert!(writes(&mut bench));
    assert!(!writes(&mut bench));
}

#[test]
fn a_lifetime_counts_from_the_sending_so_that_no_slow_answer_lengthens_it() {
    let mut bench = Bench::aged(HOUR + 1);
    let flight = bench.spend().unwrap();
    bench.written(flight, None);
    let sent_at = bench.now;
    bench.pass(20);
    bench.granted(flight);
    bench.rotated(flight);
    let view = bench.core.view(CredentialId(1), bench.now).unwrap();
    let end = sent_at.plus(Duration::from_secs(HOUR));
    assert_eq!(view.profile.expires_at, Some(end));
}

#[test]
fn the_known_end_of_a_refresh_token_goes_with_it() {
    let mut old = profile(1, "one.example", HOUR + 1);
    old.refresh_expires_at = Some(START.plus(Duration::from_secs(86_400)));
    for (rotated, kept) in [(true, None), (false, old.refresh_expires_at)] {
        let mut bench = Bench::new(vec![old.clone()], Vec::new());
        let flight = bench.spend().unwrap();
        bench.written(flight, None);
        let grant = Grant { rotated, ..grant() };
        let took = Duration::ZERO;
        bench.give(Input::Granted {
            flight,
            grant,
            took,
        });
        bench.rotated(flight);
        let view = bench.core.view(CredentialId(1), bench.now).unwrap();
        assert_eq!(view.profile.refresh_expires_at, kept, "rotated: {rotated}");
    }
}

#[test]
fn what_is_kept_beside_tokens_is_renewed_where_the_answer_brings_it() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut old = profile(1, "one.example", HOUR + 1);
    old.kept = [pair("instance_url", "https://old.example"), pair("id", "7")].into();
    let mut bench = Bench::new(vec![old], Vec::new());
    let flight = bench.spend().unwrap();
    bench.written(flight, None);
    let grant = Grant {
        kept: [pair("instance_url", "https://new.example")].into(),
        ..grant()
    };
    let took = Duration::ZERO;
    bench.give(Input::Granted {
        flight,
        grant,
        took,
    });
    bench.rotated(flight);
    let view = bench.core.view(CredentialId(1), bench.now).unwrap();
    let wanted = [pair("instance_url", "https://new.example"), pair("id", "7")].into();
    assert_eq!(view.profile.kept, wanted);
}

#[test]
fn who_waits_for_an_expired_token_goes_before_all_that_is_only_due() {
    let mut profiles: Vec<_> = (1..=20)
        .map(|it| profile(it, "one.example", HOUR + 60 - it.unsigned_abs()))
        .collect();
    for due in &mut profiles[10..] {
        due.expires_at = Some(START.plus(Duration::from_secs(60)));
    }
    let mut bench = Bench::new(profiles, Vec::new());
    // As many as the host may have are under way; the last of the others is asked for.
    let under_way: Vec<_> = std::iter::from_fn(|| bench.spend()).collect();
    assert_eq!(under_way.len(), 8);
    bench.ask(9, 0, 30);
    bench.ask(20, 90, 30);
    bench.pass(1);
    bench.written(under_way[0], None);
    bench.granted(under_way[0]);
    bench.rotated(under_way[0]);
    let next = |bench: &mut Bench| {
        bench.find(|wish| match wish {
            Effect::Spend { spending, .. } => Some(spending.id.0),
            _ => None,
        })
    };
    assert_eq!(next(&mut bench), Some(9), "expired, and somebody waits");
    bench.written(under_way[1], None);
    bench.granted(under_way[1]);
    bench.rotated(under_way[1]);
    assert_eq!(next(&mut bench), Some(20), "somebody waits");
}

#[test]
fn no_more_callers_wait_than_memory_shall_hold() {
    let mut bench = Bench::aged(HOUR + 1);
    let callers: Vec<_> = (0..10_000).map(|_| bench.ask(1, 0, 30)).collect();
    assert!(
        bench
            .wishes
            .iter()
            .all(|it| !matches!(it, Effect::Answer { .. }))
    );
    let one_more = bench.ask(1, 0, 30);
    assert!(matches!(bench.answer(one_more), Some(Err(_))));
    bench.succeed();
    assert_eq!(bench.answer(callers[9_999]), Some(Ok(())));
}

#[test]
fn a_clock_set_back_does_not_lengthen_anybodys_patience() {
    let mut bench = Bench::aged(HOUR + 1);
    let caller = bench.ask(1, 0, 30);
    bench.now = bench.now.minus(Duration::from_secs(1800));
    bench.give(Input::ClockJumped { by_ms: -1_800_000 });
    bench.pass(29);
    assert_eq!(bench.answer(caller), None);
    bench.pass(1);
    assert_eq!(bench.answer(caller), Some(Err(Refusal::TimedOut)));
}

#[test]
fn a_setting_for_a_credential_wins_over_its_providers_and_that_over_the_general_one() {
    let mut settings = EngineSettings::default();
    settings.policy.jitter_share = 0.0;
    let over = |share| PolicyOverride {
        lifetime_share: Some(share),
        ..PolicyOverride::default()
    };
    settings.overrides.insert("demo".to_owned(), over(0.5));
    settings.overrides.insert("demo/a2".to_owned(), over(0.25));
    let profiles = vec![profile(1, "one.example", 0), profile(2, "one.example", 0)];
    let bench = Bench::with(&settings, profiles, Vec::new());
    let planned = |id| {
        let view = bench.core.view(CredentialId(id), START).unwrap();
        view.refresh_at.unwrap().since(START).as_secs()
    };
    assert_eq!((planned(1), planned(2)), (HOUR / 2, HOUR / 4));
}

#[test]
fn a_new_sign_in_takes_the_old_token_off_the_shelf() {
    let mut bench = Bench::aged(0);
    bench.give(Input::SignedIn {
        id: CredentialId(1),
        generation: Generation(2),
        profile: Box::new(profile(1, "one.example", 0)),
        begun: None,
    });
    let is_withdrawn = |wish: &Effect| matches!(wish, Effect::Withdraw(of) if *of == name(1));
    assert!(bench.wishes.iter().any(is_withdrawn));
}

#[test]
fn leaving_writes_what_was_to_be_written_lazily() {
    let mut bench = Bench::aged(0);
    bench.ask(1, 0, 1);
    let is_written = |wish: &Effect| matches!(wish, Effect::WriteProfile { .. });
    assert!(!bench.wishes.iter().any(is_written));
    bench.give(Input::Leaving);
    assert!(bench.wishes.iter().any(is_written));
}

#[test]
fn of_many_attempts_the_newest_are_remembered() {
    let mut profile = profile(1, "one.example", 0);
    let attempts = KEPT_ATTEMPTS as u64 + 5;
    for took in 0..attempts {
        profile.record_attempt(START, took, None);
    }
    let kept: Vec<u64> = profile.attempts.iter().map(|it| it.took_ms).collect();
    assert_eq!(kept, (5..attempts).collect::<Vec<_>>());
}

#[test]
fn a_credential_that_left_in_a_file_is_forgotten_only_as_it_is_in_that_file() {
    let mut bench = Bench::aged(HOUR + 1);
    let ask = |bench: &mut Bench, caller, generation| {
        bench.give(Input::RemoveAsked {
            caller: CallerId(caller),
            name: name(1),
            only: Some(Generation(generation)),
        });
        bench.answer(CallerId(caller))
    };
    let is_kept = |answer| matches!(answer, Some(Err(Refusal::Invalid { .. })));
    assert!(
        is_kept(ask(&mut bench, 97, 2)),
        "it is of another generation"
    );
    bench.ask(1, 0, 30);
    bench.spend().unwrap();
    assert!(
        is_kept(ask(&mut bench, 98, 1)),
        "its refresh token may be spent by now"
    );
}

#[test]
fn new_tokens_count_as_unsaved_until_they_are_on_disk_also_while_they_are_written() {
    let mut bench = Bench::aged(HOUR + 1);
    let flight = bench.spend().unwrap();
    bench.written(flight, None);
    assert!(bench.core.unsaved().is_empty(), "nothing came yet");
    bench.granted(flight);
    let in_hand = |bench: &Bench| (bench.core.unsaved(), bench.core.is_stuck());
    assert_eq!(in_hand(&bench), (vec![name(1)], true));
    let outcome = RotateOutcome::Failed(trouble());
    bench.give(Input::Rotated { flight, outcome });
    assert_eq!(in_hand(&bench), (vec![name(1)], true));
    bench.wishes.clear();
    bench.give(Input::Leaving);
    assert!(bench.has_rotation(), "it is tried again");
    assert_eq!(in_hand(&bench), (vec![name(1)], true), "and not on disk");
    bench.rotated(flight);
    assert_eq!(in_hand(&bench), (Vec::new(), false));
}
