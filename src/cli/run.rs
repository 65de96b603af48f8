//! From the command line to an exit code: parses, runs one command, says once what went wrong.

use crate::cli::args::{Cli, Command, Globals};
use crate::cli::failure::{Failure, Kind};
use crate::cli::output::Output;
use crate::cli::{completions, man};
use clap::Parser;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

/// Runs the program. Nothing below calls `exit`: values that hold secrets are dropped, and so zeroized.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let json = arguments.iter().any(|argument| argument == "--json");
    let result = match Cli::try_parse_from(arguments) {
        Ok(cli) => dispatch(cli),
        Err(error) => unusable(&error),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure, json),
    }
}

fn dispatch(cli: Cli) -> Result<(), Failure> {
    let Cli {
        globals, command, ..
    } = cli;
    match command {
        Some(Command::Completions(args)) => completions::run(&args, output(&globals)),
        Some(Command::Man(args)) => man::run(&args, output(&globals)),
        None => Ok(()),
    }
}

fn output(globals: &Globals) -> Output {
    Output { json: globals.json }
}

/// Help and version are no errors; everything else about the command line is one of usage.
fn unusable(error: &clap::Error) -> Result<(), Failure> {
    let rendered = error.render();
    if !error.use_stderr() {
        let color = std::io::IsTerminal::is_terminal(&std::io::stdout())
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let text = if color {
            rendered.ansi().to_string()
        } else {
            rendered.to_string()
        };
        return Output { json: false }.data(&text);
    }
    let text = rendered.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
    Err(Failure::usage(text))
}

/// Says on stderr what went wrong, once.
fn report(failure: &Failure, json: bool) -> ExitCode {
    if failure.kind != Kind::ReaderGone {
        let text = if json {
            failure.for_machines()
        } else {
            failure.for_people()
        };
        // Who cannot be reached on stderr cannot be told that either; the exit code still says it.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
    ExitCode::from(failure.kind.exit_code())
}
