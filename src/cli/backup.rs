//! `tokenward vault backup`: a consistent copy of the vault in one file, beside a living owner too.

use crate::agent::call::Caller;
use crate::agent::peer;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::seat::{PATIENCE, Waiting, has_left};
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
(whether a line about it is in the activity log: a living owner writes it; without one the vault is opened for it, if
that takes no question).")]
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
    let noted = note(context, copied);
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
    if !noted {
        let said = "The activity log has no line about it: the vault is locked, and nothing opens it without a question.";
        context.output.say(said);
    }
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

/// Leaves a line in the activity log where that takes no question; the backup is good without.
fn note(context: &Context, copied: Copied) -> bool {
    let owner = Caller::new(context.socket());
    let mut waiting = Waiting::new(PATIENCE);
    loop {
        match owner.note_backup(copied.credentials) {
            Ok(()) => return true,
            Err(error) if !has_left(&error) => return false,
            Err(_) => {}
        }
        match OwnerLock::acquire(&context.vault) {
            Ok(_lock) => return note_as_owner(context, copied).is_some(),
            // Another one has it for a moment, or does not listen yet.
            Err(VaultError::Owned { .. }) if waiting.pause() => {}
            Err(_) => return false,
        }
    }
}

fn note_as_owner(context: &Context, copied: Copied) -> Option<()> {
    let key = unlock::without_question(context).ok().flatten()?;
    let mut vault = unlock::open_with(context, &key).ok()?;
    let credentials = copied.credentials;
    let line = Activity::new(now(), None, Happening::BackedUp { credentials });
    let line = line.by(Some(peer::own()));
    vault.apply(vec![Write::Activity(line)]).ok().map(drop)
}
