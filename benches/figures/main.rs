//! The figures of the README: `cargo bench` prints them as a table, `cargo bench -- NAME...` only some rows.
//!
//! Each row stands in a file of its own with its method. Whole processes are the real program, built for release; the
//! provider is the one of `tokenward demo`, in this process, over loopback. A machine is never quiet: the median of
//! many is what counts, extremes are beside it, and rows that time whole processes time `/bin/true` in the same loop.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a program that prints a table and has nothing to save"
)]

mod analysed;
mod expired;
mod frame;
mod get;
mod hanging;
mod idle;
mod killed;
mod listed;
mod load;
mod memory;
mod rates;
mod raw;
mod sample;
mod screen;
mod silent;
mod stage;
mod start;
mod table;
mod terminal;

use table::{Figure, Row};

/// The rows in the order of the table.
const ROWS: [Row; 14] = [
    get::ROW,
    rates::ROW,
    load::ROW,
    start::ROW,
    listed::ROW,
    analysed::ROW,
    expired::ROW,
    hanging::ROW,
    silent::ROW,
    frame::ROW,
    screen::ROW,
    memory::ROW,
    idle::ROW,
    killed::ROW,
];

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let is_wanted = |row: &&Row| wanted.is_empty() || wanted.iter().any(|w| row.name.contains(w));
    table::print_head();
    for row in ROWS.iter().filter(is_wanted) {
        let figures: Vec<Figure> = (row.measure)();
        table::print_row(row, &figures);
    }
}
