//! Brings a backup into the place of a vault: checked beside it first, then swapped in one step.
//!
//! Whenever this is cut off, one whole vault is in the place, the old or the new one; the old one is never lost.

use crate::clock::Timestamp;
use crate::paths::without_links;
use crate::vault::draft::{Draft, PARTS};
use crate::vault::error::VaultError;
use crate::vault::file::sync_folder;
use crate::vault::key_file::KeyFile;
use crate::vault::permissions::{make_folder, secure, with_suffix};
use crate::vault::schema::{Access, connect, inspect};
use crate::vault::wrap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A backup that lies beside the place it is for, to be opened and looked at; removed when dropped.
#[derive(Debug)]
pub struct Staged {
    draft: Draft,
    place: PathBuf,
}

impl Staged {
    /// Brings a copy of the backup beside `place`, unwrapped by `key` when it is an age file. Whoever calls this
    /// owns the place ([`OwnerLock`](crate::vault::owner::OwnerLock)).
    pub fn bring(backup: &Path, key: Option<&KeyFile>, place: &Path) -> Result<Self, VaultError> {
        make_folder(place)?;
        let place = without_links(place);
        secure(&place)?;
        let is_wrapped = wrap::is_wrapped(backup)?;
        // One name for all: what a killed restore left there goes.
        let draft = Draft::at(with_suffix(&place, ".restoring"))?;
        let mut file = draft.open()?;
        match (is_wrapped, key) {
            (false, _) => copy(backup, &mut file, &draft)?,
            (true, Some(key)) => wrap::unwrap(backup, &mut file, key)?,
            (true, None) => {
                return Err(VaultError::BackupWrapped {
                    path: backup.to_path_buf(),
                });
            }
        }
        inspect(draft.path()).map_err(|error| match error {
            VaultError::NotAVault { .. } => VaultError::NotAVault {
                path: backup.to_path_buf(),
            },
            other => other,
        })?;
        Ok(Self { draft, place })
    }

    /// Where the copy is.
    pub fn path(&self) -> &Path {
        self.draft.path()
    }

    /// Puts it into its place; the vault that was there is kept beside it under the name that is given back. The copy
    /// must not be open any more.
    pub fn take_place(self, now: Timestamp) -> Result<Option<PathBuf>, VaultError> {
        fold(self.draft.path())?;
        let suffix = format!(".before-restore.{}", now.as_millis());
        let kept = with_suffix(&self.place, &suffix);
        let has_old = self.place.exists();
        if has_old {
            set_apart(&self.place, &kept)?;
        }
        let Self { draft, place } = self;
        draft.publish(&place, has_old)?;
        Ok(has_old.then_some(kept))
    }
}

/// Copies a database with what stands in its log only.
fn copy(backup: &Path, to: &mut File, draft: &Draft) -> Result<(), VaultError> {
    let wrong = |source| VaultError::io("read", backup, source);
    let mut from = File::open(backup).map_err(wrong)?;
    io::copy(&mut from, to).map_err(wrong)?;
    match fs::copy(
        with_suffix(backup, "-wal"),
        with_suffix(draft.path(), "-wal"),
    ) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(wrong(error)),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Makes a database one file: its log is taken in and removed, which needs nobody else to have it open.
fn fold(path: &Path) -> Result<(), VaultError> {
    let conn = connect(path, Access::Write)?;
    conn.execute_batch("PRAGMA journal_mode = DELETE;")?;
    conn.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Gives the old vault a second name. It has no log beside it afterwards: SQLite would take that for the new one's.
fn set_apart(place: &Path, kept: &Path) -> Result<(), VaultError> {
    // Looked at first: what is no database at all, SQLite opens as an empty one and throws its log away.
    match inspect(place).and_then(|()| fold(place)) {
        Ok(()) => {}
        Err(busy @ VaultError::Busy { .. }) => return Err(busy),
        // It is damaged, which may be why a backup is wanted: all its parts are kept as they are.
        Err(_) => {
            for suffix in &PARTS[1..] {
                let (from, to) = (with_suffix(place, suffix), with_suffix(kept, suffix));
                match fs::rename(&from, &to) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(VaultError::io("rename", &from, error));
                    }
                    Ok(()) | Err(_) => {}
                }
            }
        }
    }
    fs::hard_link(place, kept).map_err(|source| VaultError::io("create", kept, source))?;
    sync_folder(kept)
}
