//! A warm `get` of B while the refresh of A hangs at its provider.
//!
//! The provider never answers A's refresh, an asker waits for it. B is asked for as a whole process and, raw, on a new
//! connection each time.

use crate::get::run;
use crate::sample::Samples;
use crate::stage::{Stage, Tokens, name};
use crate::table::{Figure, Row};
use std::time::{Duration, Instant};
use tokenward::demo::quirks::{Fault, RequestKind};

const ROUNDS: usize = 300;

pub const ROW: Row = Row {
    name: "hanging",
    what: "a warm `get` of B while A's refresh hangs",
    reach: "2 ms; others 10 ms",
    measure,
};

fn measure() -> Vec<Figure> {
    let stage = Stage::new(100, Tokens::Warm);
    let _owner = stage.owner();
    let caller = stage.caller();
    stage
        .control()
        .fail_next(RequestKind::Refresh, u32::MAX, Fault::Hang);
    let waiting = caller.clone();
    // Ends with the owner.
    std::thread::spawn(move || waiting.refresh(&name(0), Duration::from_secs(60)));
    while stage.control().counts().refreshes == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut get = stage.program(&["get", "demo/user-00002"]);
    run(&mut get);
    let whole: Vec<_> = (0..ROUNDS).map(|_| run(&mut get)).collect();
    let raw: Vec<_> = (0..ROUNDS).map(|_| ask(&stage)).collect();
    vec![
        Figure::new("tokenward get demo/user-00002", Samples::millis(whole)),
        Figure::new("connect, ask, read", Samples::millis(raw)),
    ]
}

/// The time of one request on a new connection.
pub fn ask(stage: &Stage) -> Duration {
    let (caller, wanted) = (stage.caller(), name(1));
    let begun = Instant::now();
    let limit = Duration::from_secs(5);
    caller
        .token(&wanted, Duration::from_secs(60), limit)
        .expect("a warm token");
    begun.elapsed()
}
