//! A machine that goes to sleep, as systemd-logind tells of it.
#![cfg(target_os = "linux")]

use crate::bus_rig::Bus;
use crate::sandbox::{Running, Sandbox};
use std::io::{PipeReader, Read};
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, Sender, channel};
use zbus::blocking::{Connection, connection};
use zbus::zvariant;

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
        eprintln!("skipped: there is no dbus-daemon");
        return;
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
