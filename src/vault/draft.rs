//! A file that is not finished: private, beside the place it is for, gone when it is given up.

use crate::vault::error::VaultError;
use crate::vault::file::sync_folder;
use crate::vault::permissions::{create_private, with_suffix};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The files that belong to one database.
pub const PARTS: [&str; 3] = ["", "-wal", "-shm"];

/// A file under way; removed when dropped.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
}

impl Draft {
    /// An empty file for this user alone beside `place`.
    pub fn beside(place: &Path) -> Result<Self, VaultError> {
        Self::at(draft_of(place))
    }

    /// The file of that name, which is there.
    pub fn of(path: PathBuf) -> Self {
        Self { path }
    }

    /// An empty file for this user alone; what lies there is removed.
    pub fn at(path: PathBuf) -> Result<Self, VaultError> {
        let draft = Self { path };
        draft.remove();
        create_private(&draft.path)
            .map_err(|source| VaultError::io("create", &draft.path, source))?;
        Ok(draft)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens it for writing.
    pub fn open(&self) -> Result<File, VaultError> {
        let file = File::options().write(true).open(&self.path);
        file.map_err(|source| VaultError::io("write", &self.path, source))
    }

    /// Brings it to the disk and gives it its name. What had the name is replaced only if `replaces`, else it is
    /// [`VaultError::Exists`].
    pub fn publish(self, place: &Path, replaces: bool) -> Result<(), VaultError> {
        File::open(&self.path)
            .and_then(|file| file.sync_all())
            .map_err(|source| VaultError::io("write", &self.path, source))?;
        let named = match replaces {
            true => fs::rename(&self.path, place),
            false => name_anew(&self.path, place),
        };
        named.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => VaultError::Exists {
                path: place.to_path_buf(),
            },
            _ => VaultError::io("create", place, source),
        })?;
        sync_folder(place)
    }

    fn remove(&self) {
        for suffix in PARTS {
            // What could not be removed holds nothing but sealed rows.
            let _ = fs::remove_file(with_suffix(&self.path, suffix));
        }
    }
}

/// A name for a file under way beside `place`, which nothing has.
pub fn draft_of(place: &Path) -> PathBuf {
    with_suffix(place, &format!(".new-{:016x}", rand::random::<u64>()))
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Renames a file, to a name that nothing has.
fn name_anew(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system without that: a link does not replace either. The draft's own name goes with the draft.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => fs::hard_link(from, to),
        other => Ok(other?),
    }
}
