//! The pure core and the end of refresh tokens: learnt from answers, told once and in good time.

use crate::engine_bench::{Bench, HOUR, START, grant, profile};
use std::time::Duration;
use tokenward::clock::Timestamp;
use tokenward::engine::settings::EngineSettings;
use tokenward::engine::step::{Effect, Grant, Input};
use tokenward::model::credential::{CredentialId, Profile};
use tokenward::model::event::Happening;
use tokenward::model::health::ForecastReason;

const DAY: u64 = 86_400;

/// What was told of ends since the last look.
fn told(bench: &mut Bench) -> Vec<(Timestamp, ForecastReason)> {
    let wishes = std::mem::take(&mut bench.wishes);
    let told = wishes.iter().filter_map(|wish| match wish {
        Effect::Happened(activity) => match activity.what {
            Happening::EndsSoon { before, because } => Some((before, because)),
            _ => None,
        },
        _ => None,
    });
    told.collect()
}

/// A credential that dies so many days after its sign-in, which was at the start.
fn mortal(days: u64) -> Profile {
    let mut it = profile(1, "h", 0);
    it.expires_at = None;
    it.refresh_absolute_life = Some(days * DAY);
    it
}

#[test]
fn a_coming_sign_in_is_told_once_seven_days_before() {
    let mut bench = Bench::new(vec![mortal(100)], Vec::new());
    bench.pass(93 * DAY - 60);
    assert!(told(&mut bench).is_empty());
    bench.pass_to_wake();
    let end = START.plus(Duration::from_secs(100 * DAY));
    assert_eq!(told(&mut bench), [(end, ForecastReason::AbsoluteLife)]);
    assert_eq!(
        bench.now,
        START.plus(Duration::from_secs(93 * DAY)),
        "it wakes by itself"
    );
    bench.pass(DAY);
    assert!(told(&mut bench).is_empty(), "once");
    let view = bench.core.view(CredentialId(1), bench.now).unwrap();
    assert!(view.forecast.is_soon(bench.now));
}

#[test]
fn after_a_restart_it_is_not_told_again() {
    let mut bench = Bench::new(vec![mortal(100)], Vec::new());
    bench.pass(94 * DAY);
    assert_eq!(told(&mut bench).len(), 1);
    let kept = bench.core.view(CredentialId(1), bench.now).unwrap().profile;
    let mut again = Bench::new(Vec::new(), Vec::new());
    again.now = bench.now;
    let stored = tokenward::vault::store::StoredProfile {
        id: CredentialId(1),
        generation: tokenward::model::credential::Generation(1),
        profile: Profile::clone(&kept),
    };
    again.give(Input::Loaded {
        profiles: vec![stored],
        total: 1,
    });
    again.pass(DAY);
    assert!(told(&mut again).is_empty());
}

#[test]
fn the_settings_say_how_long_before() {
    let mut settings = EngineSettings::default();
    settings.warning.days_before = 3;
    let mut bench = Bench::with(&settings, vec![mortal(100)], Vec::new());
    bench.pass(96 * DAY);
    assert!(told(&mut bench).is_empty());
    bench.pass(2 * DAY);
    assert_eq!(told(&mut bench).len(), 1);
}

/// Refreshes with an answer that names the refresh token's life.
fn refresh(bench: &mut Bench, life: u64) {
    bench.pass_to_wake();
    let flight = bench.spend().expect("a refresh was begun");
    bench.written(flight, None);
    bench.give(Input::Granted {
        flight,
        grant: Grant {
            refresh_expires_in: Some(Duration::from_secs(life)),
            ..grant()
        },
        took: Duration::from_millis(100),
    });
    bench.rotated(flight);
}

#[test]
fn whether_a_refresh_moves_the_end_is_learnt_from_the_answers() {
    let start = |life: u64| {
        let mut it = profile(1, "h", 10);
        it.refresh_expires_at = Some(it.issued_at.plus(Duration::from_secs(life)));
        Bench::new(vec![it], Vec::new())
    };
    let because = |bench: &Bench| {
        let view = bench.core.view(CredentialId(1), bench.now).unwrap();
        view.forecast.because
    };
    let mut moving = start(10 * HOUR);
    assert_eq!(because(&moving), ForecastReason::ProviderSaid);
    refresh(&mut moving, 10 * HOUR);
    assert_eq!(because(&moving), ForecastReason::MovesWithRefresh);
    let mut fixed = start(10 * HOUR);
    for _ in 0..3 {
        let left = |bench: &Bench| {
            let view = bench.core.view(CredentialId(1), bench.now).unwrap();
            let end = view.profile.refresh_expires_at.unwrap();
            end.since(bench.core.next_refresh(bench.now).unwrap())
                .as_secs()
        };
        let life = left(&fixed);
        refresh(&mut fixed, life);
        assert_eq!(because(&fixed), ForecastReason::ProviderSaid);
    }
}
