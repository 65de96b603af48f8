//! A warm token while silent clients are connected: 50 that say nothing, 50 that stop in the middle of a request.
//!
//! Asked on a new connection each time, in turn with and without them; the ratio is of the medians.

use crate::hanging::ask;
use crate::sample::{Samples, Unit};
use crate::stage::{Stage, Tokens};
use crate::table::{Figure, Row};
use std::io::Write;
use std::os::unix::net::UnixStream;

const ROUNDS: usize = 10;
const ASKED: usize = 100;

pub const ROW: Row = Row {
    name: "silent",
    what: "a silent client connected",
    reach: "no effect; others are blocked 3 s",
    measure,
};

fn measure() -> Vec<Figure> {
    let stage = Stage::new(100, Tokens::Warm);
    let _owner = stage.owner();
    ask(&stage);
    let (mut alone, mut among) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        alone.extend((0..ASKED).map(|_| ask(&stage)));
        let silent: Vec<_> = (0..100).map(|n| connect(&stage, n % 2 == 0)).collect();
        among.extend((0..ASKED).map(|_| ask(&stage)));
        drop(silent);
    }
    let (alone, among) = (Samples::millis(alone), Samples::millis(among));
    let ratio = among.median() / alone.median();
    vec![
        Figure::new("connect, ask, read; nobody else", alone),
        Figure::new("the same among 100 silent clients", among),
        Figure::new("ratio", Samples::one(Unit::Ratio, ratio)),
    ]
}

fn connect(stage: &Stage, halting: bool) -> UnixStream {
    let mut stream = UnixStream::connect(stage.socket()).expect("the owner listens");
    if halting {
        stream.write_all(b"GET /api/he").expect("the owner reads");
    }
    stream
}
