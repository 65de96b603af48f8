//! A vault in the format of an older version: brought up to date by whoever has the owner's seat, and by nobody else.

use crate::sandbox::{Running, Sandbox};
use rusqlite::Connection;
use std::collections::BTreeSet;
use tokenward::vault::owner::OwnerLock;
use tokenward::vault::schema::{MIGRATIONS, migrate};

fn tables(conn: &Connection) -> BTreeSet<String> {
    let mut found = conn
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        .unwrap();
    let names = found.query_map([], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

fn version(sandbox: &Sandbox) -> usize {
    let conn = Connection::open(sandbox.vault()).unwrap();
    let found: i64 = conn
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    found.try_into().unwrap()
}

/// The format before the inbox.
const OLD: usize = 5;

/// A vault as the version before the inbox left it.
fn with_an_older_vault() -> Sandbox {
    let sandbox = Sandbox::with_vault();
    let conn = Connection::open(sandbox.vault()).unwrap();
    let mut older = Connection::open_in_memory().unwrap();
    migrate(&mut older, &MIGRATIONS[..OLD]).unwrap();
    for table in tables(&conn).difference(&tables(&older)) {
        conn.execute_batch(&format!("DROP TABLE {table}")).unwrap();
    }
    conn.pragma_update(None, "user_version", i64::try_from(OLD).unwrap())
        .unwrap();
    drop(conn);
    assert_eq!(version(&sandbox), OLD);
    sandbox
}

#[test]
fn an_older_vault_is_left_as_it_is_while_its_owner_lives() {
    let sandbox = with_an_older_vault();
    let mut owner = OwnerLock::acquire(&sandbox.vault()).unwrap();
    owner.stay();
    for command in [["vault", "slots"], ["vault", "verify"], ["audit", "verify"]] {
        let words = sandbox.run(command).fails(6);
        assert!(
            words.contains("older version's format"),
            "{command:?}: {words}"
        );
        let pid = format!("(pid {})", std::process::id());
        assert!(
            words.contains(&pid) && words.contains("stop that owner"),
            "{words}"
        );
    }
    assert_eq!(version(&sandbox), OLD, "nobody touched it");
    drop(owner);
    let run = sandbox.run(["vault", "verify"]);
    assert!(run.stderr.contains("was brought up to date"), "{run:?}");
    run.ok();
    assert_eq!(version(&sandbox), MIGRATIONS.len());
    sandbox.run(["vault", "slots"]).ok();
}

#[test]
fn who_comes_while_another_has_the_seat_for_a_moment_waits_for_it() {
    let sandbox = with_an_older_vault();
    let owner = OwnerLock::acquire(&sandbox.vault()).unwrap();
    let mut slots = Running::start(&mut sandbox.command(["vault", "slots"]));
    assert!(slots.child().try_wait().unwrap().is_none());
    drop(owner);
    assert!(slots.wait().success());
    assert_eq!(version(&sandbox), MIGRATIONS.len());
}

#[test]
fn an_owner_of_this_version_brings_it_up_to_date_in_its_own_seat() {
    let sandbox = with_an_older_vault();
    let _daemon = sandbox.daemon();
    assert_eq!(version(&sandbox), MIGRATIONS.len());
    sandbox.run(["list"]).ok();
}
