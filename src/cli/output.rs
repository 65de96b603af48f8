//! Where a command's words go: data on stdout, talk on stderr, JSON for machines.

use crate::cli::failure::Failure;
use crate::cli::shown;
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// How a command speaks.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// `--json` was given.
    pub json: bool,
}

impl Output {
    /// Writes data for people to read: what would take over their terminal is written out.
    pub fn data(self, text: &str) -> Result<(), Failure> {
        self.exact(&shown::text(text))
    }

    /// Writes data as it is, for a program that wants each of its bytes.
    pub fn exact(self, text: &str) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        Ok(stdout.flush()?)
    }

    /// Writes one JSON value on a line of its own.
    pub fn json_line(self, value: &impl Serialize) -> Result<(), Failure> {
        let line = serde_json::to_string(value).map_err(std::io::Error::other)?;
        self.exact(&(shown::json(&line).into_owned() + "\n"))
    }

    /// Says something to the person on stderr; with `--json` nobody reads it.
    pub fn say(self, text: &str) {
        if !self.json {
            talk(text);
        }
    }

    /// Whether a person can be asked: stdin and stderr are a terminal and no machine reads along.
    pub fn can_ask(self) -> bool {
        !self.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Asks a question that is answered with one line.
    pub fn ask(self, question: &str) -> Result<String, Failure> {
        Ok(ask_line(question)?)
    }
}

/// Asks a question that is answered with one line, whoever reads along.
pub fn ask_line(question: &str) -> std::io::Result<String> {
    let mut stderr = std::io::stderr().lock();
    stderr.write_all(shown::text(question).as_bytes())?;
    stderr.flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// Writes a line to stderr. Who cannot be reached there cannot be told that either.
pub fn talk(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "{}", shown::text(text));
}
