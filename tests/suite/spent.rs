//! A refresh token that is probably spent stays marked, however it comes back: put back, restored, imported, accepted.

use crate::accounts::single_use;
use crate::sandbox::{Run, Running, Sandbox, provider};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::{Consent, Quirks, RequestKind, RotationRule};

const WORD: &str = "seven pale owls sing below the harbour";

fn quirks(rotation: RotationRule) -> Quirks {
    Quirks {
        rotation,
        ..single_use()
    }
}

/// A vault with demo/alice, signed in at a provider that takes each refresh token once.
fn with_alice() -> (Sandbox, DemoProvider) {
    let sandbox = Sandbox::with_vault();
    let provider = provider(quirks(RotationRule::SingleUse));
    sandbox.sign_in(&provider, "alice");
    (sandbox, provider)
}

fn put_back(sandbox: &Sandbox, generation: &str) -> Value {
    let name = "demo/alice";
    let arguments = ["vault", "put-back", name, "--generation", generation];
    sandbox.run(arguments.into_iter().chain(["--json"])).json()
}

fn outlooks(sandbox: &Sandbox) -> Vec<(u64, String)> {
    let name = "demo/alice";
    let said = sandbox.run(["vault", "generations", name, "--json"]).json();
    let all = said.as_array().unwrap().iter();
    all.map(|one| {
        let outlook = one["refresh_token"].as_str().unwrap();
        (one["generation"].as_u64().unwrap(), outlook.to_owned())
    })
    .collect()
}

/// It is left alone until somebody asks.
#[track_caller]
fn is_marked(sandbox: &Sandbox, name: &str) {
    let why = sandbox.run(["why", name]).ok();
    assert!(why.contains("is tried once when somebody asks"), "{why}");
}

#[track_caller]
fn is_not_marked(sandbox: &Sandbox, name: &str) {
    let why = sandbox.run(["why", name]).ok();
    assert!(!why.contains("is tried once when somebody asks"), "{why}");
}

fn export(sandbox: &Sandbox, file: &Path, more: &[&str]) {
    let word = sandbox.write("export.word", WORD);
    let word = word.to_str().unwrap();
    let start = ["export", "--work-factor", "10", "--force"];
    let arguments = start.into_iter().chain(more.iter().copied());
    let file = file.to_str().unwrap();
    let end = ["--export-passphrase-file", word, "demo/alice", file];
    sandbox.run(arguments.chain(end)).ok();
}

#[track_caller]
fn import(sandbox: &Sandbox, file: &Path, more: &[&str]) {
    let word = sandbox.write("export.word", WORD);
    let word = word.to_str().unwrap();
    let file = file.to_str().unwrap();
    let start = ["import", file, "--yes", "--export-passphrase-file", word];
    sandbox
        .run(start.into_iter().chain(more.iter().copied()))
        .ok();
}

fn backup(sandbox: &Sandbox) -> PathBuf {
    let file = sandbox.path("copy.db");
    let name = file.to_str().unwrap();
    sandbox.run(["vault", "backup", name, "--force"]).ok();
    file
}

fn restore(sandbox: &Sandbox, file: &Path) -> Value {
    let file = file.to_str().unwrap();
    sandbox.run(["vault", "restore", file, "--json"]).json()
}

fn restore_in_words(sandbox: &Sandbox, file: &Path) -> Run {
    sandbox.run(["vault", "restore", file.to_str().unwrap()])
}

#[test]
fn put_back_twice_it_is_still_left_alone_and_told_as_spent() {
    let (sandbox, provider) = with_alice();
    sandbox.run(["refresh", "demo/alice"]).ok();
    provider.control().reset_counts();
    assert_eq!(put_back(&sandbox, "1")["restored"]["behind"], 1);
    let said = put_back(&sandbox, "1");
    assert_eq!(said["restored"]["behind"], 1, "{said}");
    is_marked(&sandbox, "demo/alice");
    // And after another one was put back, which hides the refresh that spent it.
    put_back(&sandbox, "2");
    let told = outlooks(&sandbox);
    let spent = |generation| (generation, "spent".to_owned());
    assert!(
        told.contains(&spent(1)) && told.contains(&spent(3)),
        "{told:?}"
    );
    let said = put_back(&sandbox, "3");
    assert!(said["restored"]["behind"].is_u64(), "{said}");
    let _owner = sandbox.daemon();
    is_marked(&sandbox, "demo/alice");
    let sent = provider.control().counts().of(RequestKind::Refresh);
    assert_eq!(sent, 0, "it was tried by itself");
}

#[test]
fn a_refresh_that_replaced_nothing_spends_nothing() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(quirks(RotationRule::Never));
    sandbox.sign_in(&provider, "alice");
    sandbox.run(["refresh", "demo/alice"]).ok();
    sandbox.sign_in(&provider, "alice");
    let told = outlooks(&sandbox);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.iter().all(|(_, outlook)| outlook != "spent"),
        "{told:?}"
    );
    let said = put_back(&sandbox, "1");
    assert!(said["restored"]["behind"].is_null(), "{said}");
}

#[test]
fn a_restore_over_what_was_put_back_keeps_the_mark() {
    let (sandbox, _provider) = with_alice();
    let file = backup(&sandbox);
    sandbox.run(["refresh", "demo/alice"]).ok();
    put_back(&sandbox, "1");
    restore(&sandbox, &file);
    is_marked(&sandbox, "demo/alice");
}

#[test]
fn the_mark_goes_along_with_an_export() {
    let (sandbox, _provider) = with_alice();
    sandbox.run(["refresh", "demo/alice"]).ok();
    put_back(&sandbox, "1");
    let file = sandbox.path("alice.age");
    export(&sandbox, &file, &[]);
    let away = Sandbox::with_vault();
    import(&away, &file, &[]);
    is_marked(&away, "demo/alice");
    import(&sandbox, &file, &["--replace"]);
    is_marked(&sandbox, "demo/alice");
}

#[test]
fn an_older_export_over_a_newer_credential_is_known_as_spent() {
    let (sandbox, provider) = with_alice();
    let file = sandbox.path("alice.age");
    export(&sandbox, &file, &[]);
    // The same once more: nothing was replaced.
    import(&sandbox, &file, &["--replace"]);
    is_not_marked(&sandbox, "demo/alice");
    sandbox.run(["refresh", "demo/alice"]).ok();
    sandbox.run(["refresh", "demo/alice"]).ok();
    provider.control().reset_counts();
    import(&sandbox, &file, &["--as", "demo/second"]);
    is_marked(&sandbox, "demo/second");
    import(&sandbox, &file, &["--replace"]);
    is_marked(&sandbox, "demo/alice");
    // And over itself, marked as it is.
    import(&sandbox, &file, &["--replace"]);
    is_marked(&sandbox, "demo/alice");
    let _owner = sandbox.daemon();
    is_marked(&sandbox, "demo/alice");
    let sent = provider.control().counts().of(RequestKind::Refresh);
    assert_eq!(sent, 0, "it was tried by itself");
}

#[test]
fn what_was_moved_away_and_comes_back_from_an_older_file_is_known_as_spent() {
    let (sandbox, _provider) = with_alice();
    let (old, moved) = (sandbox.path("old.age"), sandbox.path("moved.age"));
    export(&sandbox, &old, &[]);
    sandbox.run(["refresh", "demo/alice"]).ok();
    export(&sandbox, &moved, &["--move"]);
    import(&sandbox, &moved, &[]);
    is_not_marked(&sandbox, "demo/alice");
    import(&sandbox, &old, &["--replace"]);
    is_marked(&sandbox, "demo/alice");
    // Nor does a vault that never held it take it for the newer one.
    let away = Sandbox::with_vault();
    import(&away, &moved, &[]);
    import(&away, &old, &["--replace"]);
    is_marked(&away, "demo/alice");
}

#[test]
fn what_was_removed_comes_back_from_its_file_as_it_was() {
    let (sandbox, _provider) = with_alice();
    let (old, new) = (sandbox.path("old.age"), sandbox.path("new.age"));
    export(&sandbox, &old, &[]);
    sandbox.run(["refresh", "demo/alice"]).ok();
    export(&sandbox, &new, &[]);
    sandbox.run(["remove", "demo/alice", "--yes"]).ok();
    import(&sandbox, &old, &[]);
    is_marked(&sandbox, "demo/alice");
    import(&sandbox, &new, &["--replace"]);
    is_not_marked(&sandbox, "demo/alice");
}

#[test]
fn where_replaced_tokens_live_on_an_older_export_goes_on_by_itself() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(quirks(RotationRule::Never));
    sandbox.sign_in(&provider, "alice");
    let file = sandbox.path("alice.age");
    export(&sandbox, &file, &[]);
    sandbox.run(["refresh", "demo/alice"]).ok();
    import(&sandbox, &file, &["--replace"]);
    is_not_marked(&sandbox, "demo/alice");
}

#[test]
fn a_parcel_that_is_accepted_a_second_time_is_known_as_spent() {
    let (sandbox, provider) = with_alice();
    let mut command = sandbox.login(&provider, "loopback", "bob");
    let mut login = Running::start(command.arg("--no-unlock"));
    let mut lines = login.lines();
    let url = lines.next_json()["url"].as_str().unwrap().to_owned();
    let consent = Consent::Allow("bob".to_owned());
    assert!(provider.control().visit(&url, &consent));
    assert_eq!(lines.next_json()["event"], "signed_in");
    assert!(login.wait().success());
    // As after a cut between the credential and the inbox.
    let conn = || Connection::open(sandbox.vault()).unwrap();
    let copy = "CREATE TABLE twin AS SELECT * FROM parcel";
    conn().execute_batch(copy).unwrap();
    sandbox.run(["inbox", "accept", "1"]).ok();
    sandbox.run(["refresh", "demo/bob"]).ok();
    let again = "INSERT INTO parcel SELECT * FROM twin; DROP TABLE twin";
    conn().execute_batch(again).unwrap();
    sandbox.run(["inbox", "accept", "1", "--replace"]).ok();
    is_marked(&sandbox, "demo/bob");
}

#[test]
fn what_was_removed_or_moved_away_since_the_backup_comes_back_marked_and_told() {
    let (sandbox, provider) = with_alice();
    sandbox.sign_in(&provider, "bob");
    sandbox.sign_in(&provider, "dora");
    let file = backup(&sandbox);
    sandbox.run(["refresh", "demo/alice"]).ok();
    let away = sandbox.path("alice.age");
    export(&sandbox, &away, &["--move"]);
    sandbox.run(["remove", "demo/bob", "--yes"]).ok();
    sandbox.sign_in(&provider, "carol");
    let said = restore(&sandbox, &file);
    assert_eq!(
        said["returned"],
        json!(["demo/alice", "demo/bob"]),
        "{said}"
    );
    assert_eq!(said["only_before"], json!(["demo/carol"]), "{said}");
    assert_eq!(said["overtaken"], json!([]), "{said}");
    is_marked(&sandbox, "demo/alice");
    is_marked(&sandbox, "demo/bob");
    is_not_marked(&sandbox, "demo/dora");
    let why = sandbox.run(["why", "demo/alice"]).ok();
    assert!(why.contains("1 generation behind"), "{why}");
    // It comes undone in the same way, and the one that was never removed is not marked.
    let before = PathBuf::from(said["kept"].as_str().unwrap());
    let run = restore_in_words(&sandbox, &before);
    let words = format!("{}{}", run.stdout, run.stderr);
    run.ok();
    assert!(
        words.contains("demo/alice: only in the vault before"),
        "{words}"
    );
    is_not_marked(&sandbox, "demo/carol");
    let run = restore_in_words(&sandbox, &file);
    let words = format!("{}{}", run.stdout, run.stderr);
    run.ok();
    assert!(words.contains("demo/bob: forgotten here since"), "{words}");
}

#[test]
fn what_was_revoked_and_then_removed_does_not_come_back_alive() {
    let (sandbox, provider) = with_alice();
    sandbox.sign_in(&provider, "bob");
    let file = backup(&sandbox);
    sandbox.run(["revoke", "demo/alice", "--yes"]).ok();
    sandbox.run(["remove", "demo/alice", "--yes"]).ok();
    let rename = ["rename", "demo/bob", "demo/robert"];
    sandbox.run(rename).ok();
    sandbox.run(["revoke", "demo/robert", "--yes"]).ok();
    sandbox.run(["remove", "demo/robert", "--yes"]).ok();
    // One of the same name that lives is another one.
    sandbox.sign_in(&provider, "alice");
    let said = restore(&sandbox, &file);
    assert_eq!(said["revoked"], json!(["demo/alice", "demo/bob"]), "{said}");
    assert_eq!(said["returned"], json!([]), "{said}");
    for name in ["demo/alice", "demo/bob"] {
        let words = sandbox.run(["get", name]).fails(5);
        assert!(words.contains("revoked"), "{words}");
    }
}
