//! The lines that a person types while a command runs: one reader for whoever waits for one at the moment.

use rustix::termios::{QueueSelector, tcflush};
use std::io::{BufRead, IsTerminal};
use tokio::sync::mpsc::{self, Receiver};

/// Lines that may wait for somebody to take them.
const MOST: usize = 16;

/// The lines; the terminal is not read before somebody asks for one.
#[derive(Debug, Default)]
pub struct Lines {
    typed: Option<Receiver<String>>,
}

impl Lines {
    /// The next line without white space around it; `None` where nobody can type, or no more.
    pub async fn next(&mut self) -> Option<String> {
        self.typed.get_or_insert_with(read).recv().await
    }

    /// Drops what was typed before anybody asked: it answers nothing.
    pub fn forget(&mut self) {
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            let _ = tcflush(stdin, QueueSelector::IFlush);
        }
        if let Some(typed) = &mut self.typed {
            while typed.try_recv().is_ok() {}
        }
    }
}

fn read() -> Receiver<String> {
    let (lines, typed) = mpsc::channel(MOST);
    if std::io::stdin().is_terminal() {
        // Ends with the program: a blocked read on a terminal cannot be called off.
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines() {
                let Ok(line) = line else { break };
                if lines.blocking_send(line.trim().to_owned()).is_err() {
                    break;
                }
            }
        });
    }
    typed
}
