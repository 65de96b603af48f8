//! Hooks: run for what happens, with a clean environment, within their bounds, and in nobody's way.

use crate::accounts::end_the_grants;
use crate::sandbox::{PASSPHRASE, Sandbox, eventually, provider};
use crate::tui_rig::Terminal;
use rustix::process::Signal;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::{Quirks, RequestKind};

const SETTINGS: &str = "home/.config/tokenward/config.toml";

/// A program of the sandbox's user.
fn script(sandbox: &Sandbox, name: &str, text: &str) -> PathBuf {
    let path = sandbox.write(name, &format!("#!/bin/sh\n{text}\n"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path
}

/// A hook in the settings.
fn hook(on: &str, program: &std::path::Path, more: &str) -> String {
    let program = program.display();
    format!("[[hooks]]\non = [{on}]\ncommand = [\"{program}\", \"one\", \"$HOME two\"]\n{more}\n")
}

/// One that writes its environment and arguments down, a line for each run.
fn noting(sandbox: &Sandbox) -> (PathBuf, PathBuf) {
    let notes = sandbox.path("notes");
    let text = format!(
        "(printf '%s|' \"$@\"; env | tr '\\n' '|'; ls -l /proc/self/fd 2>&1 | tr '\\n' '|'; echo) >> {}",
        notes.display()
    );
    (script(sandbox, "hook", &text), notes)
}

fn lines(notes: &std::path::Path) -> Vec<String> {
    let text = std::fs::read_to_string(notes).unwrap_or_default();
    // The last one may be half written.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(str::to_owned).collect()
}

fn provider_again(sandbox: &Sandbox) -> DemoProvider {
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "bob");
    provider
}

#[test]
fn a_hook_is_told_what_happened_once_and_gets_no_secret() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("GITHUB_TOKEN", "gho_of_the_owner");
    let (program, notes) = noting(&sandbox);
    sandbox.write(
        SETTINGS,
        &hook("\"needs_login\", \"refreshed\"", &program, ""),
    );
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let daemon = sandbox.daemon();
    sandbox.run(["refresh", "demo/alice"]).ok();
    eventually("the refresh is told", || lines(&notes).len() == 1);
    let token = sandbox.run(["get", "demo/alice"]).ok();
    let first = lines(&notes).remove(0);
    assert!(
        first.starts_with("one|$HOME two|"),
        "no shell reads it: {first}"
    );
    for part in [
        "TOKENWARD_EVENT=refreshed",
        "TOKENWARD_CREDENTIAL=demo/alice",
        "TOKENWARD_PROVIDER=demo",
        "TOKENWARD_ACCOUNT=alice",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    end_the_grants(&provider);
    sandbox.run(["refresh", "demo/alice"]).fails(5);
    eventually("the end is told", || lines(&notes).len() == 2);
    sandbox.run(["refresh", "demo/alice"]).fails(5);
    // What is told later was put in later: a sign-in and a refresh after it.
    sandbox.sign_in(&provider, "alice");
    sandbox.run(["refresh", "demo/alice"]).ok();
    eventually("the next refresh is told", || lines(&notes).len() >= 3);
    let all = lines(&notes);
    assert!(all[1].contains("TOKENWARD_EVENT=needs_login"), "{}", all[1]);
    assert!(
        all[1].contains("TOKENWARD_FAILURE_CODE=invalid_grant"),
        "{}",
        all[1]
    );
    assert!(
        all[1].contains("TOKENWARD_FAILURE_CLASS=needs_login"),
        "{}",
        all[1]
    );
    assert!(
        all[2].contains("TOKENWARD_EVENT=refreshed"),
        "told once: {all:#?}"
    );
    for line in &all {
        let open = line.split('|').filter(|part| part.contains(" -> "));
        for file in open {
            let is_ours = file.contains("socket:") || file.contains("vault.db");
            assert!(!is_ours, "an open file of the owner: {file}");
        }
    }
    daemon.signal(Signal::TERM);
    let (_, log) = daemon.finish();
    for text in all.iter().chain([&log]) {
        assert!(
            !text.contains(token.trim()) && !text.contains(PASSPHRASE),
            "{text}"
        );
        assert!(!text.contains("gho_of_the_owner"), "{text}");
        assert!(!text.contains("PASSPHRASE_FILE"), "{text}");
        let control = provider.control();
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && !"-._~+/".contains(c)) {
            assert!(!control.is_live_refresh(word), "a refresh token in {text}");
        }
    }
}

#[test]
fn a_hook_that_hangs_holds_nobody_up_and_is_killed() {
    let sandbox = Sandbox::with_vault();
    let slow = script(&sandbox, "slow", "exec sleep 600");
    let settings = hook("\"refreshed\"", &slow, "timeout_secs = 2");
    sandbox.write(SETTINGS, &settings);
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let daemon = sandbox.daemon();
    let refresh = |count: u64| {
        sandbox.run(["refresh", "demo/alice"]).ok();
        assert_eq!(provider.control().counts().of(RequestKind::Refresh), count);
    };
    for count in 1..=3 {
        refresh(count);
    }
    daemon.wait_for_words("it was killed after 2 s");
    let owner = || sandbox.run(["status", "--json"]).json()["owner"].clone();
    eventually("the status tells of it", || {
        let trouble = owner()["hooks"][0]["trouble"]["why"].clone();
        trouble.as_str().is_some_and(|why| why.contains("killed"))
    });
    assert!(
        sandbox
            .run(["doctor"])
            .stdout
            .contains("failed the last time")
    );
    // Leaving waits for none of them.
    daemon.signal(Signal::TERM);
    assert!(daemon.finish().0.success());
}

#[test]
fn a_hook_that_fails_is_told_with_what_it_printed_made_harmless() {
    let sandbox = Sandbox::with_vault();
    let failing = script(
        &sandbox,
        "failing",
        "printf 'it is \\033[31mbroken gho_abcdefghijklmnopqrstuvwxyz0123456789'; exit 3",
    );
    let open = script(&sandbox, "open", "true");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
    let text = hook("\"refreshed\"", &failing, "credentials = \"demo/*\"")
        + &hook("\"refreshed\"", &open, "")
        + &hook(
            "\"refreshed\"",
            &sandbox.path("nowhere"),
            "credentials = \"github/*\"",
        );
    sandbox.write(SETTINGS, &text);
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let daemon = sandbox.daemon();
    sandbox.run(["refresh", "demo/alice"]).ok();
    daemon.wait_for_words("exit status: 3");
    daemon.wait_for_words("others can write");
    let log = daemon.words();
    assert!(log.contains("it is [31mbroken [removed]"), "{log}");
    sandbox.run(["refresh", "demo/alice"]).ok();
    eventually("it failed twice", || {
        let hooks = sandbox.run(["status", "--json"]).json()["owner"]["hooks"].clone();
        hooks[0]["failed"] == 2
    });
    let lines = sandbox.run(["audit", "list", "--json", "--kind", "hook_failed"]);
    let lines = lines.ok();
    let told = |program: &std::path::Path| {
        let named = format!("\"program\":\"{}\"", program.display());
        lines.matches(&named).count()
    };
    assert_eq!(
        (told(&failing), told(&open)),
        (1, 1),
        "not each time: {lines}"
    );
    assert!(lines.contains("demo/alice"), "{lines}");
    let status = sandbox.run(["status"]).ok();
    assert!(
        status.contains("failed 2") && status.contains("exit status: 3"),
        "{status}"
    );
    let doctor = sandbox.run(["doctor"]).stdout;
    assert!(
        doctor.contains("others can write") && doctor.contains("nowhere"),
        "{doctor}"
    );
}

#[test]
fn hooks_that_are_changed_count_at_once_and_the_ui_runs_them_too() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks {
        access_lifetime: Some(Duration::from_secs(4000)),
        ..Quirks::default()
    });
    sandbox.sign_in(&provider, "alice");
    let mut ui = Terminal::start(&sandbox, &[], 120, 36);
    ui.wait_for("demo/alice");
    let (program, notes) = noting(&sandbox);
    sandbox.write(SETTINGS, &hook("\"revoked\", \"refreshed\"", &program, ""));
    ui.wait_for("the settings were read anew");
    ui.keys("r");
    eventually("the refresh is told", || lines(&notes).len() == 1);
    sandbox.run(["revoke", "demo/alice", "--yes"]).ok();
    eventually("the revocation is told", || lines(&notes).len() == 2);
    let last = &lines(&notes)[1];
    assert!(last.contains("TOKENWARD_EVENT=revoked"), "{last}");
    let failing = script(&sandbox, "failing", "exit 3");
    let provider = provider_again(&sandbox);
    sandbox.write(SETTINGS, &hook("\"refreshed\"", &failing, ""));
    eventually("the other hook counts", || {
        let hooks = sandbox.run(["status", "--json"]).json()["owner"]["hooks"].clone();
        hooks[0]["program"] == failing.to_str().unwrap()
    });
    sandbox.run(["refresh", "demo/bob"]).ok();
    ui.wait_for("exit status: 3");
    drop(provider);
}

#[test]
fn what_was_so_before_the_owner_started_is_no_occasion() {
    let sandbox = Sandbox::with_vault();
    let (program, notes) = noting(&sandbox);
    sandbox.write(SETTINGS, &hook("\"needs_login\"", &program, ""));
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    end_the_grants(&provider);
    sandbox.run(["refresh", "demo/alice"]).fails(5);
    // That it needs a sign-in is old news to an owner that starts: the notifications and the inbox tell of it.
    let daemon = sandbox.daemon();
    daemon.wait_for_words("all credentials are loaded");
    sandbox.run(["refresh", "demo/alice"]).fails(5);
    daemon.signal(Signal::TERM);
    daemon.finish();
    assert_eq!(lines(&notes), Vec::<String>::new());
}
