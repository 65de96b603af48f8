//! The real program against a certified provider written by others (`tests/providers/run` starts it).

use crate::raw_http;
use crate::sandbox::{Running, Sandbox};
use crate::vault_fixture::key_pair;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

/// How long the slowest step may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn issuer() -> String {
    std::env::var("TOKENWARD_TEST_ISSUER").expect("tests/providers/run sets TOKENWARD_TEST_ISSUER")
}

fn user_script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/providers/user.mjs")
}

/// A person with a vault that opens without a question.
struct Person {
    sandbox: Sandbox,
}

/// How a sign-in ended.
struct SignIn {
    code: Option<i32>,
    events: Vec<Value>,
    errors: String,
}

impl SignIn {
    #[track_caller]
    fn name(&self) -> String {
        let last = self.events.last();
        let name = last
            .filter(|event| event["event"] == "signed_in")
            .and_then(|event| event["name"].as_str());
        assert_eq!(self.code, Some(0), "{:?} {}", self.events, self.errors);
        name.unwrap_or_else(|| panic!("{:?} {}", self.events, self.errors))
            .to_owned()
    }
}

impl Person {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let (identity, recipient) = key_pair();
        sandbox.write("identity.txt", identity.expose_secret());
        let person = Self { sandbox };
        person
            .command(["init", "--recipient", &recipient])
            .output()
            .map(crate::sandbox::Run::from)
            .unwrap()
            .ok();
        person
    }

    fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = self.sandbox.command(arguments);
        command.env("TOKENWARD_IDENTITY_FILE", self.sandbox.path("identity.txt"));
        command
    }

    fn run(&self, arguments: &[&str]) -> crate::sandbox::Run {
        self.command(arguments).output().unwrap().into()
    }

    /// Signs in; whenever the program says where to go, the person goes there.
    fn sign_in(&self, client: &str, more: &[&str], deny: bool) -> SignIn {
        let (issuer, scope) = (issuer(), "openid email offline_access");
        let fixed = [
            "login",
            "rig",
            "--issuer",
            &issuer,
            "--client-id",
            client,
            "--scope",
            scope,
            "--json",
            "--no-browser",
        ];
        let mut command = self.command(fixed.iter().chain(more));
        self.follow(&mut command, |url| go(url, deny))
    }

    fn follow(&self, command: &mut Command, mut go_to: impl FnMut(&str)) -> SignIn {
        let mut running = Running::start(command);
        let out = BufReader::new(running.child().stdout.take().unwrap());
        let _limit = Limit::on(running.pid());
        let mut events = Vec::new();
        for line in out.lines() {
            let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
            let address = ["verification_uri_complete", "url"]
                .iter()
                .find_map(|name| event[*name].as_str());
            if let Some(address) = address {
                go_to(address);
            }
            events.push(event);
        }
        let (status, errors) = running.finish();
        SignIn {
            code: status.code(),
            events,
            errors,
        }
    }

    fn token(&self, name: &str) -> String {
        self.run(&["get", name]).ok().trim().to_owned()
    }

    fn listed(&self, name: &str) -> Value {
        let list = self.run(&["list", "--json"]).json();
        let found = list
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["name"] == name);
        found.unwrap_or_else(|| panic!("no {name}: {list}")).clone()
    }

    fn generation(&self, name: &str) -> u64 {
        self.listed(name)["generation"].as_u64().unwrap()
    }
}

/// Ends a program that takes too long, so that a test fails instead of hanging.
struct Limit {
    _until_dropped: std::sync::mpsc::Sender<()>,
}

impl Limit {
    fn on(pid: u32) -> Self {
        let (done, over) = std::sync::mpsc::channel::<()>();
        std::thread::spawn(move || {
            if over.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
                kill_process(pid, Signal::KILL).ok();
            }
        });
        Self {
            _until_dropped: done,
        }
    }
}

fn go(url: &str, deny: bool) {
    let mut command = Command::new(user_script());
    command.arg(url);
    if deny {
        command.arg("--deny");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// What the provider itself says of a token.
fn is_active(token: &str) -> bool {
    let client = ("watcher", "watcher-secret");
    let answer = raw_http::post_basic(
        &issuer(),
        "/token/introspection",
        client,
        &[("token", token)],
    );
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["active"].as_bool().unwrap()
}

/// Requests that the provider had of a client, as (path, grant type, status).
fn requests_of(client: &str) -> Vec<(String, String, u64)> {
    let answer = raw_http::send(&issuer(), "GET", "/test/requests", &[], "")
        .unwrap()
        .json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let requests = answer
        .as_array()
        .unwrap()
        .iter()
        .filter(|request| request["client"] == client);
    requests
        .map(|request| {
            (
                text(&request["path"]),
                text(&request["grant_type"]),
                request["status"].as_u64().unwrap(),
            )
        })
        .collect()
}

#[track_caller]
fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_device_sign_in_is_refreshed_and_revoked() {
    let person = Person::new();
    let sign_in = person.sign_in("native", &["--flow", "device"], false);
    let name = sign_in.name();
    assert_eq!(
        name, "rig/alice@example.test",
        "the account comes from the ID token"
    );
    assert_eq!(sign_in.events[0]["event"], "device_code");
    let first = person.token(&name);
    assert!(is_active(&first));
    let before = person.listed(&name);
    assert_eq!(
        (&before["health"], &before["flow"]),
        (&json!("fresh"), &json!("device"))
    );
    assert!(before["expires_in"].as_u64().unwrap() <= 120);

    person.run(&["refresh", &name]).ok();
    let second = person.token(&name);
    assert_ne!(first, second);
    assert!(is_active(&second));
    assert_eq!(
        person.generation(&name),
        before["generation"].as_u64().unwrap() + 1
    );

    person.run(&["revoke", "--yes", &name]).ok();
    assert!(
        !is_active(&second),
        "the provider itself says that it is dead"
    );
    assert_eq!(person.listed(&name)["health"], "revoked");
    assert_ne!(person.run(&["get", &name]).code, Some(0));
    assert_ne!(person.run(&["refresh", &name]).code, Some(0));
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_loopback_sign_in_through_the_persons_browser_works() {
    let person = Person::new();
    let (issuer, browser) = (issuer(), user_script());
    let node = std::env::var_os("PATH").unwrap();
    let arguments = [
        "login",
        "rig",
        "--issuer",
        &issuer,
        "--client-id",
        "native",
        "--flow",
        "loopback",
        "--scope",
        "openid offline_access",
        "--account",
        "desk",
        "--json",
    ];
    let mut command = person.command(arguments);
    command
        .env("BROWSER", browser)
        .env("PATH", node)
        .env("TEST_USER", "bob");
    let sign_in = person.follow(&mut command, |_| ());
    assert_eq!(sign_in.name(), "rig/desk");
    assert_eq!(sign_in.events[0]["event"], "authorize");
    assert!(is_active(&person.token("rig/desk")));
    person.run(&["refresh", "rig/desk"]).ok();
    assert!(is_active(&person.token("rig/desk")));
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_denied_sign_in_fails_at_once_and_says_why() {
    let person = Person::new();
    for flow in ["device", "loopback"] {
        let sign_in = person.sign_in("native", &["--flow", flow], true);
        assert_ne!(sign_in.code, Some(0), "{flow}");
        let last = sign_in.events.last().unwrap();
        assert_eq!(last["event"], "failed", "{flow}: {last}");
        assert!(
            last["error"].is_string() && last["hint"].is_string(),
            "{last}"
        );
    }
    assert_eq!(person.run(&["list", "--json"]).json(), json!([]));
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_client_that_must_push_its_request_signs_in() {
    let person = Person::new();
    let name = person
        .sign_in("native-par", &["--flow", "loopback"], false)
        .name();
    assert!(is_active(&person.token(&name)));
    let pushed = requests_of("native-par")
        .into_iter()
        .filter(|(path, ..)| path == "/request");
    assert_eq!(pushed.map(|(.., status)| status).collect::<Vec<_>>(), [201]);
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn confidential_clients_sign_in_by_basic_even_with_odd_characters() {
    for (client, secret, flow) in [
        ("basic", "basic-secret", "device"),
        ("odd client:id+1", "s3cr:t w%2Bith/odd=&~", "loopback"),
    ] {
        let person = Person::new();
        let secret = person.sandbox.write("client-secret", secret);
        let more = [
            "--flow",
            flow,
            "--client-secret-file",
            secret.to_str().unwrap(),
        ];
        let name = person.sign_in(client, &more, false).name();
        person.run(&["refresh", &name]).ok();
        assert!(is_active(&person.token(&name)), "{client}");
        person.run(&["revoke", "--yes", &name]).ok();
        let refused = requests_of(client)
            .into_iter()
            .filter(|(.., status)| *status == 401)
            .count();
        assert_eq!(refused, 0, "{client}");
    }
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_wrong_client_secret_is_named_as_such() {
    let person = Person::new();
    let secret = person.sandbox.write("client-secret", "wrong");
    let more = [
        "--flow",
        "device",
        "--client-secret-file",
        secret.to_str().unwrap(),
    ];
    let sign_in = person.sign_in("basic", &more, false);
    assert_ne!(sign_in.code, Some(0));
    let last = sign_in.events.last().unwrap().to_string();
    assert!(
        last.contains("invalid_client") || last.contains("secret"),
        "{last}"
    );
    assert!(!sign_in.errors.contains("panicked"), "{}", sign_in.errors);
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_spent_refresh_token_that_comes_back_ends_the_family_and_is_explained() {
    let person = Person::new();
    let name = person
        .sign_in("native", &["--flow", "device"], false)
        .name();
    // A restored backup holds the refresh token that is about to be spent.
    let (vault, backup) = (
        person.sandbox.vault(),
        person.sandbox.path("backup/vault.db"),
    );
    std::fs::create_dir(person.sandbox.path("backup")).unwrap();
    std::fs::copy(&vault, &backup).unwrap();
    for suffix in ["-wal", "-shm"] {
        let with = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        if with(&vault).exists() {
            std::fs::copy(with(&vault), with(&backup)).unwrap();
        }
    }
    person.run(&["refresh", &name]).ok();
    let alive = person.token(&name);
    assert!(is_active(&alive));

    let backup = backup.to_str().unwrap();
    let words = person.run(&["--vault", backup, "refresh", &name]).fails(5);
    assert!(words.contains("hint"), "{words}");
    assert!(!is_active(&alive), "the provider revoked the whole family");
    person.run(&["refresh", &name]).fails(5);
    let listed = person.listed(&name);
    assert_eq!(listed["health"], "needs_login", "{listed}");
    assert!(
        listed["cause"].is_string() && listed["fix"].is_string(),
        "{listed}"
    );
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn the_headless_owner_refreshes_by_itself_and_serves_a_fresh_token() {
    let person = Person::new();
    let name = person
        .sign_in("native-short", &["--flow", "device"], false)
        .name();
    let owner = Running::start(&mut person.command(["--daemon"]));
    owner.wait_for_words("ready");
    let first = person.generation(&name);
    wait_for("two refreshes nobody asked for", || {
        person.generation(&name) >= first + 2
    });
    assert!(is_active(&person.token(&name)));
    let status = person.run(&["status", "--json"]).json();
    assert_eq!(status["owner"]["pid"], owner.pid());
    let refused = requests_of("native-short")
        .into_iter()
        .filter(|(_, grant, status)| grant == "refresh_token" && *status != 200);
    assert_eq!(refused.count(), 0, "no refresh token was spent twice");
}
