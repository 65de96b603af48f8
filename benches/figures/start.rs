//! From spawning an owner to its first token, 100 sealed credentials, a key file as the slot.
//!
//! The owner is killed after each round. The asker tries to connect every 0.2 ms and then waits for its token.

use crate::sample::Samples;
use crate::stage::{Stage, Tokens, name};
use crate::table::{Figure, Row};
use std::time::{Duration, Instant};

const ROUNDS: usize = 25;

pub const ROW: Row = Row {
    name: "start",
    what: "owner start to first token, 100 sealed credentials, key file",
    reach: "25 ms; others 18 s sealed, 21 ms not sealed",
    measure,
};

fn measure() -> Vec<Figure> {
    let stage = Stage::new(100, Tokens::Warm);
    let caller = stage.caller();
    let times = (0..ROUNDS).map(|round| {
        let begun = Instant::now();
        let owner = stage.start_owner();
        let wanted = name(round % 100);
        while caller
            .token(&wanted, Duration::from_secs(60), Duration::from_secs(5))
            .is_err()
        {
            assert!(begun.elapsed() < Duration::from_secs(20), "no token");
            std::thread::sleep(Duration::from_micros(200));
        }
        let time = begun.elapsed();
        owner.kill();
        time
    });
    vec![Figure::new("spawn to token", Samples::millis(times))]
}
