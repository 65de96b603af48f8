//! A machine that goes to sleep, as systemd-logind tells of it.
#![cfg(target_os = "linux")]

use crate::sandbox::{Running, Sandbox};
use std::io::{BufRead, BufReader, PipeReader, Read};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use zbus::blocking::{Connection, connection};
use zbus::zvariant;

/// Says that the test cannot be made on this machine; where the gate runs that is a failure.
fn skip(why: &str) {
    let may = std::env::var("TOKENWARD_TEST_SKIPS").as_deref() != Ok("never");
    assert!(may, "{why}, and this test must not be skipped here");
    eprintln!("skipped: {why}");
}

/// A bus of one's own; it ends with the test.
struct Bus {
    daemon: Child,
    address: String,
}

impl Bus {
    /// `None`: no bus can be started here.
    fn start(sandbox: &Sandbox) -> Option<Self> {
        let place = sandbox.path("run/bus");
        let daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address=1"])
            .arg(format!("--address=unix:path={}", place.display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut daemon = daemon.ok()?;
        let mut address = String::new();
        let mut said = BufReader::new(daemon.stdout.take().unwrap());
        said.read_line(&mut address).unwrap();
        let address = address.trim().to_owned();
        Some(Self { daemon, address })
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// What logind shows of itself to whoever delays the machine's sleep.
struct Manager(Sender<PipeReader>);

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    /// The other end of what is given shows when the delay is over.
    fn inhibit(&self, what: &str, _who: &str, _why: &str, mode: &str) -> zvariant::OwnedFd {
        assert_eq!((what, mode), ("sleep", "delay"));
        let (reader, writer) = std::io::pipe().unwrap();
        self.0.send(reader).unwrap();
        OwnedFd::from(writer).into()
    }
}

/// Plays logind on that bus.
fn logind(bus: &Bus) -> (Connection, Receiver<PipeReader>) {
    let (delays, asked) = channel();
    let connection = connection::Builder::address(bus.address.as_str())
        .unwrap()
        .name("org.freedesktop.login1")
        .unwrap()
        .serve_at("/org/freedesktop/login1", Manager(delays))
        .unwrap()
        .build()
        .unwrap();
    (connection, asked)
}

fn prepare_for_sleep(logind: &Connection, before: bool) {
    let (path, manager) = ("/org/freedesktop/login1", "org.freedesktop.login1.Manager");
    logind
        .emit_signal(None::<&str>, path, manager, "PrepareForSleep", &before)
        .unwrap();
}

#[test]
fn the_vault_is_locked_before_the_machine_sleeps_and_the_next_sleep_is_waited_for() {
    let mut sandbox = Sandbox::with_vault();
    let Some(bus) = Bus::start(&sandbox) else {
        return skip("there is no dbus-daemon");
    };
    let (logind, delays) = logind(&bus);
    sandbox.set("TOKENWARD_LOCK_ON_SUSPEND", "true");
    sandbox.set("DBUS_SYSTEM_BUS_ADDRESS", &bus.address);
    let daemon = sandbox.daemon();
    for _ in 0..2 {
        let mut delay = delays.recv().unwrap();
        prepare_for_sleep(&logind, true);
        // The machine sleeps when this ends.
        assert_eq!(delay.read(&mut [0]).unwrap(), 0);
        let status = sandbox.run(["status", "--json"]).json();
        assert_eq!(status["owner"]["locked"]["why"], "sleep", "{status}");
        prepare_for_sleep(&logind, false);
        sandbox.run(["unlock"]).ok();
    }
    daemon.wait_for_words("the machine was about to sleep");
}

#[test]
fn without_logind_it_is_said_that_a_sleep_is_noticed_late() {
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("TOKENWARD_LOCK_ON_SUSPEND", "true");
    sandbox.set("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    let daemon: Running = sandbox.daemon();
    daemon.wait_for_words("noticed when it wakes");
}
