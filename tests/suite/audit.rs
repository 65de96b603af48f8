//! Every act leaves a line that says who asked, and what belongs together carries one operation.

use crate::sandbox::{Running, Sandbox, eventually};
use serde_json::Value;
use std::time::Duration;
use tokenward::agent::call::Caller;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::Consent;
use tokenward::demo::settings::DemoSettings;
use tokenward::model::event::{Act, Activity, Happening, Purpose};
use tokenward::model::name::CredentialName;

struct Scene {
    sandbox: Sandbox,
    provider: DemoProvider,
    name: CredentialName,
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::with_vault();
        let provider = DemoProvider::spawn(DemoSettings::default()).unwrap();
        sandbox.sign_in(&provider, "alice");
        Self {
            sandbox,
            provider,
            name: "demo/alice".parse().unwrap(),
        }
    }
}

fn lines(caller: &Caller) -> Vec<Activity> {
    caller.activity(None, 1000).unwrap()
}

fn handed_out(lines: &[Activity]) -> Vec<(&Activity, Purpose, u64)> {
    let count = |line: &Activity| match line.what {
        Happening::HandedOut { purpose, count } => Some((purpose, count)),
        _ => None,
    };
    lines
        .iter()
        .filter_map(|line| count(line).map(|(purpose, count)| (line, purpose, count)))
        .collect()
}

#[test]
fn a_hand_out_tells_to_whom_and_the_same_again_is_counted() {
    let scene = Scene::new();
    let _daemon = scene.sandbox.daemon();
    let caller = Caller::new(scene.sandbox.socket());
    scene.sandbox.run(["get", "demo/alice"]).ok();
    for _ in 0..20 {
        let patience = Duration::from_secs(10);
        caller.token(&scene.name, Duration::ZERO, patience).unwrap();
    }
    let own = std::env::current_exe().unwrap().display().to_string();
    eventually("all hand-outs are in the log", || {
        let lines = lines(&caller);
        let counts = handed_out(&lines).into_iter();
        counts.map(|(_, _, count)| count).sum::<u64>() == 21
    });
    let lines = lines(&caller);
    let handed_out = handed_out(&lines);
    // The other end of a connection of this test is this test; what called `tokenward get` is this test too.
    for (line, purpose, _) in &handed_out {
        let by = line.by.as_ref().unwrap();
        assert_eq!(
            (line.name.as_ref(), *purpose),
            (Some(&scene.name), Purpose::Get)
        );
        assert_eq!(by.executable.as_ref(), Some(&own));
        assert_eq!(by.uid, Some(rustix::process::geteuid().as_raw()));
    }
    assert!(
        handed_out.len() < 21,
        "they were gathered: {}",
        handed_out.len()
    );
    let story = scene.sandbox.run(["why", "demo/alice"]).ok();
    assert!(
        !story.contains("handed out"),
        "the story is not buried: {story}"
    );
}

#[test]
fn a_question_the_refresh_it_caused_and_the_hand_out_are_one_operation() {
    let scene = Scene::new();
    let _daemon = scene.sandbox.daemon();
    let caller = Caller::new(scene.sandbox.socket());
    // More than any token lives: refreshed first.
    scene
        .sandbox
        .run(["get", "demo/alice", "--min-ttl", "10h"])
        .ok();
    scene.sandbox.run(["refresh", "demo/alice"]).ok();
    eventually("the hand-out is in the log", || {
        !handed_out(&lines(&caller)).is_empty()
    });
    let lines = lines(&caller);
    let refreshes: Vec<&Activity> = lines
        .iter()
        .filter(|line| matches!(line.what, Happening::Refreshed { .. }))
        .collect();
    let hand_out = handed_out(&lines)[0].0;
    let asked = lines
        .iter()
        .find(|line| {
            matches!(
                line.what,
                Happening::Asked {
                    act: Act::Refresh,
                    ..
                }
            )
        })
        .unwrap();
    assert_eq!(refreshes.len(), 2);
    assert!(hand_out.operation.is_some());
    assert_eq!(hand_out.operation, refreshes[0].operation);
    assert_eq!(asked.operation, refreshes[1].operation);
    assert_ne!(hand_out.operation, asked.operation);
    assert!(asked.by.is_some());
}

#[test]
fn what_was_handed_out_is_in_the_log_when_the_owner_leaves() {
    let scene = Scene::new();
    scene.sandbox.run(["get", "demo/alice"]).ok();
    let mut daemon = scene.sandbox.daemon();
    scene.sandbox.run(["get", "demo/alice"]).ok();
    daemon.signal(rustix::process::Signal::TERM);
    daemon.wait();
    let _daemon = scene.sandbox.daemon();
    let caller = Caller::new(scene.sandbox.socket());
    let lines = lines(&caller);
    assert_eq!(
        handed_out(&lines).len(),
        2,
        "by an owner for a moment, and by a daemon"
    );
}

/// All lines of the log, read by an owner for a moment where none lives.
fn log(sandbox: &Sandbox) -> Vec<Value> {
    let listed = sandbox.run(["audit", "list", "--limit", "10000", "--json"]);
    let listed = listed.ok();
    let lines = listed.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The newest line of a kind that fits.
fn newest(lines: &[Value], kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let mut newest_first = lines.iter().rev();
    let found = newest_first.find(|line| line["event"] == kind && fits(line));
    found
        .unwrap_or_else(|| panic!("no {kind}: {lines:#?}"))
        .clone()
}

fn any(_: &Value) -> bool {
    true
}

#[test]
fn a_sign_in_is_one_operation_from_the_wish_to_its_end() {
    let scene = Scene::new();
    let _daemon = scene.sandbox.daemon();
    let own = std::env::current_exe().unwrap().display().to_string();
    let one = |lines: &[Value], kind: &str| {
        let ended = newest(lines, kind, any);
        let asked = newest(lines, "asked", |line| {
            line["act"] == "sign_in" && line["operation"] == ended["operation"]
        });
        for line in [&asked, &ended] {
            assert_eq!(line["by"]["executable"], own.as_str(), "{line}");
            assert_eq!(line["name"], "demo/alice", "{line}");
        }
        assert_eq!(asked["provider"], "demo");
        ended
    };
    let first = one(&log(&scene.sandbox), "signed_in");
    let issuer = scene.provider.issuer();
    let mut login = Running::start(&mut scene.sandbox.login(&scene.provider, "loopback", "alice"));
    let mut told = login.lines();
    let url = told.next_json()["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with(&issuer), "{url}");
    assert!(scene.provider.control().visit(&url, &Consent::Deny));
    assert_eq!(told.next_json()["event"], "failed");
    assert!(!login.wait().success());
    let failed = one(&log(&scene.sandbox), "sign_in_failed");
    assert_eq!(failed["provider"], "demo");
    assert_ne!(failed["operation"], first["operation"]);
    // One that is given up ends as the wish to give it up.
    let mut login = Running::start(&mut scene.sandbox.login(&scene.provider, "device", "alice"));
    let mut told = login.lines();
    told.next_json();
    login.signal(rustix::process::Signal::INT);
    login.wait();
    eventually("it is told that it was given up", || {
        log(&scene.sandbox)
            .iter()
            .any(|line| line["act"] == "cancel_sign_in")
    });
    let lines = log(&scene.sandbox);
    let given_up = newest(&lines, "asked", |line| line["act"] == "cancel_sign_in");
    let asked = newest(&lines, "asked", |line| line["act"] == "sign_in");
    assert_eq!(given_up["operation"], asked["operation"]);
    assert_eq!(
        (&given_up["provider"], &given_up["name"]),
        (&"demo".into(), &"demo/alice".into())
    );
}

#[test]
fn what_is_revoked_at_once_is_one_operation() {
    let scene = Scene::new();
    scene.sandbox.sign_in(&scene.provider, "bob");
    scene.sandbox.run(["panic", "--yes", "--stay-open"]).ok();
    let lines = log(&scene.sandbox);
    let asked = newest(&lines, "asked", |line| line["act"] == "revoke_all");
    let revoked = lines.iter().filter(|line| line["event"] == "revoked");
    let operations: Vec<&Value> = revoked.map(|line| &line["operation"]).collect();
    assert_eq!(operations, [&asked["operation"], &asked["operation"]]);
}

#[test]
fn each_act_has_its_operation_and_its_program() {
    let scene = Scene::new();
    let sandbox = &scene.sandbox;
    sandbox.run(["refresh", "demo/alice"]).ok();
    sandbox.run(["vault", "put-back", "demo/alice"]).ok();
    sandbox.run(["validate", "demo/alice", "--introspect"]);
    sandbox.run(["rename", "demo/alice", "alicia"]).ok();
    sandbox.run(["get", "demo/alicia"]).ok();
    let copy = sandbox.path("copy.age");
    let recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let arguments = ["export", "--recipient", recipient, "--copy", "demo/alicia"];
    let file = [copy.to_str().unwrap()];
    sandbox.run(arguments.iter().chain(&file)).ok();
    let lines = log(sandbox);
    let renamed = newest(&lines, "renamed", any);
    let asked = newest(&lines, "asked", |line| line["act"] == "rename");
    assert_eq!(asked["operation"], renamed["operation"]);
    for kind in ["put_back", "validated", "exported", "handed_out"] {
        let line = newest(&lines, kind, any);
        assert!(line["by"]["executable"].is_string(), "{line}");
    }
    let nameless = lines.iter().filter(|line| line["operation"].is_null());
    let kinds: Vec<&Value> = nameless.map(|line| &line["event"]).collect();
    assert_eq!(
        kinds,
        ["vault_created"],
        "what was written before there was an engine"
    );
}

#[test]
fn what_a_program_got_counts_without_a_living_owner_too() {
    let mut scene = Scene::new();
    scene
        .sandbox
        .set("TOKENWARD_LIMITS_HANDOUTS_PER_PROGRAM_HOUR", "2");
    for _ in 0..2 {
        scene.sandbox.run(["get", "demo/alice"]).ok();
    }
    for _ in 0..3 {
        let words = scene.sandbox.run(["get", "demo/alice"]).fails(7);
        assert!(words.contains("ask again in"), "{words}");
    }
    let lines = log(&scene.sandbox);
    let exceeded = lines
        .iter()
        .filter(|line| line["event"] == "limit_exceeded");
    assert_eq!(exceeded.count(), 1, "once a minute");
    // A daemon that starts does not forgive it either.
    let _daemon = scene.sandbox.daemon();
    scene.sandbox.run(["get", "demo/alice"]).fails(7);
}
