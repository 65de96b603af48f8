//! The program that is run: in the place of this one, or beside it until it ends.

use crate::cli::exec::signals::Signals;
use crate::cli::failure::{Failure, Kind};
use rustix::process::Pid;
use std::ffi::OsString;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};

/// The program and its arguments, ready for its environment.
pub fn command(words: Vec<OsString>) -> Result<Command, Failure> {
    let mut words = words.into_iter();
    let program = words
        .next()
        .ok_or_else(|| Failure::usage("there is no program to run"))?;
    let mut command = Command::new(program);
    command.args(words);
    Ok(command)
}

/// Becomes the program. Comes back only when that failed.
pub fn become_it(mut command: Command) -> Failure {
    let error = command.exec();
    cannot_run(&command, error)
}

/// Runs the program to its end and passes signals on to it; gives its exit code, 128 and the number of the signal that
/// ended it.
pub fn run_beside(mut command: Command, mut signals: Signals) -> Result<u8, Failure> {
    let mut child = command
        .spawn()
        .map_err(|error| cannot_run(&command, error))?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(code(status));
        }
        let Some(pid) = pid else {
            return Ok(code(child.wait()?));
        };
        // Its end is a signal too: none is missed between the look and the wait.
        signals.pass_on(pid);
    }
}

/// What a shell would say of it.
fn code(status: ExitStatus) -> u8 {
    let signal = status.signal().map(|signal| 128 + signal);
    let code = status.code().or(signal).unwrap_or(1);
    u8::try_from(code).unwrap_or(u8::MAX)
}

fn cannot_run(command: &Command, error: std::io::Error) -> Failure {
    let kind = Kind::Failed;
    let failure = Failure {
        kind,
        ..Failure::from(error)
    };
    failure
        .within(format!(
            "cannot run {}",
            command.get_program().to_string_lossy()
        ))
        .hint("the program comes after `--`, with its path if it is not in PATH")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_program_is_told_as_a_shell_tells_it() {
        assert_eq!(code(ExitStatus::from_raw(7 << 8)), 7);
        assert_eq!(code(ExitStatus::from_raw(15)), 143);
    }
}
