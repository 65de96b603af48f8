//! Checks a whole vault: the file, the schema, every row's binding, every record; names what is wrong.

use crate::model::credential::CredentialId;
use crate::vault::binding::Table;
use crate::vault::chain::Start;
use crate::vault::client::{self, Registration};
use crate::vault::credential;
use crate::vault::error::VaultError;
use crate::vault::event::{self, Line};
use crate::vault::file::check_meta;
use crate::vault::fingerprint::{self, TraceRow};
use crate::vault::generation::{self, GenerationRow};
use crate::vault::grant::{self, GrantRow};
use crate::vault::journal::{self, Entry};
use crate::vault::kept_key::{self, KeptKey};
use crate::vault::keys::VaultKeys;
use crate::vault::ledger::{Ledger, Sum};
use crate::vault::open::OpenVault;
use crate::vault::profiles::{self, ProfileRow};
use crate::vault::schema::{MIGRATIONS, migrate};
use crate::vault::slot::{self, StoredSlot};
use rusqlite::{Connection, Row};
use serde::Serialize;

/// What was checked and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many rows of each table were looked at.
    pub rows: Vec<(&'static str, u64)>,
    /// Everything that is wrong; empty: the vault is whole.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where: a table, or `file`.
    pub place: &'static str,
    /// What: it names the row, where there is one.
    pub what: String,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty()
    }

    fn blame(&mut self, place: &'static str, error: &VaultError) {
        let what = std::error::Error::source(error)
            .map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
        self.problems.push(Problem { place, what });
    }

    fn note(&mut self, place: &'static str, result: Result<(), VaultError>) {
        if let Err(error) = result {
            self.blame(place, &error);
        }
    }
}

/// Checks everything, in one snapshot; never stops at the first thing that is wrong.
pub fn verify(vault: &mut OpenVault) -> Report {
    let mut report = Report::default();
    let vault = &*vault;
    let (conn, keys) = (vault.connection(), vault.keys());
    let snapshot = match conn.unchecked_transaction() {
        Ok(snapshot) => snapshot,
        Err(error) => {
            report.blame(FILE, &error.into());
            return report;
        }
    };
    check_file(&snapshot, &mut report);
    report.note(Table::Meta.name(), check_meta(&snapshot, keys));
    let ledger = Ledger::read(&snapshot, keys);
    if let Err(error) = &ledger {
        report.blame(Table::Ledger.name(), error);
    }
    let mut check = Check {
        conn: &snapshot,
        keys,
        ledger: ledger.ok(),
        report: &mut report,
    };
    check.slots();
    check.table(
        Table::Credential,
        profiles::SELECT_PROFILES,
        ProfileRow::from_row,
        ProfileRow::count,
        |row, keys| {
            let id = CredentialId(row.id);
            let profile = row.open(keys).map(|_| ());
            [profile, credential::secret(vault, id).map(|_| ())]
                .into_iter()
                .filter_map(Result::err)
                .collect()
        },
    );
    check.table(
        Table::Client,
        client::SELECT,
        Registration::from_row,
        Registration::count,
        |row, keys| row.open(keys).err().into_iter().collect(),
    );
    check.table(
        Table::Journal,
        journal::SELECT,
        Entry::from_row,
        Entry::count,
        |row, keys| row.open(keys).err().into_iter().collect(),
    );
    check.log();
    check.table(
        Table::Fingerprint,
        fingerprint::SELECT,
        TraceRow::from_row,
        TraceRow::count,
        |row, keys| row.open(keys).err().into_iter().collect(),
    );
    check.table(
        Table::KeptKey,
        kept_key::SELECT,
        KeptKey::from_row,
        KeptKey::count,
        |row, keys| row.open(keys).err().into_iter().collect(),
    );
    check.table(
        Table::Generation,
        generation::SELECT,
        GenerationRow::from_row,
        GenerationRow::count,
        |row, keys| row.open(keys).err().into_iter().collect(),
    );
    check.table(
        Table::Grant,
        grant::SELECT,
        GrantRow::from_row,
        GrantRow::count,
        |row, keys| row.open(keys).err().into_iter().collect(),
    );
    report
}

const FILE: &str = "file";

struct Check<'a> {
    conn: &'a Connection,
    keys: &'a VaultKeys,
    ledger: Option<Ledger>,
    report: &'a mut Report,
}

impl Check<'_> {
    fn slots(&mut self) {
        let slots = match StoredSlot::all(self.conn) {
            Ok(slots) => slots,
            Err(error) => return self.report.blame(Table::Slot.name(), &error),
        };
        for slot in &slots {
            self.report.note(Table::Slot.name(), slot.check(self.keys));
        }
        let sum = slot::sum(self.keys, &slots);
        self.ended(Table::Slot, slots.len() as u64, &sum);
    }

    fn log(&mut self) {
        let start = match Start::of(self.conn, self.keys) {
            Ok(start) => start,
            Err(error) => return self.report.blame(Table::EventStart.name(), &error),
        };
        self.table(
            Table::Event,
            event::SELECT,
            Line::from_row,
            Line::count,
            |row, keys| row.open(keys, &start).err().into_iter().collect(),
        );
        let ends = event::check_ends_in(self.conn, self.keys);
        self.report.note(Table::Event.name(), ends);
    }

    /// Reads all rows of a table, lets each be opened, and compares their sum with the ledger's.
    fn table<R>(
        &mut self,
        table: Table,
        select: &str,
        from_row: fn(&Row<'_>) -> rusqlite::Result<R>,
        count: fn(&R, &VaultKeys, &mut Sum),
        open: impl Fn(R, &VaultKeys) -> Vec<VaultError>,
    ) {
        let mut seen = 0;
        let mut sum = Sum::default();
        let read = (|| -> Result<(), VaultError> {
            let mut statement = self.conn.prepare(select)?;
            for row in statement.query_map([], from_row)? {
                seen += 1;
                match row {
                    Ok(row) => {
                        count(&row, self.keys, &mut sum);
                        for error in open(row, self.keys) {
                            self.report.blame(table.name(), &error);
                        }
                    }
                    Err(error) => self.report.blame(table.name(), &error.into()),
                }
            }
            Ok(())
        })();
        self.report.note(table.name(), read);
        self.ended(table, seen, &sum);
    }

    fn ended(&mut self, table: Table, rows: u64, sum: &Sum) {
        self.report.rows.push((table.name(), rows));
        if let Some(ledger) = &self.ledger {
            self.report.note(table.name(), ledger.check(table, sum));
        }
    }
}

/// Lets SQLite check its structures, and compares the schema with the one that was written.
fn check_file(conn: &Connection, report: &mut Report) {
    let lines = conn
        .prepare("PRAGMA integrity_check(20)")
        .and_then(|mut statement| {
            statement
                .query_map([], |row| row.get::<_, String>(0))?
                .collect::<Result<Vec<_>, _>>()
        });
    match lines {
        Ok(lines) => {
            let wrong = lines.into_iter().filter(|line| line != "ok");
            report
                .problems
                .extend(wrong.map(|what| Problem { place: FILE, what }));
        }
        Err(error) => report.blame(FILE, &error.into()),
    }
    match (schema_of(conn), expected_schema()) {
        (Ok(found), Ok(expected)) if found == expected => {}
        (Ok(_), Ok(_)) => report.problems.push(Problem {
            place: FILE,
            what: "its tables are not defined as this program defines them".to_owned(),
        }),
        (Err(error), _) | (_, Err(error)) => report.blame(FILE, &error),
    }
}

fn expected_schema() -> Result<Vec<(String, String)>, VaultError> {
    let mut fresh = Connection::open_in_memory()?;
    migrate(&mut fresh, &MIGRATIONS)?;
    schema_of(&fresh)
}

fn schema_of(conn: &Connection) -> Result<Vec<(String, String)>, VaultError> {
    let mut statement =
        conn.prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
