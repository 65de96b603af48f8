//! 10,000 random changes of one byte of a vault: never a wrong token, never a panic.

use crate::vault_fixture::{everything, fill, new_vault};
use rand::Rng;
use rusqlite::types::Value;
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use tokenward::vault::file::VaultFile;
use tokenward::vault::open::OpenVault;
use tokenward::vault::slot::Key;
use tokenward::vault::verify::verify;

const CHANGES: usize = 10_000;
const THREADS: usize = 2;

#[derive(Debug, PartialEq)]
enum Outcome {
    Refused,
    Harmless,
}

struct Original {
    bytes: Vec<u8>,
    says: String,
    rows: Vec<Value>,
    key: Key,
}

#[test]
fn a_changed_byte_anywhere_is_refused_or_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let (mut vault, key) = new_vault(&path);
    fill(&mut vault);
    let says = everything(&mut vault).unwrap();
    let rows = rows(&vault).unwrap();
    assert_eq!(rows[0], Value::Text("ok".to_owned()));
    drop(vault);
    let original = Original {
        bytes: fs::read(&path).unwrap(),
        says,
        rows,
        key,
    };
    assert!(original.says.matches("marker-access").count() >= 4);
    assert_eq!(try_change(&path, &original, 0, 0), Outcome::Harmless);

    let refused: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(|| many_changes(&original, CHANGES / THREADS)))
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .sum()
    });
    // Some bytes lie in no row: unused space of pages, counters that SQLite ignores. The greater part does not.
    let harmless = CHANGES - refused;
    assert!(refused > CHANGES / 8, "{refused} refused");
    assert!(harmless > CHANGES / 100, "{harmless} harmless");
}

/// A folder that no disk slows down, where the system has such a place.
fn in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// How many of so many random changes were refused.
fn many_changes(original: &Original, changes: usize) -> usize {
    let folder = in_memory();
    let path = folder.path().join("vault.db");
    let mut random = rand::rng();
    (0..changes)
        .filter(|_| {
            let at = random.random_range(0..original.bytes.len());
            let by = random.random_range(1..=255);
            try_change(&path, original, at, by) == Outcome::Refused
        })
        .count()
}

/// All rows as they stand in the file, of a file whose indexes fit them. What the vault says follows from these and its
/// key alone: where they are the same, nothing has to be opened to know that it says the same.
fn rows(vault: &OpenVault) -> rusqlite::Result<Vec<Value>> {
    let conn = vault.connection();
    let whole: String = conn.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
    let mut all = vec![Value::Text(whole)];
    for table in [
        "meta",
        "slot",
        "credential",
        "client",
        "journal",
        "event",
        "fingerprint",
        "kept_generation",
        "recipient",
        "parcel",
        "ledger",
    ] {
        let mut statement = conn.prepare(&format!("SELECT rowid, * FROM {table}"))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                all.push(row.get(column)?);
            }
        }
    }
    Ok(all)
}

/// Writes the vault with one byte changed, then opens, unlocks, lists and opens everything; what differs must be noticed by
/// `verify`.
fn try_change(path: &Path, original: &Original, at: usize, by: u8) -> Outcome {
    let mut bytes = original.bytes.clone();
    bytes[at] ^= by;
    for leftover in ["vault.db-wal", "vault.db-shm"] {
        let _ = fs::remove_file(path.with_file_name(leftover));
    }
    fs::write(path, &bytes).unwrap();
    let Ok(mut vault) = VaultFile::open(path).and_then(|locked| locked.unlock(&original.key))
    else {
        return Outcome::Refused;
    };
    if rows(&vault).is_ok_and(|rows| rows == original.rows) {
        return Outcome::Harmless;
    }
    let Ok(said) = everything(&mut vault) else {
        return Outcome::Refused;
    };
    if said == original.says {
        return Outcome::Harmless;
    }
    let right: HashSet<&str> = original.says.lines().collect();
    let wrong = said
        .lines()
        .find(|line| line.contains("marker-") && !right.contains(line));
    assert!(wrong.is_none(), "byte {at} by {by:#x}: {wrong:?}");
    // Another recipient is found at the unlocking and put right, and the activity log says so.
    if said.contains("RecipientExchanged") {
        return Outcome::Refused;
    }
    let report = verify(&mut vault);
    assert!(!report.is_whole(), "byte {at} by {by:#x} went unnoticed");
    Outcome::Refused
}
