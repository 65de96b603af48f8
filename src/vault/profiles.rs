//! All profiles, opened in portions: what the list needs, without one secret.

use crate::model::credential::{CredentialId, Generation};
use crate::vault::binding::{Sealed, Table};
use crate::vault::credential::{name_hash, profile_binding};
use crate::vault::error::VaultError;
use crate::vault::keys::VaultKeys;
use crate::vault::ledger::Sum;
use crate::vault::open::OpenVault;
use crate::vault::payload;
use crate::vault::seal;
use crate::vault::store::StoredProfile;
use crate::vault::suspect::Suspect;
use rusqlite::{Connection, OptionalExtension, Row};

/// The first portion is small, so that a screen soon has something to show.
const FIRST_PORTION: usize = 64;
const PORTION: usize = 512;
/// Portions smaller than this are not worth a second thread.
const WORTH_A_THREAD: usize = 16;

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

/// Opens one profile.
pub fn one(conn: &Connection, keys: &VaultKeys, id: i64) -> Result<StoredProfile, VaultError> {
    let row = conn
        .prepare_cached(
            "SELECT id, generation, name_hash, profile_mac, secret_mac, profile FROM credential WHERE id = ?1",
        )?
        .query_row([id], ProfileRow::from_row)
        .optional()?;
    let row = row.ok_or(VaultError::NoSuchCredential { id })?;
    row.open(keys)
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
