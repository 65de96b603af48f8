//! Rows of the activity log: each an age file, filed under a keyed hash of the credential it is about.

use crate::model::event::Activity;
use crate::model::name::CredentialName;
use crate::vault::binding::{Binding, Sealed, Table};
use crate::vault::error::VaultError;
use crate::vault::keys::VaultKeys;
use crate::vault::ledger::Sum;
use crate::vault::open::{Change, OpenVault};
use crate::vault::payload;
use crate::vault::seal;
use crate::vault::suspect::explain;
use rusqlite::Row;

/// How many lines are kept.
pub const KEPT: i64 = 20_000;

/// A row as it stands in the file.
#[derive(Debug)]
pub struct Line {
    /// Its number.
    pub id: i64,
    subject_hash: Option<Vec<u8>>,
    tag: Vec<u8>,
    sealed: Sealed,
}

/// Reads all rows, the oldest first.
pub const SELECT: &str = "SELECT id, subject_hash, mac, sealed FROM event ORDER BY id";

impl Line {
    /// Reads one row of [`SELECT`].
    pub fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            subject_hash: row.get(1)?,
            tag: row.get(2)?,
            sealed: Sealed(row.get(3)?),
        })
    }

    /// Checks its binding, then opens it.
    pub fn open(self, keys: &VaultKeys) -> Result<Activity, VaultError> {
        let suspect = self.sealed.clone();
        let verified = binding(keys, self.id, self.subject_hash.as_deref())
            .admit(self.sealed, &self.tag)
            .map_err(|error| explain(keys, Table::Event, self.id, &suspect, error))?;
        payload::read_activity(&seal::open(keys, &verified)?, &verified)
    }

    /// Adds its tag to a sum.
    pub fn count(&self, keys: &VaultKeys, sum: &mut Sum) {
        sum.add(keys, Table::Event, &self.tag);
    }
}

/// The hash under which the lines about a credential are filed.
pub fn subject_hash(keys: &VaultKeys, name: &CredentialName) -> [u8; 32] {
    keys.name_hash("subject", &[name.as_str()])
}

/// The newest lines, newest last; of one credential, or of all.
pub fn newest(
    vault: &OpenVault,
    name: Option<&CredentialName>,
    limit: usize,
) -> Result<Vec<Activity>, VaultError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let conn = vault.connection();
    let rows: Vec<Line> = match name {
        Some(name) => conn
            .prepare_cached(
                "SELECT id, subject_hash, mac, sealed FROM event WHERE subject_hash = ?1 ORDER BY id DESC LIMIT ?2",
            )?
            .query_map((subject_hash(vault.keys(), name), limit), Line::from_row)?
            .collect::<Result<_, _>>()?,
        None => conn
            .prepare_cached(
                "SELECT id, subject_hash, mac, sealed FROM event ORDER BY id DESC LIMIT ?1",
            )?
            .query_map([limit], Line::from_row)?
            .collect::<Result<_, _>>()?,
    };
    rows.into_iter()
        .rev()
        .map(|row| row.open(vault.keys()))
        .collect()
}

/// Adds a line; the oldest beyond [`KEPT`] go.
pub fn add(
    change: &mut Change<'_>,
    subject: Option<&[u8; 32]>,
    sealed: &Sealed,
) -> Result<(), VaultError> {
    change
        .conn
        .prepare_cached("INSERT INTO event (subject_hash, mac, sealed) VALUES (?1, x'', ?2)")?
        .execute((subject, &sealed.0))?;
    let id = change.conn.last_insert_rowid();
    let tag = binding(change.keys, id, subject.map(<[u8; 32]>::as_slice))
        .bytes(&sealed.0)
        .tag();
    change
        .conn
        .prepare_cached("UPDATE event SET mac = ?2 WHERE id = ?1")?
        .execute((id, tag))?;
    change.ledger.add(change.keys, Table::Event, &tag);
    prune(change, id - KEPT)
}

fn prune(change: &mut Change<'_>, newest_to_go: i64) -> Result<(), VaultError> {
    if newest_to_go < 1 {
        return Ok(());
    }
    let mut statement = change
        .conn
        .prepare_cached("DELETE FROM event WHERE id <= ?1 RETURNING mac")?;
    let gone: Vec<Vec<u8>> = statement
        .query_map([newest_to_go], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for tag in gone {
        change.ledger.take(change.keys, Table::Event, &tag);
    }
    Ok(())
}

fn binding(keys: &VaultKeys, id: i64, subject: Option<&[u8]>) -> Binding {
    Binding::new(keys, Table::Event, "sealed", id)
        .int(i64::from(subject.is_some()))
        .bytes(subject.unwrap_or_default())
}
