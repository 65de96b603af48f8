//! The real program with its UI in a pseudo-terminal, and keys typed into its filter.

use crate::stage::Stage;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

const SIZE: (u16, u16) = (160, 50);
const PATIENCE: Duration = Duration::from_secs(30);
const TYPED: &str = "user-0";
/// Where the filter is typed, counted from 0.
const FILTER_LINE: usize = 3;

/// The program in a pseudo-terminal; killed when dropped.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    typed: usize,
    pressed: usize,
}

impl Terminal {
    /// Starts it as the owner of the stage's vault.
    pub fn start(stage: &Stage) -> Self {
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
            pressed: 0,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("it lives")
    }

    /// Waits until its screen is as wanted.
    pub fn until(&mut self, shows: impl Fn(&str) -> bool) {
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

    /// Opens the filter: [`Terminal::press`] types into it from now on.
    pub fn open_filter(&mut self, credentials: &str) {
        self.until(|screen| {
            screen.contains(&format!("{credentials} credentials")) && screen.contains("▸")
        });
        self.keys.write_all(b"/").expect("it reads");
        let all = format!("{credentials} of {credentials}");
        self.until(|screen| screen.contains(&all));
    }

    /// Types the next letter of a name, or takes the last one back, and waits until the filter's line shows it.
    pub fn press(&mut self) -> Duration {
        let length = TYPED.len();
        self.pressed += 1;
        // Up to the whole name, then back to nothing, and again.
        let before = self.typed;
        self.typed = length.abs_diff((self.pressed + length) % (2 * length));
        let key = if self.typed > before {
            TYPED.as_bytes()[before]
        } else {
            0x7f
        };
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

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
