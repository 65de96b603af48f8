//! `tokenward completions`: what a shell needs to complete our command line.

use crate::cli::args::Cli;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Arguments of `tokenward completions`.
#[derive(Debug, Args)]
#[command(
    after_help = "For bash: tokenward completions bash > ~/.local/share/bash-completion/completions/tokenward"
)]
pub struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

/// Prints the completions.
pub fn run(args: &CompletionsArgs, output: Output) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "tokenward", &mut text);
    output.exact(&String::from_utf8_lossy(&text))
}
