//! `tokenward vault rotate-key`: a new identity for the vault, every record sealed anew.

use crate::cli::again;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::new_passphrase::is_yes;
use crate::cli::old_copies::Dropping;
use crate::cli::passphrase;
use crate::cli::slots::{alone, told};
use crate::cli::unlock;
use crate::secret::Passphrase;
use crate::vault::open::OpenVault;
use crate::vault::rotation::{Kept, settle, verify_anew};
use crate::vault::slot::{Key, NewSlot, SlotKind, SlotView};
use crate::vault::verify::{Report, verify};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Arguments of `tokenward vault rotate-key`.
#[derive(Debug, Args)]
#[command(after_help = "\
For when somebody may know the vault's key: who once opened the vault, or a slot that is removed by now. Every
record is sealed anew in one step; cut off at any moment, the vault is the old one or the new one. A copy of the
file is kept until the new one is verified, then removed. Tokens stay as they are: revoke those that may be known.
A passphrase is needed to seal its slot anew: from --slot-passphrase-file, or asked for. A slot whose key is not at
hand goes only with --drop-slot, or with a y at the terminal. No owner may be running.
Daily backups and other copies beside the vault still open with the old key: they are named, and removed with --drop-backups;
copies elsewhere are not known.
With --json: one object with records, kept and dropped (numbers of slots), old_copies (files) and old_copies_removed.")]
pub struct RotateKeyArgs {
    /// Read the passphrase of a further slot from this file; as often as needed.
    #[arg(long, value_name = "FILE")]
    slot_passphrase_file: Vec<PathBuf>,
    /// Let this slot go, its key not being at hand; as often as needed.
    #[arg(long, value_name = "ID")]
    drop_slot: Vec<i64>,
    /// Cost of guessing the passphrases (scrypt, a power of two); without it as in the settings.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(10..=22))]
    work_factor: Option<u8>,
    /// What becomes of old copies.
    #[command(flatten)]
    dropping: Dropping,
}

/// Does it.
pub fn run(args: &RotateKeyArgs, context: &Context) -> Result<(), Failure> {
    args.dropping.check(context)?;
    let answered = unlock::answer(context)?;
    again::unless_shown(&answered, context, "a new key")?;
    let _seat = alone(context)?;
    let key = answered.key();
    let mut vault = unlock::open_with(context, key)?;
    let before = verify(&mut vault);
    refuse_unless_whole(&before, "nothing was changed")?;
    let path = vault.path().to_path_buf();
    for copy in settle(&path)? {
        let place = copy.display();
        context.output.say(&format!(
            "Removed {place}: it was left by a rotation that was cut off, and the vault is whole."
        ));
    }
    let mut passphrases = Passphrases::of(key, args)?;
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    let slots = vault.slots()?;
    for slot in &slots {
        match goes_on(&vault, slot, args, &mut passphrases, context)? {
            Some(way) => kept.push(Kept { id: slot.id, way }),
            None => dropped.push(slot.id),
        }
    }
    let work_factor = args.work_factor.unwrap_or(context.config.vault.work_factor);
    let rotated = vault.rotate_key(&kept, work_factor)?;
    let place = rotated.copy.display();
    let after = verify_anew(&path, key)?;
    let keep = format!("the file from before is kept as {place}");
    refuse_unless_whole(&after, &keep)?;
    refuse_if_fewer(&before, &after, &keep)?;
    settle(&path)?;
    if slots.iter().any(|slot| slot.kind == SlotKind::Keyring) {
        vault.forget_unused_keyring()?;
    }
    context.output.say(&format!(
        "The vault has a new key: {} records sealed anew and verified.\nThe copy from before, {place}, is removed.",
        rotated.records
    ));
    let copies = args.dropping.settle(&mut vault, context)?;
    let kept: Vec<i64> = kept.iter().map(|kept| kept.id).collect();
    let said = json!({ "records": rotated.records, "kept": kept, "dropped": dropped });
    told(context, said, &copies)
}

/// What opens the slot from now on; `None`: it goes.
fn goes_on(
    vault: &OpenVault,
    slot: &SlotView,
    args: &RotateKeyArgs,
    passphrases: &mut Passphrases,
    context: &Context,
) -> Result<Option<NewSlot>, Failure> {
    if args.drop_slot.contains(&slot.id) {
        return Ok(None);
    }
    let way = match slot.kind {
        SlotKind::Recipient => Some(NewSlot::Recipient(slot.label.clone())),
        SlotKind::Keyring => vault
            .slot_opens(slot.id, &Key::Keyring)
            .unwrap_or(false)
            .then_some(NewSlot::Keyring),
        SlotKind::Passphrase => passphrases
            .find(vault, slot, context)?
            .map(NewSlot::Passphrase),
    };
    if way.is_some() || may_go(slot, context)? {
        return Ok(way);
    }
    let (id, words) = (slot.id, slot.words());
    Err(
        Failure::new(Kind::Locked, format!("the key of {words} is not at hand"))
            .hint("give its passphrase in a file: --slot-passphrase-file FILE")
            .hint(format!("or let it go: --drop-slot {id}"))
            .hint("nothing was changed"),
    )
}

fn may_go(slot: &SlotView, context: &Context) -> Result<bool, Failure> {
    if !context.output.can_ask() {
        return Ok(false);
    }
    let question = format!(
        "The key of {} is not at hand. Let this slot go? [y/N] ",
        slot.words()
    );
    Ok(is_yes(&context.output.ask(&question)?))
}

/// The passphrases that were given so far.
struct Passphrases(Vec<Key>);

impl Passphrases {
    fn of(key: &Key, args: &RotateKeyArgs) -> Result<Self, Failure> {
        let mut known = Vec::new();
        if let Key::Passphrase(passphrase) = key {
            known.push(Key::Passphrase(passphrase.duplicate()));
        }
        for path in &args.slot_passphrase_file {
            known.push(Key::Passphrase(passphrase::from_file(path)?));
        }
        Ok(Self(known))
    }

    /// The one that opens a slot: one that is known, or one that a person knows.
    fn find(
        &mut self,
        vault: &OpenVault,
        slot: &SlotView,
        context: &Context,
    ) -> Result<Option<Passphrase>, Failure> {
        for key in &self.0 {
            if vault.slot_opens(slot.id, key)? {
                return Ok(passphrase_of(key));
            }
        }
        if !context.output.can_ask() {
            return Ok(None);
        }
        let question = format!("Passphrase of {} (Enter: not at hand): ", slot.words());
        let key = Key::Passphrase(passphrase::ask(&question)?);
        let found = vault
            .slot_opens(slot.id, &key)?
            .then(|| passphrase_of(&key));
        self.0.push(key);
        Ok(found.flatten())
    }
}

fn passphrase_of(key: &Key) -> Option<Passphrase> {
    match key {
        Key::Passphrase(passphrase) => Some(passphrase.duplicate()),
        Key::Keyring | Key::Identity(_) => None,
    }
}

fn refuse_unless_whole(report: &Report, what_now: &str) -> Result<(), Failure> {
    match report.problems.len() {
        0 => Ok(()),
        count => Err(Failure::new(
            Kind::Failed,
            format!("the vault is not as it was written, in {count} ways; {what_now}"),
        )
        .hint("what is wrong is listed by: tokenward vault verify")),
    }
}

/// Only the log may have grown, and only slots may be gone.
fn refuse_if_fewer(before: &Report, after: &Report, what_now: &str) -> Result<(), Failure> {
    let records = |report: &Report| -> Vec<(&'static str, u64)> {
        let rows = report.rows.iter().copied();
        rows.filter(|(table, _)| !["slot", "event", "kept_key"].contains(table))
            .collect()
    };
    if records(before) == records(after) {
        return Ok(());
    }
    let text = format!("the new file has not the records of the old one; {what_now}");
    Err(Failure::new(Kind::Failed, text).hint("keep both files and report this"))
}
