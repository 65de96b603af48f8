//! Asks another tool's own program for a secret: by name from the search path, bounded in time and size.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use zeroize::Zeroizing;

/// How long a program may take: it may ask a person to unlock a keyring.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest answer, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// Something that asks a program.
pub trait Helper {
    /// Runs it with these arguments and this on its standard input; what it printed, or why there is nothing.
    fn ask(
        &self,
        program: &str,
        arguments: &[&str],
        input: &str,
    ) -> Result<Zeroizing<Vec<u8>>, String>;
}

/// Runs real programs.
#[derive(Debug, Clone, Copy)]
pub struct Programs;

impl Helper for Programs {
    fn ask(
        &self,
        program: &str,
        arguments: &[&str],
        input: &str,
    ) -> Result<Zeroizing<Vec<u8>>, String> {
        let spawned = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = spawned.map_err(|error| format!("{program} cannot be run: {error}"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that reads nothing closes it: its answer counts.
            let _ = stdin.write_all(input.as_bytes());
        }
        let stdout = child.stdout.take();
        let (done, said) = mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = Zeroizing::new(Vec::with_capacity(64 * 1024));
            if let Some(stdout) = stdout {
                let _ = stdout.take(LARGEST).read_to_end(&mut bytes);
            }
            let _ = done.send(bytes);
        });
        let said = said.recv_timeout(PATIENCE);
        if said.is_err() {
            let _ = child.kill();
        }
        let ended = child.wait();
        match (said, ended) {
            (Ok(said), Ok(status)) if status.success() => Ok(said),
            (Err(_), _) => Err(format!(
                "{program} did not answer within {} s",
                PATIENCE.as_secs()
            )),
            (Ok(_), _) => Err(format!("{program} has nothing for it, or refused")),
        }
    }
}
