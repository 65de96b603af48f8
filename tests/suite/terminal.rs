//! The program in a real pseudo-terminal: types keys, waits for what the screen shows.

use crate::sandbox::Sandbox;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal with the program in it; killed when dropped.
pub struct Terminal {
    screen: Arc<Mutex<vt100::Parser>>,
    raw: Arc<Mutex<Vec<u8>>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// Starts the program with these arguments as this user.
    pub fn start(sandbox: &Sandbox, arguments: &[&str], columns: u16, rows: u16) -> Self {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let described = sandbox.command(arguments);
        let mut command = CommandBuilder::new(described.get_program());
        command.args(described.get_args());
        command.env_clear();
        for (name, value) in described.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command.env("TERM", "xterm-256color");
        command.cwd(sandbox.path("home"));
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(
            cells(rows),
            cells(columns),
            0,
        )));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let mut output = pair.master.try_clone_reader().unwrap();
        let (drawn, kept) = (Arc::clone(&screen), Arc::clone(&raw));
        std::thread::spawn(move || {
            let mut portion = [0; 8192];
            while let Ok(read @ 1..) = output.read(&mut portion) {
                drawn.lock().unwrap().process(&portion[..read]);
                kept.lock().unwrap().extend_from_slice(&portion[..read]);
            }
        });
        Self {
            screen,
            raw,
            keys: pair.master.take_writer().unwrap(),
            child,
            master: pair.master,
        }
    }

    /// What the screen shows now.
    pub fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Everything that was ever written to the terminal.
    pub fn written(&self) -> Vec<u8> {
        self.raw.lock().unwrap().clone()
    }

    /// Whether the program left the alternate screen and shows the cursor again.
    pub fn is_restored(&self) -> bool {
        let parser = self.screen.lock().unwrap();
        !parser.screen().alternate_screen() && !parser.screen().hide_cursor()
    }

    /// Types keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Makes the terminal another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        self.screen
            .lock()
            .unwrap()
            .screen_mut()
            .set_size(cells(rows), cells(columns));
        self.master.resize(size).unwrap();
    }

    /// Waits until the screen shows this.
    #[track_caller]
    pub fn shows(&self, wanted: &str) -> String {
        self.until(wanted, |text| text.contains(wanted))
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub fn until(&self, what: &str, is_there: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let text = self.text();
            if is_there(&text) {
                return text;
            }
            assert!(begun.elapsed() < PATIENCE, "no `{what}` on:\n{text}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the program's end.
    #[track_caller]
    pub fn ends(&mut self) -> u32 {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(begun.elapsed() < PATIENCE, "it stays:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }
}

fn cells(number: u16) -> NonZero<u16> {
    NonZero::new(number).unwrap()
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
