//! A vault of 10,000 credentials from unlocked to listed.
//!
//! In this process: the vault is opened and unlocked with its key file, then all profiles are opened; the first portion
//! is what a screen can show first.

use crate::sample::Samples;
use crate::stage::{Stage, Tokens};
use crate::table::{Figure, Row};
use std::time::Instant;
use tokenward::vault::store::Store;

const CREDENTIALS: usize = 10_000;
const ROUNDS: usize = 5;

pub const ROW: Row = Row {
    name: "listed",
    what: "10,000 credentials: unlocked to listed",
    reach: "500 ms, usable from the first 50 ms",
    measure,
};

fn measure() -> Vec<Figure> {
    let stage = Stage::new(CREDENTIALS, Tokens::Warm);
    let (mut firsts, mut wholes, mut unlocks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let mut vault = stage.open_vault();
        unlocks.push(begun.elapsed());
        let begun = Instant::now();
        let (mut first, mut count) = (None, 0);
        let taken = vault.profiles(&mut |portion| {
            first.get_or_insert_with(|| begun.elapsed());
            count += portion.into_iter().filter(Result::is_ok).count();
        });
        taken.expect("a readable vault");
        assert_eq!(count, CREDENTIALS);
        wholes.push(begun.elapsed());
        firsts.extend(first);
    }
    vec![
        Figure::new(
            "file opened and unlocked (before the clock starts)",
            Samples::millis(unlocks),
        ),
        Figure::new("unlocked to the first portion", Samples::millis(firsts)),
        Figure::new("unlocked to all", Samples::millis(wholes)),
    ]
}
