//! The UI in a real pseudo-terminal: keys go in, what the terminal shows comes out.
#![allow(dead_code, reason = "tests take from it what they need")]

use crate::sandbox::{Sandbox, eventually};
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal};
use rustix::termios::{LocalModes, tcgetattr};
use std::fs::File;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

struct Shown {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    ended: bool,
}

/// A program in a terminal; killed when dropped.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    shown: Arc<(Mutex<Shown>, Condvar)>,
}

const fn size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}

impl Terminal {
    /// Starts the program with these arguments as this user.
    pub fn start(sandbox: &Sandbox, arguments: &[&str], columns: u16, rows: u16) -> Self {
        let mut command = sandbox.command(arguments);
        command.env("TERM", "xterm-256color");
        Self::run(&command, columns, rows)
    }

    /// Starts any command; nothing but its own environment is inherited.
    pub fn run(command: &Command, columns: u16, rows: u16) -> Self {
        let pty = native_pty_system().openpty(size(columns, rows)).unwrap();
        let mut builder = CommandBuilder::new(command.get_program());
        builder.args(command.get_args());
        builder.env_clear();
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                builder.env(name, value);
            }
        }
        if let Some(folder) = command.get_current_dir() {
            builder.cwd(folder);
        }
        let child = pty.slave.spawn_command(builder).unwrap();
        drop(pty.slave);
        let parser = vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0);
        let ended = false;
        let shown = Arc::new((
            Mutex::new(Shown {
                parser,
                bytes: Vec::new(),
                ended,
            }),
            Condvar::new(),
        ));
        let mut output = pty.master.try_clone_reader().unwrap();
        let gathering = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut portion = [0; 1 << 14];
            loop {
                let read = output.read(&mut portion).unwrap_or(0);
                let mut shown = gathering.0.lock().unwrap();
                shown.parser.process(&portion[..read]);
                shown.bytes.extend_from_slice(&portion[..read]);
                shown.ended = read == 0;
                gathering.1.notify_all();
                if read == 0 {
                    break;
                }
            }
        });
        let keys = pty.master.take_writer().unwrap();
        Self {
            child,
            master: pty.master,
            keys,
            shown,
        }
    }

    /// Types; `\r` is Enter, `\x1b` Esc.
    pub fn keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Pastes, as terminals do that were asked to bracket it.
    pub fn paste(&mut self, text: &str) {
        self.keys(&format!("\x1b[200~{text}\x1b[201~"));
    }

    /// Answers a question for a secret, once the program has turned the echo off.
    #[track_caller]
    pub fn secret(&mut self, secret: &str) {
        let terminal = File::open(self.master.tty_name().unwrap()).unwrap();
        eventually("the echo is off", || {
            let modes = tcgetattr(&terminal).unwrap().local_modes;
            !modes.contains(LocalModes::ECHO)
        });
        self.keys(&format!("{secret}\r"));
    }

    /// What shows now.
    pub fn screen(&self) -> String {
        self.shown.0.lock().unwrap().parser.screen().contents()
    }

    /// Waits until the screen is as asked; fails the test when the program ends without, or takes a minute.
    #[track_caller]
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) {
        let shown = self.shown.0.lock().unwrap();
        let (shown, _) = self
            .shown
            .1
            .wait_timeout_while(shown, PATIENCE, |shown| {
                !is_so(shown.parser.screen()) && !shown.ended
            })
            .unwrap();
        let screen = shown.parser.screen();
        assert!(is_so(screen), "never: {what}\n{}", screen.contents());
    }

    /// Waits until the program has sent these bytes, shown or not.
    #[track_caller]
    pub fn wait_for_bytes(&self, bytes: &str) {
        let sent = |shown: &Shown| {
            shown
                .bytes
                .windows(bytes.len())
                .any(|part| part == bytes.as_bytes())
        };
        let shown = self.shown.0.lock().unwrap();
        let wait = |shown: &mut Shown| !sent(shown) && !shown.ended;
        let (shown, _) = self
            .shown
            .1
            .wait_timeout_while(shown, PATIENCE, wait)
            .unwrap();
        assert!(sent(&shown), "never sent: {bytes:?}");
    }

    /// How often the program has sent this.
    pub fn sent(&self, bytes: &str) -> usize {
        let shown = self.shown.0.lock().unwrap();
        let all = shown.bytes.windows(bytes.len());
        all.filter(|part| *part == bytes.as_bytes()).count()
    }

    /// Waits until this text shows.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        self.wait_until(text, |screen| screen.contents().contains(text));
    }

    /// Waits until this text no longer shows.
    #[track_caller]
    pub fn wait_without(&self, text: &str) {
        self.wait_until(text, |screen| !screen.contents().contains(text));
    }

    /// Makes the terminal this large.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let mut shown = self.shown.0.lock().unwrap();
        let (rows_set, columns_set) = (rows.try_into().unwrap(), columns.try_into().unwrap());
        shown.parser.screen_mut().set_size(rows_set, columns_set);
        drop(shown);
        self.master.resize(size(columns, rows)).unwrap();
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        rustix::process::kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Waits until the UI has given the terminal back; fails the test when anything of it stays.
    #[track_caller]
    pub fn wait_until_given_back(&self) {
        self.wait_until("the terminal is as before", is_given_back);
    }

    /// Waits for the program's end.
    #[track_caller]
    pub fn finish(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        let shown = self.shown.0.lock().unwrap();
        let (shown, _) = self
            .shown
            .1
            .wait_timeout_while(shown, PATIENCE, |shown| !shown.ended)
            .unwrap();
        let screen = shown.parser.screen();
        assert!(is_given_back(screen), "{}", screen.contents());
        (status, screen.contents())
    }
}

fn is_given_back(screen: &vt100::Screen) -> bool {
    !screen.alternate_screen()
        && !screen.hide_cursor()
        && !screen.bracketed_paste()
        && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
