//! Settings that change while an owner runs: they count at once, broken ones do not, and no refresh is lost.

use crate::sandbox::{Running, Sandbox, eventually, provider};
use crate::tui_rig::Terminal;
use rustix::process::Signal;
use serde_json::Value;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;
use tokenward::clock::Timestamp;
use tokenward::demo::quirks::Quirks;

const SETTINGS: &str = "home/.config/tokenward/config.toml";

fn owner(sandbox: &Sandbox) -> Value {
    sandbox.run(["status", "--json"]).json()["owner"].clone()
}

/// How long after its last refresh the next one of a credential is planned, in seconds.
fn planned(sandbox: &Sandbox, at: usize) -> u64 {
    seconds(&sandbox.run(["list", "--json"]).json(), at)
}

fn seconds(list: &Value, at: usize) -> u64 {
    let moment =
        |field: &str| -> Timestamp { serde_json::from_value(list[at][field].clone()).unwrap() };
    moment("refresh_at").since(moment("refreshed_at")).as_secs()
}

fn of_4000_seconds(sandbox: &Sandbox, accounts: &[&str]) -> impl Sized {
    let provider = provider(Quirks {
        access_lifetime: Some(Duration::from_secs(4000)),
        ..Quirks::default()
    });
    for account in accounts {
        sandbox.sign_in(&provider, account);
    }
    provider
}

#[test]
fn a_signal_has_the_daemon_read_its_settings_anew() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("TOKENWARD_REFRESH_JITTER_SHARE", "0.0");
    sandbox.write(SETTINGS, "[refresh]\nlifetime_share = 0.5\n");
    let _provider = of_4000_seconds(&sandbox, &["alice", "bob"]);
    let daemon = sandbox.daemon();
    assert_eq!((planned(&sandbox, 0), planned(&sandbox, 1)), (2000, 2000));
    let settings = "[refresh]\nlifetime_share = 0.5\n[limits]\nin_flight = 7\n\
        [overrides.\"demo/bob\"]\nlifetime_share = 0.25\n[checks]\nintrospections_per_hour = 1.0\n";
    sandbox.write(SETTINGS, settings);
    daemon.signal(Signal::HUP);
    daemon.wait_for_words("the settings were read anew");
    assert_eq!((planned(&sandbox, 0), planned(&sandbox, 1)), (2000, 1000));
    let owner = owner(&sandbox);
    assert_eq!(owner["pid"], daemon.pid());
    assert_eq!(owner["limits"]["in_flight"]["most"], 7);
    assert_eq!(owner["settings"]["trouble"], Value::Null);
    let chores = owner["recurring"].as_array().unwrap();
    assert!(
        chores.iter().any(|it| it["chore"] == "checks"),
        "{chores:?}"
    );
    eventually("the activity log tells of it", || {
        let lines = sandbox.run(["audit", "list", "--json", "--kind", "settings_changed"]);
        lines
            .ok()
            .contains("overrides.\\\"demo/bob\\\".lifetime_share")
    });
}

#[test]
fn a_file_that_changes_is_read_without_a_word_and_a_broken_one_keeps_those_of_before() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("TOKENWARD_REFRESH_JITTER_SHARE", "0.0");
    let _provider = of_4000_seconds(&sandbox, &["alice"]);
    // There is no file yet.
    let daemon = sandbox.daemon();
    sandbox.write(SETTINGS, "[refresh]\nlifetime_share = 0.5\n");
    daemon.wait_for_words("changed=\"refresh.lifetime_share\"");
    assert_eq!(planned(&sandbox, 0), 2000);
    sandbox.write(SETTINGS, "[refresh]\n  lifetime_shar = 0.25\n");
    daemon.wait_for_words("config.toml, line 2, column 3: there is no setting");
    let trouble = owner(&sandbox)["settings"]["trouble"].clone();
    let trouble = trouble.as_str().unwrap();
    assert!(
        trouble.contains("line 2, column 3")
            && trouble.contains("did you mean `refresh.lifetime_share`?"),
        "{trouble}"
    );
    let fine = sandbox.write("fine.toml", "");
    let fine = fine.to_str().unwrap();
    let list = sandbox.run(["list", "--json", "--config", fine]).json();
    assert_eq!(seconds(&list, 0), 2000, "those of before go on");
    // Other commands refuse such a file; those that look for troubles do not.
    let words = sandbox.run(["status"]).ok();
    assert!(
        words.contains("is not used") && words.contains("line 2"),
        "{words}"
    );
    assert!(words.contains("they cannot be used"), "{words}");
    sandbox.run(["list"]).fails(2);
    let found = sandbox.run(["doctor"]).stdout;
    assert!(
        found.contains("the owner goes by those of before"),
        "{found}"
    );
    let refused = [
        "audit",
        "list",
        "--config",
        fine,
        "--kind",
        "settings_refused",
    ];
    eventually("the activity log tells of it", || {
        sandbox.run(refused).ok().contains("cannot be used")
    });
    sandbox.write(SETTINGS, "[refresh]\nlifetime_share = 0.25\n");
    eventually("it is right again", || {
        owner(&sandbox)["settings"]["trouble"].is_null()
    });
    assert_eq!(planned(&sandbox, 0), 1000);
}

#[test]
fn a_refresh_in_flight_is_not_lost_by_new_settings() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let daemon = sandbox.daemon();
    let mut refresh = sandbox.slow_refresh(&provider);
    sandbox.write(
        SETTINGS,
        "[refresh]\nbackground = false\n[limits]\nin_flight = 1\nin_flight_per_host = 1\n",
    );
    daemon.signal(Signal::HUP);
    daemon.wait_for_words("the settings were read anew");
    assert!(refresh.wait().success(), "{}", refresh.words());
    assert_eq!(sandbox.run(["list", "--json"]).json()[0]["generation"], 2);
}

#[test]
fn a_locked_owner_reads_them_too_and_goes_by_them_once_it_is_unlocked() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("TOKENWARD_REFRESH_JITTER_SHARE", "0.0");
    let _provider = of_4000_seconds(&sandbox, &["alice"]);
    let daemon = sandbox.daemon();
    sandbox.run(["lock"]).ok();
    sandbox.write(SETTINGS, "[refresh]\nlifetime_share = 0.5\n");
    daemon.signal(Signal::HUP);
    daemon.wait_for_words("the settings were read anew");
    assert!(owner(&sandbox)["settings"]["read_at"].is_string());
    sandbox.run(["unlock"]).ok();
    assert_eq!(planned(&sandbox, 0), 2000);
}

#[test]
fn a_service_manager_is_told_of_the_reload_and_of_its_end() {
    let sandbox = Sandbox::with_vault();
    let place = sandbox.path("notify");
    let socket = UnixDatagram::bind(&place).unwrap();
    let patience = Some(Duration::from_secs(60));
    socket.set_read_timeout(patience).unwrap();
    let mut command = sandbox.command(["--daemon"]);
    command.env("NOTIFY_SOCKET", &place);
    let daemon = Running::start(&mut command);
    let wait_for = |word: &str| {
        let mut text = [0; 256];
        loop {
            let read = socket.recv(&mut text).unwrap();
            let text = String::from_utf8_lossy(&text[..read]).into_owned();
            if text.contains(word) {
                return text;
            }
        }
    };
    wait_for("READY=1");
    daemon.signal(Signal::HUP);
    let text = wait_for("RELOADING=1");
    assert!(text.contains("MONOTONIC_USEC="), "{text}");
    wait_for("READY=1");
}

#[test]
fn the_ui_as_the_owner_says_what_is_wrong_with_them() {
    let sandbox = Sandbox::with_vault();
    let screen = Terminal::start(&sandbox, &[], 200, 40);
    screen.wait_for("Press a to sign in");
    sandbox.write(SETTINGS, "[refresh]\nlifetime_share = 7\n");
    screen.wait_for("the settings cannot be used");
    screen.wait_for("lifetime_share");
    sandbox.write(SETTINGS, "[refresh]\nlifetime_share = 0.7\n");
    screen.wait_for("the settings were read anew");
}
