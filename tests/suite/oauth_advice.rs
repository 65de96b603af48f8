//! What the program advises when the network fails: it depends on what was asked, and on who goes on trying.

use crate::sandbox::{Run, Sandbox, provider};
use tokenward::demo::quirks::Quirks;

const PROMISE: &str = "is tried again by itself";

/// A vault with a credential whose provider has gone.
fn left_alone() -> Sandbox {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    sandbox
}

#[track_caller]
fn advice(run: Run) -> String {
    let words = run.fails(6);
    let hint = words.lines().find_map(|line| line.strip_prefix("hint: "));
    hint.unwrap_or_else(|| panic!("no hint: {words}"))
        .to_owned()
}

#[test]
fn a_sign_in_without_network_is_begun_again_by_the_person() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    let mut login = sandbox.login(&provider, "device", "alice");
    drop(provider);
    let run: Run = login.output().unwrap().into();
    assert_eq!(run.code, Some(6), "{run:?}");
    let told: serde_json::Value = serde_json::from_str(run.stdout.trim()).unwrap();
    let hint = told["hint"].as_str().unwrap();
    assert!(hint.contains("start the sign-in again"), "{hint}");
    assert!(!hint.contains(PROMISE), "{hint}");
}

#[test]
fn a_refresh_is_tried_again_by_itself_only_where_an_owner_lives() {
    let sandbox = left_alone();
    for asked in [
        vec!["refresh", "demo/alice"],
        vec!["get", "demo/alice", "--min-ttl", "99d", "--timeout", "1s"],
    ] {
        let hint = advice(sandbox.run(asked));
        assert!(hint.contains("ask again"), "{hint}");
        assert!(!hint.contains(PROMISE), "{hint}");
    }
    let _daemon = sandbox.daemon();
    let hint = advice(sandbox.run(["refresh", "demo/alice"]));
    assert!(hint.contains(PROMISE), "{hint}");
}

#[test]
fn a_revocation_is_made_again_by_itself_only_where_an_owner_lives() {
    let sandbox = left_alone();
    let hint = advice(sandbox.run(["revoke", "demo/alice", "--yes"]));
    assert!(hint.contains("revoke it again"), "{hint}");
    let told = "is told again by itself";
    assert!(!hint.contains(told), "{hint}");
    let _daemon = sandbox.daemon();
    let hint = advice(sandbox.run(["revoke", "demo/alice", "--yes"]));
    assert!(hint.contains(told), "{hint}");
    let words = sandbox.run(["get", "demo/alice"]).fails(5);
    assert!(words.contains("was revoked"), "{words}");
    let list = sandbox.run(["list", "--json"]).json();
    assert_eq!(list[0]["revocation"], "pending", "{list}");
}
