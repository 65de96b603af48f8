//! Resident memory of a headless owner: `VmRSS` of `/proc/PID/status`, two seconds after all was loaded and ten tokens
//! were served.

use crate::sample::{Samples, Unit};
use crate::stage::{Stage, Tokens, name};
use crate::table::{Figure, Row};
use std::time::Duration;

const ROUNDS: usize = 3;

pub const ROW: Row = Row {
    name: "memory",
    what: "memory of an owner, 100 / 1,000 credentials",
    reach: "15 / 20 MB; others 6.1 / 8.7 MB",
    measure,
};

fn measure() -> Vec<Figure> {
    [100, 1000].map(figure).into()
}

fn figure(credentials: usize) -> Figure {
    let stage = Stage::new(credentials, Tokens::Warm);
    let values = (0..ROUNDS).map(|_| {
        let owner = stage.owner();
        for n in 0..10 {
            let limit = Duration::from_secs(5);
            let token = stage
                .caller()
                .token(&name(n), Duration::from_secs(60), limit);
            token.expect("a warm token");
        }
        std::thread::sleep(Duration::from_secs(2));
        resident(owner.pid())
    });
    let samples = Samples::new(Unit::Megabytes, values.collect());
    Figure::new(format!("{credentials} credentials"), samples)
}

/// Resident memory of a process, in megabytes.
pub fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok())
        .expect("a line VmRSS");
    kilobytes / 1024.0
}
