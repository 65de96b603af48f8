//! Notices rows that were deleted or put back: a count and a sum over the rows of each table.
//!
//! The sum of a table is the exclusive or of a keyed hash of each row's tag. It is stored encrypted under a fresh
//! nonce, so that whoever watches the file for long learns nothing about how rows add up. What it cannot notice is the
//! whole file put back: for that something outside the file would have to remember.

use crate::vault::binding::{Binding, Table, Tag};
use crate::vault::error::VaultError;
use crate::vault::keys::VaultKeys;
use hmac::Mac;
use rusqlite::{Connection, OptionalExtension};

/// The tables that are summed up, in the order in which their sums are stored; new ones come at the end.
pub const SUMMED: [Table; 9] = [
    Table::Slot,
    Table::Credential,
    Table::Client,
    Table::Journal,
    Table::Event,
    Table::Fingerprint,
    Table::KeptKey,
    Table::Generation,
    Table::Grant,
];

const ONE: usize = 40;

/// How many tags one table has, and their sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    count: u64,
    sum: [u8; 32],
}

impl Sum {
    /// Adds a row's tag.
    pub fn add(&mut self, keys: &VaultKeys, table: Table, tag: &[u8]) {
        self.count = self.count.wrapping_add(1);
        self.mix(keys, table, tag);
    }

    /// Takes a row's tag away.
    pub fn take(&mut self, keys: &VaultKeys, table: Table, tag: &[u8]) {
        self.count = self.count.wrapping_sub(1);
        self.mix(keys, table, tag);
    }

    fn mix(&mut self, keys: &VaultKeys, table: Table, tag: &[u8]) {
        let mut mac = keys.ledger_mac();
        mac.update(b"row");
        mac.update(table.name().as_bytes());
        mac.update(tag);
        let hash: [u8; 32] = mac.finalize().into_bytes().into();
        self.sum.iter_mut().zip(hash).for_each(|(a, b)| *a ^= b);
    }
}

/// The sums of all tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    sums: [Sum; SUMMED.len()],
}

impl Ledger {
    /// Reads it and checks its binding.
    pub fn read(conn: &Connection, keys: &VaultKeys) -> Result<Self, VaultError> {
        type Row = (Vec<u8>, Vec<u8>, Vec<u8>);
        let row: Option<Row> = conn
            .prepare_cached("SELECT nonce, sums, mac FROM ledger WHERE id = 1")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let refused = |what| VaultError::Tampered {
            table: Table::Ledger.name(),
            row: "1".to_owned(),
            what,
        };
        let (nonce, mut sums, tag) = row.ok_or_else(|| refused("it is missing"))?;
        binding(keys, &nonce, &sums).check(&tag)?;
        // A shorter one was written before the last tables were there, when they held nothing.
        if sums.len() > ONE * SUMMED.len() || !sums.len().is_multiple_of(ONE) {
            return Err(refused("its length is wrong"));
        }
        apply_keystream(keys, &nonce, &mut sums);
        let mut ledger = Self::default();
        for (sum, stored) in ledger.sums.iter_mut().zip(sums.chunks_exact(ONE)) {
            let (count, hash) = stored.split_at(8);
            sum.count = u64::from_be_bytes(count.try_into().expect("eight bytes were split off"));
            sum.sum.copy_from_slice(hash);
        }
        Ok(ledger)
    }

    /// Writes it under a fresh nonce.
    pub fn write(&self, conn: &Connection, keys: &VaultKeys) -> Result<(), VaultError> {
        let nonce: [u8; 16] = rand::random();
        let mut sums = Vec::with_capacity(ONE * SUMMED.len());
        for sum in &self.sums {
            sums.extend_from_slice(&sum.count.to_be_bytes());
            sums.extend_from_slice(&sum.sum);
        }
        apply_keystream(keys, &nonce, &mut sums);
        let tag = binding(keys, &nonce, &sums).tag();
        conn.prepare_cached(
            "INSERT OR REPLACE INTO ledger (id, nonce, sums, mac) VALUES (1, ?1, ?2, ?3)",
        )?
        .execute((nonce, sums, tag))?;
        Ok(())
    }

    /// How many rows of a table were written.
    pub fn count(&self, table: Table) -> u64 {
        self.of(table).map_or(0, |sum| sum.count)
    }

    /// The sum of one table.
    pub fn of(&self, table: Table) -> Option<&Sum> {
        position(table).map(|at| &self.sums[at])
    }

    /// A new row, or the new tag of a changed one.
    pub fn add(&mut self, keys: &VaultKeys, table: Table, tag: &Tag) {
        if let Some(at) = position(table) {
            self.sums[at].add(keys, table, tag);
        }
    }

    /// A row that is gone, or the old tag of a changed one.
    pub fn take(&mut self, keys: &VaultKeys, table: Table, tag: &[u8]) {
        if let Some(at) = position(table) {
            self.sums[at].take(keys, table, tag);
        }
    }

    /// Refuses a table whose rows do not add up to what was written.
    pub fn check(&self, table: Table, found: &Sum) -> Result<(), VaultError> {
        if self.of(table) == Some(found) {
            return Ok(());
        }
        Err(VaultError::RowsChanged {
            table: table.name(),
        })
    }
}

fn position(table: Table) -> Option<usize> {
    SUMMED.iter().position(|summed| *summed == table)
}

fn binding(keys: &VaultKeys, nonce: &[u8], sums: &[u8]) -> Binding {
    Binding::new(keys, Table::Ledger, "sums", 1)
        .bytes(nonce)
        .bytes(sums)
}

/// HMAC in counter mode under a nonce that is used once.
fn apply_keystream(keys: &VaultKeys, nonce: &[u8], bytes: &mut [u8]) {
    for (block, chunk) in bytes.chunks_mut(32).enumerate() {
        let mut mac = keys.ledger_mac();
        mac.update(b"pad");
        mac.update(nonce);
        mac.update(&(block as u64).to_be_bytes());
        let pad: [u8; 32] = mac.finalize().into_bytes().into();
        chunk.iter_mut().zip(pad).for_each(|(a, b)| *a ^= b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::keys::{VaultId, new_identity};

    #[test]
    fn a_ledger_from_before_the_last_tables_is_read_and_they_are_empty() {
        let keys = VaultKeys::derive(VaultId([3; 16]), &new_identity()).unwrap();
        let mut conn = Connection::open_in_memory().unwrap();
        crate::vault::schema::migrate(&mut conn, &crate::vault::schema::MIGRATIONS).unwrap();
        let mut written = Ledger::default();
        written.add(&keys, Table::Fingerprint, &[7; 32]);
        let read = |tables: usize, cut: usize| {
            written.write(&conn, &keys).unwrap();
            let (nonce, mut sums): (Vec<u8>, Vec<u8>) = conn
                .query_row("SELECT nonce, sums FROM ledger", [], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .unwrap();
            sums.truncate(ONE * tables - cut);
            let tag = binding(&keys, &nonce, &sums).tag();
            conn.execute("UPDATE ledger SET sums = ?1, mac = ?2", (sums, tag))
                .unwrap();
            Ledger::read(&conn, &keys)
        };
        assert_eq!(read(6, 0).unwrap(), written);
        assert_ne!(read(5, 0).unwrap(), written, "the last sum is missing");
        assert!(read(6, 1).is_err(), "a sum is whole or not there");
    }

    #[test]
    fn sums_do_not_depend_on_order_and_notice_every_difference() {
        let keys = VaultKeys::derive(VaultId([3; 16]), &new_identity()).unwrap();
        let sum = |tags: &[u8]| {
            let mut sum = Sum::default();
            for tag in tags {
                sum.add(&keys, Table::Event, &[*tag; 32]);
            }
            sum
        };
        assert_eq!(sum(&[1, 2, 3]), sum(&[3, 1, 2]));
        assert_ne!(sum(&[1, 2]), sum(&[1, 2, 3]));
        assert_ne!(sum(&[1, 2]), sum(&[1, 3]));
        assert_ne!(
            sum(&[1, 1, 2]),
            sum(&[2]),
            "the count notices what the sum cannot"
        );
        let mut less = sum(&[1, 2, 3]);
        less.take(&keys, Table::Event, &[2; 32]);
        assert_eq!(less, sum(&[1, 3]));
    }
}
