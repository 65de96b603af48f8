//! Requests a second on the socket of a real owner with 100 credentials.
//!
//! Keep-alive connections with one request under way on each, no pipelining; one thread drives one connection, two
//! threads drive four each. Every answer is parsed and must be a good one. Half seconds measured in turn.
//!
//! One connection is a game of ping-pong: on a machine with nothing else to do both processors fall asleep between two
//! strokes, and a virtual one takes some 30 us to wake. That time is the machine's, not the program's, so one connection
//! is measured as it is, and once more with two processes of the lowest priority that keep the processors awake.

use crate::raw;
use crate::sample::{Samples, Unit};
use crate::stage::{Stage, Tokens};
use crate::table::{Figure, Row};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const ROUNDS: usize = 7;
/// So short that all rounds together stay below a million tokens, the most that one program gets in an hour.
const TIME: Duration = Duration::from_millis(500);

pub const ROW: Row = Row {
    name: "raw",
    what: "raw requests on the socket, one connection / eight",
    reach: "above 23600/s and 67600/s",
    measure,
};

fn measure() -> Vec<Figure> {
    let stage = Stage::new(100, Tokens::Warm);
    let _owner = stage.owner();
    let mut figures = Vec::new();
    let token = "/api/credentials/demo/user-00007/token?min_ttl=60";
    for (what, target) in [("token", token), ("health", "/api/health")] {
        let rates = |connections, threads| {
            let rate = |_| raw::rate(&stage.socket(), target, connections, threads, TIME);
            Samples::new(Unit::PerSecond, (0..ROUNDS).map(rate).collect())
        };
        figures.push(Figure::new(format!("{what}, one connection"), rates(1, 1)));
        let awake = [Spinner::start(), Spinner::start()];
        let samples = rates(1, 1);
        drop(awake);
        let described = format!("{what}, one connection, processors awake");
        figures.push(Figure::new(described, samples));
        figures.push(Figure::new(
            format!("{what}, eight connections"),
            rates(8, 2),
        ));
    }
    figures
}

/// Keeps a processor awake with the lowest priority; ended when dropped.
struct Spinner(Child);

impl Spinner {
    fn start() -> Self {
        let mut command = Command::new("nice");
        let spin = command.args(["-n", "19", "sh", "-c", "while :; do :; done"]);
        Self(spin.stdin(Stdio::null()).spawn().expect("a shell"))
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        // It never ends by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
