//! From the command line to an exit code: parses, runs one command, says once what went wrong.

use crate::cli::args::{Cli, Command};
use crate::cli::context::Context;
use crate::cli::daemon::DaemonArgs;
use crate::cli::failure::{Failure, Kind};
use crate::cli::helpers::{docker, git, header, kube, sasl};
use crate::cli::output::Output;
use crate::cli::shown;
use crate::cli::{
    audit, completions, config, daemon, demo, doctor, exec, export, get, grant, harden, identify,
    import, inbox, init, list, lock, login, man, panic, provider, refresh, remove, rename, reopen,
    revoke, setup, status, ui, validate, vault, wait, why,
};
use clap::Parser;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

/// Runs the program. Nothing below calls `exit`: values that hold secrets are dropped, and so zeroized.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    harden::hide_memory();
    if let Some(result) = get::quick(&arguments) {
        return match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => report(&failure, false),
        };
    }
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
    let command = match (cli.command, cli.daemon) {
        (None, true) => Some(Command::Daemon(DaemonArgs::default())),
        (Some(Command::Daemon(args)), _) => Some(Command::Daemon(args)),
        (Some(_), true) => {
            return Err(Failure::usage(
                "--daemon stands alone, without another command",
            ));
        }
        (command, false) => command,
    };
    let output = Output {
        json: cli.globals.json,
    };
    // These two say how to use the program: they need no home, no settings, no vault.
    match &command {
        Some(Command::Completions(args)) => return completions::run(args, output),
        Some(Command::Man(args)) => return man::run(args, output),
        // It works without what the others need, and says what is missing.
        Some(Command::Doctor(args)) => return doctor::command::run(args, cli.globals),
        Some(Command::Status(args)) => return status::run(args, cli.globals),
        Some(Command::Config(args)) => return config::run(args, cli.globals),
        _ => {}
    }
    let context = Context::new(cli.globals)?;
    match command {
        None => ui::run(&context),
        Some(command) => run(command, &context, output),
    }
}

fn run(command: Command, context: &Context, output: Output) -> Result<(), Failure> {
    match command {
        Command::Init(args) => init::run(&args, context),
        Command::Login(args) => login::run(&args, context),
        Command::List(args) => list::run(&args, context),
        Command::Get(args) => get::run(&args, context),
        Command::Wait(args) => wait::run(&args, context),
        Command::Exec(args) => exec::command::run(args, context),
        Command::GitCredential(args) => git::run(&args, context),
        Command::Header(args) => header::run(&args, context),
        Command::DockerCredential(args) => docker::run(&args, context),
        Command::KubeCredential(args) => kube::run(&args, context),
        Command::Sasl(args) => sasl::run(&args, context),
        Command::Setup(args) => setup::command::run(&args, context),
        Command::Refresh(args) => refresh::run(&args, context),
        Command::Revoke(args) => revoke::run(&args, context),
        Command::Validate(args) => validate::run(&args, context),
        Command::Export(args) => export::run(&args, context),
        Command::Import(args) => import::command::run(&args, context),
        Command::Identify(args) => identify::run(&args, context),
        Command::Rename(args) => rename::run(&args, context),
        Command::Remove(args) => remove::run(&args, context),
        Command::Why(args) => why::run(&args, context),
        Command::Status(args) => status::run(&args, context.globals.clone()),
        Command::Panic(args) => panic::run(&args, context),
        Command::Grant(args) => grant::run(&args, context),
        Command::Inbox(args) => inbox::command::run(&args, context),
        Command::Lock(args) => lock::run(&args, context),
        Command::Unlock(args) => reopen::run(&args, context),
        Command::Doctor(args) => doctor::command::run(&args, context.globals.clone()),
        Command::Audit(args) => audit::command::run(&args, context),
        Command::Vault(args) => vault::run(&args, context),
        Command::Provider(args) => provider::run(&args, context),
        Command::Config(args) => config::run(&args, context.globals.clone()),
        Command::Daemon(args) => daemon::run(&args, context),
        Command::Demo(args) => demo::run(&args, context),
        Command::Completions(args) => completions::run(&args, output),
        Command::Man(args) => man::run(&args, output),
    }
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
        return Output { json: false }.exact(&text);
    }
    let text = rendered.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
    Err(Failure::usage(text))
}

/// Says on stderr what went wrong, once.
fn report(failure: &Failure, json: bool) -> ExitCode {
    if !matches!(failure.kind, Kind::ReaderGone | Kind::Program(_)) {
        let text = if json {
            shown::json(&failure.for_machines()).into_owned()
        } else {
            shown::text(&failure.for_people()).into_owned()
        };
        // Who cannot be reached on stderr cannot be told that either; the exit code still says it.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
    ExitCode::from(failure.kind.exit_code())
}
