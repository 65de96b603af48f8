//! Copies a vault out beside a living owner: one consistent file, whole or not there at all.
//!
//! Nothing is unlocked for that. Every secret in the copy is sealed as it is in the vault, and the slots are in it too,
//! so that the copy opens in the ways in which the vault opened when it was made.

use crate::paths::without_links;
use crate::vault::draft::Draft;
use crate::vault::error::VaultError;
use crate::vault::key_file;
use crate::vault::nameless::Nameless;
use crate::vault::permissions::secure;
use crate::vault::schema::{Access, connect, inspect};
use crate::vault::wrap;
use age::Recipient;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ffi};
use std::io::Read;
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
    match recipient {
        None => as_a_vault(vault, to, replaces),
        Some(recipient) => as_age_file(vault, to, replaces, recipient.as_ref()),
    }
}

fn as_a_vault(vault: &Path, to: &Path, replaces: bool) -> Result<Copied, VaultError> {
    let draft = Draft::beside(to)?;
    let credentials = copy_into(vault, draft.path())?;
    let bytes = std::fs::metadata(draft.path()).map_or(0, |about| about.len());
    draft.publish(to, replaces)?;
    Ok(Copied { credentials, bytes })
}

/// The copy that is wrapped is in memory only: the destination may be a disk whose reader is to learn nothing.
fn as_age_file(
    vault: &Path,
    to: &Path,
    replaces: bool,
    recipient: &dyn Recipient,
) -> Result<Copied, VaultError> {
    let wrapped = Nameless::beside(to)?;
    let mut copy = copy_into_memory(vault)?;
    let credentials = count(&copy)?;
    let content = copy.serialize(rusqlite::MAIN_DB)?;
    let (head, rest) = content.split_at(content.len().min(JOURNAL_MODE.start));
    let rest = rest.get(JOURNAL_MODE.len()..).unwrap_or_default();
    // Where the vault has a log ahead of it, so says the copy, which is one file.
    let content = head.chain(&ONE_FILE[..]).chain(rest);
    wrap::wrap(content, wrapped.file(), recipient, to)?;
    let bytes = wrapped.file().metadata().map_or(0, |about| about.len());
    wrapped.publish(to, replaces)?;
    Ok(Copied { credentials, bytes })
}

/// Where the file says how its changes are journalled (sqlite.org/fileformat.html, 1.3.3), and how one file says it.
const JOURNAL_MODE: std::ops::Range<usize> = 18..20;
const ONE_FILE: [u8; 2] = [1, 1];

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

/// The same into memory.
fn copy_into_memory(vault: &Path) -> Result<Connection, VaultError> {
    let mut copy = Connection::open_in_memory()?;
    let from = connect(vault, Access::Read)?;
    match Backup::new(&from, &mut copy)?.step(ALL)? {
        StepResult::Done => {}
        // All of it was asked for: the last case is that somebody keeps it from being read.
        _ => {
            return Err(
                rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None).into(),
            );
        }
    }
    Ok(copy)
}

/// All pages in one step, and so in one reading transaction.
const ALL: i32 = -1;
