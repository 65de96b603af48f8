//! The owner's lock: one process keeps a vault fresh. The kernel lets go when the process dies.

use crate::paths::without_links;
use crate::vault::error::VaultError;
use crate::vault::permissions::{make_folder, with_suffix};
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often the lock is tried: someone who only asks whether it is held holds it for a moment.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(3);

/// What the second line of the file says when its owner means to stay.
const STAYS: &str = "stays";

/// Held by the one process that owns a vault; let go when dropped.
#[derive(Debug)]
pub struct OwnerLock {
    file: File,
}

/// Who holds the lock, as far as the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Its process.
    pub pid: Option<u32>,
    /// It means to stay: waiting for it to leave is of no use.
    pub stays: bool,
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
            // Its content is replaced: a link must not turn that against another file.
            .custom_flags(NO_LINK)
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
            pid: read_holder(&mut file).pid,
        })
    }

    /// Says that this owner means to stay. Who is not told waits a little longer for it, and that is all.
    pub fn stay(&mut self) {
        let _ = writeln!(self.file, "{STAYS}");
    }

    /// Whether some process owns the vault.
    pub fn is_held(vault: &Path) -> bool {
        Self::holder(vault).is_some()
    }

    /// The owner of the vault, if there is one.
    pub fn holder(vault: &Path) -> Option<Holder> {
        let path = lock_path(vault);
        let mut file = File::open(&path).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(read_holder(&mut file)),
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
            Ok(()) => Ok(Self { file }),
            Err(source) => Err(VaultError::io("write the lock", path, source)),
        }
    }
}

const NO_LINK: i32 = OFlags::NOFOLLOW.bits().cast_signed();

/// One vault, one lock, whatever way its path is written.
fn lock_path(vault: &Path) -> PathBuf {
    with_suffix(&without_links(vault), ".lock")
}

fn try_lock(file: &File, path: &Path) -> Result<bool, VaultError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(VaultError::io("lock", path, source)),
    }
}

fn read_holder(file: &mut File) -> Holder {
    let mut text = String::new();
    // A file that cannot be read names nobody.
    let _ = file
        .rewind()
        .and_then(|()| file.take(64).read_to_string(&mut text));
    let mut lines = text.lines();
    Holder {
        pid: lines.next().and_then(|line| line.trim().parse().ok()),
        stays: lines.next() == Some(STAYS),
    }
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

    #[test]
    fn an_owner_that_means_to_stay_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let vault = folder.path().join("vault.db");
        let holder = || OwnerLock::holder(&vault);
        assert_eq!(holder(), None);
        let mut lock = OwnerLock::acquire(&vault).unwrap();
        let pid = Some(std::process::id());
        assert_eq!(holder(), Some(Holder { pid, stays: false }));
        lock.stay();
        assert_eq!(holder(), Some(Holder { pid, stays: true }));
        drop(lock);
        let _next = OwnerLock::acquire(&vault).unwrap();
        assert_eq!(holder(), Some(Holder { pid, stays: false }));
    }

    #[test]
    fn a_vault_behind_a_link_has_one_owner_however_it_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real/v.db"), folder.path().join("l.db"));
        std::fs::create_dir(real.parent().unwrap()).unwrap();
        std::fs::write(&real, "").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let first = OwnerLock::acquire(&link).unwrap();
        assert!(OwnerLock::is_held(&real));
        assert!(OwnerLock::acquire(&real).is_err());
        drop(first);
        OwnerLock::acquire(&real).unwrap();
    }

    #[test]
    fn a_link_in_place_of_the_lock_is_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let (vault, letter) = (folder.path().join("v.db"), folder.path().join("letter"));
        std::fs::write(&letter, "Dear diary").unwrap();
        std::os::unix::fs::symlink(&letter, lock_path(&vault)).unwrap();
        assert!(OwnerLock::acquire(&vault).is_err());
        assert_eq!(std::fs::read_to_string(&letter).unwrap(), "Dear diary");
    }
}
