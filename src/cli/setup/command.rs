//! What `tokenward setup` can set up.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::setup::{git, launchd, systemd};
use clap::{Args, Subcommand};

/// Arguments of `tokenward setup`.
#[derive(Debug, Args)]
pub struct SetupArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Have systemd keep tokenward running, or start it when somebody asks.
    Systemd(systemd::SetupSystemdArgs),
    /// Have launchd (macOS) keep tokenward running.
    Launchd(launchd::SetupLaunchdArgs),
    /// Let git ask for user name and password here.
    Git(git::SetupGitArgs),
}

/// What becomes of the lines.
#[derive(Debug, Clone, Copy, Args)]
pub struct Wish {
    /// Write the lines instead of printing them.
    #[arg(long, conflicts_with = "undo")]
    pub write: bool,
    /// Take the lines out again.
    #[arg(long)]
    pub undo: bool,
}

/// Sets something up.
pub fn run(args: &SetupArgs, context: &Context) -> Result<(), Failure> {
    match &args.what {
        What::Systemd(args) => systemd::run(args, context),
        What::Launchd(args) => launchd::run(args, context),
        What::Git(args) => git::run(args, context),
    }
}
