//! Rows of client registrations: an age file with the client and its provider's record.

use crate::model::client::ClientView;
use crate::vault::binding::{Binding, Sealed, Table};
use crate::vault::error::VaultError;
use crate::vault::keys::VaultKeys;
use crate::vault::ledger::Sum;
use crate::vault::open::{Change, OpenVault};
use crate::vault::payload;
use crate::vault::seal;
use crate::vault::store::StoredClient;
use crate::vault::suspect::explain;
use rusqlite::{OptionalExtension, Row};

/// A row as it stands in the file.
#[derive(Debug)]
pub struct Registration {
    /// Its number.
    pub id: i64,
    provider_hash: Vec<u8>,
    client_hash: Vec<u8>,
    tag: Vec<u8>,
    sealed: Sealed,
}

/// Reads all rows, the oldest first.
pub const SELECT: &str =
    "SELECT id, provider_hash, client_hash, mac, sealed FROM client ORDER BY id";

impl Registration {
    /// Reads one row of [`SELECT`].
    pub fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            provider_hash: row.get(1)?,
            client_hash: row.get(2)?,
            tag: row.get(3)?,
            sealed: Sealed(row.get(4)?),
        })
    }

    /// Checks its binding, then opens it.
    pub fn open(self, keys: &VaultKeys) -> Result<StoredClient, VaultError> {
        let suspect = self.sealed.clone();
        let verified = binding(keys, self.id, &self.provider_hash, &self.client_hash)
            .admit(self.sealed, &self.tag)
            .map_err(|error| explain(keys, Table::Client, self.id, &suspect, error))?;
        payload::read_client(&seal::open(keys, &verified)?, &verified)
    }

    /// Seals, files and binds it with new keys.
    pub fn rekey(self, old: &VaultKeys, change: &mut Change<'_>) -> Result<(), VaultError> {
        let keys = change.keys;
        let verified = binding(old, self.id, &self.provider_hash, &self.client_hash)
            .admit(self.sealed, &self.tag)?;
        let opened = seal::open(old, &verified)?;
        let stored = payload::read_client(&opened, &verified)?;
        let provider = provider_hash(keys, &stored.provider.name);
        let client = client_hash(keys, &stored.provider.name, &stored.client.id);
        let sealed = seal::seal(keys, Table::Client, &opened)?;
        let tag = binding(keys, self.id, &provider, &client)
            .bytes(&sealed.0)
            .tag();
        change
            .conn
            .prepare_cached(
                "UPDATE client SET provider_hash = ?2, client_hash = ?3, mac = ?4, sealed = ?5 WHERE id = ?1",
            )?
            .execute((self.id, provider, client, tag, &sealed.0))?;
        change.ledger.add(keys, Table::Client, &tag);
        Ok(())
    }

    /// Adds its tag to a sum.
    pub fn count(&self, keys: &VaultKeys, sum: &mut Sum) {
        sum.add(keys, Table::Client, &self.tag);
    }
}

/// The hash under which the clients of a provider are filed.
pub fn provider_hash(keys: &VaultKeys, provider: &str) -> [u8; 32] {
    keys.name_hash("provider", &[provider])
}

/// The hash under which one client is filed.
pub fn client_hash(keys: &VaultKeys, provider: &str, client_id: &str) -> [u8; 32] {
    keys.name_hash("client", &[provider, client_id])
}

/// The newest client of a provider.
pub fn newest(vault: &OpenVault, provider: &str) -> Result<Option<StoredClient>, VaultError> {
    vault
        .connection()
        .prepare_cached(
            "SELECT id, provider_hash, client_hash, mac, sealed FROM client WHERE provider_hash = ?1 \
             ORDER BY id DESC LIMIT 1",
        )?
        .query_row(
            [provider_hash(vault.keys(), provider)],
            Registration::from_row,
        )
        .optional()?
        .map(|row| row.open(vault.keys()))
        .transpose()
}

/// All clients, the oldest first.
pub fn all(vault: &OpenVault) -> Result<Vec<ClientView>, VaultError> {
    let snapshot = vault.connection().unchecked_transaction()?;
    let mut statement = snapshot.prepare_cached(SELECT)?;
    let mut sum = Sum::default();
    let mut views = Vec::new();
    for row in statement.query_map([], Registration::from_row)? {
        let row = row?;
        row.count(vault.keys(), &mut sum);
        let stored = row.open(vault.keys())?;
        views.push(ClientView {
            provider: stored.provider.name,
            client_id: stored.client.id,
            has_secret: stored.client.secret.is_some(),
            has_key: stored.client.key.is_some(),
            is_registered: stored.client.registration.is_some(),
            issuer: stored.provider.issuer,
        });
    }
    vault.check_sum(Table::Client, &sum)?;
    Ok(views)
}

/// Keeps a client; one that is there already is replaced and becomes the newest.
pub fn keep(
    change: &mut Change<'_>,
    provider_hash: &[u8; 32],
    client_hash: &[u8; 32],
    sealed: &Sealed,
) -> Result<(), VaultError> {
    forget(change, client_hash)?;
    change
        .conn
        .prepare_cached(
            "INSERT INTO client (provider_hash, client_hash, mac, sealed) VALUES (?1, ?2, x'', ?3)",
        )?
        .execute((provider_hash, client_hash, &sealed.0))?;
    let id = change.conn.last_insert_rowid();
    let tag = binding(change.keys, id, provider_hash, client_hash)
        .bytes(&sealed.0)
        .tag();
    change
        .conn
        .prepare_cached("UPDATE client SET mac = ?2 WHERE id = ?1")?
        .execute((id, tag))?;
    change.ledger.add(change.keys, Table::Client, &tag);
    Ok(())
}

/// Forgets a client; one that is not there is forgotten already.
pub fn forget(change: &mut Change<'_>, client_hash: &[u8; 32]) -> Result<(), VaultError> {
    let old: Option<Vec<u8>> = change
        .conn
        .prepare_cached("DELETE FROM client WHERE client_hash = ?1 RETURNING mac")?
        .query_row([client_hash], |row| row.get(0))
        .optional()?;
    if let Some(old) = old {
        change.ledger.take(change.keys, Table::Client, &old);
    }
    Ok(())
}

fn binding(keys: &VaultKeys, id: i64, provider_hash: &[u8], client_hash: &[u8]) -> Binding {
    Binding::new(keys, Table::Client, "sealed", id)
        .bytes(provider_hash)
        .bytes(client_hash)
}
