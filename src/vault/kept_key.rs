//! The key of fingerprints where it is older than the vault's identity: sealed to the identity there is now.

use crate::vault::binding::{Binding, Sealed, Table};
use crate::vault::error::VaultError;
use crate::vault::keys::VaultKeys;
use crate::vault::ledger::{Ledger, Sum};
use crate::vault::open::Change;
use crate::vault::seal;
use rusqlite::{Connection, OptionalExtension, Row};
use zeroize::Zeroizing;

/// The row as it stands in the file.
#[derive(Debug)]
pub struct KeptKey {
    tag: Vec<u8>,
    sealed: Sealed,
}

/// Reads the row, if there is one.
pub const SELECT: &str = "SELECT mac, sealed FROM kept_key WHERE id = 1";

impl KeptKey {
    /// Reads the row of [`SELECT`].
    pub fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            tag: row.get(0)?,
            sealed: Sealed(row.get(1)?),
        })
    }

    /// Checks its binding, then opens it.
    pub fn open(self, keys: &VaultKeys) -> Result<Zeroizing<[u8; 32]>, VaultError> {
        let verified = binding(keys).admit(self.sealed, &self.tag)?;
        let opened = seal::open(keys, &verified)?;
        let mut key = Zeroizing::new([0; 32]);
        if opened.len() != key.len() {
            return Err(VaultError::Tampered {
                table: Table::KeptKey.name(),
                row: "1".to_owned(),
                what: "its length is wrong",
            });
        }
        key.copy_from_slice(&opened);
        Ok(key)
    }

    /// Adds its tag to a sum.
    pub fn count(&self, keys: &VaultKeys, sum: &mut Sum) {
        sum.add(keys, Table::KeptKey, &self.tag);
    }
}

/// The keys with the kept one in its place; refuses a vault from which it was taken away.
pub fn adopt(conn: &Connection, keys: VaultKeys) -> Result<VaultKeys, VaultError> {
    let kept = conn.query_row(SELECT, [], KeptKey::from_row).optional()?;
    let mut sum = Sum::default();
    if let Some(kept) = &kept {
        kept.count(&keys, &mut sum);
    }
    Ledger::read(conn, &keys)?.check(Table::KeptKey, &sum)?;
    Ok(match kept {
        Some(kept) => {
            let key = kept.open(&keys)?;
            keys.with_fingerprint_key(key)
        }
        None => keys,
    })
}

/// Writes the key of fingerprints into the row, within the change that replaces the identity.
pub fn write(change: &mut Change<'_>) -> Result<(), VaultError> {
    let sealed = seal::seal(change.keys, Table::KeptKey, change.keys.fingerprint_key())?;
    let tag = binding(change.keys).bytes(&sealed.0).tag();
    change.conn.execute(
        "INSERT OR REPLACE INTO kept_key (id, mac, sealed) VALUES (1, ?1, ?2)",
        (tag, &sealed.0),
    )?;
    change.ledger.add(change.keys, Table::KeptKey, &tag);
    Ok(())
}

fn binding(keys: &VaultKeys) -> Binding {
    Binding::new(keys, Table::KeptKey, "fingerprints", 1)
}
