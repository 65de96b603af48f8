//! The owner's lock: one process keeps a vault fresh. The kernel lets go when the process dies.

use crate::vault::error::VaultError;
use crate::vault::permissions::{make_folder, with_suffix};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often the lock is tried: someone who only asks whether it is held holds it for a moment.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(3);

/// Held by the one process that owns a vault; let go when dropped.
#[derive(Debug)]
pub struct OwnerLock {
    _file: File,
}

impl OwnerLock {
    /// Takes the lock of a vault, or says who holds it ([`VaultError::Owned`]). A file left behind by a process that died
    /// is no obstacle.
    pub fn acquire(vault: &Path) -> Result<Self, VaultError> {
        make_folder(vault)?;
        let path = lock_path(vault);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|source| VaultError::io("open the lock", &path, source))?;
        for _ in 1..TRIES {
            if try_lock(&file, &path)? {
                return Self::sign(file, &path);
            }
            std::thread::sleep(BETWEEN_TRIES);
        }
        if try_lock(&file, &path)? {
            return Self::sign(file, &path);
        }
        Err(VaultError::Owned {
            pid: read_pid(&mut file),
        })
    }

    /// Whether some process owns the vault.
    pub fn is_held(vault: &Path) -> bool {
        Self::holder(vault).is_some()
    }

    /// The owner of the vault, if there is one: its process, when that can be read.
    pub fn holder(vault: &Path) -> Option<Option<u32>> {
        let path = lock_path(vault);
        let mut file = File::open(&path).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(read_pid(&mut file)),
            // Nobody holds it; dropping the file lets go of what we just took.
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }

    /// Writes who we are into the file, for the other's message.
    fn sign(mut file: File, path: &Path) -> Result<Self, VaultError> {
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        match written {
            Ok(()) => Ok(Self { _file: file }),
            Err(source) => Err(VaultError::io("write the lock", path, source)),
        }
    }
}

fn lock_path(vault: &Path) -> PathBuf {
    with_suffix(vault, ".lock")
}

fn try_lock(file: &File, path: &Path) -> Result<bool, VaultError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(VaultError::io("lock", path, source)),
    }
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_owner_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let vault = folder.path().join("vault.db");
        assert!(!OwnerLock::is_held(&vault));
        let first = OwnerLock::acquire(&vault).unwrap();
        assert!(OwnerLock::is_held(&vault));
        let error = OwnerLock::acquire(&vault).unwrap_err();
        let me = std::process::id();
        assert!(matches!(error, VaultError::Owned { pid: Some(pid) } if pid == me));
        assert_eq!(
            error.to_string(),
            format!("another owner of the vault is alive (pid {me})")
        );
        drop(first);
        assert!(!OwnerLock::is_held(&vault));
        OwnerLock::acquire(&vault).unwrap();
    }

    #[test]
    fn a_file_left_by_a_dead_owner_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let vault = folder.path().join("vault.db");
        std::fs::write(lock_path(&vault), "4194304999 what?\n").unwrap();
        assert!(!OwnerLock::is_held(&vault));
        OwnerLock::acquire(&vault).unwrap();
        let text = std::fs::read_to_string(lock_path(&vault)).unwrap();
        assert_eq!(text, format!("{}\n", std::process::id()));
    }
}
