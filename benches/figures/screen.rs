//! From a key to the screen, through a real pseudo-terminal, while 1,000 tokens refresh.
//!
//! The real program as the vault's owner, its UI at 160x50 in a pseudo-terminal of this process; 1,000 credentials
//! whose access tokens have expired, so that all are refreshed at the provider of this process as soon as the vault is
//! open. Every 25 ms a key is written: letters of the filter, typed and taken back, each of which changes its own line
//! and the whole list. The time is from before the key is written until the bytes that show its effect were read back
//! and understood by a terminal emulator (vt100); the emulator's own share is small. Only keys pressed before the last
//! refresh had reached the provider count; runs are added up. Extremes are those of a machine whose processors this
//! row shares with the provider and the emulator.

use crate::sample::Samples;
use crate::stage::{Stage, Tokens};
use crate::table::{Figure, Row};
use crate::terminal::Terminal;
use std::time::Duration;
use tokenward::demo::quirks::RequestKind;

const CREDENTIALS: usize = 1_000;
const RUNS: usize = 5;
const BETWEEN_KEYS: Duration = Duration::from_millis(25);

pub const ROW: Row = Row {
    name: "screen",
    what: "key to screen through a pseudo-terminal while 1,000 tokens refresh",
    reach: "16 ms at the worst",
    measure,
};

fn measure() -> Vec<Figure> {
    let (mut busy, mut calm) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (during, after) = run();
        busy.extend(during);
        calm.extend(after);
    }
    let busy = Samples::millis(busy);
    let late = format!("99 %: {}", busy.write(busy.share(0.99)));
    vec![
        Figure::new("key to screen, 1,000 refreshing", busy).note(late),
        Figure::new("key to screen, nothing else to do", Samples::millis(calm)),
    ]
}

/// Times while everything refreshes, and afterwards.
fn run() -> (Vec<Duration>, Vec<Duration>) {
    let stage = Stage::new(CREDENTIALS, Tokens::Expired);
    let refreshes = || {
        let counts = stage.control().counts();
        usize::try_from(counts.of(RequestKind::Refresh)).unwrap_or(usize::MAX)
    };
    let mut terminal = Terminal::start(&stage);
    terminal.open_filter("1,000");
    let (mut during, mut after) = (Vec::new(), Vec::new());
    while after.len() < 200 {
        let took = terminal.press();
        if refreshes() < CREDENTIALS {
            during.push(took);
        } else {
            after.push(took);
        }
        std::thread::sleep(BETWEEN_KEYS.saturating_sub(took));
    }
    (during, after)
}
