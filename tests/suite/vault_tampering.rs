//! Somebody with write access to the file and without the key: refused, by name, whatever is done.

use crate::vault_fixture::{everything, fill, happened, key_pair, new_vault};
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};
use tokenward::model::credential::CredentialId;
use tokenward::vault::error::VaultError;
use tokenward::vault::file::VaultFile;
use tokenward::vault::open::OpenVault;
use tokenward::vault::slot::{Key, NewSlot};
use tokenward::vault::store::Store;
use tokenward::vault::verify::verify;

struct Victim {
    _folder: tempfile::TempDir,
    path: PathBuf,
    key: Key,
}

impl Victim {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.db");
        let (mut vault, key) = new_vault(&path);
        fill(&mut vault);
        assert!(verify(&mut vault).is_whole(), "{:?}", verify(&mut vault));
        drop(vault);
        Self {
            _folder: folder,
            path,
            key,
        }
    }

    fn change(&self, sql: &str) {
        let conn = Connection::open(&self.path).unwrap();
        conn.execute_batch(sql).unwrap();
    }

    fn unlock(&self) -> OpenVault {
        VaultFile::open(&self.path)
            .unwrap()
            .unlock(&self.key)
            .unwrap()
    }

    /// What `verify` says, as `place: what` lines.
    fn blamed(&self) -> Vec<String> {
        let locked = VaultFile::open_read_only(&self.path).unwrap();
        let mut vault = locked.unlock_to_verify(&self.key).unwrap();
        verify(&mut vault)
            .problems
            .into_iter()
            .map(|problem| format!("{}: {}", problem.place, problem.what))
            .collect()
    }

    fn assert_blamed(&self, part: &str) {
        let blamed = self.blamed();
        assert!(
            blamed.iter().any(|line| line.contains(part)),
            "{part} is not in {blamed:#?}"
        );
    }
}

#[test]
fn secrets_swapped_between_credentials_are_refused_by_name() {
    let victim = Victim::new();
    victim.change(
        "UPDATE credential SET (secret, secret_mac, generation) = \
         (SELECT secret, secret_mac, generation FROM credential WHERE id = 2) WHERE id = 3",
    );
    let error = victim.unlock().secret(CredentialId(3)).unwrap_err();
    assert!(
        matches!(&error, VaultError::Misplaced { table: "credential", row, of: 2 } if row == "3"),
        "{error}"
    );
    victim.unlock().secret(CredentialId(2)).unwrap();
    victim.assert_blamed("row 3 of table credential holds a copy of row 2");
}

#[test]
fn a_row_from_another_vault_is_refused_by_name() {
    let (victim, other) = (Victim::new(), Victim::new());
    victim.change(&format!(
        "ATTACH '{}' AS other; UPDATE credential SET \
         (generation, name_hash, profile, profile_mac, secret, secret_mac) = \
         (SELECT generation, name_hash, profile, profile_mac, secret, secret_mac \
          FROM other.credential WHERE id = 3) WHERE id = 3",
        other.path.display()
    ));
    let error = victim.unlock().secret(CredentialId(3)).unwrap_err();
    assert!(matches!(&error, VaultError::Foreign { row, .. } if row == "3"));
    let listed = everything(&mut victim.unlock()).unwrap_err();
    assert!(listed.contains("row 3 of table credential is sealed to another key"));
    victim.assert_blamed("row 3 of table credential is sealed to another key");
}

#[test]
fn an_older_generation_put_back_is_noticed() {
    let victim = Victim::new();
    let conn = Connection::open(&victim.path).unwrap();
    conn.execute_batch("CREATE TABLE attic AS SELECT * FROM credential WHERE id = 2")
        .unwrap();
    drop(conn);
    let mut vault = victim.unlock();
    let write = crate::vault_fixture::rotate(&vault, CredentialId(2), "github/bob", 1);
    vault.apply(vec![write]).unwrap();
    drop(vault);
    victim.change(
        "UPDATE credential SET (generation, profile, profile_mac, secret, secret_mac) = \
         (SELECT generation, profile, profile_mac, secret, secret_mac FROM attic) WHERE id = 2; \
         DROP TABLE attic",
    );
    assert!(
        everything(&mut victim.unlock())
            .unwrap_err()
            .contains("put back")
    );
    victim.assert_blamed("table credential has not the rows that were written");
}

#[test]
fn deleted_rows_are_noticed_in_every_table() {
    for table in [
        "credential",
        "client",
        "journal",
        "fingerprint",
        "kept_generation",
    ] {
        let victim = Victim::new();
        victim.change(&format!(
            "DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})"
        ));
        victim.assert_blamed(&format!("table {table} has not the rows"));
    }
}

#[test]
fn a_slot_that_was_removed_and_put_back_opens_nothing() {
    let victim = Victim::new();
    let (identity, recipient) = key_pair();
    let mut vault = victim.unlock();
    let slot = vault.add_slot(&NewSlot::Recipient(recipient), 1).unwrap();
    drop(vault);
    let attic = victim.path.with_file_name("vault.db.attic");
    fs::copy(&victim.path, &attic).unwrap();
    victim.unlock().remove_slot(slot).unwrap();
    victim.change(&format!(
        "ATTACH '{}' AS attic; INSERT INTO slot SELECT * FROM attic.slot WHERE id = {slot}",
        attic.display()
    ));
    let locked = VaultFile::open(&victim.path).unwrap();
    for key in [&Key::Identity(identity.into()), &victim.key] {
        let refused = locked.unlock(key).unwrap_err();
        assert!(matches!(refused, VaultError::RowsChanged { table: "slot" }));
    }
    victim.assert_blamed("table slot has not the rows");
}

#[test]
fn changed_slots_journal_and_meta_are_refused() {
    for (sql, blamed) in [
        (
            "UPDATE slot SET label = 'me' WHERE id = 2",
            "row 2 of table slot",
        ),
        ("UPDATE journal SET started_at = 1", "of table journal"),
        ("UPDATE journal SET fingerprint = 1", "of table journal"),
        ("UPDATE event SET subject_hash = NULL", "of table event"),
        (
            "UPDATE fingerprint SET credential = 4",
            "of table fingerprint",
        ),
        ("UPDATE client SET provider_hash = x'00'", "of table client"),
        (
            "UPDATE credential SET generation = 9 WHERE id = 4",
            "row 4 of table credential",
        ),
        ("UPDATE meta SET created_at = 1", "row 1 of table meta"),
        (
            "UPDATE ledger SET sums = zeroblob(240)",
            "row 1 of table ledger",
        ),
        (
            "CREATE TRIGGER t AFTER UPDATE ON credential BEGIN DELETE FROM journal; END",
            "not defined",
        ),
        ("UPDATE event SET sealed = 'text'", "table event"),
    ] {
        let victim = Victim::new();
        victim.change(sql);
        victim.assert_blamed(blamed);
    }
}

#[test]
fn a_changed_generation_is_refused_for_profile_and_secret_alike() {
    let victim = Victim::new();
    victim.change("UPDATE credential SET generation = 9 WHERE id = 4");
    let mut vault = victim.unlock();
    let refused = vault.secret(CredentialId(4)).unwrap_err();
    assert!(matches!(&refused, VaultError::Tampered { row, .. } if row == "4"));
    let mut refused = Vec::new();
    let mut note =
        |portion: Vec<Result<_, _>>| refused.extend(portion.into_iter().filter_map(Result::err));
    vault.profiles(&mut note).unwrap();
    assert!(matches!(&refused[..], [VaultError::Tampered { row, .. }] if row == "4"));
}

#[test]
fn a_slot_that_was_relabelled_opens_nothing() {
    let victim = Victim::new();
    victim.change("UPDATE slot SET label = 'of somebody else' WHERE id = 1");
    let refused = VaultFile::open(&victim.path).unwrap().unlock(&victim.key);
    assert!(matches!(
        refused,
        Err(VaultError::Tampered { table: "slot", .. })
    ));
}

#[test]
fn a_trigger_that_was_smuggled_in_does_nothing() {
    let victim = Victim::new();
    victim.change("CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM journal; END");
    let mut vault = victim.unlock();
    vault.apply(vec![happened("github/alice")]).unwrap();
    assert_eq!(vault.open_spendings().unwrap().len(), 1);
}

#[test]
fn an_index_that_does_not_fit_its_table_is_noticed() {
    let victim = Victim::new();
    victim.change(
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = \
         (SELECT rootpage FROM sqlite_schema WHERE name = 'client_by_provider') WHERE name = 'event_by_subject'",
    );
    victim.assert_blamed("file: ");
}

#[test]
fn keys_of_one_vault_do_not_open_another_under_its_slot() {
    let (victim, other) = (Victim::new(), Victim::new());
    victim.change(&format!(
        "ATTACH '{}' AS other; DELETE FROM slot; INSERT INTO slot SELECT * FROM other.slot",
        other.path.display()
    ));
    let locked = VaultFile::open(&victim.path).unwrap();
    assert!(matches!(
        locked.unlock(&other.key),
        Err(VaultError::Tampered { table: "meta", .. })
    ));
}

#[test]
fn names_of_providers_and_accounts_stand_nowhere_in_the_clear() {
    let victim = Victim::new();
    let folder = victim.path.parent().unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path: &Path = &entry.unwrap().path();
        let bytes = fs::read(path).unwrap();
        for word in ["github", "GITHUB", "alice", "marker", "client-of"] {
            let found = bytes.windows(word.len()).any(|w| w == word.as_bytes());
            assert!(!found, "{word} stands in {}", path.display());
        }
    }
}
