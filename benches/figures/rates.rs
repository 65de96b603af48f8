//! Requests a second on the socket of a real owner with 100 credentials.
//!
//! Keep-alive connections with one request under way on each, no pipelining; one thread drives one connection, two
//! threads drive four each. Every answer is parsed and must be a good one. Seconds measured in turn.

use crate::raw;
use crate::sample::{Samples, Unit};
use crate::stage::{Stage, Tokens};
use crate::table::{Figure, Row};
use std::time::Duration;

const ROUNDS: usize = 7;

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
        for (connections, threads) in [(1, 1), (8, 2)] {
            let rates = (0..ROUNDS).map(|_| {
                let time = Duration::from_secs(1);
                raw::rate(&stage.socket(), target, connections, threads, time)
            });
            let samples = Samples::new(Unit::PerSecond, rates.collect());
            figures.push(Figure::new(
                format!("{what}, {connections} connection(s)"),
                samples,
            ));
        }
    }
    figures
}
