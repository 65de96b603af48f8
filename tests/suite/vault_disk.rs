//! Bad files and bad disks: each has its own error and hint, and nothing is lost.

use crate::vault_fixture::{everything, fill, happened, key_pair, new_vault, save, sign_in};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use tokenward::secret::VaultIdentity;
use tokenward::vault::error::VaultError;
use tokenward::vault::file::VaultFile;
use tokenward::vault::owner::OwnerLock;
use tokenward::vault::slot::{Key, NewSlot};
use tokenward::vault::store::Store;
use tokenward::vault::verify::verify;

fn refusal(path: &Path) -> VaultError {
    VaultFile::open(path).unwrap_err()
}

#[test]
fn what_is_no_vault_is_told_apart_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    assert!(matches!(refusal(&path), VaultError::Missing { .. }));
    for content in [&b""[..], b"hello", &[0xff; 8192]] {
        fs::write(&path, content).unwrap();
        assert!(matches!(refusal(&path), VaultError::NotAVault { .. }));
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    fs::remove_file(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other
        .execute_batch("CREATE TABLE slot (id, sealed)")
        .unwrap();
    drop(other);
    assert!(matches!(refusal(&path), VaultError::NotAVault { .. }));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(refusal(&path), VaultError::NotAVault { .. }));
}

#[test]
fn a_vault_of_a_newer_version_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    drop(new_vault(&path));
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.pragma_update(None, "user_version", 8).unwrap();
    drop(conn);
    let before = fs::read(&path).unwrap();
    let error = refusal(&path);
    assert!(matches!(
        error,
        VaultError::Newer {
            found: 8,
            known: 7,
            ..
        }
    ));
    assert!(error.hint().contains("newer tokenward"));
    assert_eq!(fs::read(&path).unwrap(), before);
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn files_are_for_one_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/vault.db");
    let (mut vault, _) = new_vault(&path);
    fill(&mut vault);
    let _lock = OwnerLock::acquire(&path).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    let mut seen = Vec::new();
    for entry in fs::read_dir(path.parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        seen.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    seen.sort();
    assert_eq!(
        seen,
        ["vault.db", "vault.db-shm", "vault.db-wal", "vault.db.lock"]
    );
}

#[test]
fn a_full_disk_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let (mut vault, key) = new_vault(&path);
    fill(&mut vault);
    let before = everything(&mut vault).unwrap();
    let pages: i64 = vault
        .connection()
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    vault
        .connection()
        .pragma_update(None, "max_page_count", pages + 4)
        .unwrap();
    let names: Vec<String> = (0..50).map(|n| format!("github/more-{n}")).collect();
    let writes = names.iter().map(|name| sign_in(&vault, name)).collect();
    let error = vault.apply(writes).unwrap_err();
    assert!(matches!(error, VaultError::DiskFull { .. }), "{error}");
    assert!(error.hint().contains("make room"));
    assert_eq!(everything(&mut vault).unwrap(), before);
    vault
        .connection()
        .pragma_update(None, "max_page_count", pages + 4000)
        .unwrap();
    save(&mut vault, "github/now-there-is-room");
    drop(vault);
    let mut vault = VaultFile::open(&path).unwrap().unlock(&key).unwrap();
    assert!(verify(&mut vault).is_whole());
}

/// What is written has to outlive a loss of power, and what is deleted is to be gone.
#[test]
fn every_write_reaches_the_disk_and_what_is_deleted_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let (created, key) = new_vault(&path);
    let reopened = VaultFile::open(&path).unwrap().unlock(&key).unwrap();
    for vault in [created, reopened] {
        let told = |pragma| -> i64 {
            let conn = vault.connection();
            conn.pragma_query_value(None, pragma, |row| row.get(0))
                .unwrap()
        };
        const FULL: i64 = 2;
        assert_eq!((told("synchronous"), told("secure_delete")), (FULL, 1));
        let mode: String = vault
            .connection()
            .pragma_query_value(None, "journal_mode", |row| row.get(0))
            .unwrap();
        assert_eq!(mode, "wal");
    }
}

#[test]
fn a_writer_waits_for_another_process_that_is_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let (mut vault, _) = new_vault(&path);
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let writer = std::thread::spawn(move || vault.apply(vec![happened("github/alice")]));
    // Long enough for one that does not wait to give up, and far less than the time it may wait.
    std::thread::sleep(std::time::Duration::from_millis(200));
    other.execute_batch("COMMIT").unwrap();
    writer.join().unwrap().unwrap();
}

#[test]
fn of_many_who_create_a_vault_at_once_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let ready = std::sync::Barrier::new(4);
    let made: Vec<_> = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let (identity, recipient) = key_pair();
                    ready.wait();
                    let made = VaultFile::create(&path, NewSlot::Recipient(recipient), 1);
                    made.map(|_| Key::Identity(identity.into()))
                })
            })
            .collect();
        makers.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let refused = made.iter().filter_map(|it| it.as_ref().err());
    assert!(
        refused
            .clone()
            .all(|it| matches!(it, VaultError::Exists { .. }))
    );
    assert_eq!(refused.count(), 3);
    let key = made.into_iter().find_map(Result::ok).unwrap();
    VaultFile::open(&path).unwrap().unlock(&key).unwrap();
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_vault_of_another_user_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    drop(new_vault(&path));
    let nobody = Some(65_534);
    if std::os::unix::fs::chown(&path, nobody, nobody).is_err() {
        // Only the superuser can give files away.
        return;
    }
    let error = refusal(&path);
    assert!(matches!(error, VaultError::Insecure { .. }), "{error}");
    assert!(error.to_string().contains("another user"), "{error}");
}

#[test]
fn a_vault_that_is_only_read_refuses_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let (mut vault, key) = new_vault(&path);
    fill(&mut vault);
    let locked = VaultFile::open_read_only(&path).unwrap();
    let mut reader = locked.unlock(&key).unwrap();
    let error = reader.apply(vec![happened("github/alice")]).unwrap_err();
    assert!(matches!(error, VaultError::ReadOnly { .. }), "{error}");
    assert!(error.hint().contains("writable"));
}

#[test]
fn a_second_process_reads_and_verifies_beside_a_living_owner() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let (mut owner, key) = new_vault(&path);
    let _lock = OwnerLock::acquire(&path).unwrap();
    fill(&mut owner);
    let mut reader = VaultFile::open_read_only(&path)
        .unwrap()
        .unlock(&key)
        .unwrap();
    assert!(verify(&mut reader).is_whole());
    save(&mut owner, "github/late");
    assert_eq!(reader.count().unwrap(), 5);
    assert!(verify(&mut reader).is_whole());
}

const AS_NOBODY: &str = "TOKENWARD_TEST_READ_ONLY_VAULT";

/// The system lets root write everywhere, so as root this test runs again as `nobody`.
#[test]
fn a_read_only_folder_is_named_as_such() {
    if let Ok(given) = std::env::var(AS_NOBODY) {
        return check_read_only(Path::new(&given));
    }
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    let (vault, key) = new_vault(&inner.join("vault.db"));
    drop(vault);
    let Key::Identity(identity) = key else {
        panic!("a key file was asked for");
    };
    fs::write(inner.join("vault.db.key"), identity.text().expose_secret()).unwrap();
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o500)).unwrap();
    let nobody = 65_534;
    if std::os::unix::fs::chown(&inner, Some(nobody), Some(nobody)).is_err() {
        check_read_only(&inner);
    } else {
        for entry in fs::read_dir(&inner).unwrap() {
            std::os::unix::fs::chown(entry.unwrap().path(), Some(nobody), Some(nobody)).unwrap();
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        // The program is copied to where everybody may run it.
        let program = folder.path().join("suite");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        let output = Command::new(&program)
            .args(["--exact", "vault_disk::a_read_only_folder_is_named_as_such"])
            .env(AS_NOBODY, &inner)
            .current_dir("/")
            .uid(nobody)
            .gid(nobody)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}"
        );
    }
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o700)).unwrap();
}

fn check_read_only(inner: &Path) {
    let key = fs::read_to_string(inner.join("vault.db.key")).unwrap();
    let key = Key::Identity(VaultIdentity::new(key).into());
    let path = inner.join("vault.db");
    let error = VaultFile::open(&path)
        .and_then(|locked| locked.unlock(&key))
        .and_then(|mut vault| vault.apply(vec![happened("github/alice")]))
        .unwrap_err();
    assert!(matches!(error, VaultError::ReadOnly { .. }), "{error:?}");
    let error = VaultFile::create(
        &inner.join("vault.db.second"),
        tokenward::vault::slot::NewSlot::Recipient(crate::vault_fixture::key_pair().1),
        1,
    )
    .unwrap_err();
    assert!(matches!(error, VaultError::ReadOnly { .. }), "{error:?}");
}
