//! What an owner with nothing to do costs in a minute.
//!
//! 100 credentials that are valid for an hour, nobody connected. After five seconds of rest a minute is measured:
//! wake-ups are voluntary context switches of all its threads (`/proc/PID/task/*/status`), CPU time is the first figure
//! of their `schedstat`, in nanoseconds.

use crate::sample::{Samples, Unit};
use crate::stage::{Stage, Tokens};
use crate::table::{Figure, Row};
use std::fs;
use std::time::Duration;

pub const ROW: Row = Row {
    name: "idle",
    what: "an owner with nothing to do, 60 s",
    reach: "5 wake-ups, 5 ms CPU; others 1 and 1 ms",
    measure,
};

fn measure() -> Vec<Figure> {
    let stage = Stage::new(100, Tokens::Warm);
    let owner = stage.owner();
    std::thread::sleep(Duration::from_secs(5));
    let before = cost(owner.pid());
    std::thread::sleep(Duration::from_secs(60));
    let after = cost(owner.pid());
    let cpu = Duration::from_nanos(after.cpu - before.cpu);
    vec![
        Figure::new(
            "wake-ups",
            Samples::one(Unit::Count, (after.wakes - before.wakes) as f64),
        ),
        Figure::new("CPU time", Samples::millis([cpu])),
    ]
}

struct Cost {
    wakes: u64,
    cpu: u64,
}

fn cost(pid: u32) -> Cost {
    let mut cost = Cost { wakes: 0, cpu: 0 };
    for thread in fs::read_dir(format!("/proc/{pid}/task")).expect("it lives") {
        let thread = thread.expect("a thread").path();
        let status = fs::read_to_string(thread.join("status")).unwrap_or_default();
        let switches = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        cost.wakes += switches
            .and_then(|n| n.trim().parse::<u64>().ok())
            .unwrap_or(0);
        let times = fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
        let cpu = times.split(' ').next().and_then(|n| n.parse::<u64>().ok());
        cost.cpu += cpu.unwrap_or(0);
    }
    cost
}
