//! Generations of secrets that were replaced, kept sealed for a while so that one credential can be put back.
//!
//! The sealed payloads are moved as they are, under the bindings they have: a refresh pays for one short hash and one row.

use crate::clock::Timestamp;
use crate::model::credential::{CredentialId, Generation, Profile, Secret};
use crate::model::kept::{KeptGeneration, Outlook, Replaced};
use crate::vault::binding::{Binding, Sealed, Table};
use crate::vault::credential;
use crate::vault::error::VaultError;
use crate::vault::keys::VaultKeys;
use crate::vault::ledger::Sum;
use crate::vault::open::{Change, OpenVault};
use crate::vault::outlook;
use crate::vault::payload;
use crate::vault::profiles;
use crate::vault::seal;
use rusqlite::{Connection, Row};

/// A row as it stands in the file.
#[derive(Debug)]
pub struct GenerationRow {
    credential: i64,
    generation: i64,
    replaced_at: i64,
    replaced: i64,
    name_hash: Vec<u8>,
    profile_mac: Vec<u8>,
    secret_mac: Vec<u8>,
    tag: Vec<u8>,
    profile: Sealed,
    secret: Sealed,
}

/// Reads all rows.
pub const SELECT: &str = "SELECT credential, generation, replaced_at, replaced, name_hash, profile_mac, secret_mac, mac, \
                          profile, secret FROM kept_generation ORDER BY credential, generation";

/// A kept generation, opened.
#[derive(Debug)]
pub struct Kept {
    /// What may be told of it.
    pub told: KeptGeneration,
    /// Its profile as it was.
    pub profile: Profile,
    /// Its secret.
    pub secret: Secret,
}

impl GenerationRow {
    /// Reads one row of [`SELECT`].
    pub fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            credential: row.get(0)?,
            generation: row.get(1)?,
            replaced_at: row.get(2)?,
            replaced: row.get(3)?,
            name_hash: row.get(4)?,
            profile_mac: row.get(5)?,
            secret_mac: row.get(6)?,
            tag: row.get(7)?,
            profile: Sealed(row.get(8)?),
            secret: Sealed(row.get(9)?),
        })
    }

    /// Checks its bindings, then opens both payloads.
    pub fn open(&self, keys: &VaultKeys) -> Result<(Profile, Secret), VaultError> {
        self.binding(keys).check(&self.tag)?;
        let profile = self
            .profile_binding(keys)
            .admit(self.profile.clone(), &self.profile_mac)?;
        let secret = self
            .secret_binding(keys)
            .admit(self.secret.clone(), &self.secret_mac)?;
        Ok((
            payload::read_profile(&seal::open(keys, &profile)?, &profile)?,
            payload::read_secret(&seal::open(keys, &secret)?, &secret)?,
        ))
    }

    /// Adds its tag to a sum.
    pub fn count(&self, keys: &VaultKeys, sum: &mut Sum) {
        sum.add(keys, Table::Generation, &self.tag);
    }

    /// Seals, files and binds it with new keys.
    pub fn rekey(self, old: &VaultKeys, change: &mut Change<'_>) -> Result<(), VaultError> {
        let (profile, secret) = self.open(old)?;
        let keys = change.keys;
        let sealed = |opened: &seal::Opened| seal::seal(keys, Table::Credential, opened);
        let mut new = Self {
            name_hash: credential::name_hash(keys, &profile).to_vec(),
            profile: sealed(&payload::write_profile(&profile))?,
            secret: sealed(&payload::write_secret(&secret))?,
            ..self
        };
        new.profile_mac = new
            .profile_binding(keys)
            .bytes(&new.profile.0)
            .tag()
            .to_vec();
        new.secret_mac = new.secret_binding(keys).bytes(&new.secret.0).tag().to_vec();
        let tag = new.binding(keys).tag();
        change
            .conn
            .prepare_cached(
                "UPDATE kept_generation SET name_hash = ?3, profile_mac = ?4, secret_mac = ?5, mac = ?6, profile = ?7, \
                 secret = ?8 WHERE credential = ?1 AND generation = ?2",
            )?
            .execute((
                new.credential,
                new.generation,
                &new.name_hash,
                &new.profile_mac,
                &new.secret_mac,
                tag,
                &new.profile.0,
                &new.secret.0,
            ))?;
        change.ledger.add(keys, Table::Generation, &tag);
        Ok(())
    }

    fn profile_binding(&self, keys: &VaultKeys) -> Binding {
        credential::profile_binding(keys, self.credential, self.generation, &self.name_hash)
    }

    fn secret_binding(&self, keys: &VaultKeys) -> Binding {
        credential::secret_binding(keys, self.credential, self.generation)
    }

    fn binding(&self, keys: &VaultKeys) -> Binding {
        let place = (self.credential, self.generation);
        let tags = (&*self.name_hash, &*self.profile_mac, &*self.secret_mac);
        binding(keys, place, (self.replaced_at, self.replaced), tags)
    }

    fn number(&self) -> Generation {
        Generation(u64::try_from(self.generation).unwrap_or(0))
    }
}

/// The payloads' own tags are bound, and with them the payloads.
fn binding(
    keys: &VaultKeys,
    (credential, generation): (i64, i64),
    (replaced_at, replaced): (i64, i64),
    (name_hash, profile_mac, secret_mac): (&[u8], &[u8], &[u8]),
) -> Binding {
    Binding::new(keys, Table::Generation, "generation", credential)
        .int(generation)
        .int(replaced_at)
        .int(replaced)
        .bytes(name_hash)
        .bytes(profile_mac)
        .bytes(secret_mac)
}

/// How a reason stands in the file.
fn number_of(replaced: Replaced) -> i64 {
    match replaced {
        Replaced::Refreshed => 1,
        Replaced::SignedIn => 2,
        Replaced::Imported => 3,
        Replaced::PutBack => 4,
    }
}

fn reason(number: i64) -> Replaced {
    match number {
        2 => Replaced::SignedIn,
        3 => Replaced::Imported,
        4 => Replaced::PutBack,
        _ => Replaced::Refreshed,
    }
}

/// Keeps the generation that a row holds, before it is replaced within the same change; the oldest beyond the bound go.
pub fn keep(
    change: &mut Change<'_>,
    id: i64,
    replaced: Replaced,
    now: Timestamp,
) -> Result<(), VaultError> {
    if change.keeping.is_nothing() {
        return Ok(());
    }
    // What was revoked is over: a new sign-in in its place brings it back to nobody.
    if replaced != Replaced::Refreshed && is_ended(change, id)? {
        return Ok(());
    }
    type Head = (i64, Vec<u8>, Vec<u8>, Vec<u8>);
    let (generation, name_hash, profile_mac, secret_mac): Head = change
        .conn
        .prepare_cached(
            "SELECT generation, name_hash, profile_mac, secret_mac FROM credential WHERE id = ?1",
        )?
        .query_row([id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    let why = (now.as_millis(), number_of(replaced));
    let tags = (&*name_hash, &*profile_mac, &*secret_mac);
    let tag = binding(change.keys, (id, generation), why, tags).tag();
    let kept = change
        .conn
        .prepare_cached(
            "INSERT OR IGNORE INTO kept_generation (credential, generation, replaced_at, replaced, name_hash, profile_mac, \
             secret_mac, mac, profile, secret) SELECT id, generation, ?2, ?3, name_hash, profile_mac, secret_mac, ?4, \
             profile, secret FROM credential WHERE id = ?1",
        )?
        .execute((id, why.0, why.1, tag))?;
    // New tokens are never lost for the sake of old ones: a row that is there already stays.
    if kept == 1 {
        change.ledger.add(change.keys, Table::Generation, &tag);
    }
    let surplus = surplus(change.conn, id, replaced, change.keeping.most)?;
    drop_rows(change, &surplus)
}

fn is_ended(change: &Change<'_>, id: i64) -> Result<bool, VaultError> {
    let stored = profiles::one(change.conn, change.keys, id)?;
    Ok(stored.profile.standing.is_ended())
}

/// A row by its place, and its tag.
type Doomed = (i64, i64, Vec<u8>);

/// Those beyond the bound: of refreshes and of all else apart, so that an hour of refreshes does not push out the sign-in
/// before.
fn surplus(
    conn: &Connection,
    id: i64,
    replaced: Replaced,
    most: u64,
) -> Result<Vec<Doomed>, VaultError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let is_refresh = replaced == Replaced::Refreshed;
    doomed(
        conn,
        "SELECT credential, generation, mac FROM kept_generation WHERE credential = ?1 AND (replaced = 1) = ?2 \
         ORDER BY generation DESC LIMIT -1 OFFSET ?3",
        (id, is_refresh, most),
    )
}

fn doomed(
    conn: &Connection,
    select: &str,
    parameters: impl rusqlite::Params,
) -> Result<Vec<Doomed>, VaultError> {
    let mut statement = conn.prepare_cached(select)?;
    let rows = statement.query_map(parameters, |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn drop_rows(change: &mut Change<'_>, rows: &[Doomed]) -> Result<(), VaultError> {
    for (credential, generation, tag) in rows {
        change
            .conn
            .prepare_cached(
                "DELETE FROM kept_generation WHERE credential = ?1 AND generation = ?2",
            )?
            .execute((credential, generation))?;
        change.ledger.take(change.keys, Table::Generation, tag);
    }
    Ok(())
}

/// Lets all go that are kept of a credential.
pub fn forget(change: &mut Change<'_>, id: i64) -> Result<(), VaultError> {
    let rows = doomed(
        change.conn,
        "SELECT credential, generation, mac FROM kept_generation WHERE credential = ?1",
        [id],
    )?;
    drop_rows(change, &rows)
}

/// Lets those go whose time is over, at most `portion` of them in this change.
pub fn prune(change: &mut Change<'_>, now: Timestamp, portion: usize) -> Result<(), VaultError> {
    let before = now.minus(change.keeping.keep).as_millis();
    let portion = i64::try_from(portion).unwrap_or(i64::MAX);
    let rows = doomed(
        change.conn,
        "SELECT credential, generation, mac FROM kept_generation WHERE replaced_at < ?1 ORDER BY replaced_at LIMIT ?2",
        (before, portion),
    )?;
    drop_rows(change, &rows)
}

/// All that are kept of a credential, the newest first, opened; refuses rows that are not as they were written.
pub fn all(vault: &OpenVault, id: CredentialId) -> Result<Vec<Kept>, VaultError> {
    let snapshot = vault.connection().unchecked_transaction()?;
    let mut statement = snapshot.prepare_cached(
        "SELECT credential, generation, replaced_at, replaced, name_hash, profile_mac, secret_mac, mac, profile, secret \
         FROM kept_generation WHERE credential = ?1 ORDER BY generation DESC",
    )?;
    let rows = statement.query_map([id.0], GenerationRow::from_row)?;
    let mut kept = Vec::new();
    for row in rows {
        let row = row?;
        let (profile, secret) = row.open(vault.keys())?;
        let told = KeptGeneration {
            generation: row.number(),
            replaced_at: Timestamp::from_millis(row.replaced_at),
            replaced: reason(row.replaced),
            issued_at: profile.issued_at,
            expires_at: profile.expires_at,
            refresh_token: Outlook::Unknown,
        };
        kept.push(Kept {
            told,
            profile,
            secret,
        });
    }
    if kept.is_empty() {
        return Ok(kept);
    }
    let present = profiles::one(&snapshot, vault.keys(), id.0)?;
    let outlooks: Vec<Outlook> = kept
        .iter()
        .map(|one| outlook::of(one, &kept, &present))
        .collect();
    for (one, outlook) in kept.iter_mut().zip(outlooks) {
        one.told.refresh_token = outlook;
    }
    Ok(kept)
}
