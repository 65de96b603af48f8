//! Fingerprints of every token a credential ever held, so that a found token can be traced.
//!
//! They are never deleted.

use crate::model::credential::{CredentialId, Generation, Secret};
use crate::model::fingerprint::Fingerprint;
use crate::secret::RefreshToken;
use crate::vault::binding::{Binding, Table};
use crate::vault::error::VaultError;
use crate::vault::keys::VaultKeys;
use crate::vault::ledger::Sum;
use crate::vault::open::{Change, OpenVault};
use rusqlite::{Connection, OptionalExtension, Row};

/// A row as it stands in the file.
#[derive(Debug)]
pub struct Trace {
    /// The fingerprint, as SQLite holds it.
    pub fingerprint: i64,
    credential: i64,
    generation: i64,
    tag: Vec<u8>,
}

/// Reads all rows.
pub const SELECT: &str =
    "SELECT fingerprint, credential, generation, mac FROM fingerprint ORDER BY fingerprint";

impl Trace {
    /// Reads one row of [`SELECT`].
    pub fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            fingerprint: row.get(0)?,
            credential: row.get(1)?,
            generation: row.get(2)?,
            tag: row.get(3)?,
        })
    }

    /// Checks its binding, then shows whose it is.
    pub fn open(&self, keys: &VaultKeys) -> Result<(CredentialId, Generation), VaultError> {
        binding(keys, self.fingerprint, self.credential, self.generation).check(&self.tag)?;
        Ok((
            CredentialId(self.credential),
            Generation(u64::try_from(self.generation).unwrap_or(0)),
        ))
    }

    /// Adds its tag to a sum.
    pub fn count(&self, keys: &VaultKeys, sum: &mut Sum) {
        sum.add(keys, Table::Fingerprint, &self.tag);
    }
}

/// The fingerprints of a secret's present tokens.
pub fn of_secret(keys: &VaultKeys, secret: &Secret) -> Vec<Fingerprint> {
    std::iter::once(secret.access.expose_secret())
        .chain(secret.refresh.as_ref().map(RefreshToken::expose_secret))
        .map(|token| keys.fingerprint(token))
        .collect()
}

/// Whose token it was, if anybody's.
pub fn find(
    vault: &OpenVault,
    fingerprint: Fingerprint,
) -> Result<Option<(CredentialId, Generation)>, VaultError> {
    read(vault.connection(), fingerprint.0.cast_signed())?
        .map(|trace| trace.open(vault.keys()))
        .transpose()
}

/// Notes that a generation holds a token; a token that stays the same moves on to the new generation.
pub fn note(
    change: &mut Change<'_>,
    fingerprint: Fingerprint,
    credential: i64,
    generation: i64,
) -> Result<(), VaultError> {
    let fingerprint = fingerprint.0.cast_signed();
    let old = read(change.conn, fingerprint)?;
    let tag = binding(change.keys, fingerprint, credential, generation).tag();
    change
        .conn
        .prepare_cached(
            "INSERT OR REPLACE INTO fingerprint (fingerprint, credential, generation, mac) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((fingerprint, credential, generation, tag))?;
    if let Some(old) = old {
        change
            .ledger
            .take(change.keys, Table::Fingerprint, &old.tag);
    }
    change.ledger.add(change.keys, Table::Fingerprint, &tag);
    Ok(())
}

fn read(conn: &Connection, fingerprint: i64) -> Result<Option<Trace>, VaultError> {
    Ok(conn
        .prepare_cached(
            "SELECT fingerprint, credential, generation, mac FROM fingerprint WHERE fingerprint = ?1",
        )?
        .query_row([fingerprint], Trace::from_row)
        .optional()?)
}

fn binding(keys: &VaultKeys, fingerprint: i64, credential: i64, generation: i64) -> Binding {
    Binding::new(keys, Table::Fingerprint, "credential", fingerprint)
        .int(credential)
        .int(generation)
}
