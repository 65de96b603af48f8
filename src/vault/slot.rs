//! Slots: the ways to unlock a vault, each an age file that holds the vault's identity.

use crate::clock::Timestamp;
use crate::secret::{Passphrase, VaultIdentity};
use crate::vault::binding::{Binding, Sealed, Table, Tag};
use crate::vault::error::VaultError;
use crate::vault::key_file::{KeyFile, recipient, trouble_opening};
use crate::vault::keys::{VaultId, VaultKeys, new_identity};
use crate::vault::ledger::Sum;
use crate::vault::open::Change;
use crate::vault::os_keyring;
use crate::vault::seal;
use age::{DecryptError, x25519};
use rusqlite::{Connection, Row};
use serde::Serialize;
use std::borrow::Cow;

/// Letters of a label that people are shown: those of a plain recipient.
const LONGEST_LABEL: usize = 62;

/// The kinds of slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotKind {
    /// A passphrase (scrypt).
    Passphrase,
    /// An entry in the keyring of the operating system.
    Keyring,
    /// An age recipient: whoever has its key file, or the hardware key behind it.
    Recipient,
}

impl SlotKind {
    /// Its name in the file and for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passphrase => "passphrase",
            Self::Keyring => "keyring",
            Self::Recipient => "recipient",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Passphrase, Self::Keyring, Self::Recipient]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// A slot to be made.
#[derive(Debug)]
pub enum NewSlot {
    /// Opened by a passphrase.
    Passphrase(Passphrase),
    /// Opened by the keyring of the operating system.
    Keyring,
    /// Opened by the key file of this age recipient (`age1...`), or through its plugin (`age1NAME1...`).
    Recipient(String),
}

impl NewSlot {
    /// The kind it will have.
    pub fn kind(&self) -> SlotKind {
        match self {
            Self::Passphrase(_) => SlotKind::Passphrase,
            Self::Keyring => SlotKind::Keyring,
            Self::Recipient(_) => SlotKind::Recipient,
        }
    }
}

/// What unlocks a vault.
#[derive(Debug)]
pub enum Key {
    /// A passphrase.
    Passphrase(Passphrase),
    /// The keyring of the operating system.
    Keyring,
    /// An age identity file.
    Identity(KeyFile),
}

impl Key {
    /// A second copy, for who opens the vault twice in one command.
    pub fn duplicate(&self) -> Self {
        match self {
            Self::Passphrase(passphrase) => Self::Passphrase(passphrase.duplicate()),
            Self::Keyring => Self::Keyring,
            Self::Identity(identity) => Self::Identity(identity.duplicate()),
        }
    }

    /// The kind of slot it opens.
    pub fn kind(&self) -> SlotKind {
        match self {
            Self::Passphrase(_) => SlotKind::Passphrase,
            Self::Keyring => SlotKind::Keyring,
            Self::Identity(_) => SlotKind::Recipient,
        }
    }
}

/// What can be seen of a slot without unlocking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SlotView {
    /// Its number.
    pub id: i64,
    /// Its kind.
    pub kind: SlotKind,
    /// What tells it from others of its kind: the recipient, a remark.
    pub label: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl SlotView {
    /// What it is called in the activity log.
    pub fn words(&self) -> String {
        match self.kind {
            SlotKind::Recipient => format!("slot {}, recipient {}", self.id, self.short_label()),
            SlotKind::Passphrase | SlotKind::Keyring => format!("slot {}, {}", self.id, self.label),
        }
    }

    /// Its label for people: of a long recipient (a post-quantum one has 2,000 letters) both ends.
    pub fn short_label(&self) -> Cow<'_, str> {
        let letters = self.label.chars().count();
        if letters <= LONGEST_LABEL {
            return Cow::Borrowed(&self.label);
        }
        let start: String = self.label.chars().take(LONGEST_LABEL - 11).collect();
        let end: String = self.label.chars().skip(letters - 10).collect();
        Cow::Owned(format!("{start}…{end}"))
    }
}

/// A slot as it stands in the file.
#[derive(Debug)]
pub struct StoredSlot {
    /// Its number.
    pub id: i64,
    kind: String,
    label: String,
    sealed: Sealed,
    created_at: i64,
    tag: Vec<u8>,
}

impl StoredSlot {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            kind: row.get(1)?,
            label: row.get(2)?,
            sealed: Sealed(row.get(3)?),
            created_at: row.get(4)?,
            tag: row.get(5)?,
        })
    }

    /// All slots, the oldest first.
    pub fn all(conn: &Connection) -> Result<Vec<Self>, VaultError> {
        let mut statement =
            conn.prepare("SELECT id, kind, label, sealed, created_at, mac FROM slot ORDER BY id")?;
        let slots = statement.query_map([], Self::from_row)?;
        Ok(slots.collect::<Result<_, _>>()?)
    }

    /// What may be seen without unlocking. A kind no version wrote is refused.
    pub fn view(&self) -> Result<SlotView, VaultError> {
        Ok(SlotView {
            id: self.id,
            kind: SlotKind::from_name(&self.kind)
                .ok_or_else(|| tampered(self.id, "its kind is unknown"))?,
            label: self.label.clone(),
            created_at: Timestamp::from_millis(self.created_at),
        })
    }

    /// Whether it is of that kind.
    pub fn is(&self, kind: SlotKind) -> bool {
        self.kind == kind.name()
    }

    /// Refuses a slot that is not what was written.
    pub fn check(&self, keys: &VaultKeys) -> Result<(), VaultError> {
        self.binding(keys).check(&self.tag)
    }

    /// Whether this key opens it.
    pub fn opens(&self, vault: VaultId, key: &Key) -> Result<bool, VaultError> {
        match unwrap(vault, std::slice::from_ref(self), key) {
            Ok(_) => Ok(true),
            Err(
                VaultError::NoSlot { .. }
                | VaultError::WrongPassphrase
                | VaultError::WrongIdentity
                | VaultError::KeyringEntryMissing,
            ) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes what it holds now, bound with new keys.
    pub fn rekey(&self, change: &mut Change<'_>, sealed: &Sealed) -> Result<(), VaultError> {
        let tag = bind(
            change.keys,
            self.id,
            &self.kind,
            &self.label,
            self.created_at,
        )
        .bytes(&sealed.0)
        .tag();
        change.conn.execute(
            "UPDATE slot SET sealed = ?2, mac = ?3 WHERE id = ?1",
            (self.id, &sealed.0, tag),
        )?;
        change.ledger.add(change.keys, Table::Slot, &tag);
        Ok(())
    }

    /// Whether the same key opens both in the same way: they hold the same bytes.
    pub fn is_sealed_like(&self, other: &Self) -> bool {
        self.sealed.0 == other.sealed.0
    }

    /// What stands in its `mac` column.
    pub fn tag(&self) -> &[u8] {
        &self.tag
    }

    fn binding(&self, keys: &VaultKeys) -> Binding {
        bind(keys, self.id, &self.kind, &self.label, self.created_at).bytes(&self.sealed.0)
    }
}

/// The sum over all slots, to be compared with the ledger's.
pub fn sum(keys: &VaultKeys, slots: &[StoredSlot]) -> Sum {
    let mut sum = Sum::default();
    for slot in slots {
        sum.add(keys, Table::Slot, &slot.tag);
    }
    sum
}

/// The vault's identity, and the slot that gave it.
pub fn unwrap(
    vault: VaultId,
    slots: &[StoredSlot],
    key: &Key,
) -> Result<(VaultIdentity, i64), VaultError> {
    let mut candidates = slots.iter().filter(|slot| slot.is(key.kind())).peekable();
    if candidates.peek().is_none() {
        return Err(VaultError::NoSlot {
            kind: key.kind().name(),
        });
    }
    match key {
        Key::Passphrase(passphrase) => {
            first_opened(candidates, VaultError::WrongPassphrase, |slot| {
                seal::open_with_passphrase(&slot.sealed, passphrase)
            })
        }
        Key::Keyring => {
            let mine = KeyFile::from(os_keyring::fetch(vault)?).keys();
            let mine = mine.map_err(|_| VaultError::KeyringEntryMissing)?;
            first_opened(candidates, VaultError::KeyringEntryMissing, |slot| {
                mine.open(&slot.label, &slot.sealed)
            })
        }
        Key::Identity(file) => {
            let mine = file.keys()?;
            first_opened(candidates, VaultError::WrongIdentity, |slot| {
                mine.open(&slot.label, &slot.sealed)
            })
        }
    }
}

/// Tries slots in turn. A damaged slot is reported only when no other one opens.
fn first_opened<'a>(
    candidates: impl Iterator<Item = &'a StoredSlot>,
    none: VaultError,
    open: impl Fn(&StoredSlot) -> Result<Option<VaultIdentity>, DecryptError>,
) -> Result<(VaultIdentity, i64), VaultError> {
    let mut damaged = None;
    for slot in candidates {
        match open(slot) {
            Ok(Some(identity)) => return Ok((identity, slot.id)),
            Ok(None) => {}
            Err(DecryptError::ExcessiveWork { required, .. }) => {
                damaged = Some(VaultError::WorkFactor {
                    found: required,
                    most: seal::HIGHEST_WORK_FACTOR,
                });
            }
            Err(error) => {
                let is_damaged = || tampered(slot.id, "its age file does not open");
                damaged = Some(trouble_opening(&error).unwrap_or_else(is_damaged));
            }
        }
    }
    Err(damaged.unwrap_or(none))
}

/// Seals the vault's identity into a new slot; a keyring slot gets its entry in the keyring first.
pub fn wrap(
    vault: VaultId,
    identity: &VaultIdentity,
    slot: &NewSlot,
    work_factor: u8,
) -> Result<Sealed, VaultError> {
    match slot {
        NewSlot::Passphrase(passphrase) => {
            seal::seal_with_passphrase(identity, passphrase, work_factor)
        }
        NewSlot::Keyring => seal::seal_to_recipient(identity, &keyring_recipient(vault)?),
        NewSlot::Recipient(text) => seal::seal_to_recipient(identity, recipient(text)?.as_ref()),
    }
}

/// The recipient of the identity in the keyring; a good entry that is there already is kept, since another copy of this
/// vault may rely on it.
fn keyring_recipient(vault: VaultId) -> Result<x25519::Recipient, VaultError> {
    let kept = match os_keyring::fetch(vault) {
        Ok(kept) => first_key(&kept),
        Err(VaultError::KeyringEntryMissing) => None,
        Err(error) => return Err(error),
    };
    if let Some(recipient) = kept {
        return Ok(recipient);
    }
    let fresh = new_identity();
    os_keyring::store(vault, &fresh)?;
    first_key(&fresh).ok_or(VaultError::NotAnIdentity)
}

fn first_key(file: &VaultIdentity) -> Option<x25519::Recipient> {
    let keys: Vec<x25519::Identity> = seal::keys_in(file);
    keys.first().map(x25519::Identity::to_public)
}

/// What a new slot is called.
pub fn label_of(slot: &NewSlot) -> String {
    match slot {
        NewSlot::Passphrase(_) => "passphrase".to_owned(),
        NewSlot::Keyring => "keyring of this computer".to_owned(),
        NewSlot::Recipient(text) => text.trim().to_owned(),
    }
}

/// Writes a slot's row; gives its number and its tag.
pub fn insert(
    conn: &Connection,
    keys: &VaultKeys,
    kind: SlotKind,
    label: &str,
    sealed: &Sealed,
    now: Timestamp,
) -> Result<(i64, Tag), VaultError> {
    conn.execute(
        "INSERT INTO slot (kind, label, sealed, created_at, mac) VALUES (?1, ?2, ?3, ?4, x'')",
        (kind.name(), label, &sealed.0, now.as_millis()),
    )?;
    let id = conn.last_insert_rowid();
    let tag = bind(keys, id, kind.name(), label, now.as_millis())
        .bytes(&sealed.0)
        .tag();
    conn.execute("UPDATE slot SET mac = ?2 WHERE id = ?1", (id, tag))?;
    Ok((id, tag))
}

fn bind(keys: &VaultKeys, id: i64, kind: &str, label: &str, created_at: i64) -> Binding {
    Binding::new(keys, Table::Slot, "sealed", id)
        .bytes(kind.as_bytes())
        .bytes(label.as_bytes())
        .int(created_at)
}

fn tampered(id: i64, what: &'static str) -> VaultError {
    VaultError::Tampered {
        table: Table::Slot.name(),
        row: id.to_string(),
        what,
    }
}
