//! A D-Bus of a test's own.
#![cfg(target_os = "linux")]

use crate::sandbox::Sandbox;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A bus of one's own; it ends with the test.
pub struct Bus {
    daemon: Child,
    /// Where it listens.
    pub address: String,
}

impl Bus {
    /// `None`, and a word of it: no bus can be started here, so that the test is skipped. Where the gate runs that is a
    /// failure.
    #[expect(
        clippy::print_stderr,
        reason = "who runs the tests is to see what was not tested"
    )]
    pub fn start(sandbox: &Sandbox) -> Option<Self> {
        let bus = Self::try_start(sandbox);
        if bus.is_none() {
            let may = std::env::var("TOKENWARD_TEST_SKIPS").as_deref() != Ok("never");
            assert!(
                may,
                "there is no dbus-daemon, and this test must not be skipped here"
            );
            eprintln!("skipped: there is no dbus-daemon");
        }
        bus
    }

    fn try_start(sandbox: &Sandbox) -> Option<Self> {
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
