//! The owner's memory: no core, no tracing, no swap where the system lets it, and nothing left behind at its end.
#![cfg(target_os = "linux")]

use crate::sandbox::{PASSPHRASE, Running, Sandbox, eventually};
use rustix::process::Signal;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use tokenward::vault::owner::OwnerLock;

/// A line of what the kernel tells of a process.
fn told(pid: u32, what: &str, file: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap();
    let line = text.lines().find(|line| line.starts_with(what)).unwrap();
    let rest = line.trim_start_matches(what).split_whitespace();
    rest.take(1).collect()
}

fn finding(sandbox: &Sandbox, check: &str) -> serde_json::Value {
    let report = sandbox.run(["doctor", "--json"]).json();
    let found = report["findings"].as_array().unwrap();
    found
        .iter()
        .find(|it| it["check"] == check)
        .unwrap()
        .clone()
}

/// Where the system tells which user's a process's memory is: the superuser's when it is hidden.
fn has_hidden_memory(pid: u32) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(format!("/proc/{pid}/status")).is_ok_and(|found| found.uid() == 0)
}

/// As much of a core as the system ever gives.
const CORES: &str = "ulimit -c $(ulimit -H -c)";

/// The program as a user that is not the superuser, to whom all of the sandbox belongs, within these limits.
fn as_somebody(sandbox: &Sandbox, limits: &str, arguments: &[&str]) -> Command {
    const NOBODY: u32 = 65_534;
    let usual = sandbox.command(arguments);
    let program = sandbox.path("program");
    if !program.exists() {
        // By another process: a file that this one has open for writing cannot be run, and others fork all the time.
        let mut copy = Command::new("cp");
        copy.arg(usual.get_program()).arg(&program);
        assert!(copy.status().unwrap().success());
    }
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", &format!("{limits} && exec \"$0\" \"$@\"")])
        .arg(&program)
        .args(arguments)
        .env_clear()
        .envs(usual.get_envs().filter_map(|(k, v)| Some((k, v?))))
        .current_dir(sandbox.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if rustix::process::geteuid().is_root() {
        let mut give = Command::new("chown");
        give.arg("-R")
            .arg(format!("{NOBODY}:{NOBODY}"))
            .arg(sandbox.path(""));
        assert!(give.status().unwrap().success());
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

#[test]
fn an_owner_leaves_no_core_lets_nobody_look_into_it_and_makes_private_files() {
    let sandbox = Sandbox::with_vault();
    let daemon = Running::start(&mut as_somebody(&sandbox, CORES, &["--daemon"]));
    daemon.wait_for_words("ready");
    assert!(has_hidden_memory(daemon.pid()));
    assert_eq!(told(daemon.pid(), "Max core file size", "limits"), "0");
    assert_eq!(told(daemon.pid(), "Umask:", "status"), "0077");
}

#[test]
fn the_short_way_of_get_hides_its_memory_too() {
    let sandbox = Sandbox::with_vault();
    std::fs::create_dir_all(sandbox.socket().parent().unwrap()).unwrap();
    let silent = std::os::unix::net::UnixListener::bind(sandbox.socket()).unwrap();
    let mut get = as_somebody(&sandbox, CORES, &["get", "demo/alice"]);
    let mut get = Running::start(&mut get);
    let (_asked, _) = silent.accept().unwrap();
    assert!(has_hidden_memory(get.pid()));
    get.child().kill().unwrap();
}

#[test]
fn no_program_of_the_same_user_looks_into_an_owner() {
    let sandbox = Sandbox::with_vault();
    let daemon = Running::start(&mut as_somebody(&sandbox, CORES, &["--daemon"]));
    daemon.wait_for_words("ready");
    let other = as_somebody(&sandbox, "sleep 600 & echo $!; wait", &[]);
    let mut other = Running::start(&mut { other });
    let sleeper = other.lines().next_json();
    let looks_into = |pid: &str| {
        let script = format!("cat /proc/{pid}/environ /proc/{pid}/maps >/dev/null");
        let look = as_somebody(&sandbox, &script, &["--version"]).output();
        look.unwrap().status.success()
    };
    assert!(
        looks_into(&sleeper.to_string()),
        "it may look into other programs"
    );
    assert!(
        !looks_into(&daemon.pid().to_string()),
        "it looked into the owner"
    );
}

#[test]
fn memory_is_locked_where_no_limit_holds_and_that_is_told() {
    let sandbox = Sandbox::with_vault();
    let daemon = sandbox.daemon();
    let is_locked = told(daemon.pid(), "VmLck:", "status") != "0";
    // CAP_IPC_LOCK counts for the machine's own users only, not for those of a user namespace.
    let mighty =
        u64::from_str_radix(&told(daemon.pid(), "CapEff:", "status"), 16).unwrap() & (1 << 14) != 0;
    let is_the_machines = fs::read_to_string("/proc/self/uid_map")
        .unwrap()
        .contains("4294967295");
    if told(daemon.pid(), "Max locked memory", "limits") == "unlimited"
        || (mighty && is_the_machines)
    {
        assert!(is_locked);
    }
    let status = sandbox.run(["status", "--json"]).json();
    assert_eq!(status["owner"]["memory_locked"], is_locked);
    let verdict = if is_locked { "ok" } else { "warning" };
    assert_eq!(finding(&sandbox, "memory_lock")["verdict"], verdict);
}

#[test]
fn where_little_memory_may_be_locked_none_is_and_the_owner_lives() {
    let sandbox = Sandbox::with_vault();
    let mut daemon = as_somebody(&sandbox, "ulimit -l 64", &["--daemon"]);
    let daemon = Running::start(&mut daemon);
    daemon.wait_for_words("ready");
    assert_eq!(told(daemon.pid(), "VmLck:", "status"), "0");
    let status = as_somebody(&sandbox, CORES, &["status"]).output().unwrap();
    let status = String::from_utf8(status.stdout).unwrap();
    assert!(status.contains("memory     may go to swap"), "{status}");
    let doctor = as_somebody(&sandbox, CORES, &["doctor"]).output().unwrap();
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    assert!(doctor.contains("is not locked"), "{doctor}");
}

/// Nothing of an owner is left but the lock's file, which nobody holds.
fn is_gone(sandbox: &Sandbox) -> bool {
    !sandbox.socket().exists() && !OwnerLock::is_held(&sandbox.vault())
}

#[test]
fn an_owner_that_is_told_to_leave_puts_everything_away() {
    for signal in [Signal::TERM, Signal::INT] {
        let sandbox = Sandbox::with_vault();
        let daemon = sandbox.daemon();
        assert!(!is_gone(&sandbox));
        daemon.signal(signal);
        let (status, words) = daemon.finish();
        assert!(
            status.success() && words.contains("left"),
            "{signal:?}: {words}"
        );
        assert!(is_gone(&sandbox), "{signal:?}");
    }
}

#[test]
fn an_owner_that_is_told_to_leave_while_it_unlocks_puts_everything_away_too() {
    let mut sandbox = Sandbox::new();
    // Long enough to be caught at it.
    sandbox.set("TOKENWARD_VAULT_WORK_FACTOR", "17");
    let file = sandbox.write("passphrase", PASSPHRASE);
    sandbox.set("TOKENWARD_PASSPHRASE_FILE", file.to_str().unwrap());
    sandbox.run(["init"]).ok();
    let daemon = Running::start(&mut sandbox.command(["--daemon"]));
    eventually("it sits down", || sandbox.socket().exists());
    daemon.signal(Signal::TERM);
    let (status, words) = daemon.finish();
    assert!(status.success(), "{status}: {words}");
    assert!(is_gone(&sandbox));
}
