//! `tokenward vault backup`: a consistent copy of the vault in one file, beside a living owner too.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::unlock;
use crate::clock::now;
use crate::model::event::{Activity, Happening};
use crate::vault::backup::{self, Copied};
use crate::vault::error::VaultError;
use crate::vault::owner::OwnerLock;
use crate::vault::store::{Store, Write};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Arguments of `tokenward vault backup`.
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is unlocked for it, and the owner goes on meanwhile. The copy is itself a vault that opens in the ways in
which this one opens now: who has the file has what who has the vault's file has, and no more. With --recipient it
is one age file, so that not even counts and dates can be read: age -d -i key.txt FILE gives the vault back.
It comes back with: tokenward vault restore FILE. With --json: one object with file, credentials, bytes and noted
(whether a line about it is in the activity log; while an owner lives, or a question were needed, there is none).")]
pub struct BackupArgs {
    /// The file to be written.
    file: PathBuf,
    /// Make it one age file for this recipient (age1...).
    #[arg(long, value_name = "RECIPIENT")]
    recipient: Option<String>,
    /// Replace a file that is there.
    #[arg(long)]
    force: bool,
}

/// Writes the backup.
pub fn run(args: &BackupArgs, context: &Context) -> Result<(), Failure> {
    let recipient = args.recipient.as_deref();
    let copied = backup::copy(&context.vault, &args.file, recipient, args.force)
        .map_err(|error| explained(error, args))?;
    let noted = note(context, copied).is_some();
    if context.output.json {
        return context.output.json_line(&json!({
            "file": args.file,
            "credentials": copied.credentials,
            "bytes": copied.bytes,
            "noted": noted,
        }));
    }
    let (place, many) = (args.file.display(), copied.credentials);
    let plural = if many == 1 { "" } else { "s" };
    context
        .output
        .say(&format!("Wrote {place}: {many} credential{plural}."));
    Ok(())
}

fn explained(error: VaultError, args: &BackupArgs) -> Failure {
    match error {
        VaultError::Exists { path } if !args.force => {
            let text = format!("{} exists already", path.display());
            Failure::new(Kind::Failed, text)
                .hint("name another file, or say --force to replace this one")
        }
        VaultError::Exists { path } => {
            let text = format!("{} is the vault itself", path.display());
            Failure::new(Kind::Failed, text).hint("name another file")
        }
        other => other.into(),
    }
}

/// Leaves a line in the activity log where that takes neither a question nor another's vault; the backup is good
/// without.
fn note(context: &Context, copied: Copied) -> Option<()> {
    let key = unlock::without_question(context).ok().flatten()?;
    let _lock = OwnerLock::acquire(&context.vault).ok()?;
    let mut vault = unlock::open_with(context, &key).ok()?;
    let credentials = copied.credentials;
    let line = Activity::new(now(), None, Happening::BackedUp { credentials });
    vault.apply(vec![Write::Activity(line)]).ok().map(drop)
}
