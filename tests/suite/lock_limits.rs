//! A lock resets no limit: what programs got and what was asked of hosts is known to the engine after it.

use crate::sandbox::{Sandbox, provider};
use tokenward::demo::quirks::{Fault, Quirks, RequestKind, RetryAfter};

fn lock_and_unlock(sandbox: &Sandbox) {
    sandbox.run(["lock"]).ok();
    sandbox.run(["unlock"]).ok();
}

#[test]
fn a_program_at_its_limit_is_at_its_limit_after_a_lock() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("TOKENWARD_LIMITS_HANDOUTS_PER_PROGRAM_HOUR", "4");
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let _daemon = sandbox.daemon();
    for round in 0..4 {
        sandbox.run(["get", "demo/alice"]).ok();
        if round % 2 == 0 {
            lock_and_unlock(&sandbox);
        }
    }
    for _ in 0..2 {
        let words = sandbox.run(["get", "demo/alice"]).fails(7);
        assert!(words.contains("ask again in"), "{words}");
        lock_and_unlock(&sandbox);
    }
    let status = sandbox.run(["status", "--json"]).json();
    let told = &status["owner"]["limits"]["handouts_per_program_hour"];
    assert_eq!((&told["most"], &told["used"]), (&4.into(), &4.into()));
    let log = sandbox.run(["audit", "list", "--json"]).ok();
    let handed: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &serde_json::Value| line["event"] == "handed_out")
        .collect();
    let count: u64 = handed.iter().map(|it| it["count"].as_u64().unwrap()).sum();
    assert_eq!(count, 4, "each stands in the log once: {handed:?}");
}

#[test]
fn a_host_is_asked_for_no_more_after_a_lock() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("TOKENWARD_LIMITS_ASKED_REFRESHES_PER_HOST_HOUR", "2");
    let provider = provider(Quirks::default());
    for account in ["alice", "bob"] {
        sandbox.sign_in(&provider, account);
    }
    let _daemon = sandbox.daemon();
    sandbox.run(["refresh", "demo/alice"]).ok();
    lock_and_unlock(&sandbox);
    sandbox.run(["refresh", "demo/alice"]).ok();
    lock_and_unlock(&sandbox);
    let words = sandbox.run(["refresh", "demo/bob"]).fails(7);
    assert!(words.contains("2 refreshes at 127.0.0.1"), "{words}");
    let counts = provider.control().counts();
    assert_eq!(counts.of(RequestKind::Refresh), 2);
}

#[test]
fn a_host_that_wants_to_be_left_alone_is_left_alone_after_a_lock() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    for account in ["alice", "bob"] {
        sandbox.sign_in(&provider, account);
    }
    let _daemon = sandbox.daemon();
    let later = Fault::Status {
        status: 429,
        retry_after: Some(RetryAfter::Seconds(600)),
    };
    let control = provider.control();
    control.fail_next(RequestKind::Refresh, 1, later);
    sandbox.run(["refresh", "demo/alice"]).fails(6);
    lock_and_unlock(&sandbox);
    sandbox
        .run(["refresh", "demo/bob", "--timeout", "2"])
        .fails(6);
    assert_eq!(control.counts().of(RequestKind::Refresh), 1);
}
