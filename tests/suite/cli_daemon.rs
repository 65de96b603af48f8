//! The headless owner: its signals, its log, its company, and one refresh for however many ask.

use crate::sandbox::{PASSPHRASE, Running, Sandbox, eventually, provider};
use rustix::process::Signal;
use std::process::Child;
use std::time::Duration;
use tokenward::agent::call::Caller;
use tokenward::clock::Timestamp;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::{Quirks, RequestKind};
use tokenward::model::limit::Limit;
use tokenward::vault::owner::OwnerLock;

fn refreshes(provider: &DemoProvider) -> u64 {
    provider.control().counts().of(RequestKind::Refresh)
}

#[test]
fn sigterm_finishes_the_refresh_in_flight_and_keeps_its_answer() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let daemon = sandbox.daemon();
    let mut refresh = sandbox.slow_refresh(&provider);
    daemon.signal(Signal::TERM);
    let (status, words) = daemon.finish();
    assert!(status.success(), "{words}");
    assert!(
        words.contains("refreshed") && words.contains("left"),
        "{words}"
    );
    assert!(
        refresh.wait().success(),
        "the caller got its answer: {}",
        refresh.words()
    );
    assert!(!sandbox.socket().exists());
    provider
        .control()
        .change_quirks(|quirks| quirks.answer_delay = Duration::ZERO);
    let entry = sandbox.run(["list", "--json"]).json();
    assert_eq!(entry[0]["generation"], 2);
    let token = sandbox.run(["get", "demo/alice", "--min-ttl", "1s"]).ok();
    assert!(provider.control().is_live(token.trim()));
}

#[test]
fn a_second_signal_leaves_at_once() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    provider
        .control()
        .change_quirks(|quirks| quirks.answer_delay = Duration::from_secs(15));
    let daemon = sandbox.daemon();
    let _refresh = Running::start(&mut sandbox.command(["refresh", "demo/alice"]));
    eventually("the refresh is under way", || refreshes(&provider) == 1);
    daemon.signal(Signal::TERM);
    daemon.wait_for_words("leaving");
    daemon.signal(Signal::INT);
    let (status, words) = daemon.finish();
    assert!(
        status.success() && words.contains("left at once"),
        "{words}"
    );
}

#[test]
fn one_owner_is_enough() {
    let sandbox = Sandbox::with_vault();
    let daemon = sandbox.daemon();
    // Only for one that leaves soon does the next one wait.
    assert!(OwnerLock::holder(&sandbox.vault()).unwrap().stays);
    let words = sandbox.run(["--daemon"]).fails(7);
    assert!(words.contains(&format!("pid {}", daemon.pid())), "{words}");
    let words = sandbox.run(["vault", "remove-slot", "1"]).fails(6);
    assert!(words.contains("in use by its owner"), "{words}");
}

#[test]
fn a_daemon_without_a_vault_or_a_passphrase_says_so() {
    let sandbox = Sandbox::new();
    assert!(
        sandbox
            .run(["--daemon"])
            .fails(1)
            .contains("tokenward init")
    );
    let mut sandbox = Sandbox::with_vault();
    sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    assert!(
        sandbox
            .run(["--daemon"])
            .fails(4)
            .contains("TOKENWARD_PASSPHRASE_FILE")
    );
    let wrong = sandbox.write("wrong", "not the passphrase");
    sandbox.set("TOKENWARD_PASSPHRASE_FILE", wrong.to_str().unwrap());
    sandbox.run(["--daemon"]).fails(4);
}

#[test]
fn an_owner_that_was_killed_is_followed_by_the_next_without_ado() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let daemon = sandbox.daemon();
    daemon.signal(Signal::KILL);
    daemon.finish();
    assert!(sandbox.socket().exists(), "a killed owner cannot tidy up");
    sandbox.run(["get", "demo/alice", "--min-ttl", "1s"]).ok();
    sandbox.daemon();
}

#[test]
fn the_daemon_refreshes_by_itself_and_logs_it_without_a_secret() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks {
        access_lifetime: Some(Duration::from_secs(4)),
        ..Quirks::default()
    });
    sandbox.sign_in(&provider, "alice");
    let mut command = sandbox.command(["daemon", "--log-format", "json"]);
    command.env("TOKENWARD_LOG", "trace");
    let daemon = Running::start(&mut command);
    daemon.wait_for_words("\"refreshed\"");
    let token = sandbox.run(["get", "demo/alice", "--min-ttl", "0s"]).ok();
    daemon.signal(Signal::TERM);
    let (_, log) = daemon.finish();
    assert!(log.contains("demo/alice"));
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(
            line["level"].is_string() && line["timestamp"].is_string(),
            "{line}"
        );
    }
    assert!(!log.contains(token.trim()) && !log.contains(PASSPHRASE));
    let control = provider.control();
    for word in log.split(|c: char| !c.is_ascii_alphanumeric() && !"-._~+/".contains(c)) {
        assert!(!control.is_live_refresh(word), "a refresh token in the log");
    }
}

#[test]
fn under_a_service_manager_it_says_when_it_is_ready_and_when_it_leaves() {
    let sandbox = Sandbox::with_vault();
    let place = sandbox.path("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&place).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut command = sandbox.command(["--daemon"]);
    command
        .env("NOTIFY_SOCKET", &place)
        .env("WATCHDOG_USEC", "200000")
        .env("JOURNAL_STREAM", "8:1");
    let daemon = Running::start(&mut command);
    let wait_for = |word: &str| {
        let mut text = [0; 256];
        loop {
            let read = socket.recv(&mut text).unwrap();
            if String::from_utf8_lossy(&text[..read]).contains(word) {
                break;
            }
        }
    };
    wait_for("READY=1");
    wait_for("WATCHDOG=1");
    daemon.signal(Signal::TERM);
    wait_for("STOPPING=1");
    let (status, log) = daemon.finish();
    assert!(status.success());
    let line = log.lines().next().unwrap().trim_start();
    assert!(
        line.starts_with("INFO"),
        "the journal has times of its own: {line}"
    );
}

/// Starts 64 `get`s of an expired credential at once; all get the same living token.
fn sixty_four_at_once(sandbox: &Sandbox, provider: &DemoProvider) {
    provider
        .control()
        .change_quirks(|quirks| quirks.answer_delay = Duration::from_millis(300));
    let before = refreshes(provider);
    let children: Vec<Child> = (0..64)
        .map(|_| sandbox.command(["get", "demo/alice"]).spawn().unwrap())
        .collect();
    let runs: Vec<crate::sandbox::Run> = children
        .into_iter()
        .map(|child| child.wait_with_output().unwrap().into())
        .collect();
    let first = runs[0].stdout.clone();
    for run in runs {
        assert_eq!(run.ok(), first);
    }
    assert!(provider.control().is_live(first.trim()));
    assert_eq!(refreshes(provider) - before, 1, "64 askers, one refresh");
}

/// A credential whose access token is over, at a provider whose next ones live long.
fn expired(sandbox: &Sandbox) -> DemoProvider {
    let provider = provider(Quirks {
        access_lifetime: Some(Duration::from_secs(2)),
        ..Quirks::default()
    });
    sandbox.sign_in(&provider, "alice");
    provider
        .control()
        .change_quirks(|quirks| quirks.access_lifetime = Some(Duration::from_secs(3600)));
    provider
}

#[test]
fn sixty_four_processes_cost_one_refresh_without_an_owner() {
    let sandbox = Sandbox::with_vault();
    let provider = expired(&sandbox);
    sixty_four_at_once(&sandbox, &provider);
    assert!(!sandbox.socket().exists());
}

#[test]
fn sixty_four_processes_cost_one_refresh_with_an_owner() {
    let mut sandbox = Sandbox::with_vault();
    // Refreshed only when somebody asks: the test counts what they ask for.
    sandbox.set("TOKENWARD_REFRESH_BACKGROUND", "false");
    let provider = expired(&sandbox);
    let _daemon = sandbox.daemon();
    sixty_four_at_once(&sandbox, &provider);
}

#[test]
fn what_the_settings_say_is_what_the_owner_does() {
    let sandbox = Sandbox::with_vault();
    let settings = "[refresh]\nlifetime_share = 0.5\njitter_share = 0.0\n\
        [limits]\nin_flight = 5\nin_flight_per_host = 2\n\
        [overrides.\"demo/bob\"]\nlifetime_share = 0.25\n";
    sandbox.write("home/.config/tokenward/config.toml", settings);
    let provider = provider(Quirks {
        access_lifetime: Some(Duration::from_secs(4000)),
        ..Quirks::default()
    });
    for account in ["alice", "bob"] {
        sandbox.sign_in(&provider, account);
    }
    let _daemon = sandbox.daemon();
    let list = sandbox.run(["list", "--json"]).json();
    let planned = |at: usize| {
        let moment =
            |field: &str| -> Timestamp { serde_json::from_value(list[at][field].clone()).unwrap() };
        moment("refresh_at").since(moment("refreshed_at")).as_secs()
    };
    assert_eq!((planned(0), planned(1)), (2000, 1000));
    let status = Caller::new(sandbox.socket()).status().unwrap();
    assert_eq!(
        (
            status.most(Limit::InFlight),
            status.most(Limit::InFlightPerHost)
        ),
        (Some(5), Some(2))
    );
}
