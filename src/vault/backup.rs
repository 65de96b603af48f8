//! Copies a vault out beside a living owner: one consistent file, whole or not there at all.
//!
//! Nothing is unlocked for that. Every secret in the copy is sealed as it is in the vault, and the slots are in it too,
//! so that the copy opens in the ways in which the vault opened when it was made.

use crate::paths::without_links;
use crate::vault::draft::Draft;
use crate::vault::error::VaultError;
use crate::vault::key_file;
use crate::vault::permissions::secure;
use crate::vault::schema::{Access, connect, inspect};
use crate::vault::wrap;
use rusqlite::Connection;
use std::path::Path;

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// How many credentials are in it.
    pub credentials: u64,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Copies the vault into a new file, wrapped for `recipient` if there is one. A file that is there is replaced only if
/// `replaces`.
pub fn copy(
    vault: &Path,
    to: &Path,
    recipient: Option<&str>,
    replaces: bool,
) -> Result<Copied, VaultError> {
    let exists = || VaultError::Exists {
        path: to.to_path_buf(),
    };
    let recipient = recipient.map(key_file::recipient).transpose()?;
    if !vault.exists() {
        return Err(VaultError::Missing {
            path: vault.to_path_buf(),
        });
    }
    let vault = &without_links(vault);
    if *vault == without_links(to) || (to.exists() && !replaces) {
        return Err(exists());
    }
    secure(vault)?;
    inspect(vault)?;
    let plain = Draft::beside(to)?;
    let credentials = copy_into(vault, plain.path())?;
    let ready = match recipient {
        None => plain,
        Some(recipient) => {
            let wrapped = Draft::beside(to)?;
            wrap::wrap(plain.path(), wrapped.path(), recipient.as_ref())?;
            wrapped
        }
    };
    let bytes = std::fs::metadata(ready.path()).map_or(0, |about| about.len());
    ready.publish(to, replaces)?;
    Ok(Copied { credentials, bytes })
}

/// Whether a copy can be read and holds together; how many credentials it has. Nothing is unlocked for that.
pub fn look(copy: &Path) -> Result<u64, VaultError> {
    inspect(copy)?;
    let conn = connect(copy, Access::Read)?;
    let said: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said != "ok" {
        return Err(VaultError::BackupDamaged {
            path: copy.to_path_buf(),
        });
    }
    count(&conn)
}

fn count(conn: &Connection) -> Result<u64, VaultError> {
    let credentials: i64 =
        conn.query_row("SELECT count(*) FROM credential", [], |row| row.get(0))?;
    Ok(credentials.unsigned_abs())
}

/// One reading transaction over the whole vault: a writer is not held up by it, and nothing half written is in it.
fn copy_into(vault: &Path, empty: &Path) -> Result<u64, VaultError> {
    let name = empty.to_str().ok_or_else(|| {
        let what = std::io::Error::other("its name is not text");
        VaultError::io("create", empty, what)
    })?;
    connect(vault, Access::Write)?.execute("VACUUM INTO ?1", [name])?;
    count(&connect(empty, Access::Read)?)
}
