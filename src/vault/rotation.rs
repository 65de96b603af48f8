//! Gives a vault a new identity: every record sealed anew at once, a copy kept until that is verified.

use crate::model::event::Happening;
use crate::vault::binding::{Sealed, Table};
use crate::vault::error::VaultError;
use crate::vault::file::VaultFile;
use crate::vault::keys::{VaultKeys, new_identity};
use crate::vault::ledger::Ledger;
use crate::vault::open::{Change, OpenVault};
use crate::vault::permissions::folder_of;
use crate::vault::rekey::rekey_rows;
use crate::vault::schema::{HALF_MADE, keep_copy};
use crate::vault::slot::{self, Key, NewSlot, StoredSlot};
use crate::vault::slot_set::note;
use crate::vault::verify::{Report, verify};
use std::fs;
use std::path::{Path, PathBuf};

/// How the copies are called that are kept while a vault gets a new identity.
const WHY: &str = "rotation";

/// A slot that stays, and what it is opened by.
#[derive(Debug)]
pub struct Kept {
    /// Its number.
    pub id: i64,
    /// What opens it then as now.
    pub way: NewSlot,
}

/// What was done.
#[derive(Debug)]
pub struct Rotated {
    /// How many records were sealed or bound anew.
    pub records: u64,
    /// The copy of the file from before.
    pub copy: PathBuf,
}

impl OpenVault {
    /// Whether a key opens one of its slots.
    pub fn slot_opens(&self, id: i64, key: &Key) -> Result<bool, VaultError> {
        let slots = StoredSlot::all(self.connection())?;
        let slot = slots.iter().find(|slot| slot.id == id);
        slot.ok_or(VaultError::NoSuchSlot { id })?
            .opens(self.keys().vault_id(), key)
    }

    /// Replaces the vault's identity: keeps a copy of the file, then seals every record and the slots that are kept anew
    /// in one transaction; the other slots go. Killed at any moment, the file is the old one or the new one. The copy is
    /// removed by [`settle`], after the new file was verified.
    pub fn rotate_key(&mut self, kept: &[Kept], work_factor: u8) -> Result<Rotated, VaultError> {
        let identity = new_identity();
        let (old, path) = (self.keys(), self.path().to_path_buf());
        let new = VaultKeys::derive(old.vault_id(), &identity)?
            .with_fingerprint_key(zeroize::Zeroizing::new(*old.fingerprint_key()));
        let sealed: Vec<(i64, Sealed)> = kept
            .iter()
            .map(|kept| {
                let sealed = slot::wrap(old.vault_id(), &identity, &kept.way, work_factor)?;
                Ok((kept.id, sealed))
            })
            .collect::<Result<_, VaultError>>()?;
        let copy = keep_copy(self.connection(), &path, WHY)?;
        let records = self.rekey(new, |change, old, before| {
            let records = rekey_rows(change, old, before)?;
            rekey_slots(change, old, before, &sealed)?;
            note(change, Happening::KeyRotated { records })?;
            Ok(records)
        });
        let records = records.inspect_err(|_| {
            // Nothing was changed, so that the copy is one too many; it harms nobody when it stays.
            let _ = fs::remove_file(&copy);
        })?;
        // What was sealed to the old identity leaves the write-ahead log too.
        self.connection()
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(Rotated { records, copy })
    }
}

fn rekey_slots(
    change: &mut Change<'_>,
    old: &VaultKeys,
    before: &Ledger,
    sealed: &[(i64, Sealed)],
) -> Result<(), VaultError> {
    let slots = StoredSlot::all(change.conn)?;
    before.check(Table::Slot, &slot::sum(old, &slots))?;
    if let Some((id, _)) = sealed
        .iter()
        .find(|(id, _)| slots.iter().all(|slot| slot.id != *id))
    {
        return Err(VaultError::NoSuchSlot { id: *id });
    }
    for stored in &slots {
        stored.check(old)?;
        match sealed.iter().find(|(id, _)| *id == stored.id) {
            Some((_, sealed)) => stored.rekey(change, sealed)?,
            None if sealed.is_empty() => return Err(VaultError::LastSlot { id: stored.id }),
            None => drop_slot(change, stored)?,
        }
    }
    Ok(())
}

fn drop_slot(change: &mut Change<'_>, stored: &StoredSlot) -> Result<(), VaultError> {
    change
        .conn
        .execute("DELETE FROM slot WHERE id = ?1", [stored.id])?;
    let slot = stored.view()?.words();
    note(change, Happening::SlotRemoved { slot })
}

/// Opens the file anew with a key, as the next one will who needs it, and checks all of it.
pub fn verify_anew(path: &Path, key: &Key) -> Result<Report, VaultError> {
    let mut vault = VaultFile::open_read_only(path)?.unlock(key)?;
    Ok(verify(&mut vault))
}

/// Removes the copies that were kept while the vault got a new identity, by this time or by one that was cut off; gives
/// their paths. Only for a vault that was verified.
pub fn settle(path: &Path) -> Result<Vec<PathBuf>, VaultError> {
    let copies = copies_left(path);
    for copy in copies.iter().chain(&half_made(path)) {
        fs::remove_file(copy).map_err(|source| VaultError::io("remove the copy", copy, source))?;
    }
    Ok(copies)
}

/// The whole copies that are kept.
pub fn copies_left(path: &Path) -> Vec<PathBuf> {
    left(path, |rest| rest.ends_with(".bak"))
}

/// What is left of copies that were cut off themselves, SQLite's journal of such a one included.
fn half_made(path: &Path) -> Vec<PathBuf> {
    left(path, |rest| rest.contains(HALF_MADE))
}

/// Files beside the vault: `VAULT.rotation.` and what is looked for.
fn left(path: &Path, is_it: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let start = format!("{name}.{WHY}.");
    let mut found: Vec<PathBuf> = fs::read_dir(folder_of(path))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            name.to_string_lossy()
                .strip_prefix(&start)
                .is_some_and(&is_it)
        })
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}
