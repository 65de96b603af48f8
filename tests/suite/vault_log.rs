//! The activity log is a chain: what was changed, removed, inserted or moved is found, and the first such line is named.

use crate::vault_fixture::{happened, new_vault};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};
use tokenward::clock::Timestamp;
use tokenward::model::event::{Activity, Entry, Happening};
use tokenward::vault::error::VaultError;
use tokenward::vault::file::VaultFile;
use tokenward::vault::open::OpenVault;
use tokenward::vault::slot::Key;
use tokenward::vault::store::{Pruning, Store, Write, Written};
use tokenward::vault::verify::verify;

/// Lines of the log that is tampered with.
const LINES: u64 = 24;
/// The first lines were pruned.
const PRUNED: u64 = 4;

struct Log {
    _folder: tempfile::TempDir,
    path: PathBuf,
    key: Key,
}

impl Log {
    /// A log of two credentials whose first lines were pruned.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.db");
        let (mut vault, key) = new_vault(&path);
        let names = ["github/alice", "github/bob"];
        let lines = (1..LINES + PRUNED).map(|number| happened(names[number as usize % 2]));
        vault.apply(lines.collect()).unwrap();
        prune(&mut vault, Timestamp::from_secs(0), LINES, 100);
        read_all(&mut vault).unwrap();
        drop(vault);
        Self {
            _folder: folder,
            path,
            key,
        }
    }

    fn copy(&self) -> PathBuf {
        let copy = self.path.with_file_name("copy.db");
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(self.path.with_file_name(format!("copy.db{suffix}")));
        }
        fs::copy(&self.path, &copy).unwrap();
        copy
    }

    fn open(&self, path: &Path) -> OpenVault {
        let locked = VaultFile::open(path).unwrap();
        locked.unlock(&self.key).unwrap()
    }
}

fn prune(vault: &mut OpenVault, before: Timestamp, most: u64, portion: usize) -> usize {
    let pruning = Pruning {
        before,
        most,
        portion,
    };
    match vault.apply(vec![Write::Prune(pruning)]).unwrap()[..] {
        [Written::Pruned(gone)] => gone,
        ref other => panic!("{other:?}"),
    }
}

/// All lines as `audit verify` reads them: in portions, then the ends.
fn read_all(vault: &mut OpenVault) -> Result<Vec<Entry>, VaultError> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let after = entries.last().map_or(0, |entry| entry.number);
        let portion = vault.log_after(after, 5)?;
        if portion.is_empty() {
            vault.check_log_ends()?;
            return Ok(entries);
        }
        entries.extend(portion);
    }
}

/// One way to tamper with a log, and the number of the first line that is not as it was; `None`: a line at an end.
#[derive(Debug, Clone)]
struct Tampering {
    sql: String,
    first: Option<u64>,
}

fn tamperings() -> impl Strategy<Value = Tampering> {
    let line = || PRUNED + 1..=PRUNED + LINES;
    let last = PRUNED + LINES;
    let change = |id: u64, what: String| Tampering {
        sql: format!("UPDATE event SET {what} WHERE id = {id}"),
        first: Some(id),
    };
    prop_oneof![
        (line(), 1..200i64).prop_map(move |(id, by)| change(id, format!("at = at + {by}"))),
        line().prop_map(move |id| change(id, "subject_hash = NULL".to_owned())),
        (line(), 1..80u32, any::<u8>()).prop_map(move |(id, at, byte)| change(
            id,
            format!(
                "sealed = CAST(substr(sealed, 1, {at} - 1) || CASE WHEN substr(sealed, {at}, 1) = x'{byte:02x}' \
                 THEN x'{:02x}' ELSE x'{byte:02x}' END || substr(sealed, {at} + 1) AS BLOB)",
                !byte
            )
        )),
        (line(), any::<[u8; 32]>()).prop_map(move |(id, tag)| {
            let tag: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
            change(id, format!("mac = x'{tag}'"))
        }),
        // Removed from the middle or the front: the line after it is tied to nothing.
        (PRUNED + 1..last).prop_map(|id| Tampering {
            sql: format!("DELETE FROM event WHERE id = {id}"),
            first: Some(id),
        }),
        // Removed from the end, however many.
        line().prop_map(|id| Tampering {
            sql: format!("DELETE FROM event WHERE id >= {id}"),
            first: None,
        }),
        // Removed, and the others moved up.
        (PRUNED + 1..last).prop_map(|id| Tampering {
            sql: format!(
                "DELETE FROM event WHERE id = {id}; UPDATE event SET id = -(id - 1) WHERE id > {id}; \
                 UPDATE event SET id = -id WHERE id < 0"
            ),
            first: Some(id),
        }),
        // A copy of another line put in its place, or added at the end.
        (line(), line()).prop_filter_map("two lines", move |(id, other)| {
            let columns = "at, subject_hash, mac, sealed";
            (id != other).then(|| Tampering {
                sql: format!(
                    "UPDATE event SET ({columns}) = (SELECT {columns} FROM event WHERE id = {other}) WHERE id = {id}"
                ),
                first: Some(id),
            })
        }),
        line().prop_map(move |id| Tampering {
            sql: format!(
                "INSERT INTO event (at, subject_hash, mac, sealed) \
                 SELECT at, subject_hash, mac, sealed FROM event WHERE id = {id}"
            ),
            first: Some(last + 1),
        }),
        // Two lines change places.
        (line(), line()).prop_filter_map("two lines", |(one, two)| {
            (one != two).then(|| Tampering {
                sql: format!(
                    "UPDATE event SET id = 0 WHERE id = {one}; UPDATE event SET id = {one} WHERE id = {two}; \
                     UPDATE event SET id = {two} WHERE id = 0"
                ),
                first: Some(one.min(two)),
            })
        }),
        // The beginning is moved.
        (PRUNED + 1..last).prop_map(|id| Tampering {
            sql: format!(
                "DELETE FROM event WHERE id <= {id}; UPDATE event_start SET pruned = {id}, link = mac"
            ),
            first: None,
        }),
    ]
}

#[test]
fn a_thousand_tampered_logs_are_found_and_the_first_line_is_named() {
    let log = Log::new();
    let mut runner = TestRunner::new(Config {
        cases: 1000,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&tamperings(), |tampering| {
            let copy = log.copy();
            let conn = Connection::open(&copy).unwrap();
            conn.execute_batch(&tampering.sql).unwrap();
            drop(conn);
            let error = match read_all(&mut log.open(&copy)) {
                Ok(_) => return Err(TestCaseError::fail("nothing was found")),
                Err(error) => error,
            };
            match (&error, tampering.first) {
                (
                    VaultError::Tampered {
                        table: "event",
                        row,
                        ..
                    },
                    Some(first),
                ) => {
                    prop_assert_eq!(row.parse::<u64>().unwrap(), first, "{}", error);
                }
                (
                    VaultError::LogCut { .. }
                    | VaultError::Tampered {
                        table: "event_start",
                        ..
                    },
                    None,
                ) => {}
                (other, first) => {
                    return Err(TestCaseError::fail(format!("{other} instead of {first:?}")));
                }
            }
            let problems = verify(&mut log.open(&copy)).problems;
            prop_assert!(!problems.is_empty(), "vault verify found nothing");
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_pruned_log_can_be_verified_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, _) = new_vault(&folder.path().join("vault.db"));
    let at = |secs| {
        Write::Activity(Activity::new(
            Timestamp::from_secs(secs),
            None,
            Happening::SlotsChanged,
        ))
    };
    // The clock was set back once: the line of 50 stands behind a younger one and stays with it.
    vault
        .apply([10, 20, 30, 90, 50, 95].map(at).into())
        .unwrap();
    let created = vault.log_after(0, 1).unwrap();
    assert_eq!(created[0].activity.what, Happening::VaultCreated);
    let young = created[0].activity.at;
    assert_eq!(prune(&mut vault, Timestamp::from_secs(60), 1000, 100), 0);
    assert_eq!(
        prune(
            &mut vault,
            young.plus(std::time::Duration::from_secs(1)),
            1000,
            3
        ),
        3
    );
    let numbers: Vec<u64> = read_all(&mut vault)
        .unwrap()
        .iter()
        .map(|entry| entry.number)
        .collect();
    assert_eq!(numbers, [4, 5, 6, 7]);
    assert_eq!(
        prune(&mut vault, Timestamp::from_secs(60), 1000, 100),
        1,
        "up to the line of 90"
    );
    assert_eq!(
        prune(&mut vault, Timestamp::from_secs(0), 2, 100),
        1,
        "two are enough"
    );
    assert_eq!(
        prune(&mut vault, Timestamp::from_secs(1000), 0, 100),
        2,
        "an empty log"
    );
    assert_eq!(read_all(&mut vault).unwrap(), []);
    vault.apply(vec![happened("github/alice")]).unwrap();
    assert_eq!(
        read_all(&mut vault).unwrap()[0].number,
        8,
        "numbers never come again"
    );
    assert!(verify(&mut vault).is_whole());
}

#[test]
fn a_log_that_was_tampered_with_goes_on_and_stays_found_out() {
    let log = Log::new();
    Connection::open(&log.path)
        .unwrap()
        .execute_batch("DELETE FROM event WHERE id > 20")
        .unwrap();
    let mut vault = log.open(&log.path);
    vault.apply(vec![happened("github/alice")]).unwrap();
    assert!(matches!(
        read_all(&mut vault),
        Err(VaultError::LogCut { .. })
    ));
}
