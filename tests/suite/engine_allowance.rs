//! What callers may cost a provider beyond the schedule, in the core and at the socket.

use crate::agent_rig::request;
use crate::engine_bench::{Bench, HOUR, dead, profile, transient};
use crate::sandbox::Sandbox;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;
use tokenward::agent::call::Caller;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::RequestKind;
use tokenward::demo::settings::DemoSettings;
use tokenward::engine::api::Refusal;
use tokenward::engine::settings::EngineSettings;
use tokenward::engine::step::{CallerId, Effect, Input};
use tokenward::model::credential::CredentialId;
use tokenward::model::event::Happening;
use tokenward::model::failure::Failure;
use tokenward::model::health::HealthKind;

/// Asks for a rotation and lets it succeed; the wait if it was refused.
fn rotate(bench: &mut Bench) -> Option<u64> {
    let caller = bench.rotate(1);
    match bench.answer(caller) {
        Some(Err(Refusal::LimitExceeded {
            wait_secs, most, ..
        })) => {
            assert_eq!(most, 5);
            assert_eq!(bench.spend(), None, "nothing was sent");
            Some(wait_secs)
        }
        Some(other) => panic!("{other:?}"),
        None => {
            bench.succeed();
            assert_eq!(bench.answer(caller), Some(Ok(())));
            None
        }
    }
}

#[test]
fn five_an_hour_are_had_for_the_asking_and_the_next_is_told_how_long_to_wait() {
    let mut bench = Bench::aged(0);
    for _ in 0..5 {
        assert_eq!(rotate(&mut bench), None);
        bench.pass(60);
    }
    let wait = rotate(&mut bench).unwrap();
    assert_eq!(wait, HOUR - 300);
    bench.pass(600);
    assert_eq!(rotate(&mut bench), Some(wait - 600));
}

#[test]
fn the_schedule_goes_on_and_counts_for_nothing() {
    let mut bench = Bench::aged(0);
    while rotate(&mut bench).is_none() {}
    for _ in 0..20 {
        // A token that is due, or over, is refreshed for whoever asks.
        bench.pass(HOUR);
        let caller = bench.ask(1, 0, 30);
        bench.succeed();
        assert_eq!(bench.answer(caller), Some(Ok(())));
        assert_eq!(bench.kind(1), HealthKind::Fresh);
    }
    for _ in 0..5 {
        assert_eq!(rotate(&mut bench), None, "none of these was counted");
    }
}

/// Wishes for a rotation that often, one a second, each failing like this; how many were sent, and how many were told the limit.
fn wish(bench: &mut Bench, times: u32, failure: impl Fn() -> Failure) -> (u32, u32) {
    let (mut sent, mut limited) = (0, 0);
    for _ in 0..times {
        let caller = bench.rotate(1);
        if bench
            .wishes
            .iter()
            .any(|it| matches!(it, Effect::Spend { .. }))
        {
            bench.fail(failure());
            sent += 1;
        }
        match bench.answer(caller) {
            Some(Err(Refusal::LimitExceeded { .. })) => limited += 1,
            Some(Err(Refusal::Failed { .. })) => {}
            other => panic!("{other:?}"),
        }
        bench.now = bench.now.plus(Duration::from_secs(1));
    }
    (sent, limited)
}

#[test]
fn a_dead_refresh_token_is_sent_five_times_an_hour_for_the_asking_however_often_that_is() {
    let mut bench = Bench::aged(HOUR + 1);
    bench.fail(dead());
    assert_eq!(wish(&mut bench, 1000, dead), (5, 995));
    // Whoever mended what was wrong is answered by the provider again, not by what was.
    bench.pass(HOUR);
    bench.rotate(1);
    bench.succeed();
    assert_eq!(bench.kind(1), HealthKind::Fresh);
}

#[test]
fn wishes_while_a_provider_is_down_are_counted_beside_the_schedule() {
    let mut bench = Bench::aged(HOUR + 1);
    bench.fail(transient());
    let (sent, limited) = wish(&mut bench, 1000, transient);
    // Those of the schedule fall into this too: in 17 minutes its pauses have grown to minutes.
    assert!((5..20).contains(&sent), "{sent}");
    assert!(limited > 900, "{limited}");
}

#[test]
fn past_the_limit_a_program_waits_for_the_schedule_or_is_told_when_that_comes() {
    let mut bench = Bench::aged(HOUR + 1);
    bench.fail(transient());
    wish(&mut bench, 20, transient);
    while let Some(at) = bench
        .core
        .view(CredentialId(1), bench.now)
        .unwrap()
        .refresh_at
        && at < bench.now.plus(Duration::from_secs(60))
    {
        bench.pass_to_wake();
        bench.fail(transient());
    }
    let view = bench.core.view(CredentialId(1), bench.now).unwrap();
    let next = bench.now.until(view.refresh_at.unwrap()).as_secs();
    let hasty = bench.ask(1, 0, 30);
    assert_eq!(bench.spend(), None);
    let Some(Err(Refusal::Failed { failure })) = bench.answer(hasty) else {
        panic!("it was not told the provider's trouble");
    };
    assert!(failure.retry_after_secs.unwrap().abs_diff(next as u32) < 2);
    let patient = bench.ask(1, 0, next + 10);
    assert_eq!(bench.spend(), None);
    bench.pass(next + 1);
    bench.succeed();
    assert_eq!(bench.answer(patient), Some(Ok(())));
}

#[test]
fn programs_that_wait_one_after_the_other_cost_a_dead_provider_little() {
    let mut bench = Bench::aged(HOUR + 1);
    bench.fail(transient());
    let mut sent = 0;
    for _ in 0..1800 {
        let caller = bench.ask(1, 0, 20);
        if bench
            .wishes
            .iter()
            .any(|it| matches!(it, Effect::Spend { .. }))
        {
            bench.fail(transient());
            sent += 1;
        }
        drop(bench.answer(caller));
        bench.pass(2);
    }
    assert!(sent < 60, "{sent} in an hour");
}

#[test]
fn what_failed_under_an_owner_before_is_not_free_for_the_next() {
    let mut bench = Bench::aged(HOUR + 1);
    bench.fail(transient());
    let failed = bench.core.view(CredentialId(1), bench.now).unwrap();
    let mut settings = EngineSettings::default();
    settings.policy.background = false;
    let mut profile = (*failed.profile).clone();
    let mut sent = 0;
    for _ in 0..20 {
        let mut next = Bench::with(&settings, vec![profile], Vec::new());
        let caller = next.ask(1, 0, 0);
        if next
            .wishes
            .iter()
            .any(|it| matches!(it, Effect::Spend { .. }))
        {
            next.fail(transient());
            sent += 1;
        }
        drop(next.answer(caller));
        profile = (*next.core.view(CredentialId(1), next.now).unwrap().profile).clone();
    }
    assert_eq!(sent, 5);
}

#[test]
fn tokens_of_some_scopes_are_counted_when_the_whole_one_is_over_too() {
    let mut over = profile(1, "one.example", HOUR + 1);
    over.scopes = vec!["read".to_owned(), "write".to_owned()];
    let mut settings = EngineSettings::default();
    settings.policy.background = false;
    let mut bench = Bench::with(&settings, vec![over], Vec::new());
    let mut sent = 0;
    for number in 0..20 {
        bench.give(Input::NarrowAsked {
            caller: CallerId(1000 + number),
            name: crate::engine_bench::name(1),
            scopes: vec!["read".to_owned()],
        });
        if bench
            .wishes
            .iter()
            .any(|it| matches!(it, Effect::Spend { .. }))
        {
            bench.succeed();
            sent += 1;
        }
    }
    assert_eq!(sent, 5);
}

#[test]
fn a_loop_of_impatient_programs_costs_five_refreshes_and_is_noted_once() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.unset("TOKENWARD_LIMITS_ASKED_REFRESHES_PER_HOUR");
    let provider = DemoProvider::spawn(DemoSettings::default()).unwrap();
    sandbox.sign_in(&provider, "alice");
    let _daemon = sandbox.daemon();
    let refreshes = || provider.control().counts().of(RequestKind::Refresh);
    for _ in 0..5 {
        sandbox.run(["get", "demo/alice", "--min-ttl", "10h"]).ok();
    }
    let words = sandbox
        .run(["get", "demo/alice", "--min-ttl", "10h"])
        .fails(7);
    assert!(words.contains("ask again in"), "{words}");
    sandbox.run(["refresh", "demo/alice"]).fails(7);
    let target = "/api/credentials/demo/alice/refresh";
    for _ in 0..100 {
        let mut stream = UnixStream::connect(sandbox.socket()).unwrap();
        stream
            .write_all(request("POST", target, "", "").as_bytes())
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let answer = answer.to_lowercase();
        assert!(answer.starts_with("http/1.1 429"), "{answer}");
        for header in [
            "retry-after: 3",
            "x-ratelimit-limit: 5",
            "x-ratelimit-remaining: 0",
            "x-ratelimit-reset: 3",
        ] {
            assert!(answer.contains(header), "{header}: {answer}");
        }
    }
    assert_eq!(refreshes(), 5);
    // The token that is there is handed out as ever.
    sandbox.run(["get", "demo/alice"]).ok();
    let lines = Caller::new(sandbox.socket()).activity(None, 1000).unwrap();
    let exceeded = lines
        .iter()
        .filter(|line| matches!(line.what, Happening::LimitExceeded { .. }));
    let by: Vec<&str> = exceeded
        .map(|line| line.by.as_deref().unwrap().name())
        .collect();
    assert!(by.len() == 1 && by[0].contains("suite"), "{by:?}");
}

#[test]
fn a_hosts_share_is_one_for_all_its_credentials() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("TOKENWARD_LIMITS_ASKED_REFRESHES_PER_HOST_HOUR", "3");
    let provider = DemoProvider::spawn(DemoSettings::default()).unwrap();
    let names = ["alice", "bob", "carol", "dora"];
    for name in names {
        sandbox.sign_in(&provider, name);
    }
    let _daemon = sandbox.daemon();
    for name in &names[..3] {
        sandbox.run(["refresh", &format!("demo/{name}")]).ok();
    }
    let words = sandbox.run(["refresh", "demo/dora"]).fails(7);
    assert!(words.contains("ask again in"), "{words}");
    assert!(words.contains("127.0.0.1"), "{words}");
    assert_eq!(provider.control().counts().of(RequestKind::Refresh), 3);
    let status = sandbox.run(["status", "--json"]).json();
    let told = &status["owner"]["limits"]["asked_refreshes_per_host_hour"];
    assert_eq!((&told["most"], &told["used"]), (&3.into(), &3.into()));
    // The token that is there is handed out as ever.
    sandbox.run(["get", "demo/dora"]).ok();
}

#[test]
fn a_program_in_a_loop_is_told_to_wait_and_the_refreshes_go_on() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("TOKENWARD_LIMITS_HANDOUTS_PER_PROGRAM_HOUR", "40");
    let provider = DemoProvider::spawn(DemoSettings::default()).unwrap();
    sandbox.sign_in(&provider, "alice");
    let _daemon = sandbox.daemon();
    let target = "/api/credentials/demo/alice/token";
    let ask = || {
        let mut stream = UnixStream::connect(sandbox.socket()).unwrap();
        stream
            .write_all(request("GET", target, "", "").as_bytes())
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.to_lowercase()
    };
    // From the vault at first, from memory then: it is one count.
    let answers: Vec<String> = (0..60).map(|_| ask()).collect();
    let had = answers.iter().filter(|it| it.starts_with("http/1.1 200"));
    assert_eq!(had.count(), 40);
    let last = answers.last().unwrap();
    assert!(last.starts_with("http/1.1 429"), "{last}");
    for header in [
        "retry-after: ",
        "x-ratelimit-limit: 40",
        "x-ratelimit-remaining: 0",
        "x-ratelimit-reset: ",
    ] {
        assert!(last.contains(header), "{header}: {last}");
    }
    assert!(
        last.contains("40 tokens handed to one program an hour"),
        "{last}"
    );
    // Neither a refresh nor another program is held up; of the command, the program is the one that called it: this test.
    sandbox.run(["refresh", "demo/alice"]).ok();
    let words = sandbox.run(["get", "demo/alice"]).fails(7);
    assert!(words.contains("ask again in"), "{words}");
    let status = sandbox.run(["status", "--json"]).json();
    let told = &status["owner"]["limits"]["handouts_per_program_hour"];
    assert_eq!((&told["most"], &told["used"]), (&40.into(), &40.into()));
    let by = told["by"].as_str().unwrap();
    assert!(by.contains("suite"), "{by}");
    let words = sandbox.run(["status"]).ok();
    assert!(
        words.contains("40 of 40 tokens handed to one program an hour"),
        "{words}"
    );
    let noted = || {
        let lines = Caller::new(sandbox.socket()).activity(None, 1000).unwrap();
        let exceeded = lines
            .iter()
            .filter(|line| matches!(line.what, Happening::LimitExceeded { .. }));
        exceeded.count()
    };
    crate::sandbox::eventually("it is noted", || noted() == 1);
    ask();
    assert_eq!(noted(), 1, "once a minute");
}

#[test]
fn owners_for_a_moment_remember_what_was_asked_for() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.unset("TOKENWARD_LIMITS_ASKED_REFRESHES_PER_HOUR");
    let provider = DemoProvider::spawn(DemoSettings::default()).unwrap();
    sandbox.sign_in(&provider, "alice");
    for _ in 0..5 {
        sandbox.run(["refresh", "demo/alice"]).ok();
    }
    sandbox.run(["refresh", "demo/alice"]).fails(7);
    assert_eq!(provider.control().counts().of(RequestKind::Refresh), 5);
}
