//! Opens the file as a database: knows a vault from other files, brings an old one up to date.

use crate::vault::error::VaultError;
use crate::vault::permissions::{create_private, with_suffix};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `tkwd`: tells a vault from other SQLite files.
pub const APPLICATION_ID: i32 = 0x746b_7764;

/// Every format there ever was, in order; append only. The number of the last one is the file's `user_version`.
pub const MIGRATIONS: [&str; 7] = [
    include_str!("../../assets/migrations/0001_vault.sql"),
    include_str!("../../assets/migrations/0002_audit.sql"),
    include_str!("../../assets/migrations/0003_token_kinds.sql"),
    include_str!("../../assets/migrations/0004_kept_key.sql"),
    include_str!("../../assets/migrations/0005_generations.sql"),
    include_str!("../../assets/migrations/0006_parcels.sql"),
    include_str!("../../assets/migrations/0007_grants.sql"),
];

/// How long a writer waits for another process that is writing.
const BUSY: Duration = Duration::from_secs(2);

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading and writing.
    Write,
    /// Reading only, beside a living owner too.
    Read,
}

/// Opens the file as it is, with everything switched off that a changed schema could abuse.
pub fn connect(path: &Path, access: Access) -> Result<Connection, VaultError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(64);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    conn.execute_batch(
        "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA synchronous = FULL; \
         PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 4194304;",
    )?;
    if access == Access::Read {
        conn.execute_batch("PRAGMA query_only = ON;")?;
    }
    Ok(conn)
}

/// Refuses a file that is no vault or is too new, without touching it.
pub fn inspect(path: &Path) -> Result<(), VaultError> {
    let not_a_vault = || VaultError::NotAVault {
        path: path.to_path_buf(),
    };
    let mut head = [0; 100];
    match File::open(path).and_then(|mut file| file.read_exact(&mut head)) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(VaultError::Missing {
                path: path.to_path_buf(),
            });
        }
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(not_a_vault()),
        Err(source) => return Err(VaultError::io("read", path, source)),
    }
    // The database header: magic, user version at 60, application id at 68 (sqlite.org/fileformat.html, 1.3).
    let number = |at: usize| {
        i32::from_be_bytes(
            head[at..at + 4]
                .try_into()
                .expect("four bytes are four bytes"),
        )
    };
    if &head[..16] != b"SQLite format 3\0" || number(68) != APPLICATION_ID {
        return Err(not_a_vault());
    }
    refuse_newer(path, i64::from(number(60)), MIGRATIONS.len())
}

/// Brings a vault that was inspected up to date; a copy of the old file is kept beside it, and its path returned.
pub fn bring_up_to_date(
    conn: &mut Connection,
    path: &Path,
    migrations: &[&str],
    access: Access,
) -> Result<Option<PathBuf>, VaultError> {
    let found = version(conn)?;
    if let Err(newer) = refuse_newer(path, found, migrations.len()) {
        // The version stands in the write-ahead log: leave the log as it is when closing.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        return Err(newer);
    }
    if usize::try_from(found) == Ok(migrations.len()) {
        return Ok(None);
    }
    if access == Access::Read {
        return Err(VaultError::Older {
            path: path.to_path_buf(),
            found,
        });
    }
    let copy = keep_copy(conn, path, &format!("format-{found}"))?;
    migrate(conn, migrations)?;
    Ok(Some(copy))
}

/// Runs what is missing, in one transaction.
pub fn migrate(conn: &mut Connection, migrations: &[&str]) -> Result<(), VaultError> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = usize::try_from(version(&transaction)?).unwrap_or(0);
    for migration in migrations.iter().skip(done) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(
        None,
        "user_version",
        i64::try_from(migrations.len()).unwrap_or(i64::MAX),
    )?;
    transaction.commit()?;
    Ok(())
}

fn version(conn: &Connection) -> Result<i64, VaultError> {
    Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn refuse_newer(path: &Path, found: i64, known: usize) -> Result<(), VaultError> {
    let known = i64::try_from(known).unwrap_or(i64::MAX);
    if found > known || found < 1 {
        return Err(VaultError::Newer {
            path: path.to_path_buf(),
            found,
            known,
        });
    }
    Ok(())
}

/// Copies the vault as one consistent file beside it, for this user alone: `VAULT.WHY.TIME.bak`, which is there only
/// when it is whole.
pub fn keep_copy(conn: &Connection, path: &Path, why: &str) -> Result<PathBuf, VaultError> {
    let stamp = crate::clock::now().as_millis();
    let copy = with_suffix(path, &format!(".{why}.{stamp}.bak"));
    let half_made = with_suffix(&copy, HALF_MADE);
    let failed = |source| VaultError::io("create the copy", &copy, source);
    let file = create_private(&half_made).map_err(failed)?;
    conn.execute("VACUUM INTO ?1", [half_made.to_string_lossy()])?;
    file.sync_all()
        .and_then(|()| std::fs::rename(&half_made, &copy))
        .map_err(failed)?;
    Ok(copy)
}

/// What stands behind the name of a copy that is not whole yet.
pub const HALF_MADE: &str = ".half";

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: &str = "ALTER TABLE slot ADD COLUMN colour TEXT NOT NULL DEFAULT 'red';";

    fn old_vault(folder: &Path) -> (PathBuf, Connection) {
        let path = folder.join("vault.db");
        create_private(&path).unwrap();
        let mut conn = connect(&path, Access::Write).unwrap();
        migrate(&mut conn, &MIGRATIONS[..1]).unwrap();
        conn.execute("INSERT INTO meta VALUES (1, x'00', 5, x'01')", [])
            .unwrap();
        (path, conn)
    }

    #[test]
    fn an_old_vault_is_brought_up_to_date_and_its_copy_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut conn) = old_vault(folder.path());
        let copy = bring_up_to_date(&mut conn, &path, &[MIGRATIONS[0], SECOND], Access::Write)
            .unwrap()
            .unwrap();
        assert_eq!(version(&conn).unwrap(), 2);
        conn.prepare("SELECT colour FROM slot").unwrap();
        let old = connect(&copy, Access::Read).unwrap();
        assert_eq!(version(&old).unwrap(), 1);
        assert!(old.prepare("SELECT colour FROM slot").is_err());
        let kept: i64 = old
            .query_row("SELECT created_at FROM meta", [], |row| row.get(0))
            .unwrap();
        assert_eq!(kept, 5);
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(&copy).unwrap().permissions(),
        );
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_migration_that_fails_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut conn) = old_vault(folder.path());
        let broken = "ALTER TABLE slot ADD COLUMN colour TEXT; SELECT no_such_function();";
        assert!(
            bring_up_to_date(&mut conn, &path, &[MIGRATIONS[0], broken], Access::Write).is_err()
        );
        assert_eq!(version(&conn).unwrap(), 1);
        assert!(conn.prepare("SELECT colour FROM slot").is_err());
    }

    #[test]
    fn an_old_vault_that_is_only_read_is_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut conn) = old_vault(folder.path());
        let result = bring_up_to_date(&mut conn, &path, &[MIGRATIONS[0], SECOND], Access::Read);
        assert!(matches!(result, Err(VaultError::Older { found: 1, .. })));
    }

    #[test]
    fn a_version_that_stands_in_the_log_only_is_refused_too() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut conn) = old_vault(folder.path());
        conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA user_version = 99;")
            .unwrap();
        inspect(&path).unwrap();
        let before = std::fs::read(&path).unwrap();
        let result = bring_up_to_date(&mut conn, &path, &MIGRATIONS, Access::Write);
        assert!(matches!(
            result,
            Err(VaultError::Newer {
                found: 99,
                known: 7,
                ..
            })
        ));
        drop(conn);
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}
