//! Every act leaves a line that says who asked, and what belongs together carries one operation.

use crate::sandbox::{Sandbox, eventually};
use std::time::Duration;
use tokenward::agent::call::Caller;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::settings::DemoSettings;
use tokenward::model::event::{Act, Activity, Happening, Purpose};
use tokenward::model::name::CredentialName;

struct Scene {
    sandbox: Sandbox,
    _provider: DemoProvider,
    name: CredentialName,
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::with_vault();
        let provider = DemoProvider::spawn(DemoSettings::default()).unwrap();
        sandbox.sign_in(&provider, "alice");
        Self {
            sandbox,
            _provider: provider,
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
        .find(|line| matches!(line.what, Happening::Asked { act: Act::Refresh }))
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
