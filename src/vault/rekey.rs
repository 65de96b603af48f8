//! Seals and binds every row of a vault with new keys, within one transaction: a row that is refused ends it.

use crate::vault::binding::Table;
use crate::vault::chain::Start;
use crate::vault::client::{self, Registration};
use crate::vault::error::VaultError;
use crate::vault::event::{self, Line};
use crate::vault::file;
use crate::vault::fingerprint::{self, TraceRow};
use crate::vault::generation::{self, GenerationRow};
use crate::vault::grant::{self, GrantRow};
use crate::vault::journal::{self, Entry};
use crate::vault::keys::VaultKeys;
use crate::vault::ledger::{Ledger, Sum};
use crate::vault::open::Change;
use crate::vault::{credential, kept_key, parcel, recipient};
use rusqlite::Row;

/// Seals and binds everything but the slots anew; gives the number of rows. Rows that do not add up to what was written
/// are refused: what is missing would be missing for ever.
pub fn rekey_rows(
    change: &mut Change<'_>,
    old: &VaultKeys,
    before: &Ledger,
) -> Result<u64, VaultError> {
    file::rekey_meta(change.conn, change.keys)?;
    kept_key::write(change)?;
    recipient::write(change)?;
    parcel::rekey(change, old.identity())?;
    let mut rows = credentials(change, old, before)? + log(change, old, before)?;
    rows += Rows {
        table: Table::Client,
        select: client::SELECT,
        from_row: Registration::from_row,
        count: Registration::count,
        rekey: Registration::rekey,
    }
    .rekey(change, old, before)?;
    rows += Rows {
        table: Table::Journal,
        select: journal::SELECT,
        from_row: Entry::from_row,
        count: Entry::count,
        rekey: Entry::rekey,
    }
    .rekey(change, old, before)?;
    rows += Rows {
        table: Table::Fingerprint,
        select: fingerprint::SELECT,
        from_row: TraceRow::from_row,
        count: TraceRow::count,
        rekey: TraceRow::rekey,
    }
    .rekey(change, old, before)?;
    rows += Rows {
        table: Table::Generation,
        select: generation::SELECT,
        from_row: GenerationRow::from_row,
        count: GenerationRow::count,
        rekey: GenerationRow::rekey,
    }
    .rekey(change, old, before)?;
    rows += Rows {
        table: Table::Grant,
        select: grant::SELECT,
        from_row: GrantRow::from_row,
        count: GrantRow::count,
        rekey: GrantRow::rekey,
    }
    .rekey(change, old, before)?;
    Ok(rows)
}

/// A table whose rows stand for themselves.
struct Rows<R> {
    table: Table,
    select: &'static str,
    from_row: fn(&Row<'_>) -> rusqlite::Result<R>,
    count: fn(&R, &VaultKeys, &mut Sum),
    rekey: fn(R, &VaultKeys, &mut Change<'_>) -> Result<(), VaultError>,
}

impl<R> Rows<R> {
    fn rekey(
        self,
        change: &mut Change<'_>,
        old: &VaultKeys,
        before: &Ledger,
    ) -> Result<u64, VaultError> {
        let rows: Vec<R> = change
            .conn
            .prepare(self.select)?
            .query_map([], self.from_row)?
            .collect::<Result<_, _>>()?;
        let mut sum = Sum::default();
        let many = rows.len() as u64;
        for row in rows {
            (self.count)(&row, old, &mut sum);
            (self.rekey)(row, old, change)?;
        }
        before.check(self.table, &sum)?;
        Ok(many)
    }
}

fn credentials(
    change: &mut Change<'_>,
    old: &VaultKeys,
    before: &Ledger,
) -> Result<u64, VaultError> {
    let ids = numbers(change, "SELECT id FROM credential ORDER BY id")?;
    let mut sum = Sum::default();
    for id in &ids {
        credential::rekey(change, old, *id, &mut sum)?;
    }
    before.check(Table::Credential, &sum)?;
    Ok(ids.len() as u64)
}

/// The log is tied together anew, from the row where it begins.
fn log(change: &mut Change<'_>, old: &VaultKeys, before: &Ledger) -> Result<u64, VaultError> {
    let start = Start::of(change.conn, old)?;
    start.write(change.conn, change.keys)?;
    let ids = numbers(change, "SELECT id FROM event ORDER BY id")?;
    let mut links = (start.link.clone(), start.link.clone());
    let mut sum = Sum::default();
    for id in &ids {
        let line = change
            .conn
            .prepare_cached(event::SELECT_ONE)?
            .query_row([id], Line::from_row)?;
        line.count(old, &mut sum);
        let (was, is) = line.rekey(old, change, (&links.0, &links.1))?;
        links = (was, is.to_vec());
    }
    before.check(Table::Event, &sum)?;
    Ok(ids.len() as u64)
}

fn numbers(change: &Change<'_>, select: &str) -> Result<Vec<i64>, VaultError> {
    let mut statement = change.conn.prepare(select)?;
    let numbers = statement.query_map([], |row| row.get(0))?;
    Ok(numbers.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use crate::vault::schema::{MIGRATIONS, migrate};
    use rusqlite::Connection;

    #[test]
    fn no_table_is_forgotten() {
        let mut fresh = Connection::open_in_memory().unwrap();
        migrate(&mut fresh, &MIGRATIONS).unwrap();
        let tables: Vec<String> = fresh
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        // A table that is new here has to get new keys above (or in `rotation.rs`: slots and the ledger).
        let known = [
            "client",
            "credential",
            "event",
            "event_start",
            "fingerprint",
            "journal",
            "kept_generation",
            "kept_key",
            "ledger",
            "meta",
            "parcel",
            "program_grant",
            "recipient",
            "slot",
        ];
        assert_eq!(tables, known);
    }
}
