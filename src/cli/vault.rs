//! `tokenward vault`: the ways to unlock it, and whether every row is what was written.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::init::Way;
use crate::cli::seat::{self, Seat};
use crate::cli::table::Table;
use crate::cli::unlock;
use crate::vault::verify::verify;

use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;

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
    #[command(after_help = "\
The vault is opened as always (--passphrase-file, --identity-file, keyring, or a question); the new passphrase
comes from --new-passphrase-file, or is asked for. With --json: one object with id and kind.")]
    AddSlot {
        /// How it will be unlocked.
        #[command(flatten)]
        way: Way,
        /// Read the new passphrase from this file.
        #[arg(long, value_name = "FILE", conflicts_with_all = ["keyring", "recipient"])]
        new_passphrase_file: Option<PathBuf>,
    },
    /// Remove a way to unlock the vault; never the last one.
    #[command(after_help = "\
Who kept a copy of the file from before can still open that copy in the old way.
With --json: one object with id.")]
    RemoveSlot {
        /// Its number, as `vault slots` lists it.
        id: i64,
    },
}

/// Does it.
pub fn run(args: &VaultArgs, context: &Context) -> Result<(), Failure> {
    match &args.act {
        Act::Slots => slots(context),
        Act::Verify => check(context),
        Act::AddSlot {
            way,
            new_passphrase_file,
        } => add_slot(way, new_passphrase_file.as_ref(), context),
        Act::RemoveSlot { id } => remove_slot(*id, context),
    }
}

fn slots(context: &Context) -> Result<(), Failure> {
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
            slot.label,
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
    match report.problems.len() {
        0 => Ok(()),
        count => Err(Failure::new(
            Kind::Failed,
            format!("the vault is not as it was written, in {count} ways"),
        )
        .hint("what is wrong is never used; restore a backup, or remove those credentials and sign in again")),
    }
}

fn add_slot(way: &Way, file: Option<&PathBuf>, context: &Context) -> Result<(), Failure> {
    let answered = unlock::answer(context)?;
    let _lock = alone(context)?;
    let mut vault = unlock::open(context, answered)?;
    let slot = way.slot(file.map(PathBuf::as_path), context.output)?;
    let id = vault.add_slot(&slot, context.config.vault.work_factor)?;
    if context.output.json {
        return context
            .output
            .json_line(&json!({ "id": id, "kind": slot.kind() }));
    }
    context
        .output
        .say(&format!("Added slot {id}, {}.", slot.kind().name()));
    Ok(())
}

fn remove_slot(id: i64, context: &Context) -> Result<(), Failure> {
    let answered = unlock::answer(context)?;
    let _lock = alone(context)?;
    unlock::open(context, answered)?.remove_slot(id)?;
    if context.output.json {
        return context.output.json_line(&json!({ "id": id }));
    }
    context.output.say(&format!("Removed slot {id}."));
    Ok(())
}

/// Slots are changed by nobody but the owner, so that what a living one knows stays true.
fn alone(context: &Context) -> Result<Seat, Failure> {
    Seat::take(context)?.ok_or_else(|| {
        let who = seat::holder(context);
        Failure::new(
            Kind::Unavailable,
            format!("the vault is in use by its owner{who}"),
        )
        .hint("stop the owner, change the slots, start it again")
    })
}
