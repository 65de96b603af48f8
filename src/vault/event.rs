//! Rows of the activity log: sealed, tied to the row before, filed under a keyed hash of the credential.

use crate::clock::Timestamp;
use crate::model::event::{Activity, Entry, Happening};
use crate::model::name::CredentialName;
use crate::vault::binding::{Sealed, Table, Tag};
use crate::vault::chain::{self, Start};
use crate::vault::error::VaultError;
use crate::vault::keys::VaultKeys;
use crate::vault::ledger::{Ledger, Sum};
use crate::vault::log_seal;
use crate::vault::open::{Change, OpenVault};
use crate::vault::payload;
use rusqlite::{Connection, OptionalExtension, Params, Row};

/// A row as it stands in the file, with the tag of the row before it.
#[derive(Debug)]
pub struct Line {
    /// Its number.
    pub id: i64,
    at: Timestamp,
    subject_hash: Option<Vec<u8>>,
    tag: Vec<u8>,
    sealed: Sealed,
    link: Option<Vec<u8>>,
}

/// What every reading of rows begins with.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, at, subject_hash, mac, sealed, \
             (SELECT before.mac FROM event AS before WHERE before.id = event.id - 1) FROM event ",
            $rest
        )
    };
}

/// Reads all rows, the oldest first.
pub const SELECT: &str = select!("ORDER BY id");

/// Reads one row by its number.
pub const SELECT_ONE: &str = select!("WHERE id = ?1");

impl Line {
    /// Reads one row of [`SELECT`].
    pub fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            at: Timestamp::from_millis(row.get(1)?),
            subject_hash: row.get(2)?,
            tag: row.get(3)?,
            sealed: Sealed(row.get(4)?),
            link: row.get(5)?,
        })
    }

    /// Checks its binding and its tie to the row before, then opens it.
    pub fn open(self, keys: &VaultKeys, start: &Start) -> Result<Entry, VaultError> {
        let link = start.link_after(self.id - 1, self.link)?;
        let subject = self.subject_hash.as_deref();
        let verified =
            chain::binding(keys, self.id, self.at, subject, &link).admit(self.sealed, &self.tag)?;
        let activity = payload::read_activity(&log_seal::open(keys, &verified)?, &verified)?;
        Ok(Entry {
            number: self.id.unsigned_abs(),
            activity,
        })
    }

    /// Seals, files and binds it with new keys, tied to the row before; gives its old and its new tag. `links` are those
    /// of the row before.
    pub fn rekey(
        self,
        old: &VaultKeys,
        change: &mut Change<'_>,
        links: (&[u8], &[u8]),
    ) -> Result<(Vec<u8>, Tag), VaultError> {
        let keys = change.keys;
        let hash = self.subject_hash.as_deref();
        let verified =
            chain::binding(old, self.id, self.at, hash, links.0).admit(self.sealed, &self.tag)?;
        let opened = log_seal::open(old, &verified)?;
        let subject = subject_of(keys, &payload::read_activity(&opened, &verified)?);
        let sealed = log_seal::seal(keys, &opened);
        let hash = subject.as_ref().map(<[u8; 32]>::as_slice);
        let tag = chain::binding(keys, self.id, self.at, hash, links.1)
            .bytes(&sealed.0)
            .tag();
        change
            .conn
            .prepare_cached(
                "UPDATE event SET subject_hash = ?2, mac = ?3, sealed = ?4 WHERE id = ?1",
            )?
            .execute((self.id, hash, tag, &sealed.0))?;
        change.ledger.add(keys, Table::Event, &tag);
        Ok((self.tag, tag))
    }

    /// Adds its tag to a sum.
    pub fn count(&self, keys: &VaultKeys, sum: &mut Sum) {
        sum.add(keys, Table::Event, &self.tag);
    }
}

/// The hash under which a line is filed. Hand-outs have one of their own, so that a credential's story is not buried under
/// them.
pub fn subject_of(keys: &VaultKeys, activity: &Activity) -> Option<[u8; 32]> {
    let name = activity.name.as_ref()?;
    Some(match activity.what {
        Happening::HandedOut { .. } => keys.name_hash("handed out", &[name.as_str()]),
        _ => subject_hash(keys, name),
    })
}

fn subject_hash(keys: &VaultKeys, name: &CredentialName) -> [u8; 32] {
    keys.name_hash("subject", &[name.as_str()])
}

/// The newest lines, newest last; of one credential (its hand-outs aside), or of all.
pub fn newest(
    vault: &OpenVault,
    name: Option<&CredentialName>,
    limit: usize,
) -> Result<Vec<Entry>, VaultError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut entries = match name {
        Some(name) => read(
            vault,
            select!("WHERE subject_hash = ?1 ORDER BY id DESC LIMIT ?2"),
            (subject_hash(vault.keys(), name), limit),
        ),
        None => read(vault, select!("ORDER BY id DESC LIMIT ?1"), [limit]),
    }?;
    entries.reverse();
    Ok(entries)
}

/// So many lines in their order, those after number `after`. The first that is not as it was written is the error.
pub fn after(vault: &OpenVault, after: u64, limit: usize) -> Result<Vec<Entry>, VaultError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let snapshot = vault.connection().unchecked_transaction()?;
    let start = Start::of(&snapshot, vault.keys())?;
    let mut before = tag_of(&snapshot, after)?.map(|tag| (after, tag));
    let mut statement = snapshot.prepare_cached(IN_ORDER)?;
    let mut rows = statement.query((after, limit))?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let mut line = Line::from_row(row)?;
        line.link = before.and_then(|(id, tag)| (id == line.id - 1).then_some(tag));
        before = Some((line.id, line.tag.clone()));
        entries.push(line.open(vault.keys(), &start)?);
    }
    Ok(entries)
}

/// Rows in their order: what the next one is tied to is carried along, which is faster than to look it up for each.
const IN_ORDER: &str = "SELECT id, at, subject_hash, mac, sealed, NULL FROM event \
                        WHERE id > ?1 ORDER BY id LIMIT ?2";

fn tag_of(conn: &Connection, id: i64) -> Result<Option<Vec<u8>>, VaultError> {
    let mut statement = conn.prepare_cached("SELECT mac FROM event WHERE id = ?1")?;
    Ok(statement.query_row([id], |row| row.get(0)).optional()?)
}

/// The newest lines before number `before`, newest last.
pub fn before(vault: &OpenVault, before: u64, limit: usize) -> Result<Vec<Entry>, VaultError> {
    let before = i64::try_from(before).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let select = select!("WHERE id < ?1 ORDER BY id DESC LIMIT ?2");
    let mut entries = read(vault, select, (before, limit))?;
    entries.reverse();
    Ok(entries)
}

fn read(vault: &OpenVault, select: &str, params: impl Params) -> Result<Vec<Entry>, VaultError> {
    let snapshot = vault.connection().unchecked_transaction()?;
    let start = Start::of(&snapshot, vault.keys())?;
    let mut statement = snapshot.prepare_cached(select)?;
    let mut rows = statement.query(params)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(Line::from_row(row)?.open(vault.keys(), &start)?);
    }
    Ok(entries)
}

/// Refuses a log whose newest or oldest rows are gone, which no row that is left can tell.
pub fn check_ends(vault: &OpenVault) -> Result<(), VaultError> {
    let snapshot = vault.connection().unchecked_transaction()?;
    check_ends_in(&snapshot, vault.keys())
}

/// [`check_ends`] within a reading under way.
pub fn check_ends_in(conn: &Connection, keys: &VaultKeys) -> Result<(), VaultError> {
    let start = Start::of(conn, keys)?;
    let (newest, _) = chain::end(conn, &start)?;
    let written = Ledger::read(conn, keys)?.count(Table::Event);
    if u64::try_from(newest - start.pruned) == Ok(written) {
        return Ok(());
    }
    Err(VaultError::LogCut {
        after: newest.unsigned_abs(),
    })
}

/// Seals a line and adds it, within a change that it tells of.
pub fn note(change: &mut Change<'_>, activity: &Activity) -> Result<(), VaultError> {
    let subject = subject_of(change.keys, activity);
    let sealed = log_seal::seal(change.keys, &payload::write_activity(activity));
    add(change, subject.as_ref(), activity.at, &sealed)
}

/// Adds a line.
pub fn add(
    change: &mut Change<'_>,
    subject: Option<&[u8; 32]>,
    at: Timestamp,
    sealed: &Sealed,
) -> Result<(), VaultError> {
    let start = Start::of(change.conn, change.keys)?;
    let (newest, link) = chain::end(change.conn, &start)?;
    let id = newest + 1;
    let subject = subject.map(<[u8; 32]>::as_slice);
    let tag = chain::binding(change.keys, id, at, subject, &link)
        .bytes(&sealed.0)
        .tag();
    change
        .conn
        .prepare_cached(
            "INSERT INTO event (id, at, subject_hash, mac, sealed) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((id, at.as_millis(), subject, tag, &sealed.0))?;
    change.ledger.add(change.keys, Table::Event, &tag);
    Ok(())
}
