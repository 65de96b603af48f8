//! A locked owner: it keeps its seat and refuses what needs the vault, until somebody unlocks it.

use crate::sandbox::{PASSPHRASE, Running, Sandbox, eventually, provider};
use crate::vault_fixture::key_pair;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::time::Duration;
use tokenward::agent::call::Caller;
use tokenward::agent::health::Condition;
use tokenward::clock;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::{Quirks, RequestKind};
use tokenward::vault::owner::OwnerLock;

fn refreshes(provider: &DemoProvider) -> u64 {
    provider.control().counts().of(RequestKind::Refresh)
}

fn kinds(sandbox: &Sandbox) -> Vec<String> {
    let text = sandbox.run(["audit", "list", "--json"]).ok();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let kind = |line: Value| line["event"].as_str().unwrap().to_owned();
    lines.map(kind).collect()
}

#[test]
fn a_locked_owner_keeps_its_seat_and_refuses_what_needs_the_vault_at_once() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let daemon = sandbox.daemon();
    let token = sandbox.run(["get", "demo/alice"]).ok();
    let said = sandbox.run(["lock", "--json"]).json();
    assert_eq!(
        (&said["locked"], &said["was_locked"]),
        (&true.into(), &false.into())
    );
    daemon.wait_for_words("somebody asked for it");
    let said = sandbox.run(["lock", "--json"]).json();
    assert_eq!(
        (&said["locked"], &said["was_locked"]),
        (&true.into(), &true.into())
    );

    for command in [
        &["get", "demo/alice"][..],
        // The long way of `get`, with a parser of options.
        &["get", "demo/alice", "--json"],
        &["list"],
        &["refresh", "demo/alice"],
        &["revoke", "demo/alice", "--yes"],
        &["why", "demo/alice"],
        &["audit", "list"],
        &["exec", "demo/alice", "--", "true"],
    ] {
        let words = sandbox.run(command).fails(4);
        assert!(words.contains("the vault is locked"), "{command:?} {words}");
        assert!(words.contains("tokenward unlock"), "{command:?} {words}");
    }
    let status = sandbox.run(["status", "--json"]).json();
    assert_eq!(status["owner"]["pid"], daemon.pid());
    assert_eq!(status["owner"]["locked"]["why"], "asked");
    assert!(sandbox.run(["status"]).ok().contains("tokenward unlock"));
    let health = Caller::new(sandbox.socket()).health().unwrap();
    assert_eq!(health.status, Condition::Locked);
    assert!(health.locked.is_some());
    let holder = OwnerLock::holder(&sandbox.vault()).unwrap();
    assert_eq!((holder.pid, holder.stays), (Some(daemon.pid()), true));
    sandbox.run(["--daemon"]).fails(7);

    assert_eq!(sandbox.run(["unlock", "--json"]).json()["was_locked"], true);
    assert_eq!(
        sandbox.run(["unlock", "--json"]).json()["was_locked"],
        false
    );
    assert_eq!(sandbox.run(["get", "demo/alice"]).ok(), token);
    let status = sandbox.run(["status", "--json"]).json();
    assert_eq!(status["owner"]["pid"], daemon.pid());
    assert!(status["owner"]["locked"].is_null());
    let kinds = kinds(&sandbox);
    let at = |kind: &str| kinds.iter().position(|it| it == kind).unwrap();
    assert!(at("locked") < at("unlocked"), "{kinds:?}");
}

#[test]
fn a_lock_lets_the_refresh_under_way_end_and_keeps_its_answer() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let _daemon = sandbox.daemon();
    let mut refresh = sandbox.slow_refresh(&provider);
    sandbox.run(["lock"]).ok();
    assert!(refresh.wait().success(), "{}", refresh.words());
    sandbox.run(["unlock"]).ok();
    let entry = sandbox.run(["list", "--json"]).json();
    assert_eq!(entry[0]["generation"], 2);
    assert_eq!(refreshes(&provider), 1);
}

#[test]
fn a_sign_in_under_way_ends_with_the_lock_and_says_so() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    let _daemon = sandbox.daemon();
    let mut login = Running::start(&mut sandbox.login(&provider, "device", "alice"));
    let mut lines = login.lines();
    assert_eq!(lines.next_json()["event"], "device_code");
    sandbox.run(["lock"]).ok();
    let failed = lines.next_json();
    assert_eq!(failed["event"], "failed", "{failed}");
    let why = failed["error"].as_str().unwrap();
    assert!(why.contains("locked while you were signing in"), "{failed}");
    assert_eq!(login.wait().code(), Some(4));
    sandbox.run(["unlock"]).ok();
    sandbox.sign_in(&provider, "alice");
}

#[test]
fn a_lock_waits_for_what_is_asked_of_a_provider_and_its_line_is_written() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let _daemon = sandbox.daemon();
    let control = provider.control();
    control.change_quirks(|quirks| quirks.answer_delay = Duration::from_millis(1500));
    let mut command = sandbox.command(["validate", "demo/alice", "--introspect"]);
    let mut validate = Running::start(&mut command);
    eventually("the provider is asked", || {
        control.counts().of(RequestKind::Introspect) == 1
    });
    sandbox.run(["lock"]).ok();
    assert!(validate.wait().success(), "{}", validate.words());
    sandbox.run(["unlock"]).ok();
    assert!(kinds(&sandbox).contains(&"validated".to_owned()));
}

#[test]
fn nothing_is_refreshed_while_it_is_locked_and_what_is_due_right_after() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks {
        access_lifetime: Some(Duration::from_secs(4)),
        ..Quirks::default()
    });
    sandbox.sign_in(&provider, "alice");
    let _daemon = sandbox.daemon();
    sandbox.run(["lock"]).ok();
    let (locked_at, before) = (clock::now(), refreshes(&provider));
    // Its access token is over by then, whenever it was issued.
    eventually("the access token has expired", || {
        clock::now().since(locked_at) > Duration::from_secs(5)
    });
    assert_eq!(refreshes(&provider), before);
    sandbox.run(["unlock"]).ok();
    eventually("it is refreshed", || refreshes(&provider) > before);
}

#[test]
fn wrong_passphrases_over_the_socket_are_counted_and_have_to_wait() {
    let mut sandbox = Sandbox::with_vault();
    let _daemon = sandbox.daemon();
    sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    sandbox.run(["lock"]).ok();
    let wrong = sandbox.write("wrong", "not the passphrase");
    let right = sandbox.path("passphrase");
    for _ in 0..3 {
        let words = sandbox
            .command(["unlock", "--passphrase-file"])
            .arg(&wrong)
            .output()
            .unwrap();
        assert_eq!(words.status.code(), Some(4), "{words:?}");
    }
    let unlock = || {
        let mut command = sandbox.command(["unlock", "--passphrase-file"]);
        command.arg(&right).output().unwrap()
    };
    let early = unlock();
    assert_eq!(early.status.code(), Some(7), "{early:?}");
    eventually("the wait is over", || unlock().status.success());
    assert!(kinds(&sandbox).contains(&"wrong_passphrase".to_owned()));
}

#[test]
fn the_owners_own_passphrase_file_opens_it_for_nobody_who_does_not_know_the_passphrase() {
    let mut sandbox = Sandbox::with_vault();
    let _daemon = sandbox.daemon();
    sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    sandbox.run(["lock"]).ok();
    let words = sandbox.run(["unlock"]).fails(4);
    assert!(words.contains("--passphrase-file"), "{words}");
    sandbox.run(["get", "demo/alice"]).fails(4);
}

#[test]
fn a_vault_without_a_passphrase_is_opened_by_what_the_owner_has_at_hand() {
    let mut sandbox = Sandbox::new();
    let (identity, recipient) = key_pair();
    let key = sandbox.write("key.txt", identity.expose_secret());
    sandbox.set("TOKENWARD_IDENTITY_FILE", key.to_str().unwrap());
    sandbox.run(["init", "--recipient", &recipient]).ok();
    let _daemon = sandbox.daemon();
    sandbox.unset("TOKENWARD_IDENTITY_FILE");
    sandbox.run(["lock"]).ok();
    assert_eq!(sandbox.run(["unlock", "--json"]).json()["was_locked"], true);
}

#[test]
fn without_an_owner_nothing_is_open_and_that_is_no_failure() {
    let sandbox = Sandbox::with_vault();
    let run = sandbox.run(["lock"]);
    assert!(run.stderr.contains("nothing is open"), "{run:?}");
    run.ok();
    assert_eq!(sandbox.run(["lock", "--json"]).json()["locked"], false);
    assert!(
        sandbox
            .run(["unlock"])
            .fails(6)
            .contains("tokenward --daemon")
    );
}

#[test]
fn who_follows_the_log_sees_the_lock_and_what_comes_after() {
    let sandbox = Sandbox::with_vault();
    let _daemon = sandbox.daemon();
    let start = |arguments: &[&str]| {
        let mut follow = Running::start(
            sandbox
                .command(["audit", "list", "--follow"])
                .args(arguments),
        );
        let mut lines = BufReader::new(follow.child().stdout.take().unwrap()).lines();
        lines.next().unwrap().unwrap();
        (follow, lines)
    };
    let (person, _listed) = start(&[]);
    let (_machine, mut lines) = start(&["--json"]);
    let mut wait_for = |kind: &str| {
        let found = lines.find(|line| line.as_ref().unwrap().contains(kind));
        assert!(found.is_some(), "no {kind}");
    };
    for round in 1..=2 {
        sandbox.run(["lock"]).ok();
        eventually("a person is told why nothing comes", || {
            person.words().matches("The vault is locked").count() == round
        });
        sandbox.run(["unlock"]).ok();
        wait_for("\"locked\"");
        wait_for("\"unlocked\"");
    }
}

#[test]
fn screen_only_locks_no_vault() {
    let mut sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    sandbox.set("TOKENWARD_LOCK_SCREEN_ONLY", "true");
    let daemon = sandbox.daemon();
    let said = sandbox.run(["lock", "--json"]).json();
    assert_eq!(
        (&said["locked"], &said["screens"]),
        (&false.into(), &true.into())
    );
    daemon.wait_for_words("the screens were locked");
    sandbox.run(["get", "demo/alice"]).ok();
}

/// The memory of a process, as far as it may be read, in portions.
#[cfg(target_os = "linux")]
fn memory_holds(pid: u32, marker: &[u8]) -> std::io::Result<bool> {
    use std::os::unix::fs::FileExt;
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let memory = std::fs::File::open(format!("/proc/{pid}/mem"))?;
    let mut found = false;
    for map in maps.lines() {
        let (range, rest) = map.split_once(' ').unwrap();
        if !rest.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let from = u64::from_str_radix(from, 16).unwrap();
        let to = u64::from_str_radix(to, 16).unwrap();
        let mut portion = vec![0; usize::try_from(to - from).unwrap()];
        // Some of what is mapped cannot be read, as the pages of a device.
        if memory.read_exact_at(&mut portion, from).is_ok() {
            found |= portion.windows(marker.len()).any(|it| it == marker);
        }
    }
    Ok(found)
}

#[cfg(target_os = "linux")]
#[test]
fn a_locked_owner_has_neither_tokens_nor_passphrase_in_its_memory() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let daemon = sandbox.daemon();
    sandbox.run(["refresh", "demo/alice"]).ok();
    let token = sandbox.run(["get", "demo/alice"]).ok();
    let token = token.trim();
    match memory_holds(daemon.pid(), token.as_bytes()) {
        Ok(found) => assert!(found, "an open owner keeps a token in demand ready"),
        Err(error) => {
            eprintln!("skipped: the memory of another process cannot be read here: {error}");
            return;
        }
    }
    sandbox.run(["lock"]).ok();
    for secret in [token, PASSPHRASE, "AGE-SECRET-KEY-1"] {
        let found = memory_holds(daemon.pid(), secret.as_bytes()).unwrap();
        assert!(!found, "left in memory: {secret}");
    }
}
