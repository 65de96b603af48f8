//! Each way a token leaves by stands in the activity log, a kill takes little of it, and an owner lets old lines go.

use crate::sandbox::{PASSPHRASE, Sandbox, eventually, provider};
use crate::tui_rig::Terminal;
use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::Value;
use std::time::{Duration, Instant};
use tokenward::clock;
use tokenward::demo::quirks::Quirks;
use tokenward::model::event::{Activity, Happening};
use tokenward::secret::Passphrase;
use tokenward::vault::file::VaultFile;
use tokenward::vault::slot::Key;
use tokenward::vault::store::{Store, Write};

/// What is promised of a hand-out: it is on disk within that time.
const ON_DISK: Duration = Duration::from_secs(1);
/// An owner looks after its first minute what it may let go.
const FIRST_PRUNING: Duration = Duration::from_secs(180);
/// What the settings keep of it.
const KEPT_LINES: i64 = 1000;
/// More than goes at once.
const OLD_LINES: i64 = 1500;

fn log(sandbox: &Sandbox, arguments: &[&str]) -> Vec<Value> {
    let mut all = vec!["audit", "list", "--limit", "10000", "--json"];
    all.extend(arguments);
    let listed = sandbox.run(all);
    let lines = listed.ok();
    let read = |line: &str| serde_json::from_str(line).unwrap();
    lines.lines().map(read).collect()
}

/// How often a token was handed out for each purpose.
fn handed_out(sandbox: &Sandbox) -> Vec<(String, u64)> {
    let lines = log(sandbox, &["--kind", "handed_out"]);
    let told = |line: &Value| {
        assert_eq!(line["name"], "demo/alice", "{line}");
        assert!(line["by"]["executable"].is_string(), "{line}");
        assert!(line["operation"].is_string(), "{line}");
        let purpose = line["purpose"].as_str().unwrap().to_owned();
        (purpose, line["count"].as_u64().unwrap())
    };
    lines.iter().map(told).collect()
}

fn signed_in() -> (Sandbox, impl Drop) {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    (sandbox, provider)
}

fn once(purpose: &str) -> (String, u64) {
    (purpose.to_owned(), 1)
}

#[test]
fn what_is_run_with_a_token_in_many_variables_and_a_file_got_it_once() {
    let (sandbox, _provider) = signed_in();
    let _daemon = sandbox.daemon();
    let file = sandbox.path("run/token");
    let mut exec = vec!["exec", "demo/alice", "--env", "demo/alice=MINE"];
    exec.extend(["--refresh-file", file.to_str().unwrap()]);
    let script = format!(
        "test \"$MINE\" = \"$TOKENWARD_TOKEN\" && test \"$MINE\" = \"$(cat {})\"",
        file.display()
    );
    exec.extend(["--", "sh", "-c", &script]);
    sandbox.run(exec).ok();
    sandbox.run(["exec", "demo/alice", "--", "true"]).ok();
    let total = |told: Vec<(String, u64)>| {
        assert!(
            told.iter().all(|(purpose, _)| purpose == "exec"),
            "{told:?}"
        );
        told.iter().map(|(_, count)| count).sum::<u64>()
    };
    eventually("both are in the log", || total(handed_out(&sandbox)) == 2);
}

#[test]
fn git_the_screen_and_the_clipboard_are_ways_of_their_own() {
    let (sandbox, _provider) = signed_in();
    let asked = "printf 'protocol=https\nhost=git.example\n' | \
                 \"$0\" git-credential --name demo/alice --host git.example get";
    assert!(sandbox.shell(asked).ok().contains("password="));
    assert_eq!(handed_out(&sandbox), [once("git")]);
    let mut ui = Terminal::start(&sandbox, &[], 120, 36);
    ui.wait_for("▸ demo/alice");
    ui.keys("v");
    ui.wait_for("masked again in");
    ui.keys("y");
    ui.wait_for("was sent to the terminal's clipboard");
    ui.keys("q");
    assert!(ui.finish().0.success());
    let told = handed_out(&sandbox);
    assert_eq!(told, ["git", "reveal", "copy"].map(once));
}

#[test]
fn a_hand_out_is_on_disk_a_second_later_whatever_becomes_of_the_owner() {
    let (sandbox, _provider) = signed_in();
    let mut daemon = sandbox.daemon();
    sandbox.run(["get", "demo/alice"]).ok();
    std::thread::sleep(ON_DISK);
    daemon.signal(Signal::KILL);
    daemon.wait();
    assert_eq!(handed_out(&sandbox), [once("get")]);
    sandbox.run(["audit", "verify"]).ok();
}

/// Writes lines, beside the program.
fn write_lines(sandbox: &Sandbox, count: i64) {
    let key = Key::Passphrase(Passphrase::new(PASSPHRASE.to_owned()));
    let locked = VaultFile::open(&sandbox.vault()).unwrap();
    let mut vault = locked.unlock(&key).unwrap();
    let line = |_| {
        let what = Happening::BackedUp { credentials: 1 };
        Write::Activity(Activity::new(clock::now(), None, what))
    };
    vault.apply((0..count).map(line).collect()).unwrap();
}

#[test]
fn an_owner_lets_old_lines_go_by_itself_and_what_is_left_can_be_verified() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("TOKENWARD_AUDIT_KEEP_LINES", &KEPT_LINES.to_string());
    write_lines(&sandbox, KEPT_LINES + OLD_LINES);
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let newest = log(&sandbox, &["--kind", "signed_in"])[0]["number"].clone();
    let _daemon = sandbox.daemon();
    let begun = Instant::now();
    // Counted beside the owner, whom reading the whole log again and again would keep from its work.
    let file = Connection::open(sandbox.vault()).unwrap();
    let first = || -> i64 {
        let first = file.query_row("SELECT min(id) FROM event", [], |row| row.get(0));
        first.unwrap()
    };
    while first() <= OLD_LINES {
        assert!(begun.elapsed() < FIRST_PRUNING, "{} is there", first());
        std::thread::sleep(Duration::from_millis(500));
    }
    let kept = log(&sandbox, &[]);
    assert!(kept.iter().any(|line| line["number"] == newest));
    assert!(kept[0]["number"].as_i64().unwrap() > OLD_LINES);
    sandbox.run(["audit", "verify"]).ok();
    sandbox.run(["get", "demo/alice"]).ok();
    sandbox.run(["audit", "verify"]).ok();
}
