//! What callers may cost a provider beyond the schedule, in the core and at the socket.

use crate::agent_rig::request;
use crate::engine_bench::{Bench, HOUR};
use crate::sandbox::Sandbox;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use tokenward::agent::call::Caller;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::RequestKind;
use tokenward::demo::settings::DemoSettings;
use tokenward::engine::api::Refusal;
use tokenward::model::event::Happening;
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
    assert_eq!(exceeded.count(), 1);
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
