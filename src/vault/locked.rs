//! A vault that is still locked: its slots, and the keys that are tried on them.

use crate::clock::now;
use crate::model::event::{Activity, Happening};
use crate::model::policy::Patience;
use crate::secret::VaultIdentity;
use crate::vault::binding::Table;
use crate::vault::error::VaultError;
use crate::vault::file::{check_meta, connect_wal};
use crate::vault::guess::Guess;
use crate::vault::kept_key;
use crate::vault::keys::{VaultId, VaultKeys};
use crate::vault::ledger::Ledger;
use crate::vault::log_upgrade;
use crate::vault::open::OpenVault;
use crate::vault::recipient;
use crate::vault::schema::{Access, connect};
use crate::vault::slot::{self, Key, SlotKind, SlotView, StoredSlot};
use crate::vault::store::{Store, Write};
use crate::vault::tries::Tries;
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// A vault whose slots can be listed and tried, and nothing else.
#[derive(Debug)]
pub struct LockedVault {
    path: PathBuf,
    access: Access,
    vault_id: VaultId,
    slots: Vec<StoredSlot>,
    migrated_from: Option<PathBuf>,
    patience: Patience,
}

impl LockedVault {
    /// A vault whose file was looked at.
    pub fn new(path: &Path, access: Access, vault_id: VaultId, slots: Vec<StoredSlot>) -> Self {
        Self {
            path: path.to_path_buf(),
            access,
            vault_id,
            slots,
            migrated_from: None,
            patience: Patience::default(),
        }
    }

    /// The same, brought up to date just now, of which this copy was kept.
    #[must_use]
    pub fn migrated_from_copy(mut self, copy: Option<PathBuf>) -> Self {
        self.migrated_from = copy;
        self
    }

    /// The ways to unlock it.
    pub fn slots(&self) -> Result<Vec<SlotView>, VaultError> {
        self.slots.iter().map(StoredSlot::view).collect()
    }

    /// The same, slower or faster with wrong passphrases.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Where the file really is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its number, by which its entry in a keyring is found.
    pub fn vault_id(&self) -> VaultId {
        self.vault_id
    }

    /// The copy that was kept when the file was brought up to date just now.
    pub fn migrated_from(&self) -> Option<&Path> {
        self.migrated_from.as_deref()
    }

    /// Unlocks it. May be called again after a wrong passphrase, soon only the first few times. Takes about a second with
    /// a passphrase, a millisecond otherwise.
    pub fn unlock(&self, key: &Key) -> Result<OpenVault, VaultError> {
        let mut vault = self.unlock_now(key)?;
        if self.access == Access::Write {
            self.tell_of_wrong_ones(&mut vault)?;
        }
        Ok(vault)
    }

    /// Who guesses is not freed of the waiting by another key than the passphrase, as long as there is any.
    fn tell_of_wrong_ones(&self, vault: &mut OpenVault) -> Result<(), VaultError> {
        let tries = Tries::read(&self.path);
        if tries.all() == 0 {
            return Ok(());
        }
        let (count, last) = Tries::change(&self.path, |tries| {
            if tries.are_old(&self.patience, now()) {
                tries.settle();
            }
            (tries.earlier, tries.last)
        });
        if count > 0 {
            let told = Happening::WrongPassphrase {
                count: count.into(),
                last: Some(last),
            };
            vault.apply(vec![Write::Activity(Activity::new(now(), None, told))])?;
            Tries::change(&self.path, |tries| tries.tell(count));
        }
        Ok(())
    }

    /// The vault's own identity, for an owner that cannot ask the person what the key's plugin wants to know.
    pub fn unwrapped(&self, key: &Key) -> Result<VaultIdentity, VaultError> {
        self.unwrap(key).map(|(identity, _)| identity)
    }

    /// Unlocks it with its own identity, which somebody unwrapped. One that is not this vault's is refused as
    /// [`VaultError::WrongIdentity`].
    pub fn unlock_unwrapped(&self, identity: &VaultIdentity) -> Result<OpenVault, VaultError> {
        let keys = VaultKeys::derive(self.vault_id, identity);
        let keys = keys.map_err(|_| VaultError::NotAnIdentity)?;
        let conn = self.connect()?;
        check_meta(&conn, &keys).map_err(|error| match error {
            VaultError::Tampered { .. } => VaultError::WrongIdentity,
            other => other,
        })?;
        let mut vault = self.open(conn, keys, None)?;
        if self.access == Access::Write {
            self.tell_of_wrong_ones(&mut vault)?;
        }
        Ok(vault)
    }

    fn unlock_now(&self, key: &Key) -> Result<OpenVault, VaultError> {
        let (keys, slot) = self.keys(key)?;
        let conn = self.connect()?;
        check_meta(&conn, &keys)?;
        Ok(self.open(conn, keys, Some(slot))?.opened_by(slot))
    }

    fn connect(&self) -> Result<Connection, VaultError> {
        match self.access {
            Access::Write => connect_wal(&self.path),
            Access::Read => connect(&self.path, Access::Read),
        }
    }

    /// The vault that these keys fit; `used`: the slot that gave them.
    fn open(
        &self,
        conn: Connection,
        keys: VaultKeys,
        used: Option<i64>,
    ) -> Result<OpenVault, VaultError> {
        let keys = kept_key::adopt(&conn, keys)?;
        let slots = StoredSlot::all(&conn)?;
        if let Some(id) = used {
            let used = slots.iter().find(|stored| stored.id == id);
            used.ok_or(VaultError::NoSuchSlot { id })?.check(&keys)?;
        }
        Ledger::read(&conn, &keys)?.check(Table::Slot, &slot::sum(&keys, &slots))?;
        let mut vault = OpenVault::new(conn, keys, &self.path);
        if self.access == Access::Write
            && let Err(error) = log_upgrade::upgrade(&mut vault)
        {
            // The log only: credentials stay in reach, and `vault verify` names what is wrong.
            tracing::error!(%error, "the activity log could not be brought up to date");
        }
        if self.access == Access::Write {
            recipient::put_right(&mut vault)?;
        }
        Ok(vault)
    }

    /// Unlocks it for reading only although its slots may have been changed: for [`verify`](crate::vault::verify), which
    /// names what is wrong.
    pub fn unlock_to_verify(&self, key: &Key) -> Result<OpenVault, VaultError> {
        let (keys, _) = self.keys(key)?;
        let conn = connect(&self.path, Access::Read)?;
        Ok(OpenVault::new(conn, keys, &self.path))
    }

    fn keys(&self, key: &Key) -> Result<(VaultKeys, i64), VaultError> {
        let (identity, slot) = self.unwrap(key)?;
        let keys =
            VaultKeys::derive(self.vault_id, &identity).map_err(|_| VaultError::Tampered {
                table: Table::Slot.name(),
                row: slot.to_string(),
                what: "it holds no age identity",
            })?;
        Ok((keys, slot))
    }

    /// The vault's identity. A passphrase is counted before it is tried, whatever it is tried for.
    fn unwrap(&self, key: &Key) -> Result<(VaultIdentity, i64), VaultError> {
        let passphrases = self
            .slots
            .iter()
            .filter(|slot| slot.is(SlotKind::Passphrase));
        let passphrases = passphrases.count();
        if !matches!(key, Key::Passphrase(_)) || passphrases == 0 {
            return slot::unwrap(self.vault_id, &self.slots, key);
        }
        let guess = Guess::begin(&self.path, &self.patience)?;
        let opened = slot::unwrap(self.vault_id, &self.slots, key);
        match &opened {
            Ok(_) => guess.was_right(),
            Err(VaultError::WrongPassphrase) => drop(guess),
            // Its one slot is damaged, and says nothing of the passphrase.
            Err(_) if passphrases == 1 => guess.take_back(),
            Err(_) => drop(guess),
        }
        opened
    }
}
