//! An unlocked vault: the store of sealed rows that the engine works on.

use crate::model::client::ClientView;
use crate::model::credential::{CredentialId, Generation, Secret};
use crate::model::event::{Activity, Entry};
use crate::model::extent::Extent;
use crate::model::fingerprint::Fingerprint;
use crate::model::identity::Trace;
use crate::model::kept::Past;
use crate::model::name::CredentialName;
use crate::model::parcel::ParcelView;
use crate::model::policy::GenerationKeeping;
use crate::vault::batch;
use crate::vault::binding::Table;
use crate::vault::bundle::Bundled;
use crate::vault::error::VaultError;
use crate::vault::generation::{self, Kept};
use crate::vault::keys::VaultKeys;
use crate::vault::ledger::{Ledger, Sum};
use crate::vault::store::{
    Spending, Store, StoredClient, StoredGrant, StoredProfile, Write, Written,
};
use crate::vault::{
    client, credential, event, extent, fingerprint, grant, journal, outlook, profiles,
};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// An unlocked vault.
#[derive(Debug)]
pub struct OpenVault {
    conn: Connection,
    keys: VaultKeys,
    path: PathBuf,
    opened_by: Option<i64>,
    keeping: GenerationKeeping,
}

/// A change under way: all of it is written, or nothing.
pub struct Change<'a> {
    /// The transaction.
    pub conn: &'a Transaction<'a>,
    /// The vault's keys.
    pub keys: &'a VaultKeys,
    /// The sums; every row that is written or deleted is accounted for here.
    pub ledger: Ledger,
    /// What is kept of the tokens that it replaces.
    pub keeping: GenerationKeeping,
}

impl OpenVault {
    /// Joins a connection and the keys that fit it.
    pub fn new(conn: Connection, keys: VaultKeys, path: &Path) -> Self {
        Self {
            conn,
            keys,
            path: path.to_path_buf(),
            opened_by: None,
            keeping: GenerationKeeping::default(),
        }
    }

    /// The same, keeping so much of tokens that are replaced.
    pub fn keep_generations(mut self, keeping: GenerationKeeping) -> Self {
        self.keeping = keeping;
        self
    }

    /// The same, with the slot that gave the keys.
    pub fn opened_by(mut self, slot: i64) -> Self {
        self.opened_by = Some(slot);
        self
    }

    /// The slot that gave the keys; `None` when it was made just now.
    pub fn slot_used(&self) -> Option<i64> {
        self.opened_by
    }

    /// Its keys.
    pub fn keys(&self) -> &VaultKeys {
        &self.keys
    }

    /// Its connection, for reading.
    pub fn connection(&self) -> &Connection {
        &self.conn
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Carries a change out in one transaction; after an error nothing is changed.
    pub fn change<T>(
        &mut self,
        work: impl FnOnce(&mut Change<'_>) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let transaction = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let before = Ledger::read(&transaction, &self.keys)?;
        let mut change = Change {
            conn: &transaction,
            keys: &self.keys,
            ledger: before.clone(),
            keeping: self.keeping,
        };
        let done = work(&mut change)?;
        if change.ledger != before {
            change.ledger.write(&transaction, &self.keys)?;
        }
        transaction.commit()?;
        Ok(done)
    }

    /// Carries out the change of all keys in one transaction: `work` gets the old keys and sums, writes every row anew,
    /// and accounts for each. After an error nothing is changed.
    pub fn rekey<T>(
        &mut self,
        new: VaultKeys,
        work: impl FnOnce(&mut Change<'_>, &VaultKeys, &Ledger) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let transaction = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let before = Ledger::read(&transaction, &self.keys)?;
        let mut change = Change {
            conn: &transaction,
            keys: &new,
            ledger: Ledger::default(),
            keeping: self.keeping,
        };
        let done = work(&mut change, &self.keys, &before)?;
        change.ledger.write(&transaction, &new)?;
        transaction.commit()?;
        self.keys = new;
        Ok(done)
    }

    /// Compares the rows that were found in a table with those that were written.
    pub fn check_sum(&self, table: Table, found: &Sum) -> Result<(), VaultError> {
        Ledger::read(&self.conn, &self.keys)?.check(table, found)
    }
}

impl Store for OpenVault {
    fn count(&mut self) -> Result<u64, VaultError> {
        let count: i64 = self
            .conn
            .query_row("SELECT count(*) FROM credential", [], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    fn profiles(
        &mut self,
        portion: &mut dyn FnMut(Vec<Result<StoredProfile, VaultError>>),
    ) -> Result<(), VaultError> {
        profiles::profiles(self, portion)
    }

    fn secret(&mut self, id: CredentialId) -> Result<(Generation, Secret), VaultError> {
        credential::secret(self, id)
    }

    fn generations(&mut self, id: CredentialId) -> Result<Vec<Kept>, VaultError> {
        generation::all(self, id)
    }

    fn apply(&mut self, writes: Vec<Write>) -> Result<Vec<Written>, VaultError> {
        batch::apply(self, &writes)
    }

    fn open_spendings(&mut self) -> Result<Vec<Spending>, VaultError> {
        journal::open_spendings(self)
    }

    fn client(&mut self, provider: &str) -> Result<Option<StoredClient>, VaultError> {
        client::newest(self, provider)
    }

    fn clients(&mut self) -> Result<Vec<ClientView>, VaultError> {
        client::all(self)
    }

    fn activity(
        &mut self,
        name: Option<&CredentialName>,
        limit: usize,
    ) -> Result<Vec<Activity>, VaultError> {
        let entries = event::newest(self, name, limit)?;
        Ok(entries.into_iter().map(|entry| entry.activity).collect())
    }

    fn log_after(&mut self, after: u64, limit: usize) -> Result<Vec<Entry>, VaultError> {
        event::after(self, after, limit)
    }

    fn log_before(&mut self, before: u64, limit: usize) -> Result<Vec<Entry>, VaultError> {
        event::before(self, before, limit)
    }

    fn check_log_ends(&mut self) -> Result<(), VaultError> {
        event::check_ends(self)
    }

    fn pseudonym(&self, name: &CredentialName) -> String {
        let hash = self.keys.name_hash("pseudonym", &[name.as_str()]);
        hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn fingerprint(&self, token: &str) -> Fingerprint {
        self.keys.fingerprint(token)
    }

    fn find_fingerprint(&mut self, fingerprint: Fingerprint) -> Result<Option<Trace>, VaultError> {
        fingerprint::find(self, fingerprint)
    }

    fn past(&mut self, fingerprint: Fingerprint) -> Result<Option<Past>, VaultError> {
        outlook::past(self, fingerprint)
    }

    fn parcels(&mut self) -> Result<Vec<ParcelView>, VaultError> {
        Self::parcels(self)
    }

    fn parcel(&mut self, id: i64) -> Result<(Bundled, String), VaultError> {
        Self::parcel(self, id)
    }

    fn drop_parcel(&mut self, id: i64) -> Result<(), VaultError> {
        Self::drop_parcel(self, id)
    }

    fn keep(&mut self, keeping: GenerationKeeping) {
        self.keeping = keeping;
    }

    fn grants(&mut self) -> Result<Vec<StoredGrant>, VaultError> {
        grant::all(self)
    }

    fn grant_key(&self) -> Zeroizing<[u8; 32]> {
        self.keys.grant_key()
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn extent(&self) -> Option<Extent> {
        Some(extent::measure(&self.path))
    }
}
