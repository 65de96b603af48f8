//! Everything is revoked at once: by the command, by the key, with and without a provider that answers.

use crate::inbox::{inbox, sign_in_apart};
use crate::sandbox::{Sandbox, eventually};
use crate::tui_rig::Terminal;
use rusqlite::Connection;
use serde_json::Value;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::{Fault, RequestKind};
use tokenward::demo::settings::DemoSettings;

struct Scene {
    sandbox: Sandbox,
    provider: DemoProvider,
}

impl Scene {
    /// Two credentials at one provider.
    fn new() -> Self {
        let sandbox = Sandbox::with_vault();
        let provider = DemoProvider::spawn(DemoSettings::default()).unwrap();
        sandbox.sign_in(&provider, "alice");
        sandbox.sign_in(&provider, "bob");
        Self { sandbox, provider }
    }

    fn token(&self, name: &str) -> String {
        let token = self.sandbox.run(["get", name]).ok();
        token.trim().to_owned()
    }

    /// From now on the provider is in trouble when it is to revoke.
    fn cannot_be_told(&self) {
        let fault = Fault::Status {
            status: 503,
            retry_after: None,
        };
        self.provider.control().change_quirks(|quirks| {
            *quirks = quirks.clone().failing(RequestKind::Revoke, u32::MAX, fault);
        });
    }
}

fn rows(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn everything_is_revoked_with_proof_and_the_owner_is_locked() {
    let scene = Scene::new();
    let (sandbox, control) = (&scene.sandbox, scene.provider.control());
    let _daemon = sandbox.daemon();
    let tokens = ["demo/alice", "demo/bob"].map(|name| scene.token(name));
    let told = rows(&sandbox.run(["panic", "--yes", "--json"]).ok());
    let names: Vec<_> = told.iter().map(|row| row["name"].as_str()).collect();
    assert_eq!(names, [Some("demo/alice"), Some("demo/bob")]);
    assert!(told.iter().all(|row| row["proof"] == "dead"), "{told:?}");
    assert!(tokens.iter().all(|token| !control.is_live(token)));
    let status = sandbox.run(["status", "--json"]).json();
    assert!(status["owner"]["locked"].is_object(), "{status}");
    sandbox.run(["unlock"]).ok();
    let words = sandbox.run(["get", "demo/alice"]).fails(5);
    assert!(words.contains("was revoked"), "{words}");
    let lines = sandbox.run(["audit", "list", "--json"]).ok();
    assert!(lines.contains("revoke_all"), "{lines}");
    // There is nothing left to do, and that is no failure.
    let again = sandbox.run(["panic", "--yes", "--stay-open"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.stderr.contains("nothing to revoke"), "{again:?}");
}

#[test]
fn what_cannot_be_told_is_queued_withheld_at_once_and_told_when_the_provider_is_back() {
    let scene = Scene::new();
    let (sandbox, control) = (&scene.sandbox, scene.provider.control());
    let _daemon = sandbox.daemon();
    let token = scene.token("demo/alice");
    scene.cannot_be_told();
    let said = sandbox.run(["panic", "--yes", "--stay-open"]).fails(6);
    for words in [
        "demo/alice: 127.0.0.1",
        "demo/bob: 127.0.0.1",
        "2 credentials could not be told of yet and are queued",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(control.is_live(&token), "nobody told the provider");
    let words = sandbox.run(["get", "demo/alice"]).fails(5);
    assert!(words.contains("revoked"), "{words}");
    control.change_quirks(|quirks| quirks.faults.clear());
    eventually("it is told again", || !control.is_live(&token));
}

#[test]
fn without_an_owner_it_works_too_and_without_the_word_nothing_happens() {
    let scene = Scene::new();
    let sandbox = &scene.sandbox;
    let words = sandbox.run(["panic"]).fails(7);
    assert!(words.contains("--yes"), "{words}");
    let token = scene.token("demo/bob");
    let mut terminal = Terminal::start(sandbox, &["panic"], 100, 24);
    terminal.wait_for("Type revoke to do it");
    terminal.keys("yes\r");
    terminal.wait_for("nothing was done");
    terminal.finish();
    assert!(scene.provider.control().is_live(&token));
    let mut terminal = Terminal::start(sandbox, &["panic"], 100, 24);
    terminal.wait_for("2 credentials at their providers");
    terminal.keys("revoke\r");
    terminal.wait_for("demo/bob: revoked, the provider confirmed it");
    terminal.finish();
    assert!(!scene.provider.control().is_live(&token));
}

#[test]
fn one_key_a_word_and_the_screen_tells_each_and_locks() {
    let scene = Scene::new();
    let token = scene.token("demo/alice");
    let mut terminal = Terminal::start(&scene.sandbox, &[], 100, 30);
    terminal.wait_for("demo/bob");
    terminal.keys("!");
    terminal.wait_for("type revoke and press Enter");
    terminal.keys("revoke\r");
    terminal.wait_for("Everything is revoked");
    terminal.wait_for("demo/alice: proved dead");
    assert!(!scene.provider.control().is_live(&token));
    terminal.keys("\r");
    terminal.wait_for("Locked at");
    terminal.keys("\u{1b}");
    terminal.wait_until_given_back();
}

fn row<'a>(rows: &'a [Value], name: &str) -> &'a Value {
    let found = rows.iter().find(|row| row["name"] == name);
    found.unwrap_or_else(|| panic!("{name}: {rows:?}"))
}

fn names(sandbox: &Sandbox) -> Vec<String> {
    let listed = rows(&sandbox.run(["list", "--json"]).ok());
    let names = listed.iter().map(|row| row["name"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

#[test]
fn what_waits_in_the_inbox_is_revoked_too_and_of_a_locked_vault_it_is_said_that_it_is_not() {
    let scene = Scene::new();
    let sandbox = &scene.sandbox;
    for _ in 0..2 {
        sign_in_apart(sandbox, &scene.provider, "carol");
    }
    let _daemon = sandbox.daemon();
    sandbox.run(["lock"]).ok();
    let words = sandbox.run(["panic", "--yes"]).fails(4);
    for said in [
        "nothing was revoked",
        "2 items of its inbox",
        "tokenward unlock",
    ] {
        assert!(words.contains(said), "{said}: {words}");
    }
    sandbox.run(["unlock"]).ok();
    let words = sandbox.run(["panic"]).fails(7);
    assert!(
        words.contains("2 credentials and 2 items of the inbox"),
        "{words}"
    );
    let told = rows(
        &sandbox
            .run(["panic", "--yes", "--json", "--stay-open"])
            .ok(),
    );
    let dead = |row: &&Value| row["proof"] == "dead";
    assert_eq!(told.iter().filter(dead).count(), 4, "{told:?}");
    let carols = told.iter().filter(|row| row["name"] == "demo/carol");
    let items: Vec<_> = carols.map(|row| row["item"].as_i64()).collect();
    assert_eq!(items, [Some(1), Some(2)]);
    assert!(inbox(sandbox).is_empty());
    eventually("it is forgotten", || {
        names(sandbox) == ["demo/alice", "demo/bob"]
    });
    let log = sandbox
        .run(["audit", "list", "--kind", "parcel_refused"])
        .ok();
    assert!(log.contains("demo/carol was refused"), "{log}");
}

#[test]
fn what_waits_in_the_inbox_and_cannot_be_told_is_queued_and_what_does_not_open_is_named() {
    let scene = Scene::new();
    let (sandbox, control) = (&scene.sandbox, scene.provider.control());
    sign_in_apart(sandbox, &scene.provider, "carol");
    let file = Connection::open(sandbox.vault()).unwrap();
    let junk = "INSERT INTO parcel (at, recipient, sealed) VALUES (0, 'x', x'00')";
    file.execute(junk, []).unwrap();
    drop(file);
    let _daemon = sandbox.daemon();
    scene.cannot_be_told();
    let run = sandbox.run(["panic", "--yes", "--json", "--stay-open"]);
    let told = rows(&run.stdout);
    let carol = row(&told, "demo/carol");
    assert_eq!(
        (&carol["ok"], &carol["code"]),
        (&false.into(), &"unavailable".into())
    );
    let error = carol["error"].as_str().unwrap();
    assert!(error.contains("kept as demo/carol-refused-1"), "{error}");
    let sealed = told
        .iter()
        .find(|row| row["name"].as_str().unwrap().starts_with("inbox/"));
    let sealed = sealed.unwrap()["error"].as_str().unwrap();
    assert!(sealed.contains("does not open"), "{sealed}");
    assert_eq!(inbox(sandbox).len(), 1, "that one stays");
    sandbox.run(["get", "demo/carol-refused-1"]).fails(5);
    control.change_quirks(|quirks| quirks.faults.clear());
    eventually("it is told again and forgotten", || {
        !names(sandbox).contains(&"demo/carol-refused-1".to_owned())
    });
}

#[test]
fn all_are_revoked_with_what_waits_in_the_inbox() {
    let scene = Scene::new();
    let sandbox = &scene.sandbox;
    sign_in_apart(sandbox, &scene.provider, "carol");
    let words = sandbox.run(["revoke", "--all"]).fails(7);
    assert!(words.contains("item 1, demo/carol"), "{words}");
    let told = rows(&sandbox.run(["revoke", "--all", "--yes", "--json"]).ok());
    assert_eq!(row(&told, "demo/carol")["proof"], "dead");
    assert!(inbox(sandbox).is_empty());
    assert_eq!(names(sandbox), ["demo/alice", "demo/bob"]);
}
