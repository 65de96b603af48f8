//! Rows of credentials: a profile and a secret, each an age file bound to its row and generation.

use crate::model::credential::{CredentialId, Generation, Profile, Secret};
use crate::vault::binding::{Binding, Sealed, Table, Verified};
use crate::vault::error::VaultError;
use crate::vault::keys::VaultKeys;
use crate::vault::ledger::Sum;
use crate::vault::open::{Change, OpenVault};
use crate::vault::payload;
use crate::vault::seal;
use crate::vault::store::StoredProfile;
use rusqlite::{Connection, OptionalExtension, Row};

/// The first portion is small, so that a screen soon has something to show.
const FIRST_PORTION: usize = 64;
const PORTION: usize = 512;
/// Portions smaller than this are not worth a second thread.
const WORTH_A_THREAD: usize = 16;

/// A row without its payloads.
#[derive(Debug)]
pub struct Head {
    /// Its generation.
    pub generation: i64,
    profile_mac: Vec<u8>,
    secret_mac: Vec<u8>,
}

/// A row's profile as it stands in the file.
#[derive(Debug)]
pub struct ProfileRow {
    /// Its number.
    pub id: i64,
    generation: i64,
    name_hash: Vec<u8>,
    profile_mac: Vec<u8>,
    secret_mac: Vec<u8>,
    profile: Sealed,
}

/// Reads the rows' profiles, ordered by number.
pub const SELECT_PROFILES: &str = "SELECT id, generation, name_hash, profile_mac, secret_mac, profile FROM credential \
                                   ORDER BY id";

impl ProfileRow {
    /// Reads one row of [`SELECT_PROFILES`].
    pub fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            generation: row.get(1)?,
            name_hash: row.get(2)?,
            profile_mac: row.get(3)?,
            secret_mac: row.get(4)?,
            profile: Sealed(row.get(5)?),
        })
    }

    /// Checks its binding, then opens it.
    pub fn open(self, keys: &VaultKeys) -> Result<StoredProfile, VaultError> {
        let foreign = Suspect::new(Table::Credential, self.id, &self.profile);
        let verified = profile_binding(keys, self.id, self.generation, &self.name_hash)
            .admit(self.profile, &self.profile_mac)
            .map_err(|error| foreign.explain(keys, error))?;
        let opened = seal::open(keys, &verified)?;
        let profile = payload::read_profile(&opened, &verified)?;
        if name_hash(keys, &profile)[..] != self.name_hash {
            return Err(VaultError::Tampered {
                table: Table::Credential.name(),
                row: self.id.to_string(),
                what: "its name is another than it is filed under",
            });
        }
        Ok(StoredProfile {
            id: CredentialId(self.id),
            generation: Generation(u64::try_from(self.generation).unwrap_or(0)),
            profile,
        })
    }

    /// Adds its tags to a sum.
    pub fn count(&self, keys: &VaultKeys, sum: &mut Sum) {
        sum.add(keys, Table::Credential, &self.profile_mac);
        sum.add(keys, Table::Credential, &self.secret_mac);
    }
}

/// A refused row's head, kept so that the refusal can say more.
struct Suspect {
    table: Table,
    id: i64,
    head: Sealed,
}

impl Suspect {
    fn new(table: Table, id: i64, sealed: &Sealed) -> Self {
        // An age header with one recipient is shorter than this, and the nonce follows it.
        let head = sealed.0.iter().take(512).copied().collect();
        Self {
            table,
            id,
            head: Sealed(head),
        }
    }

    fn explain(&self, keys: &VaultKeys, error: VaultError) -> VaultError {
        if seal::is_ours(keys, &self.head) {
            return error;
        }
        VaultError::Foreign {
            table: self.table.name(),
            row: self.id.to_string(),
        }
    }
}

/// Says more of a refused payload: whether it was sealed to another vault.
pub fn explain(
    keys: &VaultKeys,
    table: Table,
    id: i64,
    sealed: &Sealed,
    error: VaultError,
) -> VaultError {
    Suspect::new(table, id, sealed).explain(keys, error)
}

/// The hash under which a credential is filed.
pub fn name_hash(keys: &VaultKeys, profile: &Profile) -> [u8; 32] {
    keys.name_hash("credential", &[profile.name.as_str()])
}

/// Opens all profiles in portions, on two threads.
pub fn profiles(
    vault: &OpenVault,
    portion: &mut dyn FnMut(Vec<Result<StoredProfile, VaultError>>),
) -> Result<(), VaultError> {
    // One snapshot for rows and ledger, also while an owner is writing.
    let snapshot = vault.connection().unchecked_transaction()?;
    let mut statement = snapshot.prepare(SELECT_PROFILES)?;
    let mut rows = statement.query_map([], ProfileRow::from_row)?;
    let mut sum = Sum::default();
    let mut whole = true;
    let mut size = FIRST_PORTION;
    loop {
        let mut raw = Vec::with_capacity(size);
        for row in rows.by_ref().take(size) {
            raw.push(row?);
        }
        if raw.is_empty() {
            break;
        }
        raw.iter().for_each(|row| row.count(vault.keys(), &mut sum));
        let opened = open_all(vault.keys(), raw);
        whole &= opened.iter().all(Result::is_ok);
        portion(opened);
        size = PORTION;
    }
    // A row that was refused by name has been reported; what is missing altogether is reported here.
    if whole && let Err(changed) = vault.check_sum(Table::Credential, &sum) {
        portion(vec![Err(changed)]);
    }
    Ok(())
}

fn open_all(keys: &VaultKeys, mut rows: Vec<ProfileRow>) -> Vec<Result<StoredProfile, VaultError>> {
    let open =
        |rows: Vec<ProfileRow>| -> Vec<_> { rows.into_iter().map(|row| row.open(keys)).collect() };
    if rows.len() < WORTH_A_THREAD {
        return open(rows);
    }
    let second = rows.split_off(rows.len() / 2);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| open(second));
        let mut opened = open(rows);
        // A panic over there is a defect; it goes on here as what it is.
        match second.join() {
            Ok(more) => opened.extend(more),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        opened
    })
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

fn profile_binding(keys: &VaultKeys, id: i64, generation: i64, name_hash: &[u8]) -> Binding {
    Binding::new(keys, Table::Credential, "profile", id)
        .int(generation)
        .bytes(name_hash)
}

fn secret_binding(keys: &VaultKeys, id: i64, generation: i64) -> Binding {
    Binding::new(keys, Table::Credential, "secret", id).int(generation)
}
