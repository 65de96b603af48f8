//! A found token: whose it is, which generation's, what became of it; an unknown one leaves no trace.

use crate::sandbox::{Run, Sandbox};
use serde_json::Value;
use std::io::Write;
use std::process::Stdio;
use tokenward::agent::call::Caller;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::settings::DemoSettings;
use tokenward::model::event::Happening;

struct Scene {
    sandbox: Sandbox,
    _provider: DemoProvider,
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::with_vault();
        let provider = DemoProvider::spawn(DemoSettings::default()).unwrap();
        sandbox.sign_in(&provider, "alice");
        Self {
            sandbox,
            _provider: provider,
        }
    }

    fn identify(&self, token: &str, arguments: &[&str]) -> Run {
        let all = ["identify"].iter().chain(arguments);
        let mut child = self
            .sandbox
            .command(all)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(token.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap().into()
    }

    fn owner(&self, token: &str) -> Value {
        self.identify(token, &["--json"]).json()["owner"].clone()
    }

    fn token(&self) -> String {
        self.sandbox
            .run(["get", "demo/alice"])
            .ok()
            .trim()
            .to_owned()
    }
}

#[test]
fn every_token_a_credential_held_is_told_by_generation_and_end() {
    let scene = Scene::new();
    let first = scene.token();
    let owner = scene.owner(&format!("{first}\n"));
    assert_eq!(owner["name"], "demo/alice");
    assert_eq!(
        (&owner["kind"], &owner["generation"]),
        (&"access".into(), &1.into())
    );
    assert!(
        owner["ended"].is_null() && !owner["expires_at"].is_null(),
        "{owner}"
    );
    scene.sandbox.run(["refresh", "demo/alice"]).ok();
    let owner = scene.owner(&first);
    assert_eq!(owner["ended"]["how"], "replaced");
    assert!(
        owner["ended"]["at"].is_string() || owner["ended"]["at"].is_number(),
        "{owner}"
    );
    assert_eq!(owner["generation_now"], 2);
    let words = scene.identify(&first, &[]).ok();
    assert!(
        words.starts_with("demo/alice: access token of generation 1, replaced by a refresh"),
        "{words}"
    );
    let second = scene.token();
    let run = scene.identify(&second, &["--revoke"]);
    assert!(run.stdout.contains("the present one"), "{run:?}");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(scene.owner(&second)["ended"]["how"], "revoked");
    scene.sandbox.run(["remove", "demo/alice", "--yes"]).ok();
    let owner = scene.owner(&second);
    assert_eq!(owner["ended"]["how"], "removed");
    assert_eq!(
        (&owner["name"], &owner["is_kept"]),
        (&"demo/alice".into(), &false.into())
    );
}

#[test]
fn an_unknown_token_is_said_to_be_unknown_and_leaves_no_trace() {
    let scene = Scene::new();
    let _daemon = scene.sandbox.daemon();
    let caller = Caller::new(scene.sandbox.socket());
    // The owner may still be telling that it has started.
    let lines = || {
        let mut lines = caller.activity(None, 100).unwrap();
        lines.retain(|line| !matches!(line.what, Happening::EngineStarted { .. }));
        lines
    };
    let before = lines();
    let run = scene.identify("marker-of-somebody-elses-token", &[]);
    let words = run.fails(3);
    assert!(
        words.contains("no credential of this vault ever held this token"),
        "{words}"
    );
    assert!(!words.contains("marker"));
    assert_eq!(lines(), before);
    scene.identify("", &[]).fails(2);
    // A known one leaves a line.
    let token = scene.token();
    scene.identify(&token, &[]).ok();
    assert!(
        lines()
            .iter()
            .any(|line| matches!(line.what, Happening::Identified { .. }))
    );
}

#[test]
fn a_jwt_shows_its_claims_as_claims() {
    let scene = Scene::new();
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSIsImlzcyI6Imh0dHBzOi8vaWQuZXhhbXBsZSJ9.c2lnbmF0dXJl";
    let run = scene.identify(jwt, &["--verify"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.stdout.contains("\"sub\": \"alice\""), "{run:?}");
    assert!(run.stdout.contains("claims, not facts"), "{run:?}");
}
