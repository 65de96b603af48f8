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
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use tokenward::demo::quirks::RequestKind;

const CREDENTIALS: usize = 1_000;
const SIZE: (u16, u16) = (160, 50);
const RUNS: usize = 5;
const BETWEEN_KEYS: Duration = Duration::from_millis(25);
const PATIENCE: Duration = Duration::from_secs(30);
const TYPED: &str = "user-0";

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
    terminal.until(|screen| screen.contains("1,000 credentials") && screen.contains("▸"));
    terminal.keys.write_all(b"/").expect("it reads");
    terminal.until(|screen| screen.contains("1,000 of 1,000"));
    let (mut during, mut after) = (Vec::new(), Vec::new());
    for typed in (1..=TYPED.len()).chain((0..TYPED.len()).rev()).cycle() {
        let longer = typed > terminal.typed;
        terminal.typed = typed;
        let key = if longer {
            TYPED.as_bytes()[typed - 1]
        } else {
            0x7f
        };
        let took = terminal.press(key);
        if refreshes() < CREDENTIALS {
            during.push(took);
        } else if after.len() < 200 {
            after.push(took);
        } else {
            return (during, after);
        }
        std::thread::sleep(BETWEEN_KEYS.saturating_sub(took));
    }
    unreachable!("the keys go round")
}

/// The program in a pseudo-terminal; killed when dropped.
struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    typed: usize,
}

impl Terminal {
    fn start(stage: &Stage) -> Self {
        let size = PtySize {
            cols: SIZE.0,
            rows: SIZE.1,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pty = native_pty_system().openpty(size).expect("a terminal");
        let key = stage.path("key.txt");
        let key = key.to_str().expect("a plain path");
        let program = stage.program(&["--identity-file", key]);
        let mut command = CommandBuilder::new(program.get_program());
        command.args(program.get_args());
        command.env_clear();
        for (name, value) in program.get_envs() {
            command.env(name, value.expect("nothing is taken away"));
        }
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        let child = pty.slave.spawn_command(command).expect("it starts");
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().expect("its output");
        let rows = SIZE.1.try_into().expect("more than none");
        let columns = SIZE.0.try_into().expect("more than none");
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut portion = [0; 1 << 16];
            while let Ok(read @ 1..) = reader.read(&mut portion) {
                if sender.send(portion[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keys: pty.master.take_writer().expect("its input"),
            _master: pty.master,
            output,
            parser: vt100::Parser::new(rows, columns, 0),
            typed: 0,
        }
    }

    fn until(&mut self, shows: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        while !shows(&self.parser.screen().contents()) {
            match self
                .output
                .recv_timeout(PATIENCE.saturating_sub(begun.elapsed()))
            {
                Ok(bytes) => self.parser.process(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("it never shows:\n{}", self.parser.screen().contents())
                }
            }
        }
    }

    /// Presses a key of the filter and waits until the filter's line shows it.
    fn press(&mut self, key: u8) -> Duration {
        // What was drawn before the key must not count as its effect.
        while let Ok(bytes) = self.output.try_recv() {
            self.parser.process(&bytes);
        }
        let shows = format!(" / {}", &TYPED[..self.typed]);
        let begun = Instant::now();
        self.keys.write_all(&[key]).expect("it reads");
        loop {
            let bytes = self
                .output
                .recv_timeout(PATIENCE)
                .expect("it shows the key");
            self.parser.process(&bytes);
            let took = begun.elapsed();
            let mut rows = self.parser.screen().rows(0, 40);
            let line = rows.nth(FILTER_LINE).unwrap_or_default();
            if line.trim_end() == shows.trim_end() {
                return took;
            }
        }
    }
}

/// Where the filter is typed, counted from 0.
const FILTER_LINE: usize = 3;

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
