//! Fingerprints of every token a credential ever held, so that a found token can be traced.
//!
//! They are never deleted.

use crate::model::credential::{CredentialId, Generation, Secret};
use crate::model::fingerprint::Fingerprint;
use crate::model::identity::{TokenKind, Trace};
use crate::secret::{IdToken, RefreshToken};
use crate::vault::binding::{Binding, Table};
use crate::vault::error::VaultError;
use crate::vault::keys::VaultKeys;
use crate::vault::ledger::Sum;
use crate::vault::open::{Change, OpenVault};
use rusqlite::{Connection, OptionalExtension, Row};

/// How the kinds stand in the file.
const ACCESS: i64 = 1;
const REFRESH: i64 = 2;
const ID: i64 = 3;

/// A row as it stands in the file.
#[derive(Debug)]
pub struct TraceRow {
    /// The fingerprint, as SQLite holds it.
    pub fingerprint: i64,
    credential: i64,
    generation: i64,
    kind: Option<i64>,
    tag: Vec<u8>,
}

/// Reads all rows.
pub const SELECT: &str =
    "SELECT fingerprint, credential, generation, kind, mac FROM fingerprint ORDER BY fingerprint";

impl TraceRow {
    /// Reads one row of [`SELECT`].
    pub fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            fingerprint: row.get(0)?,
            credential: row.get(1)?,
            generation: row.get(2)?,
            kind: row.get(3)?,
            tag: row.get(4)?,
        })
    }

    /// Checks its binding, then shows whose it is.
    pub fn open(&self, keys: &VaultKeys) -> Result<Trace, VaultError> {
        let place = (self.fingerprint, self.credential, self.generation);
        binding(keys, place, self.kind).check(&self.tag)?;
        Ok(Trace {
            id: CredentialId(self.credential),
            generation: Generation(u64::try_from(self.generation).unwrap_or(0)),
            kind: match self.kind {
                Some(ACCESS) => Some(TokenKind::Access),
                Some(REFRESH) => Some(TokenKind::Refresh),
                Some(ID) => Some(TokenKind::Id),
                _ => None,
            },
        })
    }

    /// Binds it with new keys; the fingerprint stays what it is.
    pub fn rekey(self, old: &VaultKeys, change: &mut Change<'_>) -> Result<(), VaultError> {
        self.open(old)?;
        let keys = change.keys;
        let place = (self.fingerprint, self.credential, self.generation);
        let tag = binding(keys, place, self.kind).tag();
        change
            .conn
            .prepare_cached("UPDATE fingerprint SET mac = ?2 WHERE fingerprint = ?1")?
            .execute((self.fingerprint, tag))?;
        change.ledger.add(keys, Table::Fingerprint, &tag);
        Ok(())
    }

    /// Adds its tag to a sum.
    pub fn count(&self, keys: &VaultKeys, sum: &mut Sum) {
        sum.add(keys, Table::Fingerprint, &self.tag);
    }
}

/// The fingerprints of a secret's present tokens. Where two are one, it is the refresh token.
pub fn of_secret(keys: &VaultKeys, secret: &Secret) -> Vec<(Fingerprint, TokenKind)> {
    let access = (secret.access.expose_secret(), TokenKind::Access);
    let refresh = secret.refresh.as_ref().map(RefreshToken::expose_secret);
    let id = secret.id_token.as_ref().map(IdToken::expose_secret);
    id.map(|token| (token, TokenKind::Id))
        .into_iter()
        .chain([access])
        .chain(refresh.map(|token| (token, TokenKind::Refresh)))
        .map(|(token, kind)| (keys.fingerprint(token), kind))
        .collect()
}

/// Whose token it was, if anybody's.
pub fn find(vault: &OpenVault, fingerprint: Fingerprint) -> Result<Option<Trace>, VaultError> {
    read(vault.connection(), fingerprint.0.cast_signed())?
        .map(|trace| trace.open(vault.keys()))
        .transpose()
}

/// The newest generation of a credential, which may be gone, that a token is known of; `None`: it never was there. Reads the
/// whole table.
pub fn newest(vault: &OpenVault, id: CredentialId) -> Result<Option<Generation>, VaultError> {
    let row = vault
        .connection()
        .prepare_cached(
            "SELECT fingerprint, credential, generation, kind, mac FROM fingerprint WHERE credential = ?1 \
             ORDER BY generation DESC LIMIT 1",
        )?
        .query_row([id.0], TraceRow::from_row)
        .optional()?;
    let trace = row.map(|row| row.open(vault.keys())).transpose()?;
    Ok(trace.map(|trace| trace.generation))
}

/// Notes that a generation holds a token; a token that stays the same moves on to the new generation.
pub fn note(
    change: &mut Change<'_>,
    (fingerprint, kind): (Fingerprint, TokenKind),
    credential: i64,
    generation: i64,
) -> Result<(), VaultError> {
    let fingerprint = fingerprint.0.cast_signed();
    let kind = match kind {
        TokenKind::Access => ACCESS,
        TokenKind::Refresh => REFRESH,
        TokenKind::Id => ID,
    };
    let old = read(change.conn, fingerprint)?;
    let place = (fingerprint, credential, generation);
    let tag = binding(change.keys, place, Some(kind)).tag();
    change
        .conn
        .prepare_cached(
            "INSERT OR REPLACE INTO fingerprint (fingerprint, credential, generation, kind, mac) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((fingerprint, credential, generation, kind, tag))?;
    if let Some(old) = old {
        change
            .ledger
            .take(change.keys, Table::Fingerprint, &old.tag);
    }
    change.ledger.add(change.keys, Table::Fingerprint, &tag);
    Ok(())
}

fn read(conn: &Connection, fingerprint: i64) -> Result<Option<TraceRow>, VaultError> {
    Ok(conn
        .prepare_cached(
            "SELECT fingerprint, credential, generation, kind, mac FROM fingerprint WHERE fingerprint = ?1",
        )?
        .query_row([fingerprint], TraceRow::from_row)
        .optional()?)
}

/// A row that does not tell its kind is bound as the first format bound it.
fn binding(
    keys: &VaultKeys,
    (fingerprint, credential, generation): (i64, i64, i64),
    kind: Option<i64>,
) -> Binding {
    let binding = Binding::new(keys, Table::Fingerprint, "credential", fingerprint)
        .int(credential)
        .int(generation);
    match kind {
        Some(kind) => binding.int(kind),
        None => binding,
    }
}
