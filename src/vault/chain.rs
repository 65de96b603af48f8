//! Ties each row of the activity log to the one before it, and remembers where the log begins.

use crate::clock::Timestamp;
use crate::vault::binding::{Binding, Table, Tag};
use crate::vault::error::VaultError;
use crate::vault::keys::VaultKeys;
use crate::vault::open::Change;
use rusqlite::{Connection, OptionalExtension};

/// Where the log begins: all rows up to a number were pruned, and the first one left is tied to the last one that went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The number of the last row that was pruned; zero: none was.
    pub pruned: i64,
    /// The tag of that row.
    pub link: Vec<u8>,
}

impl Start {
    /// Reads it and checks its binding; `None`: the log has the form it had in the first version.
    pub fn read(conn: &Connection, keys: &VaultKeys) -> Result<Option<Self>, VaultError> {
        let row: Option<(i64, Vec<u8>, Vec<u8>)> = conn
            .prepare_cached("SELECT pruned, link, mac FROM event_start WHERE id = 1")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((pruned, link, tag)) = row else {
            return Ok(None);
        };
        start_binding(keys, pruned, &link).check(&tag)?;
        Ok(Some(Self { pruned, link }))
    }

    /// Reads it where there has to be one.
    pub fn of(conn: &Connection, keys: &VaultKeys) -> Result<Self, VaultError> {
        Self::read(conn, keys)?.ok_or(VaultError::Tampered {
            table: Table::EventStart.name(),
            row: "1".to_owned(),
            what: "it is missing",
        })
    }

    /// Writes it.
    pub fn write(&self, conn: &Connection, keys: &VaultKeys) -> Result<(), VaultError> {
        let tag = start_binding(keys, self.pruned, &self.link).tag();
        conn.prepare_cached(
            "INSERT OR REPLACE INTO event_start (id, pruned, link, mac) VALUES (1, ?1, ?2, ?3)",
        )?
        .execute((self.pruned, &self.link, tag))?;
        Ok(())
    }

    /// What the row after `id` is tied to, `found` being the tag of row `id`, if there is such a row.
    pub fn link_after(&self, id: i64, found: Option<Vec<u8>>) -> Result<Vec<u8>, VaultError> {
        match found {
            Some(link) => Ok(link),
            None if id == self.pruned => Ok(self.link.clone()),
            None => Err(VaultError::Tampered {
                table: Table::Event.name(),
                row: id.to_string(),
                what: "it is missing",
            }),
        }
    }
}

/// The binding of one row of the log, all but its payload.
pub fn binding(
    keys: &VaultKeys,
    id: i64,
    at: Timestamp,
    subject: Option<&[u8]>,
    link: &[u8],
) -> Binding {
    Binding::new(keys, Table::Event, "sealed", id)
        .bytes(link)
        .int(at.as_millis())
        .int(i64::from(subject.is_some()))
        .bytes(subject.unwrap_or_default())
}

/// The newest row's number and tag: what the next one is tied to.
pub fn end(conn: &Connection, start: &Start) -> Result<(i64, Vec<u8>), VaultError> {
    let newest: Option<(i64, Vec<u8>)> = conn
        .prepare_cached("SELECT id, mac FROM event ORDER BY id DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(newest.unwrap_or_else(|| (start.pruned, start.link.clone())))
}

/// Prunes rows from the front: those older than `before`, and as many as there are beyond `most`; at most `portion` of
/// them in this change. Says how many went.
pub fn prune(
    change: &mut Change<'_>,
    before: Timestamp,
    most: u64,
    portion: usize,
) -> Result<usize, VaultError> {
    let mut start = Start::of(change.conn, change.keys)?;
    let (newest, _) = end(change.conn, &start)?;
    let surplus = newest.saturating_sub(i64::try_from(most).unwrap_or(i64::MAX));
    let gone = doomed(change.conn, before, surplus, portion)?;
    let Some((last, link)) = gone.last().cloned() else {
        return Ok(0);
    };
    change
        .conn
        .prepare_cached("DELETE FROM event WHERE id <= ?1")?
        .execute([last])?;
    for (_, tag) in &gone {
        change.ledger.take(change.keys, Table::Event, tag);
    }
    start = Start { pruned: last, link };
    start.write(change.conn, change.keys)?;
    Ok(gone.len())
}

/// The rows at the front that are too old or too many, by number and tag.
fn doomed(
    conn: &Connection,
    before: Timestamp,
    surplus: i64,
    portion: usize,
) -> Result<Vec<(i64, Vec<u8>)>, VaultError> {
    let mut statement =
        conn.prepare_cached("SELECT id, at, mac FROM event ORDER BY id LIMIT ?1")?;
    let mut rows = statement.query([i64::try_from(portion).unwrap_or(i64::MAX)])?;
    let mut doomed = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, at): (i64, i64) = (row.get(0)?, row.get(1)?);
        if at >= before.as_millis() && id > surplus {
            break;
        }
        doomed.push((id, row.get(2)?));
    }
    Ok(doomed)
}

/// The tag that a log without any row begins with.
pub const NO_LINK: Tag = [0; 32];

fn start_binding(keys: &VaultKeys, pruned: i64, link: &[u8]) -> Binding {
    Binding::new(keys, Table::EventStart, "link", 1)
        .int(pruned)
        .bytes(link)
}
