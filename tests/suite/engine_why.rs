//! Why a credential is refreshed when it is: each decision of the core names its rule.

use crate::engine_bench::{Bench, HOUR, START, dead, failure, profile, transient};
use std::time::Duration;
use tokenward::engine::settings::EngineSettings;
use tokenward::model::credential::{CredentialId, Generation, Standing};
use tokenward::model::failure::{Failure, FailureClass};
use tokenward::model::fingerprint::Fingerprint;
use tokenward::model::inquiry::Liveness;
use tokenward::model::policy::PolicyOverride;
use tokenward::model::why::{Decision, Rule};
use tokenward::vault::store::Spending;

fn decision(bench: &Bench) -> Decision {
    let (view, decision) = bench.core.why(CredentialId(1), bench.now).unwrap();
    if !matches!(
        decision.rule,
        Rule::UnderWay | Rule::WaitsForPlace | Rule::HostPause { .. }
    ) {
        assert_eq!(decision.at, view.refresh_at, "{:?}", decision.rule);
    }
    decision
}

#[test]
fn the_plan_names_the_rule_that_came_first() {
    let rule = |change: fn(&mut tokenward::model::credential::Profile)| {
        let mut it = profile(1, "h", 10);
        change(&mut it);
        decision(&Bench::new(vec![it], Vec::new())).rule
    };
    assert_eq!(
        rule(|_| {}),
        Rule::Share {
            share: 0.9,
            life: HOUR
        }
    );
    assert_eq!(
        rule(|it| it.expires_at = Some(it.issued_at.plus(Duration::from_secs(2000)))),
        Rule::BeforeExpiry { before: 300 }
    );
    assert_eq!(
        rule(|it| it.earliest_refresh = Some(30)),
        Rule::Earliest { before: 30 }
    );
    assert_eq!(
        rule(|it| it.refresh_idle_life = Some(600)),
        Rule::RefreshTokenDies { life: 600 }
    );
    assert_eq!(rule(|it| it.expires_at = None), Rule::ExpiryUnknown);
    assert_eq!(
        rule(|it| {
            it.expires_at = None;
            it.policy.unknown_expiry_secs = Some(7200);
        }),
        Rule::UnknownExpiry { after: 7200 }
    );
    assert_eq!(
        rule(|it| it.has_refresh_token = false),
        Rule::NoRefreshToken
    );
    assert_eq!(
        rule(|it| it.policy.background = Some(false)),
        Rule::BackgroundOff
    );
    assert_eq!(
        rule(|it| it.standing = Standing::Revoked {
            at: START,
            proof: Liveness::Dead
        }),
        Rule::Revoked
    );
    assert_eq!(
        rule(|it| {
            it.issued_at = START.plus(Duration::from_secs(7200));
            it.expires_at = Some(START.plus(Duration::from_secs(9000)));
        }),
        Rule::ClockSetBack
    );
}

#[test]
fn a_refresh_under_way_and_after_it_names_what_holds_it() {
    let mut bench = Bench::aged(HOUR + 1);
    assert_eq!(decision(&bench).rule, Rule::UnderWay);
    bench.fail(transient());
    assert_eq!(decision(&bench).rule, Rule::Retry { failures: 1 });
    bench.pass_to_wake();
    bench.fail(failure(FailureClass::Misconfigured, "invalid_client"));
    assert_eq!(decision(&bench).rule, Rule::PersonFirst);
    let mut dying = Bench::aged(HOUR + 1);
    dying.fail(dead());
    assert_eq!(decision(&dying).rule, Rule::PersonFirst);
}

#[test]
fn a_host_that_asked_for_a_pause_is_named_to_its_other_credentials() {
    let mut settings = EngineSettings::default();
    settings.limits.in_flight_per_host = 1;
    let profiles = vec![profile(1, "h", HOUR + 2), profile(2, "h", HOUR + 1)];
    let mut bench = Bench::with(&settings, profiles, Vec::new());
    bench.fail(Failure {
        retry_after_secs: Some(600),
        ..failure(FailureClass::Transient, "http_429")
    });
    assert!(matches!(
        decision(&bench).rule,
        Rule::Retry { .. } | Rule::RetryAfter
    ));
    let (_, waits) = bench.core.why(CredentialId(2), bench.now).unwrap();
    let host = "h".to_owned();
    assert_eq!(waits.rule, Rule::HostPause { host });
    assert_eq!(waits.at, Some(bench.now.plus(Duration::from_secs(600))));
}

#[test]
fn a_cut_off_refresh_is_made_good_and_says_so() {
    let open = Spending {
        id: CredentialId(1),
        generation: Generation(1),
        fingerprint: Fingerprint(2),
        started_at: START,
    };
    let mut settings = EngineSettings::default();
    settings.limits.in_flight = 1;
    let profiles = vec![profile(1, "h", 10), profile(2, "h", HOUR + 1)];
    let bench = Bench::with(&settings, profiles, vec![open]);
    let rules: Vec<Rule> = [1, 2]
        .map(|id| bench.core.why(CredentialId(id), bench.now).unwrap().1.rule)
        .into();
    assert!(
        rules.contains(&Rule::WaitsForPlace) && rules.contains(&Rule::UnderWay),
        "{rules:?}"
    );
}

#[test]
fn jitter_is_told_with_the_moment_it_moved() {
    let mut settings = EngineSettings::default();
    settings.policy.jitter_share = 0.2;
    settings
        .overrides
        .insert("other".to_owned(), PolicyOverride::default());
    let bench = Bench::with(&settings, vec![profile(1, "h", 10)], Vec::new());
    let jittered = decision(&bench);
    let steady = decision(&Bench::aged(10));
    let earlier = Duration::from_millis(jittered.earlier_by_ms);
    assert!(!earlier.is_zero());
    assert_eq!(jittered.at.unwrap().plus(earlier), steady.at.unwrap());
}
