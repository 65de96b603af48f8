//! What SQLite or the system refuses, told as what is wrong with a vault.

use crate::vault::error::VaultError;
use std::path::Path;

impl VaultError {
    /// Makes an input or output error, sorting out a full and a read-only disk.
    pub fn io(what: &'static str, path: &Path, source: std::io::Error) -> Self {
        use std::io::ErrorKind;
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull {
                source: Box::new(source),
            },
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly {
                source: Box::new(source),
            },
            ErrorKind::PermissionDenied if what.starts_with("create") || what.ends_with("lock") => {
                Self::ReadOnly {
                    source: Box::new(source),
                }
            }
            _ => Self::Io {
                what,
                path: path.to_path_buf(),
                source,
            },
        }
    }
}

impl From<rusqlite::Error> for VaultError {
    fn from(source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let Some(code) = source.sqlite_error_code() else {
            // A value of another type or shape than every version wrote: the file was changed.
            return Self::Corrupt { source };
        };
        let extended = source.sqlite_error().map(|error| error.extended_code);
        match code {
            // Where there is no room for the log's index, SQLite calls it a failure of the disk.
            _ if extended == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) => Self::DiskFull {
                source: Box::new(source),
            },
            ErrorCode::DiskFull => Self::DiskFull {
                source: Box::new(source),
            },
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => {
                Self::ReadOnly {
                    source: Box::new(source),
                }
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy { source },
            // SQLITE_ERROR (Unknown): our statements are right, so a schema that does not fit them was changed.
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown => {
                Self::Corrupt { source }
            }
            _ => Self::Database { source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    #[test]
    fn a_disk_without_room_is_told_from_a_broken_one() {
        let of = |code| {
            let said = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            VaultError::from(said)
        };
        for full in [ffi::SQLITE_FULL, ffi::SQLITE_IOERR_SHMSIZE] {
            assert!(matches!(of(full), VaultError::DiskFull { .. }), "{full}");
        }
        let broken = of(ffi::SQLITE_IOERR_READ);
        assert!(matches!(broken, VaultError::Database { .. }));
    }
}
