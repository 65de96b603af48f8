//! Copies of a vault that open in a way in which the vault itself does not open any more.
//!
//! Only what lies beside the vault and what is named is looked at, and nothing is unlocked for that: a copy that was made
//! for a recipient, or that lies elsewhere, is not known here.

use crate::model::event::Happening;
use crate::vault::draft::PARTS;
use crate::vault::error::VaultError;
use crate::vault::file::id_of;
use crate::vault::open::OpenVault;
use crate::vault::permissions::{folder_of, with_suffix};
use crate::vault::schema::{Access, connect};
use crate::vault::slot::{SlotView, StoredSlot};
use crate::vault::slot_set::note;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldCopy {
    /// The file.
    pub file: PathBuf,
    /// What opens it, and the vault no more.
    pub opened_by: Vec<SlotView>,
}

impl OldCopy {
    /// Removes the file, and what belongs to it.
    pub fn remove(&self) -> Result<(), VaultError> {
        for part in PARTS {
            let file = with_suffix(&self.file, part);
            match fs::remove_file(&file) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(VaultError::io("remove the copy", &file, error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

impl OpenVault {
    /// Its old copies: those that were kept beside it, and those among `backups`.
    pub fn old_copies(&self, backups: &[PathBuf]) -> Result<Vec<OldCopy>, VaultError> {
        let (path, id) = (self.path(), self.keys().vault_id());
        let present = StoredSlot::all(self.connection())?;
        let mut old = Vec::new();
        for file in kept_beside(path).into_iter().chain(backups.to_vec()) {
            // What cannot be read, or is another vault's, is no copy of this one.
            if id_of(&file).ok() != Some(id) {
                continue;
            }
            let opened_by = gone(&file, &present).unwrap_or_default();
            if !opened_by.is_empty() {
                old.push(OldCopy { file, opened_by });
            }
        }
        Ok(old)
    }

    /// Notes that old copies were removed.
    pub fn note_copies_removed(&mut self, copies: u64) -> Result<(), VaultError> {
        self.change(|change| note(change, Happening::CopiesRemoved { copies }))
    }
}

/// The slots of a copy that the vault has no more: a slot that was sealed anew is another one.
fn gone(copy: &Path, present: &[StoredSlot]) -> Result<Vec<SlotView>, VaultError> {
    let slots = StoredSlot::all(&connect(copy, Access::Read)?)?;
    let is_there = |slot: &StoredSlot| present.iter().any(|it| it.is_sealed_like(slot));
    let gone = slots.iter().filter(|slot| !is_there(slot));
    gone.map(StoredSlot::view).collect()
}

/// The whole copies that were kept beside it: before a migration, a rotation, a restore.
fn kept_beside(vault: &Path) -> Vec<PathBuf> {
    let name = vault.file_name().unwrap_or_default().to_string_lossy();
    let start = format!("{name}.");
    let is_kept = |name: &str| {
        let rest = name.strip_prefix(&start);
        rest.is_some_and(|rest| {
            let is_part = PARTS[1..].iter().any(|part| rest.ends_with(part));
            !is_part && (rest.ends_with(".bak") || rest.starts_with("before-restore."))
        })
    };
    let entries = fs::read_dir(folder_of(vault))
        .into_iter()
        .flatten()
        .flatten();
    let kept = entries.filter(|entry| is_kept(&entry.file_name().to_string_lossy()));
    let mut kept: Vec<PathBuf> = kept.map(|entry| entry.path()).collect();
    kept.sort();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Passphrase;
    use crate::vault::backup;
    use crate::vault::file::VaultFile;
    use crate::vault::slot::NewSlot;

    fn passphrase(text: &str) -> NewSlot {
        NewSlot::Passphrase(Passphrase::new(text.to_owned()))
    }

    #[test]
    fn a_copy_is_old_once_a_way_that_opens_it_is_gone_and_only_this_vaults_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.db");
        let mut vault = VaultFile::create(&path, passphrase("the first one"), 1).unwrap();
        let beside = folder.path().join("vault.db.before-restore.7");
        let daily = folder.path().join("daily.db");
        for copy in [&beside, &daily] {
            backup::copy(&path, copy, None, false).unwrap();
        }
        let other = folder.path().join("vault.db.other.1.bak");
        VaultFile::create(&other, passphrase("of another"), 1).unwrap();
        let backups = [daily.clone(), folder.path().join("not-there.db")];
        assert_eq!(vault.old_copies(&backups).unwrap(), []);

        let second = vault.add_slot(&passphrase("the second"), 1).unwrap();
        assert_eq!(
            vault.old_copies(&backups).unwrap(),
            [],
            "they open as the vault does"
        );
        let first = vault.slots().unwrap()[0].clone();
        vault.remove_slot(first.id).unwrap();
        let old = vault.old_copies(&backups).unwrap();
        let files: Vec<&PathBuf> = old.iter().map(|one| &one.file).collect();
        assert_eq!(files, [&beside, &daily]);
        assert_eq!(old[0].opened_by, [first]);
        assert_ne!(vault.slots().unwrap()[0].id, old[0].opened_by[0].id);
        assert_eq!(vault.slots().unwrap()[0].id, second);

        old[0].remove().unwrap();
        old[0].remove().unwrap();
        assert_eq!(vault.old_copies(&backups).unwrap().len(), 1);
        assert!(!beside.exists() && daily.exists() && other.exists());
    }
}
