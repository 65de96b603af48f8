//! Changes the ways to unlock a vault; each change and its line of the activity log are one transaction.

use crate::clock::now;
use crate::model::event::{Activity, Happening};
use crate::secret::Passphrase;
use crate::vault::binding::{Sealed, Table};
use crate::vault::error::VaultError;
use crate::vault::event;
use crate::vault::open::{Change, OpenVault};
use crate::vault::os_keyring;
use crate::vault::slot::{self, Key, NewSlot, SlotKind, SlotView, StoredSlot};

impl OpenVault {
    /// The ways to unlock it.
    pub fn slots(&self) -> Result<Vec<SlotView>, VaultError> {
        StoredSlot::all(self.connection())?
            .iter()
            .map(StoredSlot::view)
            .collect()
    }

    /// Adds a way to unlock; gives its number. `work_factor` is scrypt's (a passphrase only).
    pub fn add_slot(&mut self, new: &NewSlot, work_factor: u8) -> Result<i64, VaultError> {
        if matches!(new, NewSlot::Keyring)
            && let Ok((_, id)) = slot::unwrap(
                self.keys().vault_id(),
                &StoredSlot::all(self.connection())?,
                &Key::Keyring,
            )
        {
            return Err(VaultError::KeyringSlotExists { id });
        }
        let sealed = self.wrap(new, work_factor)?;
        self.change(|change| add(change, new, &sealed))
    }

    /// Removes a way to unlock; refuses the last one. The identity stays the same: who once had it keeps it.
    pub fn remove_slot(&mut self, id: i64) -> Result<(), VaultError> {
        let removed = self.change(|change| remove(change, id))?;
        if removed.kind == SlotKind::Keyring {
            self.forget_unused_keyring()?;
        }
        Ok(())
    }

    /// Removes the keyring's entry when no slot needs it any more.
    pub fn forget_unused_keyring(&self) -> Result<(), VaultError> {
        let is_keyring = |slot: &SlotView| slot.kind == SlotKind::Keyring;
        if !self.slots()?.iter().any(is_keyring) {
            // Best effort: an entry that opens nothing harms nobody.
            let _ = os_keyring::remove(self.keys().vault_id());
        }
        Ok(())
    }

    /// Puts a new passphrase in the place of a slot's, in one transaction; gives the new slot's number.
    pub fn change_passphrase(
        &mut self,
        id: i64,
        new: Passphrase,
        work_factor: u8,
    ) -> Result<i64, VaultError> {
        let new = NewSlot::Passphrase(new);
        let sealed = self.wrap(&new, work_factor)?;
        self.change(|change| {
            let added = add(change, &new, &sealed)?;
            match remove(change, id)?.kind {
                SlotKind::Passphrase => Ok(added),
                SlotKind::Keyring | SlotKind::Recipient => {
                    Err(VaultError::NotAPassphraseSlot { id })
                }
            }
        })
    }

    fn wrap(&self, new: &NewSlot, work_factor: u8) -> Result<Sealed, VaultError> {
        let keys = self.keys();
        slot::wrap(keys.vault_id(), &keys.identity_text(), new, work_factor)
    }
}

fn add(change: &mut Change<'_>, new: &NewSlot, sealed: &Sealed) -> Result<i64, VaultError> {
    let (kind, label, created_at) = (new.kind(), slot::label_of(new), now());
    let (id, tag) = slot::insert(change.conn, change.keys, kind, &label, sealed, created_at)?;
    change.ledger.add(change.keys, Table::Slot, &tag);
    let made = SlotView {
        id,
        kind,
        label,
        created_at,
    };
    let slot = made.words();
    note(change, Happening::SlotAdded { slot })?;
    Ok(id)
}

fn remove(change: &mut Change<'_>, id: i64) -> Result<SlotView, VaultError> {
    let slots = StoredSlot::all(change.conn)?;
    let found = slots.iter().find(|slot| slot.id == id);
    let stored = found.ok_or(VaultError::NoSuchSlot { id })?;
    if slots.len() == 1 {
        return Err(VaultError::LastSlot { id });
    }
    change
        .conn
        .execute("DELETE FROM slot WHERE id = ?1", [id])?;
    change.ledger.take(change.keys, Table::Slot, stored.tag());
    let removed = stored.view()?;
    let slot = removed.words();
    note(change, Happening::SlotRemoved { slot })?;
    Ok(removed)
}

/// Adds a line of the vault's own to the activity log.
pub fn note(change: &mut Change<'_>, what: Happening) -> Result<(), VaultError> {
    event::note(change, &Activity::new(now(), None, what))
}
