//! Earlier tokens of a credential, through the whole program: seen, put back, tried with care.

use crate::accounts::single_use;
use crate::sandbox::{Sandbox, provider};
use serde_json::{Value, json};
use tokenward::demo::quirks::RequestKind;

fn kept(sandbox: &Sandbox) -> Vec<(u64, String, String)> {
    let said = sandbox
        .run(["vault", "generations", "demo/alice", "--json"])
        .json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = said.as_array().unwrap().iter();
    all.map(|one| {
        let generation = one["generation"].as_u64().unwrap();
        (
            generation,
            text(&one["replaced"]),
            text(&one["refresh_token"]),
        )
    })
    .collect()
}

fn rows(sandbox: &Sandbox) -> i64 {
    let conn = rusqlite::Connection::open(sandbox.vault()).unwrap();
    let count = "SELECT count(*) FROM kept_generation";
    conn.query_row(count, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_sign_in_that_was_a_mistake_comes_undone() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    sandbox.sign_in(&provider, "alice");
    let first = sandbox.run(["get", "demo/alice"]).ok();
    let empty = sandbox.run(["vault", "generations", "demo/alice"]);
    assert!(empty.stderr.contains("no earlier generation"), "{empty:?}");
    sandbox.sign_in(&provider, "alice");
    assert_ne!(sandbox.run(["get", "demo/alice"]).ok(), first);
    let listed = sandbox.run(["vault", "generations", "demo/alice"]).ok();
    assert!(listed.contains("signed in anew"), "{listed}");
    let said = sandbox
        .run(["vault", "put-back", "demo/alice", "--json"])
        .json();
    assert_eq!(
        (&said["generation"], &said["of"]),
        (&json!(3), &json!(1)),
        "{said}"
    );
    assert_eq!(sandbox.run(["get", "demo/alice"]).ok(), first);
    // Its refresh token was never spent: it goes on as if nothing had been.
    sandbox.run(["refresh", "demo/alice"]).ok();
    let why = sandbox.run(["why", "demo/alice"]).ok();
    assert!(
        why.contains("generation 1 of its tokens was put back"),
        "{why}"
    );
    assert_eq!(sandbox.run(["vault", "verify"]).code, Some(0));
}

#[test]
fn a_refresh_token_that_is_probably_spent_is_tried_once_and_only_when_asked() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    sandbox.sign_in(&provider, "alice");
    sandbox.run(["refresh", "demo/alice"]).ok();
    sandbox.run(["refresh", "demo/alice"]).ok();
    let all = kept(&sandbox);
    let spent = |generation| (generation, "refreshed".to_owned(), "spent".to_owned());
    assert_eq!(all, [spent(2), spent(1)]);
    let words = sandbox
        .run(["vault", "put-back", "demo/alice", "--generation", "7"])
        .fails(1);
    assert!(words.contains("vault generations demo/alice"), "{words}");
    let _owner = sandbox.daemon();
    let control = provider.control();
    control.reset_counts();
    let done = sandbox.run(["vault", "put-back", "demo/alice", "--generation", "1"]);
    assert!(done.stderr.contains("probably spent"), "{done:?}");
    done.ok();
    let why = sandbox.run(["why", "demo/alice"]).ok();
    assert!(
        why.contains("3 generations behind") || why.contains("2 generations behind"),
        "{why}"
    );
    assert!(why.contains("put back from"), "{why}");
    assert!(why.contains("none by itself"), "{why}");
    assert_eq!(
        control.counts().of(RequestKind::Refresh),
        0,
        "it was tried by itself"
    );
    let words = sandbox.run(["refresh", "demo/alice"]).fails(5);
    assert!(words.contains("was put back"), "{words}");
    assert_eq!(control.counts().of(RequestKind::Refresh), 1, "one attempt");
    let newest = kept(&sandbox).remove(0);
    assert_eq!((newest.0, newest.1.as_str()), (3, "put_back"));
}

#[test]
fn nothing_is_kept_of_what_is_removed_or_revoked_and_a_new_key_seals_what_is_kept_anew() {
    let mut sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    sandbox.sign_in(&provider, "alice");
    for _ in 0..3 {
        sandbox.run(["refresh", "demo/alice"]).ok();
    }
    assert_eq!(rows(&sandbox), 3);
    sandbox.run(["vault", "rotate-key"]).ok();
    assert_eq!(sandbox.run(["vault", "verify"]).code, Some(0));
    assert_eq!(kept(&sandbox).len(), 3);
    sandbox.run(["revoke", "demo/alice", "--yes"]).ok();
    assert_eq!(rows(&sandbox), 0);
    let words = sandbox.run(["vault", "put-back", "demo/alice"]).fails(1);
    assert!(words.contains("no such generation"), "{words}");
    sandbox.sign_in(&provider, "alice");
    sandbox.run(["refresh", "demo/alice"]).ok();
    assert_eq!(rows(&sandbox), 1);
    sandbox.run(["remove", "demo/alice", "--yes"]).ok();
    assert_eq!(rows(&sandbox), 0);
    sandbox.set("TOKENWARD_VAULT_KEEP_GENERATIONS_DAYS", "0");
    sandbox.sign_in(&provider, "alice");
    sandbox.run(["refresh", "demo/alice"]).ok();
    assert_eq!(rows(&sandbox), 0);
}
