//! A hundred credentials that expired, asked for at once, at a provider that takes 100 ms.
//!
//! Background refresh is off, so that the hundred askers (a connection and a thread each, started together) are what
//! sets the refreshes off. The clock stops when the last one has its token, so it covers the socket, the journal on
//! disk and the new secrets on disk. A machine of its own for each round.

use crate::sample::{Samples, Unit};
use crate::stage::{Stage, Tokens, all_at_once, name};
use crate::table::{Figure, Row};
use std::time::{Duration, Instant};

const CREDENTIALS: usize = 100;
const ROUNDS: usize = 5;

pub const ROW: Row = Row {
    name: "expired",
    what: "100 expired at once, provider takes 100 ms",
    reach: "150 ms with 100 in flight; others 136 ms",
    measure,
};

fn measure() -> Vec<Figure> {
    let capped = "\n[limits]\nin_flight = 100\nin_flight_per_host = 100\n";
    let mut figures = Vec::new();
    for (what, limits) in [("100 in flight", capped), ("the default limits", "")] {
        let mut times = Vec::new();
        let mut most = Vec::new();
        for _ in 0..ROUNDS {
            let (time, in_flight) = round(limits);
            times.push(time);
            most.push(in_flight as f64);
        }
        let most = Samples::new(Unit::Count, most);
        let note = format!("{} in flight at the most", most.median());
        figures.push(Figure::new(what, Samples::millis(times)).note(note));
    }
    figures
}

fn round(limits: &str) -> (Duration, u64) {
    let stage = Stage::new(CREDENTIALS, Tokens::Expired);
    stage.configure(&format!("[refresh]\nbackground = false\n{limits}"));
    stage
        .control()
        .change_quirks(|quirks| quirks.latency = Duration::from_millis(100));
    let _owner = stage.owner();
    let caller = stage.caller();
    let ends = all_at_once(CREDENTIALS, move |n| {
        let begun = Instant::now();
        let limit = Duration::from_secs(30);
        caller
            .token(&name(n), Duration::from_secs(60), limit)
            .expect("a fresh token");
        (begun, Instant::now())
    });
    let begun = ends.iter().map(|(begun, _)| *begun).min();
    let ended = ends.iter().map(|(_, ended)| *ended).max();
    let time = ended.zip(begun).map(|(end, begin)| end - begin);
    (
        time.expect("a hundred times"),
        stage.control().counts().most_in_flight,
    )
}
