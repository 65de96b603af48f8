//! `tokenward vault add-slot`, `remove-slot`, `change-passphrase`: the ways to unlock the vault, changed.

use crate::cli::again;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::init::Way;
use crate::cli::new_passphrase::Sealing;
use crate::cli::old_copies::Dropping;
use crate::cli::seat::{self, Seat};
use crate::cli::unlock;
use crate::vault::open::OpenVault;
use crate::vault::slot::SlotKind;
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Arguments of `tokenward vault add-slot`.
#[derive(Debug, Args)]
#[command(after_help = "\
The vault is opened as always (--passphrase-file, --identity-file, keyring, or a question); the new passphrase
comes from --new-passphrase-file, or is asked for. With --json: one object with id and kind.")]
pub struct AddSlotArgs {
    /// How it will be unlocked.
    #[command(flatten)]
    way: Way,
    /// Read the new passphrase from this file.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["keyring", "recipient"])]
    new_passphrase_file: Option<PathBuf>,
}

/// Arguments of `tokenward vault remove-slot`.
#[derive(Debug, Args)]
#[command(after_help = "\
Who kept a copy of the file from before can still open that copy in the old way. Daily backups and copies beside the vault
are named, and removed with --drop-backups; copies elsewhere are not known.
With --json: one object with id, old_copies (files) and old_copies_removed.")]
pub struct RemoveSlotArgs {
    /// Its number, as `vault slots` lists it.
    id: i64,
    /// What becomes of old copies.
    #[command(flatten)]
    dropping: Dropping,
}

/// Arguments of `tokenward vault change-passphrase`.
#[derive(Debug, Args)]
#[command(after_help = "\
The vault is opened as always: by the old passphrase, or by another key. The new passphrase comes from
--new-passphrase-file, or is asked for twice; a weak one is explained and needs a second yes. The new slot comes
and the old one goes in one step. Who kept a copy of the file from before can still open that copy with the old
passphrase: daily backups and copies beside the vault are named, and removed with --drop-backups; copies elsewhere are not
known. With --json: one object with id (the new slot's), removed (the old one's), old_copies (files) and old_copies_removed.")]
pub struct ChangePassphraseArgs {
    /// The slot whose passphrase changes; needed only when there are several with one and another key opened the vault.
    #[arg(long, value_name = "ID")]
    slot: Option<i64>,
    /// Read the new passphrase from this file.
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
    /// How it is judged and sealed with.
    #[command(flatten)]
    sealing: Sealing,
    /// What becomes of old copies.
    #[command(flatten)]
    dropping: Dropping,
}

/// Adds a slot.
pub fn add(args: &AddSlotArgs, context: &Context) -> Result<(), Failure> {
    let answered = unlock::answer(context)?;
    again::unless_shown(&answered, context, "changing the slots")?;
    let _lock = alone(context)?;
    let mut vault = unlock::open(context, answered)?;
    let file = args.new_passphrase_file.as_deref();
    let slot = args.way.slot(file, context.output)?;
    let id = vault.add_slot(&slot, args.way.sealing.work_factor(context))?;
    let kind = slot.kind();
    if context.output.json {
        return context.output.json_line(&json!({ "id": id, "kind": kind }));
    }
    let said = format!("Added slot {id}, {}.", kind.name());
    context.output.say(&said);
    Ok(())
}

/// Removes a slot.
pub fn remove(args: &RemoveSlotArgs, context: &Context) -> Result<(), Failure> {
    let id = args.id;
    args.dropping.check(context)?;
    let answered = unlock::answer(context)?;
    again::unless_shown(&answered, context, "changing the slots")?;
    let _lock = alone(context)?;
    let mut vault = unlock::open(context, answered)?;
    vault.remove_slot(id)?;
    context.output.say(&format!("Removed slot {id}."));
    let copies = args.dropping.settle(&mut vault, context)?;
    told(context, json!({ "id": id }), &copies)
}

/// Changes a passphrase.
pub fn change_passphrase(args: &ChangePassphraseArgs, context: &Context) -> Result<(), Failure> {
    args.dropping.check(context)?;
    let answered = unlock::answer(context)?;
    again::unless_shown(&answered, context, "changing the slots")?;
    let _lock = alone(context)?;
    let mut vault = unlock::open(context, answered)?;
    let old = old_slot(&vault, args.slot)?;
    let file = args.new_passphrase_file.as_deref();
    let new = args.sealing.new_passphrase(file, context.output)?;
    let new = new.ok_or_else(|| {
        Failure::usage("there is no new passphrase and nobody to ask for one")
            .hint("give one in a file: --new-passphrase-file FILE")
    })?;
    let id = vault.change_passphrase(old, new, args.sealing.work_factor(context))?;
    context.output.say(&format!(
        "The passphrase is changed: slot {id} in the place of slot {old}."
    ));
    let copies = args.dropping.settle(&mut vault, context)?;
    told(context, json!({ "id": id, "removed": old }), &copies)
}

/// What a machine is told, with the old copies; a person was told already.
pub fn told(context: &Context, mut said: Value, copies: &Value) -> Result<(), Failure> {
    if !context.output.json {
        return Ok(());
    }
    if let (Some(said), Some(copies)) = (said.as_object_mut(), copies.as_object()) {
        said.extend(copies.clone());
    }
    context.output.json_line(&said)
}

/// The slot whose passphrase is meant: the one named, the one that was used just now, the only one.
fn old_slot(vault: &OpenVault, named: Option<i64>) -> Result<i64, Failure> {
    let slots = vault.slots()?;
    let mut with_one = slots
        .iter()
        .filter(|slot| slot.kind == SlotKind::Passphrase)
        .map(|slot| slot.id);
    let used = vault.slot_used();
    if let Some(id) = named.or_else(|| with_one.clone().find(|id| used == Some(*id))) {
        return Ok(id);
    }
    match (with_one.next(), with_one.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(Failure::new(Kind::Failed, "the vault has no passphrase")
            .hint("give it one: tokenward vault add-slot")),
        (Some(_), Some(_)) => Err(Failure::usage("the vault has several passphrases")
            .hint("name the slot with --slot ID; they are listed by: tokenward vault slots")),
    }
}

/// Slots are changed by nobody but the owner, so that what a living one knows stays true.
pub fn alone(context: &Context) -> Result<Seat, Failure> {
    Seat::take(context)?.ok_or_else(|| {
        let who = seat::holder(context);
        Failure::new(
            Kind::Unavailable,
            format!("the vault is in use by its owner{who}"),
        )
        .hint("stop the owner, change the slots, start it again")
    })
}
