//! The file: created whole or not at all, opened when it is safe, unlocked by a slot.

use crate::clock::{Timestamp, now};
use crate::model::event::{Activity, Happening};
use crate::paths::without_links;
use crate::vault::binding::{Binding, Table};
use crate::vault::chain::{NO_LINK, Start};
use crate::vault::error::VaultError;
use crate::vault::keys::{VaultId, VaultKeys, new_identity};
use crate::vault::ledger::Ledger;
use crate::vault::locked::LockedVault;
use crate::vault::open::OpenVault;
use crate::vault::permissions::{create_private, folder_of, make_folder, secure, with_suffix};
use crate::vault::recipient;
use crate::vault::schema::{self, Access, MIGRATIONS, bring_up_to_date, connect, inspect};
use crate::vault::seal;
use crate::vault::slot::{self, NewSlot, StoredSlot};
use crate::vault::store::{Store, Write};
use rusqlite::{Connection, OptionalExtension};
use std::fs::{self, File};
use std::path::Path;

/// Makes and opens vaults.
#[derive(Debug)]
pub struct VaultFile;

impl VaultFile {
    /// Makes a vault with one slot. `work_factor` is scrypt's (a passphrase only); refuses a path where a file is.
    pub fn create(path: &Path, slot: NewSlot, work_factor: u8) -> Result<OpenVault, VaultError> {
        let exists = || VaultError::Exists {
            path: path.to_path_buf(),
        };
        make_folder(path)?;
        if path.exists() {
            return Err(exists());
        }
        let path = &without_links(path);
        secure(path)?;
        let half_made = with_suffix(path, &format!(".new-{:016x}", rand::random::<u64>()));
        let made = build(&half_made, &slot, work_factor).and_then(|keys| {
            // A link refuses to replace, which a rename does not.
            fs::hard_link(&half_made, path).map_err(|source| match source.kind() {
                std::io::ErrorKind::AlreadyExists => exists(),
                _ => VaultError::io("create", path, source),
            })?;
            Ok(keys)
        });
        for suffix in ["", "-wal", "-shm"] {
            // What could not be removed holds nothing but sealed rows.
            let _ = fs::remove_file(with_suffix(&half_made, suffix));
        }
        let keys = made?;
        sync_folder(path)?;
        let mut vault = OpenVault::new(connect_wal(path)?, keys, path);
        vault.apply(vec![Write::Activity(Activity::new(
            now(),
            None,
            Happening::VaultCreated,
        ))])?;
        Ok(vault)
    }

    /// Opens a vault that is there: checks who can reach it, what it is and how old it is (an old one is brought up to
    /// date after a copy was kept).
    pub fn open(path: &Path) -> Result<LockedVault, VaultError> {
        Self::open_for(path, Access::Write)
    }

    /// The same for reading only, which a living owner does not mind.
    pub fn open_read_only(path: &Path) -> Result<LockedVault, VaultError> {
        Self::open_for(path, Access::Read)
    }

    fn open_for(path: &Path, access: Access) -> Result<LockedVault, VaultError> {
        if !path.exists() {
            return Err(VaultError::Missing {
                path: path.to_path_buf(),
            });
        }
        // Where the file really is, there its log, its lock and its copies are too.
        let path = &without_links(path);
        secure(path)?;
        Self::open_as_it_is(path, access)
    }

    /// Opens a copy where it lies, for reading only: who else can reach its folder is left as it is.
    pub fn open_copy(path: &Path) -> Result<LockedVault, VaultError> {
        Self::open_as_it_is(path, Access::Read)
    }

    fn open_as_it_is(path: &Path, access: Access) -> Result<LockedVault, VaultError> {
        inspect(path)?;
        let mut conn = connect(path, access)?;
        let migrated_from = bring_up_to_date(&mut conn, path, &MIGRATIONS, access)?;
        let vault_id = read_id(&conn)?;
        let slots = StoredSlot::all(&conn)?;
        let locked = LockedVault::new(path, access, vault_id, slots);
        Ok(locked.migrated_from_copy(migrated_from))
    }
}

/// Refuses keys that are not this vault's: its number is bound with them.
pub fn check_meta(conn: &Connection, keys: &VaultKeys) -> Result<(), VaultError> {
    let (created_at, tag): (i64, Vec<u8>) = conn.query_row(
        "SELECT created_at, mac FROM meta WHERE id = 1 AND vault_id = ?1",
        [keys.vault_id().0],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    meta_binding(keys, created_at).check(&tag)
}

/// Binds the vault's number with new keys.
pub fn rekey_meta(conn: &Connection, keys: &VaultKeys) -> Result<(), VaultError> {
    let created_at: i64 =
        conn.query_row("SELECT created_at FROM meta WHERE id = 1", [], |row| {
            row.get(0)
        })?;
    let tag = meta_binding(keys, created_at).tag();
    conn.execute("UPDATE meta SET mac = ?1 WHERE id = 1", [tag])?;
    Ok(())
}

fn meta_binding(keys: &VaultKeys, created_at: i64) -> Binding {
    Binding::new(keys, Table::Meta, "vault_id", 1).int(created_at)
}

/// The number of the vault that a file holds, as the file says: no key is needed for that, and nothing is proven by it.
pub fn id_of(path: &Path) -> Result<VaultId, VaultError> {
    inspect(path)?;
    read_id(&connect(path, Access::Read)?)
}

fn read_id(conn: &Connection) -> Result<VaultId, VaultError> {
    conn.query_row("SELECT vault_id FROM meta WHERE id = 1", [], |row| {
        row.get(0)
    })
    .optional()?
    .map(VaultId)
    .ok_or(VaultError::Tampered {
        table: Table::Meta.name(),
        row: "1".to_owned(),
        what: "it is missing",
    })
}

/// Opens the file for writing, with its log ahead of it.
pub fn connect_wal(path: &Path) -> Result<Connection, VaultError> {
    let conn = connect(path, Access::Write)?;
    let mode: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        conn.execute_batch("PRAGMA journal_mode = WAL;")?;
    }
    Ok(conn)
}

/// Writes a whole vault into a file nobody else knows of yet.
fn build(path: &Path, slot: &NewSlot, work_factor: u8) -> Result<VaultKeys, VaultError> {
    let vault_id = VaultId(rand::random());
    let identity = new_identity();
    let keys = VaultKeys::derive(vault_id, &identity)?;
    let sealed = slot::wrap(vault_id, &identity, slot, work_factor)?;
    let written = write_new(path, &keys, slot, &sealed, now());
    if written.is_err() && matches!(slot, NewSlot::Keyring) {
        // Best effort: an entry that opens nothing harms nobody.
        let _ = crate::vault::os_keyring::remove(vault_id);
    }
    written.map(|()| keys)
}

fn write_new(
    path: &Path,
    keys: &VaultKeys,
    slot: &NewSlot,
    sealed: &crate::vault::binding::Sealed,
    now: Timestamp,
) -> Result<(), VaultError> {
    create_private(path).map_err(|source| VaultError::io("create", path, source))?;
    let mut conn = connect(path, Access::Write)?;
    schema::migrate(&mut conn, &MIGRATIONS)?;
    let transaction = conn.transaction()?;
    transaction.execute(
        "INSERT INTO meta (id, vault_id, created_at, mac) VALUES (1, ?1, ?2, ?3)",
        (
            keys.vault_id().0,
            now.as_millis(),
            meta_binding(keys, now.as_millis()).tag(),
        ),
    )?;
    let (_, tag) = slot::insert(
        &transaction,
        keys,
        slot.kind(),
        &slot::label_of(slot),
        sealed,
        now,
    )?;
    recipient::put(&transaction, &keys.recipient().to_string())?;
    let start = Start {
        pruned: 0,
        link: NO_LINK.to_vec(),
    };
    start.write(&transaction, keys)?;
    let mut ledger = Ledger::default();
    ledger.add(keys, Table::Slot, &tag);
    ledger.write(&transaction, keys)?;
    transaction.commit()?;
    conn.execute_batch("PRAGMA journal_mode = WAL;")?;
    conn.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Brings the folder of a file to the disk: what was created, renamed or removed there.
pub fn sync_folder(path: &Path) -> Result<(), VaultError> {
    let folder = folder_of(path);
    File::open(&folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| VaultError::io("write the folder", &folder, source))
}

/// The highest scrypt work factor a passphrase slot may be made with.
pub const HIGHEST_WORK_FACTOR: u8 = seal::HIGHEST_WORK_FACTOR;
