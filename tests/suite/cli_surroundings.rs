//! Odd surroundings: no HOME, empty variables, long paths, links, closed streams, an owner that is just leaving.

use crate::sandbox::{Running, Sandbox, eventually, provider};
use rustix::process::Signal;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use tokenward::demo::quirks::{Fault, Quirks, RequestKind};

#[test]
fn without_a_home_the_systems_own_is_used_and_relative_folders_are_not() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(["status", "--json"]);
    command.env_remove("HOME");
    let run: crate::sandbox::Run = command.output().unwrap().into();
    assert!(Path::new(run.json()["vault"].as_str().unwrap()).is_absolute());
    let mut command = sandbox.command(["status", "--json"]);
    command
        .env("XDG_DATA_HOME", "data")
        .env("XDG_RUNTIME_DIR", "run");
    let run: crate::sandbox::Run = command.output().unwrap().into();
    let status = run.json();
    assert_eq!(status["vault"], sandbox.vault().to_str().unwrap());
    assert!(Path::new(status["socket"].as_str().unwrap()).is_absolute());
}

#[test]
fn a_vault_named_by_an_empty_variable_is_refused_and_not_taken_for_another() {
    let mut sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let _daemon = sandbox.daemon();
    sandbox.set("TOKENWARD_VAULT", "");
    for command in [&["get", "demo/alice"][..], &["list"]] {
        let words = sandbox.run(command).fails(2);
        assert!(words.contains("--vault"), "{words}");
    }
}

#[test]
fn a_token_never_comes_from_another_vault_than_the_one_that_was_named() {
    let mut sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let _daemon = sandbox.daemon();
    let other = sandbox.path("home/other/vault.db");
    let named = ["init", "--vault", other.to_str().unwrap()];
    sandbox.run(named).ok();
    let get = ["get", "demo/alice", "--min-ttl", "1s"];
    let mut named = sandbox.command(get);
    named.arg("--vault").arg(&other);
    let run: crate::sandbox::Run = named.output().unwrap().into();
    run.fails(3);
    sandbox.run(get).ok();
    sandbox.set("TOKENWARD_VAULT", other.to_str().unwrap());
    sandbox.run(get).fails(3);
}

#[test]
fn who_waits_no_longer_than_a_moment_is_told_so_after_it() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let _daemon = sandbox.daemon();
    provider
        .control()
        .fail_next(RequestKind::Refresh, 1, Fault::Hang);
    let words = sandbox
        .run([
            "get",
            "demo/alice",
            "--min-ttl",
            "300d",
            "--timeout",
            "300ms",
        ])
        .fails(6);
    assert!(words.contains("within the time allowed"), "{words}");
}

#[test]
fn a_browser_opens_only_where_the_person_sits_and_wants_one() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    let (issuer, opened) = (provider.issuer(), sandbox.path("opened"));
    let browser = sandbox.path("browser");
    let script = format!("#!/bin/sh\necho \"$1\" >> '{}'\n", opened.display());
    std::fs::write(&browser, script).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&browser, mode).unwrap();
    let begin = |more: &[&str], (variable, value): (&str, &str)| {
        let mut login = sandbox.command(["login", "demo", "--issuer", &issuer]);
        login
            .args(["--client-id", "demo-cli", "--flow", "loopback"])
            .args(more)
            .env("BROWSER", &browser)
            .env(variable, value);
        let mut login = Running::start(&mut login);
        let step = login.lines().next_json();
        login.signal(Signal::INT);
        login.wait();
        step["url"].as_str().unwrap().to_owned()
    };
    begin(&["--json", "--no-browser"], ("LANG", "C"));
    begin(&["--json"], ("SSH_CONNECTION", "10.0.0.1 5 10.0.0.2 22"));
    let wanted = begin(&["--json"], ("LANG", "C"));
    let lines = || std::fs::read_to_string(&opened).unwrap_or_default();
    eventually("the browser opened", || lines().contains('\n'));
    assert_eq!(lines().trim(), wanted, "it opened once, for the last");
}

#[test]
fn a_path_too_long_for_a_socket_is_named_whatever_is_asked() {
    let mut sandbox = Sandbox::with_vault();
    let long = sandbox.path("x".repeat(120));
    std::fs::create_dir_all(long.join("tokenward")).unwrap();
    sandbox.set("XDG_RUNTIME_DIR", long.to_str().unwrap());
    for command in [&["get", "demo/alice"][..], &["list"], &["--daemon"]] {
        let words = sandbox.run(command).fails(1);
        assert!(words.contains("too long"), "{words}");
        assert!(words.contains("XDG_RUNTIME_DIR"), "{words}");
    }
    sandbox.run(["status"]).ok();
}

#[test]
fn a_vault_behind_a_link_has_one_owner_and_one_socket() {
    let mut sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let daemon = sandbox.daemon();
    std::fs::create_dir(sandbox.path("links")).unwrap();
    let link = sandbox.path("links/mine.db");
    std::os::unix::fs::symlink(sandbox.vault(), &link).unwrap();
    sandbox.set("TOKENWARD_VAULT", link.to_str().unwrap());
    sandbox.run(["get", "demo/alice", "--min-ttl", "1s"]).ok();
    // Another folder for sockets hides the owner, and the lock still tells of it.
    let other = sandbox.path("other");
    std::fs::create_dir(&other).unwrap();
    sandbox.set("XDG_RUNTIME_DIR", other.to_str().unwrap());
    let words = sandbox.run(["--daemon"]).fails(7);
    assert!(words.contains(&format!("pid {}", daemon.pid())), "{words}");
    let left: Vec<_> = std::fs::read_dir(sandbox.path("links")).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing of the vault lies beside the link");
}

#[test]
fn a_daemon_waits_for_an_owner_that_holds_the_vault_for_one_command() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let mut refresh = sandbox.slow_refresh(&provider);
    let daemon = sandbox.daemon();
    assert!(refresh.wait().success(), "{}", refresh.words());
    let entry = sandbox.run(["list", "--json"]).json();
    assert_eq!(entry[0]["generation"], 2);
    daemon.signal(Signal::TERM);
    assert!(daemon.finish().0.success());
}

#[test]
fn a_list_whose_reader_has_seen_enough_is_no_error() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    for arguments in [&["list"][..], &["list", "--json"], &["get", "demo/alice"]] {
        let mut child = sandbox.command(arguments).spawn().unwrap();
        drop(child.stdout.take());
        let run: crate::sandbox::Run = child.wait_with_output().unwrap().into();
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    }
}

#[test]
fn closed_streams_harm_nobody() {
    let sandbox = Sandbox::with_vault();
    let tokenward = sandbox.command([""; 0]);
    let program = tokenward.get_program().to_str().unwrap().to_owned();
    let mut shell = Command::new("/bin/sh");
    shell
        .env_clear()
        .envs(tokenward.get_envs().filter_map(|(k, v)| Some((k, v?))))
        .args(["-c", &format!("'{program}' list <&- >&- 2>&-")]);
    assert!(shell.status().unwrap().success());
}

#[test]
fn an_executed_program_decides_the_exit_code_and_gets_the_signals() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let exec = |script: &str| {
        sandbox.command([
            "exec",
            "demo/alice",
            "--min-ttl",
            "1s",
            "--",
            "/bin/sh",
            "-c",
            script,
        ])
    };
    let run: crate::sandbox::Run = exec("exit 42").output().unwrap().into();
    assert_eq!(run.code, Some(42), "{run:?}");
    let run: crate::sandbox::Run = exec("kill -TERM $$").output().unwrap().into();
    assert_eq!(run.code, None, "{run:?}");
    let mut child = exec("echo $$; exec sleep 60")
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut pid = [0; 1];
    child.stdout.as_mut().unwrap().read_exact(&mut pid).unwrap();
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, Signal::TERM).unwrap();
    let ended = child.wait().unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&ended),
        Some(Signal::TERM.as_raw())
    );
}
