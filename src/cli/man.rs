//! `tokenward man`: the manual page, made from the command line's own help.

use crate::cli::args::Cli;
use crate::cli::failure::{Failure, Kind};
use crate::cli::output::Output;
use clap::{Args, CommandFactory};
use std::path::{Path, PathBuf};

/// Arguments of `tokenward man`.
#[derive(Debug, Args)]
#[command(after_help = "To read it at once: tokenward man | man -l -")]
pub struct ManArgs {
    /// Write the pages of all commands into this folder instead.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Prints the page, or writes all of them.
pub fn run(args: &ManArgs, output: Output) -> Result<(), Failure> {
    match &args.folder {
        Some(folder) => write_all(folder),
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            output.exact(&String::from_utf8_lossy(&page))
        }
    }
}

fn write_all(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .map_err(|error| {
            let place = folder.display();
            Failure::new(Kind::Failed, error.to_string())
                .within(format!("cannot write manual pages to {place}"))
        })
}
