//! Rows of grants: an age file with the terms of one and what is kept of its tokens.

use crate::model::grant::GrantName;
use crate::vault::binding::{Binding, Sealed, Table};
use crate::vault::error::VaultError;
use crate::vault::grant_wire;
use crate::vault::keys::VaultKeys;
use crate::vault::ledger::Sum;
use crate::vault::open::{Change, OpenVault};
use crate::vault::seal;
use crate::vault::store::StoredGrant;
use crate::vault::suspect::explain;
use rusqlite::{OptionalExtension, Row};

/// A row as it stands in the file.
#[derive(Debug)]
pub struct GrantRow {
    /// Its number.
    pub id: i64,
    name_hash: Vec<u8>,
    tag: Vec<u8>,
    sealed: Sealed,
}

/// Reads all rows, the oldest first.
pub const SELECT: &str = "SELECT id, name_hash, mac, sealed FROM program_grant ORDER BY id";

impl GrantRow {
    /// Reads one row of [`SELECT`].
    pub fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name_hash: row.get(1)?,
            tag: row.get(2)?,
            sealed: Sealed(row.get(3)?),
        })
    }

    /// Checks its binding, then opens it.
    pub fn open(self, keys: &VaultKeys) -> Result<StoredGrant, VaultError> {
        let suspect = self.sealed.clone();
        let verified = binding(keys, self.id, &self.name_hash)
            .admit(self.sealed, &self.tag)
            .map_err(|error| explain(keys, Table::Grant, self.id, &suspect, error))?;
        grant_wire::read(&seal::open(keys, &verified)?, &verified)
    }

    /// Seals, files and binds it with new keys.
    pub fn rekey(self, old: &VaultKeys, change: &mut Change<'_>) -> Result<(), VaultError> {
        let keys = change.keys;
        let id = self.id;
        let verified = binding(old, id, &self.name_hash).admit(self.sealed, &self.tag)?;
        let opened = seal::open(old, &verified)?;
        let name = grant_wire::read(&opened, &verified)?.grant.name;
        let sealed = seal::seal(keys, Table::Grant, &opened)?;
        let hash = name_hash(keys, &name);
        let tag = binding(keys, id, &hash).bytes(&sealed.0).tag();
        change
            .conn
            .prepare_cached(
                "UPDATE program_grant SET name_hash = ?2, mac = ?3, sealed = ?4 WHERE id = ?1",
            )?
            .execute((id, hash, tag, &sealed.0))?;
        change.ledger.add(keys, Table::Grant, &tag);
        Ok(())
    }

    /// Adds its tag to a sum.
    pub fn count(&self, keys: &VaultKeys, sum: &mut Sum) {
        sum.add(keys, Table::Grant, &self.tag);
    }
}

/// The hash under which a grant is filed.
pub fn name_hash(keys: &VaultKeys, name: &GrantName) -> [u8; 32] {
    keys.name_hash("grant", &[name.as_str()])
}

/// All grants, the oldest first.
pub fn all(vault: &OpenVault) -> Result<Vec<StoredGrant>, VaultError> {
    let snapshot = vault.connection().unchecked_transaction()?;
    let mut statement = snapshot.prepare_cached(SELECT)?;
    let mut sum = Sum::default();
    let mut grants = Vec::new();
    for row in statement.query_map([], GrantRow::from_row)? {
        let row = row?;
        row.count(vault.keys(), &mut sum);
        grants.push(row.open(vault.keys())?);
    }
    vault.check_sum(Table::Grant, &sum)?;
    Ok(grants)
}

/// Keeps a grant, in the place of the one of its name.
pub fn keep(
    change: &mut Change<'_>,
    name_hash: &[u8; 32],
    sealed: &Sealed,
) -> Result<(), VaultError> {
    let old: Option<(i64, Vec<u8>)> = change
        .conn
        .prepare_cached("SELECT id, mac FROM program_grant WHERE name_hash = ?1")?
        .query_row([name_hash], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let id = match old {
        Some((id, tag)) => {
            change.ledger.take(change.keys, Table::Grant, &tag);
            id
        }
        None => {
            change
                .conn
                .prepare_cached(
                    "INSERT INTO program_grant (name_hash, mac, sealed) VALUES (?1, x'', x'')",
                )?
                .execute([name_hash])?;
            change.conn.last_insert_rowid()
        }
    };
    let tag = binding(change.keys, id, name_hash).bytes(&sealed.0).tag();
    change
        .conn
        .prepare_cached("UPDATE program_grant SET mac = ?2, sealed = ?3 WHERE id = ?1")?
        .execute((id, tag, &sealed.0))?;
    change.ledger.add(change.keys, Table::Grant, &tag);
    Ok(())
}

/// Forgets a grant; one that is not there is forgotten already.
pub fn forget(change: &mut Change<'_>, name_hash: &[u8; 32]) -> Result<(), VaultError> {
    let old: Option<Vec<u8>> = change
        .conn
        .prepare_cached("DELETE FROM program_grant WHERE name_hash = ?1 RETURNING mac")?
        .query_row([name_hash], |row| row.get(0))
        .optional()?;
    if let Some(old) = old {
        change.ledger.take(change.keys, Table::Grant, &old);
    }
    Ok(())
}

fn binding(keys: &VaultKeys, id: i64, name_hash: &[u8]) -> Binding {
    Binding::new(keys, Table::Grant, "sealed", id).bytes(name_hash)
}

#[cfg(test)]
mod tests {
    use crate::clock::Timestamp;
    use crate::model::credential::CredentialId;
    use crate::model::family::{Family, FamilyId};
    use crate::model::grant::{Grant, GrantCounts, Granted};
    use crate::secret::{FamilyKey, Passphrase, TokenHash};
    use crate::vault::file::VaultFile;
    use crate::vault::open::OpenVault;
    use crate::vault::rotation::Kept;
    use crate::vault::slot::{Key, NewSlot};
    use crate::vault::store::{Store, StoredGrant, Write};
    use crate::vault::verify::verify;
    use std::sync::Arc;

    fn stored(name: &str, turn: u64) -> StoredGrant {
        let at = Timestamp::from_millis(7);
        StoredGrant {
            grant: Grant {
                name: name.parse().unwrap(),
                credentials: vec![Granted {
                    id: CredentialId(3),
                    name: "demo/a".parse().unwrap(),
                }],
                scopes: vec!["read".to_owned()],
                ttl_secs: 900,
                refresh_ttl_secs: 9000,
                executable: None,
                per_hour: Some(7),
                created_at: at,
                counts: GrantCounts::default(),
            },
            families: vec![Family {
                id: FamilyId([9; 16]),
                key: FamilyKey::new("key".to_owned()),
                turn,
                hash: TokenHash::new("hash".to_owned()),
                since: at,
                rotated_at: at,
                expires_at: at,
                to: Arc::default(),
            }],
        }
    }

    fn turns(vault: &mut OpenVault) -> Vec<(String, u64)> {
        let grants = vault.grants().unwrap();
        let of = |it: &StoredGrant| (it.grant.name.to_string(), it.families[0].turn);
        grants.iter().map(of).collect()
    }

    #[test]
    fn a_grant_is_kept_replaced_forgotten_and_sealed_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.db");
        let word = || Passphrase::new("word".to_owned());
        let mut vault = VaultFile::create(&path, NewSlot::Passphrase(word()), 2).unwrap();
        for (name, turn) in [("one", 0), ("two", 0), ("one", 5)] {
            let write = Write::Grant(Box::new(stored(name, turn)));
            vault.apply(vec![write]).unwrap();
        }
        assert_eq!(
            turns(&mut vault),
            [("one".to_owned(), 5), ("two".to_owned(), 0)]
        );
        let forgotten = Write::ForgetGrant("two".parse().unwrap());
        vault.apply(vec![forgotten]).unwrap();
        assert_eq!(turns(&mut vault), [("one".to_owned(), 5)]);
        assert!(verify(&mut vault).is_whole());
        let key = vault.grant_key();
        let kept = Kept {
            id: 1,
            way: NewSlot::Passphrase(word()),
        };
        vault.rotate_key(&[kept], 2).unwrap();
        assert_ne!(*vault.grant_key(), *key);
        drop(vault);
        let locked = VaultFile::open(&path).unwrap();
        let mut vault = locked.unlock(&Key::Passphrase(word())).unwrap();
        assert_eq!(turns(&mut vault), [("one".to_owned(), 5)]);
        assert!(verify(&mut vault).is_whole());
    }
}
