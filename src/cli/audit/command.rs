//! The arguments of `tokenward audit`, and which of its acts does what.

use crate::cli::audit::acknowledge;
use crate::cli::audit::analyze::{self, AnalyzeArgs};
use crate::cli::audit::export::{self, ExportArgs};
use crate::cli::audit::list::{self, ListArgs};
use crate::cli::audit::verify;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use clap::{Args, Subcommand};

/// Arguments of `tokenward audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// What to do.
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// List lines of the activity log, the newest last.
    List(ListArgs),
    /// Add the activity log up, and say what in it is out of the ordinary.
    Analyze(AnalyzeArgs),
    /// Say that you have looked at the alerts that `status` tells; they stay away from now on.
    #[command(after_help = acknowledge::JSON_FIELDS)]
    Acknowledge,
    /// Check that no line was changed, removed, inserted or moved; names the first one and ends with 1 when one was.
    #[command(after_help = verify::JSON_FIELDS)]
    Verify,
    /// Write the activity log to a file, the system's journal or stdout, as JSON lines.
    Export(ExportArgs),
}

/// Does it.
pub fn run(args: &AuditArgs, context: &Context) -> Result<(), Failure> {
    match &args.act {
        Act::List(args) => list::run(args, context),
        Act::Analyze(args) => analyze::run(args, context),
        Act::Acknowledge => acknowledge::run(context),
        Act::Verify => verify::run(context),
        Act::Export(args) => export::run(args, context),
    }
}
