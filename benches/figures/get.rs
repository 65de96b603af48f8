//! A warm `get` as a script sees it: the whole process, from `fork` to its end.
//!
//! An owner with 100 credentials lives. The real program and `/bin/true` are spawned in turn and waited for, so that
//! whatever else the machine does falls on both; the ratio is of the medians.

use crate::sample::{Samples, Unit};
use crate::stage::{Stage, Tokens};
use crate::table::{Figure, Row};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 500;

pub const ROW: Row = Row {
    name: "get",
    what: "a warm `get`, whole process, 100 credentials",
    reach: "1.0 ms, spawning anything 0.5 ms",
    measure,
};

fn measure() -> Vec<Figure> {
    let stage = Stage::new(100, Tokens::Warm);
    let _owner = stage.owner();
    let mut get = stage.program(&["get", "demo/user-00007"]);
    let mut nothing = Command::new("/bin/true");
    nothing
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    // The first one brings the token to the shelf.
    run(&mut get);
    let (mut gets, mut nothings) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        gets.push(run(&mut get));
        nothings.push(run(&mut nothing));
    }
    let (gets, nothings) = (Samples::millis(gets), Samples::millis(nothings));
    let ratio = gets.median() / nothings.median();
    vec![
        Figure::new("tokenward get demo/user-00007", gets),
        Figure::new("/bin/true", nothings),
        Figure::new("ratio", Samples::one(Unit::Ratio, ratio)),
    ]
}

/// The time of one whole process.
pub fn run(command: &mut Command) -> Duration {
    let begun = Instant::now();
    let status = command.status().expect("it starts");
    assert!(status.success(), "{command:?}: {status}");
    begun.elapsed()
}
