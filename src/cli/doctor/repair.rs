//! The repairs that can do no harm: rights that are taken away, a dead owner's socket.

use crate::agent::socket;
use crate::vault::owner::OwnerLock;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

/// One repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Takes these rights away from others.
    TakeRights {
        /// From which file or folder.
        path: PathBuf,
        /// Which, as bits of a mode.
        rights: u32,
    },
    /// Removes a socket that nobody answers at.
    RemoveSocket {
        /// The socket.
        path: PathBuf,
        /// Its vault: nobody becomes its owner meanwhile.
        vault: PathBuf,
    },
}

impl Repair {
    /// Does it; says what was done.
    pub fn make(&self) -> io::Result<String> {
        match self {
            Self::TakeRights { path, rights } => {
                // Not through a link: what it leads to may be somebody else's business.
                let before = fs::symlink_metadata(path)?;
                if before.is_symlink() {
                    return Err(io::Error::other("it is a link"));
                }
                let mode = before.mode() & 0o7777;
                fs::set_permissions(path, Permissions::from_mode(mode & !rights))?;
                Ok(format!(
                    "{} is yours alone now (mode {:03o}, was {mode:03o})",
                    path.display(),
                    mode & !rights
                ))
            }
            Self::RemoveSocket { path, vault } => {
                let _lock = OwnerLock::acquire(vault).map_err(io::Error::other)?;
                socket::remove_stale(path).map_err(io::Error::other)?;
                Ok(format!(
                    "a dead owner's socket was removed: {}",
                    path.display()
                ))
            }
        }
    }
}
