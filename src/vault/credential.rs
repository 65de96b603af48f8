//! Rows of credentials: a profile and a secret, each an age file bound to its row and generation.

use crate::model::credential::{CredentialId, Generation, Profile, Secret};
use crate::vault::binding::{Binding, Sealed, Table, Verified};
use crate::vault::error::VaultError;
use crate::vault::keys::VaultKeys;
use crate::vault::ledger::Sum;
use crate::vault::open::{Change, OpenVault};
use crate::vault::payload;
use crate::vault::seal;
use crate::vault::suspect::explain;
use rusqlite::{Connection, OptionalExtension};

/// A row without its payloads.
#[derive(Debug)]
pub struct Head {
    /// Its generation.
    pub generation: i64,
    profile_mac: Vec<u8>,
    secret_mac: Vec<u8>,
}

/// The hash under which a credential is filed.
pub fn name_hash(keys: &VaultKeys, profile: &Profile) -> [u8; 32] {
    keys.name_hash("credential", &[profile.name.as_str()])
}

/// Opens one secret.
pub fn secret(vault: &OpenVault, id: CredentialId) -> Result<(Generation, Secret), VaultError> {
    type Found = (i64, Vec<u8>, Vec<u8>);
    let row: Option<Found> = vault
        .connection()
        .prepare_cached("SELECT generation, secret_mac, secret FROM credential WHERE id = ?1")?
        .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let (generation, tag, file) = row.ok_or(VaultError::NoSuchCredential { id: id.0 })?;
    let keys = vault.keys();
    let sealed = Sealed(file);
    let verified = admit_secret(vault.connection(), keys, id.0, generation, sealed, &tag)?;
    let opened = seal::open(keys, &verified)?;
    Ok((
        Generation(u64::try_from(generation).unwrap_or(0)),
        payload::read_secret(&opened, &verified)?,
    ))
}

fn admit_secret(
    conn: &Connection,
    keys: &VaultKeys,
    id: i64,
    generation: i64,
    sealed: Sealed,
    tag: &[u8],
) -> Result<Verified, VaultError> {
    let suspect = sealed.clone();
    secret_binding(keys, id, generation)
        .admit(sealed, tag)
        .map_err(
            |error| match find_original(conn, keys, id, generation, &suspect, tag) {
                Ok(Some(of)) => VaultError::Misplaced {
                    table: Table::Credential.name(),
                    row: id.to_string(),
                    of,
                },
                Ok(None) | Err(_) => explain(keys, Table::Credential, id, &suspect, error),
            },
        )
}

/// The row a refused secret was copied from, if it is one of this vault's.
fn find_original(
    conn: &Connection,
    keys: &VaultKeys,
    id: i64,
    generation: i64,
    sealed: &Sealed,
    tag: &[u8],
) -> Result<Option<i64>, VaultError> {
    let mut statement = conn.prepare("SELECT id, generation FROM credential WHERE id <> ?1")?;
    let others = statement.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for other in others {
        let (other, theirs): (i64, i64) = other?;
        let fits = |generation| {
            secret_binding(keys, other, generation)
                .bytes(&sealed.0)
                .check(tag)
                .is_ok()
        };
        if fits(theirs) || fits(generation) {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

/// The head of a credential's row.
pub fn head(conn: &Connection, id: i64) -> Result<Option<Head>, VaultError> {
    let head = conn
        .prepare_cached("SELECT generation, profile_mac, secret_mac FROM credential WHERE id = ?1")?
        .query_row([id], |row| {
            Ok(Head {
                generation: row.get(0)?,
                profile_mac: row.get(1)?,
                secret_mac: row.get(2)?,
            })
        })
        .optional()?;
    Ok(head)
}

/// The number of the credential filed under a hash.
pub fn find(conn: &Connection, name_hash: &[u8; 32]) -> Result<Option<i64>, VaultError> {
    Ok(conn
        .prepare_cached("SELECT id FROM credential WHERE name_hash = ?1")?
        .query_row([name_hash], |row| row.get(0))
        .optional()?)
}

/// Makes an empty row that [`write()`] fills within the same transaction.
pub fn reserve(conn: &Connection, name_hash: &[u8; 32]) -> Result<i64, VaultError> {
    conn.prepare_cached(
        "INSERT INTO credential (generation, name_hash, profile_mac, secret_mac, profile, secret) \
         VALUES (0, ?1, x'', x'', x'', x'')",
    )?
    .execute([name_hash])?;
    Ok(conn.last_insert_rowid())
}

/// Writes generation, profile and secret of a row. `old`: its head until now, `None` when it was just reserved.
pub fn write(
    change: &mut Change<'_>,
    id: i64,
    old: Option<&Head>,
    generation: i64,
    new: &NewRow<'_>,
) -> Result<(), VaultError> {
    let keys = change.keys;
    let profile_mac = profile_binding(keys, id, generation, new.name_hash)
        .bytes(&new.profile.0)
        .tag();
    let secret_mac = secret_binding(keys, id, generation)
        .bytes(&new.secret.0)
        .tag();
    change
        .conn
        .prepare_cached(
            "UPDATE credential SET generation = ?2, name_hash = ?3, profile_mac = ?4, secret_mac = ?5, \
             profile = ?6, secret = ?7 WHERE id = ?1",
        )?
        .execute((
            id,
            generation,
            new.name_hash,
            profile_mac,
            secret_mac,
            &new.profile.0,
            &new.secret.0,
        ))?;
    if let Some(old) = old {
        forget(change, old);
    }
    change.ledger.add(keys, Table::Credential, &profile_mac);
    change.ledger.add(keys, Table::Credential, &secret_mac);
    Ok(())
}

/// What [`write()`] puts into a row.
#[derive(Debug)]
pub struct NewRow<'a> {
    /// See [`name_hash`].
    pub name_hash: &'a [u8; 32],
    /// The sealed profile.
    pub profile: &'a Sealed,
    /// The sealed secret.
    pub secret: &'a Sealed,
}

/// Writes only the profile of a row.
pub fn write_profile(
    change: &mut Change<'_>,
    id: i64,
    old: &Head,
    name_hash: &[u8; 32],
    profile: &Sealed,
) -> Result<(), VaultError> {
    let keys = change.keys;
    let tag = profile_binding(keys, id, old.generation, name_hash)
        .bytes(&profile.0)
        .tag();
    change
        .conn
        .prepare_cached(
            "UPDATE credential SET name_hash = ?2, profile_mac = ?3, profile = ?4 WHERE id = ?1",
        )?
        .execute((id, name_hash, tag, &profile.0))?;
    change
        .ledger
        .take(keys, Table::Credential, &old.profile_mac);
    change.ledger.add(keys, Table::Credential, &tag);
    Ok(())
}

/// Deletes a row.
pub fn delete(change: &mut Change<'_>, id: i64, old: &Head) -> Result<(), VaultError> {
    change
        .conn
        .execute("DELETE FROM credential WHERE id = ?1", [id])?;
    forget(change, old);
    Ok(())
}

fn forget(change: &mut Change<'_>, old: &Head) {
    for tag in [&old.profile_mac, &old.secret_mac] {
        change.ledger.take(change.keys, Table::Credential, tag);
    }
}

/// Seals, files and binds a row with new keys; counts its old tags.
pub fn rekey(
    change: &mut Change<'_>,
    old: &VaultKeys,
    id: i64,
    sum: &mut Sum,
) -> Result<(), VaultError> {
    let found = head(change.conn, id)?.ok_or(VaultError::NoSuchCredential { id })?;
    let (name_hash, profile, secret): (Vec<u8>, Vec<u8>, Vec<u8>) = change
        .conn
        .prepare_cached("SELECT name_hash, profile, secret FROM credential WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let generation = found.generation;
    let profile = profile_binding(old, id, generation, &name_hash)
        .admit(Sealed(profile), &found.profile_mac)?;
    let secret = secret_binding(old, id, generation).admit(Sealed(secret), &found.secret_mac)?;
    for tag in [&found.profile_mac, &found.secret_mac] {
        sum.add(old, Table::Credential, tag);
    }
    let opened = seal::open(old, &profile)?;
    let new = NewRow {
        name_hash: &self::name_hash(change.keys, &payload::read_profile(&opened, &profile)?),
        profile: &seal::seal(change.keys, Table::Credential, &opened)?,
        secret: &seal::seal(change.keys, Table::Credential, &seal::open(old, &secret)?)?,
    };
    write(change, id, None, generation, &new)
}

/// What a profile is bound to.
pub fn profile_binding(keys: &VaultKeys, id: i64, generation: i64, name_hash: &[u8]) -> Binding {
    Binding::new(keys, Table::Credential, "profile", id)
        .int(generation)
        .bytes(name_hash)
}

/// What a secret is bound to.
pub fn secret_binding(keys: &VaultKeys, id: i64, generation: i64) -> Binding {
    Binding::new(keys, Table::Credential, "secret", id).int(generation)
}
