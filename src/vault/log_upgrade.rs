//! Gives the activity log of the first format its present form: a chain of rows that open fast.

use crate::vault::binding::{Binding, Sealed, Table};
use crate::vault::chain::{NO_LINK, Start};
use crate::vault::error::VaultError;
use crate::vault::event;
use crate::vault::keys::VaultKeys;
use crate::vault::ledger::Sum;
use crate::vault::log_seal;
use crate::vault::open::{Change, OpenVault};
use crate::vault::{payload, seal};
use rusqlite::Row;

/// A row as the first format wrote it.
struct OldLine {
    id: i64,
    subject_hash: Option<Vec<u8>>,
    tag: Vec<u8>,
    sealed: Sealed,
}

/// Rewrites the log in one transaction, unless that was done: rows that were changed since they were written are
/// refused as ever. What was there keeps its order and its numbers.
pub fn upgrade(vault: &mut OpenVault) -> Result<(), VaultError> {
    if Start::read(vault.connection(), vault.keys())?.is_some() {
        return Ok(());
    }
    vault.change(|change| {
        let old = take_old(change)?;
        let pruned = old.first().map_or(0, |line| line.id - 1);
        let start = Start {
            pruned,
            link: NO_LINK.to_vec(),
        };
        start.write(change.conn, change.keys)?;
        old.into_iter().try_for_each(|line| rewrite(change, line))
    })
}

fn take_old(change: &mut Change<'_>) -> Result<Vec<OldLine>, VaultError> {
    let old: Vec<OldLine> = change
        .conn
        .prepare("SELECT id, subject_hash, mac, sealed FROM event ORDER BY id")?
        .query_map([], from_row)?
        .collect::<Result<_, _>>()?;
    let mut sum = Sum::default();
    for line in &old {
        sum.add(change.keys, Table::Event, &line.tag);
    }
    change.ledger.check(Table::Event, &sum)?;
    change.conn.execute("DELETE FROM event", [])?;
    for line in &old {
        change.ledger.take(change.keys, Table::Event, &line.tag);
    }
    Ok(old)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<OldLine> {
    Ok(OldLine {
        id: row.get(0)?,
        subject_hash: row.get(1)?,
        tag: row.get(2)?,
        sealed: Sealed(row.get(3)?),
    })
}

fn rewrite(change: &mut Change<'_>, line: OldLine) -> Result<(), VaultError> {
    let verified = old_binding(change.keys, line.id, line.subject_hash.as_deref())
        .admit(line.sealed, &line.tag)?;
    let activity = payload::read_activity(&seal::open(change.keys, &verified)?, &verified)?;
    let subject = event::subject_of(change.keys, &activity);
    let sealed = log_seal::seal(change.keys, &payload::write_activity(&activity));
    event::add(change, subject.as_ref(), activity.at, &sealed)
}

fn old_binding(keys: &VaultKeys, id: i64, subject: Option<&[u8]>) -> Binding {
    Binding::new(keys, Table::Event, "sealed", id)
        .int(i64::from(subject.is_some()))
        .bytes(subject.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::model::event::{Activity, Happening};
    use crate::secret::Passphrase;
    use crate::vault::file::VaultFile;
    use crate::vault::slot::{Key, NewSlot};
    use crate::vault::store::Store;
    use crate::vault::verify::verify;

    /// A vault whose log has the first format's form: three lines, numbered from 7.
    fn old_vault(folder: &std::path::Path) -> (std::path::PathBuf, Key) {
        let path = folder.join("vault.db");
        let passphrase = || Passphrase::new("a passphrase".to_owned());
        let mut vault = VaultFile::create(&path, NewSlot::Passphrase(passphrase()), 1).unwrap();
        vault.change(write_old).unwrap();
        (path, Key::Passphrase(passphrase()))
    }

    fn write_old(change: &mut Change<'_>) -> Result<(), VaultError> {
        let tag: Vec<u8> = change
            .conn
            .query_row("SELECT mac FROM event", [], |row| row.get(0))?;
        change.ledger.take(change.keys, Table::Event, &tag);
        change
            .conn
            .execute_batch("DELETE FROM event; DELETE FROM event_start")?;
        for id in 7..10 {
            let name: Option<crate::model::name::CredentialName> =
                (id != 8).then(|| "github/alice".parse().unwrap());
            let activity = Activity::new(Timestamp::from_secs(id), name, Happening::SlotsChanged);
            let subject = event::subject_of(change.keys, &activity);
            let sealed = seal::seal(
                change.keys,
                Table::Event,
                &payload::write_activity(&activity),
            )?;
            let hash = subject.as_ref().map(<[u8; 32]>::as_slice);
            let tag = old_binding(change.keys, id, hash).bytes(&sealed.0).tag();
            change.conn.execute(
                "INSERT INTO event (id, subject_hash, mac, sealed) VALUES (?1, ?2, ?3, ?4)",
                (id, hash, tag, &sealed.0),
            )?;
            change.ledger.add(change.keys, Table::Event, &tag);
        }
        Ok(())
    }

    #[test]
    fn a_log_of_the_first_format_keeps_its_lines_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = old_vault(folder.path());
        let mut vault = VaultFile::open(&path).unwrap().unlock(&key).unwrap();
        let entries = vault.log_after(0, 100).unwrap();
        let numbers: Vec<u64> = entries.iter().map(|entry| entry.number).collect();
        assert_eq!(numbers, [7, 8, 9]);
        assert_eq!(entries[1].activity.at, Timestamp::from_secs(8));
        let alice = "github/alice".parse().unwrap();
        assert_eq!(vault.activity(Some(&alice), 10).unwrap().len(), 2);
        assert!(verify(&mut vault).is_whole(), "{:?}", verify(&mut vault));
    }

    #[test]
    fn an_old_log_that_was_changed_is_refused_and_the_vault_opens_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = old_vault(folder.path());
        let conn = rusqlite::Connection::open(&path).unwrap();
        conn.execute("UPDATE event SET subject_hash = NULL WHERE id = 7", [])
            .unwrap();
        drop(conn);
        let mut vault = VaultFile::open(&path).unwrap().unlock(&key).unwrap();
        assert!(matches!(upgrade(&mut vault), Err(VaultError::Tampered { row, .. }) if row == "7"));
        assert!(!verify(&mut vault).is_whole());
    }
}
