//! What becomes of lines of configuration: printed, written, or taken out again.

use clap::Args;

/// What becomes of the lines; without a word they are printed.
#[derive(Debug, Clone, Copy, Args)]
pub struct Wish {
    /// Write the lines instead of printing them.
    #[arg(long, conflicts_with = "undo")]
    pub write: bool,
    /// Take the lines out again.
    #[arg(long)]
    pub undo: bool,
}
