//! Service managers: the units are right, the socket is taken over, and what is set up is taken away again.
#![cfg(target_os = "linux")]

use crate::sandbox::{PASSPHRASE, Running, Sandbox, eventually, provider};
use age::secrecy::ExposeSecret;
use rustix::process::Signal;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;
use tokenward::demo::quirks::Quirks;

const UNITS: &str = "home/.config/systemd/user";

/// The socket that systemd would listen on, before anybody runs.
fn listening(sandbox: &Sandbox) -> UnixListener {
    let path = sandbox.socket();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    UnixListener::bind(path).unwrap()
}

/// The daemon with that socket as file number 3, as systemd starts it (sd_listen_fds(3)).
fn activated(sandbox: &Sandbox, socket: &UnixListener) -> Command {
    // The number of the process is known to itself alone; what was standard input becomes number 3.
    let script = "exec 3<&0 0</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$0\" --daemon";
    let program = env!("CARGO_BIN_EXE_tokenward");
    let mut command = sandbox.in_here("/bin/sh", ["-c", script, program]);
    let given: OwnedFd = socket.try_clone().unwrap().into();
    command.stdin(given);
    command
}

#[test]
fn the_socket_that_systemd_listens_on_is_taken_over_and_left_for_the_next_one() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let socket = listening(&sandbox);
    std::fs::set_permissions(sandbox.socket(), std::fs::Permissions::from_mode(0o666)).unwrap();
    // Somebody asks before anybody runs: the answer comes once it does.
    let mut early = UnixStream::connect(sandbox.socket()).unwrap();
    early
        .write_all(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    for _ in 0..2 {
        let daemon = Running::start(&mut activated(&sandbox, &socket));
        daemon.wait_for_words("ready");
        daemon.wait_for_words("its socket is taken over");
        let mode = std::fs::metadata(sandbox.socket()).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        sandbox.run(["get", "demo/alice"]).ok();
        let owner = sandbox.run(["status", "--json"]).json();
        assert_eq!(owner["owner"]["pid"], daemon.pid());
        daemon.signal(Signal::TERM);
        assert!(daemon.finish().0.success());
        assert!(sandbox.socket().exists(), "it is systemd's");
    }
    let mut answer = String::new();
    early.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(!answer.contains(PASSPHRASE));
}

#[test]
fn a_socket_that_lies_elsewhere_is_refused_with_what_the_unit_should_say() {
    let sandbox = Sandbox::with_vault();
    let place = sandbox.path("elsewhere.sock");
    let socket = UnixListener::bind(&place).unwrap();
    let ran = activated(&sandbox, &socket).output().unwrap();
    let words = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{words}");
    let hint = format!("ListenStream={}", sandbox.socket().display());
    assert!(
        words.contains("elsewhere.sock") && words.contains(&hint),
        "{words}"
    );
}

#[test]
fn the_units_are_written_found_right_by_the_doctor_and_taken_away() {
    let sandbox = Sandbox::with_vault();
    let printed = sandbox.run(["setup", "systemd", "--socket"]).ok();
    assert!(
        printed.contains("[Service]") && printed.contains("[Socket]"),
        "{printed}"
    );
    let folder = sandbox.path(UNITS);
    assert!(!folder.exists(), "printed, not written");
    sandbox.write(
        &format!("{UNITS}/tokenward.service"),
        "[Service]\n# one's own\n",
    );
    let said = sandbox.run(["setup", "systemd", "--socket", "--write"]);
    assert!(
        said.stderr.contains("enable --now tokenward.socket"),
        "{said:?}"
    );
    let kept = std::fs::read_to_string(folder.join("tokenward.service.old")).unwrap();
    assert!(kept.contains("one's own"));
    let again = sandbox.run(["setup", "systemd", "--socket", "--write"]);
    assert!(again.stderr.contains("is as it should be"), "{again:?}");
    let doctor = sandbox.run(["doctor"]).stdout;
    let right = doctor.matches("is the one of this version").count();
    assert_eq!(right, 2, "{doctor}");
    let socket = folder.join("tokenward.socket");
    let text = std::fs::read_to_string(&socket).unwrap();
    std::fs::write(&socket, text.replace("SocketMode=0600", "SocketMode=0666")).unwrap();
    let doctor = sandbox.run(["doctor"]).stdout;
    assert!(doctor.contains("has SocketMode=0666"), "{doctor}");
    sandbox.run(["setup", "systemd", "--undo"]).ok();
    assert!(!folder.join("tokenward.service").exists() && !socket.exists());
    sandbox.write(
        &format!("{UNITS}/tokenward.service"),
        "[Service]\n# one's own\n",
    );
    sandbox.run(["setup", "systemd", "--undo"]).fails(7);
    assert!(folder.join("tokenward.service").exists(), "none of ours");
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let sandbox = Sandbox::with_vault();
    // Not in its usual place, with a space in it.
    let vault = sandbox.path("my vaults/vault.db");
    std::fs::create_dir_all(vault.parent().unwrap()).unwrap();
    let vault = vault.to_str().unwrap();
    sandbox.run(["init", "--vault", vault]).ok();
    sandbox
        .run(["setup", "systemd", "--socket", "--write", "--vault", vault])
        .ok();
    let verify = |folder: &std::path::Path| {
        let mut command = Command::new("systemd-analyze");
        command.args(["verify", "--user", "--man=no"]);
        command.args(["tokenward.service", "tokenward.socket"].map(|it| folder.join(it)));
        command
            .env("XDG_RUNTIME_DIR", sandbox.path("run"))
            .output()
            .ok()
    };
    let folder = sandbox.path(UNITS);
    let Some(said) = verify(&folder) else {
        eprintln!("skipped: there is no systemd-analyze");
        return;
    };
    let words = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.status.success() && words.is_empty(), "{words}");
    // It would find something.
    let unit = folder.join("tokenward.service");
    let text = std::fs::read_to_string(&unit).unwrap();
    std::fs::write(&unit, text.replace("NoNewPrivileges", "NoNewPrivilege")).unwrap();
    let said = verify(&folder).unwrap();
    assert!(String::from_utf8_lossy(&said.stderr).contains("NoNewPrivilege"));
}

#[test]
fn the_system_may_hand_over_the_age_identity_as_a_credential() {
    let mut sandbox = Sandbox::new();
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    sandbox.run(["init", "--recipient", &recipient]).ok();
    let text = identity.to_string();
    sandbox.write("credentials/tokenward-identity", text.expose_secret());
    let folder = sandbox.path("credentials");
    sandbox.set("CREDENTIALS_DIRECTORY", folder.to_str().unwrap());
    let _daemon = sandbox.daemon();
    eventually("it is open", || {
        sandbox.run(["status", "--json"]).json()["owner"]["locked"].is_null()
    });
}
