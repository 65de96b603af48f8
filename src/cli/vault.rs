//! `tokenward vault`: the ways to unlock it, and whether every row is what was written.

use crate::cli::backup::{self, BackupArgs};
use crate::cli::backups::{self, BackupsArgs};
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::generations::{self, GenerationsArgs, PutBackArgs};
use crate::cli::restore::{self, RestoreArgs};
use crate::cli::rotate_key::{self, RotateKeyArgs};
use crate::cli::slots::{self, AddSlotArgs, ChangePassphraseArgs, RemoveSlotArgs};
use crate::cli::table::Table;
use crate::cli::unlock;
use crate::vault::rotation::copies_left;
use crate::vault::verify::verify;

use clap::{Args, Subcommand};
use serde_json::json;

/// Arguments of `tokenward vault`.
#[derive(Debug, Args)]
pub struct VaultArgs {
    /// What to do.
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// List the ways to unlock the vault.
    #[command(after_help = "With --json: an array of objects with id, kind, label and created_at.")]
    Slots,
    /// Check every row's binding and open every record; says what is wrong and ends with 1 when something is.
    #[command(after_help = "\
Reads only, so it may run beside a living owner.
With --json: one object with ok, rows (how many of each table were checked) and problems (objects with place
and what).")]
    Verify,
    /// Add a way to unlock the vault.
    AddSlot(AddSlotArgs),
    /// Remove a way to unlock the vault; never the last one.
    RemoveSlot(RemoveSlotArgs),
    /// Put a new passphrase in the place of the old one.
    ChangePassphrase(ChangePassphraseArgs),
    /// Give the vault a new key and seal every record anew.
    RotateKey(RotateKeyArgs),
    /// Write a consistent copy of the vault into one file; its owner may go on meanwhile.
    Backup(BackupArgs),
    /// List the daily backups, and say whether each can be read.
    Backups(BackupsArgs),
    /// List the earlier tokens of a credential that are kept.
    Generations(GenerationsArgs),
    /// Bring earlier tokens of a credential back.
    PutBack(PutBackArgs),
    /// Bring a backup back: as a new vault, or in the place of the one there is, which is kept.
    Restore(RestoreArgs),
}

/// Does it.
pub fn run(args: &VaultArgs, context: &Context) -> Result<(), Failure> {
    match &args.act {
        Act::Slots => list(context),
        Act::Verify => check(context),
        Act::AddSlot(args) => slots::add(args, context),
        Act::RemoveSlot(args) => slots::remove(args, context),
        Act::ChangePassphrase(args) => slots::change_passphrase(args, context),
        Act::RotateKey(args) => rotate_key::run(args, context),
        Act::Backup(args) => backup::run(args, context),
        Act::Backups(args) => backups::run(args, context),
        Act::Generations(args) => generations::list(args, context),
        Act::PutBack(args) => generations::put_back(args, context),
        Act::Restore(args) => restore::run(args, context),
    }
}

fn list(context: &Context) -> Result<(), Failure> {
    let slots = unlock::look_at(context)?.slots()?;
    if context.output.json {
        return context.output.json_line(&slots);
    }
    let mut table = Table::new(&["SLOT", "KIND", "LABEL", "MADE"]);
    for slot in slots {
        let date = slot.created_at.to_rfc3339();
        let day = date.split('T').next().unwrap_or_default();
        table.row(vec![
            slot.id.to_string(),
            slot.kind.name().to_owned(),
            slot.short_label().into_owned(),
            day.to_owned(),
        ]);
    }
    context.output.data(&table.render())
}

fn check(context: &Context) -> Result<(), Failure> {
    let answered = unlock::answer(context)?;
    let mut vault = unlock::look_at(context)?.unlock_to_verify(answered.key())?;
    let report = verify(&mut vault);
    if context.output.json {
        let rows: serde_json::Map<_, _> = report
            .rows
            .iter()
            .map(|(table, count)| ((*table).to_owned(), json!(count)))
            .collect();
        context.output.json_line(&json!({
            "ok": report.is_whole(),
            "rows": rows,
            "problems": report.problems,
        }))?;
    } else {
        let counted = report
            .rows
            .iter()
            .map(|(table, count)| format!("{count} {table}"));
        let counted: Vec<String> = counted.collect();
        let mut text = format!("checked  {}\n", counted.join(", "));
        for problem in &report.problems {
            text.push_str(&format!("wrong    {}: {}\n", problem.place, problem.what));
        }
        context.output.data(&text)?;
    }
    for copy in copies_left(vault.path()) {
        let place = copy.display();
        context.output.say(&format!(
            "A rotation of the key was cut off and left a copy: {place}. The next `tokenward vault rotate-key` removes it; \
             so may you, once nothing is wrong here."
        ));
    }
    match report.problems.len() {
        0 => Ok(()),
        count => Err(Failure::new(
            Kind::Failed,
            format!("the vault is not as it was written, in {count} ways"),
        )
        .hint("what is wrong is never used; restore a backup, or remove those credentials and sign in again")),
    }
}
