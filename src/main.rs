//! The program.

use std::process::ExitCode;

fn main() -> ExitCode {
    tokenward::cli::run::main(std::env::args_os().collect())
}
