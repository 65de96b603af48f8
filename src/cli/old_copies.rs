//! The copies of a vault that open in the way of before: named after it changed, and removed on wish.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::owner::daily;
use crate::tui::words;
use crate::vault::old_copies::OldCopy;
use crate::vault::open::OpenVault;
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What becomes of them.
#[derive(Debug, Args)]
pub struct Dropping {
    /// Remove the daily backups and the copies beside the vault that still open in the way of before; asks first.
    #[arg(long)]
    drop_backups: bool,
    /// Do not ask before they are removed.
    #[arg(long, requires = "drop_backups")]
    yes: bool,
}

impl Dropping {
    /// Refuses, before anything is done, what nobody could say yes to.
    pub fn check(&self, context: &Context) -> Result<(), Failure> {
        if self.drop_backups && !self.yes && !context.output.can_ask() {
            let text = "remove the old copies? Nobody is here to say yes";
            return Err(Failure::new(Kind::Refused, text)
                .hint("nothing was changed; say it on the command line: --drop-backups --yes"));
        }
        Ok(())
    }

    /// Names them, or removes exactly those; gives what `--json` tells of them.
    pub fn settle(&self, vault: &mut OpenVault, context: &Context) -> Result<Value, Failure> {
        let backups: Vec<PathBuf> = daily(context).all().into_iter().map(|it| it.file).collect();
        let old = vault.old_copies(&backups)?;
        let files: Vec<&PathBuf> = old.iter().map(|one| &one.file).collect();
        if !old.is_empty() {
            context.output.say(&named(&old));
        }
        let goes = self.drop_backups && !old.is_empty() && self.may_go(&old, context)?;
        if goes {
            remove(&old, vault)?;
            context
                .output
                .say(&format!("Removed {}.", words::count(old.len(), "old file")));
        }
        if !old.is_empty() && !goes {
            context.output.say(
                "Remove what you do not need (rm FILE), or let the next change do it: --drop-backups. They are all that is kept of before.",
            );
        }
        Ok(json!({ "old_copies": files, "old_copies_removed": goes }))
    }

    fn may_go(&self, old: &[OldCopy], context: &Context) -> Result<bool, Failure> {
        if self.yes {
            return Ok(true);
        }
        let them = words::count(old.len(), "file");
        let answer = context
            .output
            .ask(&format!("Remove {them} for good? [y/N] "))?;
        Ok(matches!(answer.as_str(), "y" | "Y" | "yes"))
    }
}

/// Removes them one by one; what went stands in the log, also when one of them stays.
fn remove(old: &[OldCopy], vault: &mut OpenVault) -> Result<(), Failure> {
    let mut removed = 0;
    let mut result = Ok(());
    for copy in old {
        result = copy.remove();
        if result.is_err() {
            break;
        }
        removed += 1;
    }
    if removed > 0 {
        vault.note_copies_removed(removed)?;
    }
    Ok(result?)
}

fn named(old: &[OldCopy]) -> String {
    let mut text = "These copies still open in the way of before:".to_owned();
    for copy in old {
        let by: Vec<String> = copy.opened_by.iter().map(|slot| slot.words()).collect();
        text.push_str(&format!("\n  {} ({})", copy.file.display(), by.join("; ")));
    }
    text.push_str(
        "\nCopies that lie elsewhere, or are sealed for a recipient, are not known here.",
    );
    text
}
