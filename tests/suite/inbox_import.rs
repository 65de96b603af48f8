//! An import while the vault is locked: sealed without a key, all of it or nothing, taken in or refused afterwards.

use crate::cli_import::moved_out;
use crate::inbox::{inbox, is_whole};
use crate::sandbox::{Sandbox, eventually, provider};
use crate::tui_rig::Terminal;
use rand::Rng;
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;
use tokenward::demo::quirks::Quirks;
use tokenward::vault::parcel;

const HOSTS: &str = "\
github.com:
    users:
        alice:
            oauth_token: gho_hushAlice
        bob:
            oauth_token: gho_hushBob
git.corp.example:
    oauth_token: ghp_hushCorp
    user: alice
";

/// Keys of so many accounts, in the words of the standard.
fn keys(sandbox: &Sandbox, many: usize) -> String {
    let one = |number| json!({ "name": format!("corp/{number}"), "access_token": "hush-key" });
    let all: Vec<Value> = (0..many).map(one).collect();
    let file = sandbox.write("keys.json", &json!(all).to_string());
    file.to_str().unwrap().to_owned()
}

fn is_locked(sandbox: &Sandbox) -> bool {
    let status = sandbox.run(["status", "--json"]).json();
    !status["owner"]["locked"].is_null()
}

#[test]
fn what_is_imported_while_the_vault_is_locked_is_shown_waits_sealed_and_tells_where_it_is_from() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let moved = moved_out(&sandbox, "demo/alice", "corp/alice");
    let moved = sandbox.write("moved.json", &moved.to_string());
    let hosts = sandbox.write("hosts.yml", HOSTS);
    let (moved, hosts) = (moved.to_str().unwrap(), hosts.to_str().unwrap());
    let _daemon = sandbox.daemon();
    sandbox.run(["lock"]).ok();

    let words = sandbox
        .run(["import", "--from", "gh", hosts, "--yes"])
        .fails(4);
    assert!(words.contains("--no-unlock"), "{words}");
    let show = ["import", "--from", "gh", hosts, "--no-unlock"];
    let shown = sandbox.run([&show[..], &["--dry-run", "--json"]].concat());
    let shown = shown.json();
    assert!(shown["found"][0]["exists"].is_null(), "{shown}");
    let words = sandbox.run(show).fails(7);
    assert!(
        words.contains("Put into the inbox"),
        "nobody said yes: {words}"
    );
    assert_eq!(sandbox.run(["status", "--json"]).json()["inbox"], 0);
    sandbox
        .run([&show[..], &["--yes", "--replace"]].concat())
        .fails(2);

    let run = sandbox.run([&show[..], &["--yes"]].concat());
    assert!(run.stderr.contains("github/bob"), "{run:?}");
    assert!(!format!("{run:?}").contains("hush"), "{run:?}");
    run.ok();
    let json = [
        "import",
        "--from",
        "json",
        moved,
        "--no-unlock",
        "--yes",
        "--json",
    ];
    let told = sandbox.run(json).json();
    assert_eq!(told[0]["item"], 4, "{told}");
    assert_eq!(sandbox.run(["status", "--json"]).json()["inbox"], 4);
    let file = std::fs::read(sandbox.vault()).unwrap();
    for clear in ["hush", "corp/alice", "demo_rt_"] {
        let found = file.windows(clear.len()).any(|it| it == clear.as_bytes());
        assert!(!found, "{clear} stands in the clear");
    }

    sandbox.run(["unlock"]).ok();
    let waiting = inbox(&sandbox);
    let first = &waiting[0]["content"];
    assert_eq!(first["from"], "gh while the vault was locked");
    assert_eq!(first["file"], hosts);
    assert!(waiting[3]["content"]["endpoint"].is_string(), "{waiting:?}");
    let id = waiting[3]["id"].to_string();
    assert_eq!(sandbox.run(["inbox", "accept", &id]).ok(), "corp/alice\n");
    let token = sandbox.run(["get", "corp/alice"]).ok();
    assert!(provider.control().is_live(token.trim()));
    let why = sandbox.run(["why", "corp/alice"]).ok();
    assert!(why.contains("while the vault was locked"), "{why}");
    assert!(why.contains("moved.json"), "{why}");
}

#[test]
fn many_are_taken_in_all_at_once_or_one_by_one_and_the_rest_is_refused() {
    let sandbox = Sandbox::with_vault();
    let file = keys(&sandbox, 40);
    let import = ["import", "--from", "json", &file, "--no-unlock", "--yes"];
    sandbox.run(import).ok();
    let waiting = inbox(&sandbox);
    assert_eq!(waiting.len(), 40);
    let id = |at: usize| waiting[at]["id"].to_string();

    // A number that is not there stops all of them before anything is done.
    sandbox
        .run(["inbox", "accept", &id(0), &id(1), "999"])
        .fails(1);
    assert_eq!(inbox(&sandbox).len(), 40);
    let two = sandbox.run(["inbox", "accept", &id(0), &id(1), "--json"]);
    let two = two.json();
    assert_eq!(
        (&two[0]["name"], &two[1]["ok"]),
        (&json!("corp/0"), &json!(true))
    );
    sandbox.run(["inbox", "refuse", &id(2), &id(3)]).fails(7);
    sandbox
        .run(["inbox", "refuse", &id(2), &id(3), "--yes"])
        .ok();
    assert_eq!(inbox(&sandbox).len(), 36);

    // The same once more: what has a name that is taken by then stays.
    sandbox.run(import).ok();
    let kept = || {
        let listed = sandbox.run(["list", "--json"]).json();
        listed.as_array().unwrap().len()
    };
    sandbox.run(["inbox", "accept", "--all"]).fails(7);
    let words = sandbox.run(["inbox", "accept", "--all", "--yes"]).fails(1);
    assert!(words.contains("already"), "{words}");
    assert_eq!(kept(), 40);
    assert_eq!(inbox(&sandbox).len(), 38, "of each name one came in");
    sandbox
        .run(["inbox", "accept", "--all", "--yes", "--replace"])
        .ok();
    assert!(inbox(&sandbox).is_empty());
    assert_eq!(kept(), 40);
    sandbox.run(import).ok();
    sandbox.run(["inbox", "refuse", "--all", "--yes"]).ok();
    assert!(inbox(&sandbox).is_empty());
}

#[test]
fn what_cannot_be_read_or_has_no_room_leaves_nothing_behind() {
    let sandbox = Sandbox::with_vault();
    let put = |file: &str| sandbox.run(["import", "--from", "json", file, "--no-unlock", "--yes"]);
    let broken = sandbox.write("broken.json", "[{\"access_token\": \"hush-key\", ");
    let words = put(broken.to_str().unwrap()).fails(1);
    assert!(!words.contains("hush"), "{words}");
    let huge = json!([
        { "name": "corp/small", "access_token": "hush-key" },
        { "name": "corp/huge", "access_token": "hush-key", "scope": "s ".repeat(parcel::LARGEST) },
    ]);
    let huge = sandbox.write("huge.json", &huge.to_string());
    let words = put(huge.to_str().unwrap()).fails(1);
    assert!(words.contains("corp/huge is too large"), "{words}");
    assert!(inbox(&sandbox).is_empty(), "the small one neither");

    put(&keys(&sandbox, parcel::MOST - 1)).ok();
    let words = put(&keys(&sandbox, 2)).fails(1);
    assert!(words.contains("has room for 1 more"), "{words}");
    assert_eq!(inbox(&sandbox).len(), parcel::MOST - 1);
}

#[test]
fn an_import_that_is_killed_at_any_moment_leaves_all_of_it_or_nothing() {
    let sandbox = Sandbox::with_vault();
    let file = keys(&sandbox, 20);
    let mut there = 0;
    for _ in 0..12 {
        let import = ["import", "--from", "json", &file, "--no-unlock", "--yes"];
        let mut command = sandbox.command(import);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut import = command.spawn().unwrap();
        let moment = rand::rng().random_range(0..80);
        std::thread::sleep(Duration::from_millis(moment));
        let _ = import.kill();
        let said = import.wait_with_output().unwrap().status.success();
        let now = is_whole(&sandbox);
        assert!(now == there || now == there + 20, "{there}, then {now}");
        assert!(!said || now == there + 20, "it was said to be kept");
        there = now;
    }
}

#[test]
fn at_a_terminal_the_inbox_is_offered_when_the_vault_is_locked() {
    let sandbox = Sandbox::with_vault();
    let _daemon = sandbox.daemon();
    sandbox.run(["lock"]).ok();
    let file = keys(&sandbox, 2);
    for (answers, there) in [(["n\r", ""], 0), (["y\r", "n\r"], 0), (["y\r", "y\r"], 2)] {
        let mut terminal = Terminal::start(&sandbox, &["import", "--from", "json", &file], 100, 30);
        terminal.wait_for("Import all the same?");
        terminal.keys(answers[0]);
        if !answers[1].is_empty() {
            terminal.wait_for("corp/1");
            terminal.wait_for("Put into the inbox of the locked vault corp/0, corp/1?");
            terminal.keys(answers[1]);
        }
        let (status, _) = terminal.finish();
        assert_eq!(status.success(), there == 2);
        assert_eq!(sandbox.run(["status", "--json"]).json()["inbox"], there);
    }
    assert!(is_locked(&sandbox));
    sandbox.run(["unlock"]).ok();
    eventually("both wait", || inbox(&sandbox).len() == 2);
}
