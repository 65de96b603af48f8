//! The journal: refresh tokens about to be spent. An entry open at start: an answer may be lost.

use crate::clock::Timestamp;
use crate::model::credential::{CredentialId, Generation};
use crate::model::fingerprint::Fingerprint;
use crate::vault::binding::{Binding, Table};
use crate::vault::credential;
use crate::vault::error::VaultError;
use crate::vault::keys::VaultKeys;
use crate::vault::ledger::Sum;
use crate::vault::open::{Change, OpenVault};
use crate::vault::store::{Spending, Written};
use rusqlite::{Connection, OptionalExtension, Row};

/// An entry as it stands in the file.
#[derive(Debug)]
pub struct Entry {
    /// Whose.
    pub credential: i64,
    generation: i64,
    fingerprint: i64,
    started_at: i64,
    tag: Vec<u8>,
}

/// Reads all entries.
pub const SELECT: &str =
    "SELECT credential, generation, fingerprint, started_at, mac FROM journal ORDER BY credential";

impl Entry {
    /// Reads one row of [`SELECT`].
    pub fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            credential: row.get(0)?,
            generation: row.get(1)?,
            fingerprint: row.get(2)?,
            started_at: row.get(3)?,
            tag: row.get(4)?,
        })
    }

    /// Binds it with new keys.
    pub fn rekey(self, old: &VaultKeys, change: &mut Change<'_>) -> Result<(), VaultError> {
        self.open(old)?;
        let tag = self.binding(change.keys).tag();
        change
            .conn
            .prepare_cached("UPDATE journal SET mac = ?2 WHERE credential = ?1")?
            .execute((self.credential, tag))?;
        change.ledger.add(change.keys, Table::Journal, &tag);
        Ok(())
    }

    fn binding(&self, keys: &VaultKeys) -> Binding {
        binding(
            keys,
            self.credential,
            self.generation,
            self.fingerprint,
            self.started_at,
        )
    }

    /// Checks its binding, then shows it.
    pub fn open(&self, keys: &VaultKeys) -> Result<Spending, VaultError> {
        self.binding(keys).check(&self.tag)?;
        Ok(Spending {
            id: CredentialId(self.credential),
            generation: Generation(u64::try_from(self.generation).unwrap_or(0)),
            fingerprint: Fingerprint(self.fingerprint.cast_unsigned()),
            started_at: Timestamp::from_millis(self.started_at),
        })
    }

    /// Adds its tag to a sum.
    pub fn count(&self, keys: &VaultKeys, sum: &mut Sum) {
        sum.add(keys, Table::Journal, &self.tag);
    }
}

/// All open entries; refuses a journal from which one was deleted.
pub fn open_spendings(vault: &OpenVault) -> Result<Vec<Spending>, VaultError> {
    let snapshot = vault.connection().unchecked_transaction()?;
    let mut statement = snapshot.prepare_cached(SELECT)?;
    let mut sum = Sum::default();
    let mut open = Vec::new();
    for entry in statement.query_map([], Entry::from_row)? {
        let entry = entry?;
        entry.count(vault.keys(), &mut sum);
        open.push(entry.open(vault.keys())?);
    }
    vault.check_sum(Table::Journal, &sum)?;
    Ok(open)
}

/// Opens an entry, unless the credential has moved on or another token's entry is open.
pub fn begin(change: &mut Change<'_>, spending: &Spending) -> Result<Written, VaultError> {
    let id = spending.id.0;
    let generation = i64::try_from(spending.generation.0).unwrap_or(i64::MAX);
    if credential::head(change.conn, id)?.is_none_or(|head| head.generation != generation) {
        return Ok(Written::Stale);
    }
    let fingerprint = spending.fingerprint.0.cast_signed();
    let old = find(change.conn, id)?;
    if old
        .as_ref()
        .is_some_and(|old| old.fingerprint != fingerprint)
    {
        return Ok(Written::Stale);
    }
    let started_at = spending.started_at.as_millis();
    let tag = binding(change.keys, id, generation, fingerprint, started_at).tag();
    change
        .conn
        .prepare_cached(
            "INSERT OR REPLACE INTO journal (credential, generation, fingerprint, started_at, mac) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((id, generation, fingerprint, started_at, tag))?;
    if let Some(old) = old {
        change.ledger.take(change.keys, Table::Journal, &old.tag);
    }
    change.ledger.add(change.keys, Table::Journal, &tag);
    Ok(Written::Done)
}

/// Closes a credential's entry, if one is open.
pub fn close(change: &mut Change<'_>, id: i64) -> Result<(), VaultError> {
    if let Some(old) = find(change.conn, id)? {
        change
            .conn
            .prepare_cached("DELETE FROM journal WHERE credential = ?1")?
            .execute([id])?;
        change.ledger.take(change.keys, Table::Journal, &old.tag);
    }
    Ok(())
}

fn find(conn: &Connection, id: i64) -> Result<Option<Entry>, VaultError> {
    Ok(conn
        .prepare_cached(
            "SELECT credential, generation, fingerprint, started_at, mac FROM journal WHERE credential = ?1",
        )?
        .query_row([id], Entry::from_row)
        .optional()?)
}

fn binding(
    keys: &VaultKeys,
    id: i64,
    generation: i64,
    fingerprint: i64,
    started_at: i64,
) -> Binding {
    Binding::new(keys, Table::Journal, "fingerprint", id)
        .int(generation)
        .int(fingerprint)
        .int(started_at)
}
