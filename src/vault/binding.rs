//! Binds each row to its place: an HMAC that is checked before anything of the row is opened.

use crate::vault::error::VaultError;
use crate::vault::keys::VaultKeys;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The tables that hold bound rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Which vault this is.
    Meta,
    /// Ways to unlock.
    Slot,
    /// Credentials.
    Credential,
    /// Client registrations.
    Client,
    /// Spendings under way.
    Journal,
    /// The activity log.
    Event,
    /// Where the activity log begins.
    EventStart,
    /// Fingerprints of tokens.
    Fingerprint,
    /// Sums over all other rows.
    Ledger,
    /// A key that is older than the vault's identity.
    KeptKey,
    /// Generations of credentials that were replaced.
    Generation,
    /// What local programs may have.
    Grant,
}

impl Table {
    /// Its name in the schema.
    pub fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Slot => "slot",
            Self::Credential => "credential",
            Self::Client => "client",
            Self::Journal => "journal",
            Self::Event => "event",
            Self::EventStart => "event_start",
            Self::Fingerprint => "fingerprint",
            Self::Ledger => "ledger",
            Self::KeptKey => "kept_key",
            Self::Generation => "kept_generation",
            Self::Grant => "program_grant",
        }
    }
}

/// What stands in a row's `mac` column.
pub type Tag = [u8; 32];

/// The HMAC of one row under construction. Every part is preceded by its length, so that no two rows give the same
/// bytes.
pub struct Binding {
    mac: Hmac<Sha256>,
    table: Table,
    row: i64,
}

impl Binding {
    /// Starts with the vault's number, the table, the column that is bound and the row's number.
    pub fn new(keys: &VaultKeys, table: Table, column: &str, row: i64) -> Self {
        Self {
            mac: keys.binding_mac(),
            table,
            row,
        }
        .bytes(b"tokenward/1/row")
        .bytes(&keys.vault_id().0)
        .bytes(table.name().as_bytes())
        .bytes(column.as_bytes())
        .int(row)
    }

    /// Adds a blob or a text.
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.mac.update(&(bytes.len() as u64).to_be_bytes());
        self.mac.update(bytes);
        self
    }

    /// Adds a number.
    pub fn int(self, number: i64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    /// Ends it: what is to be written beside the row.
    pub fn tag(self) -> Tag {
        self.mac.finalize().into_bytes().into()
    }

    /// Ends it: refuses the row when it is not the one that was written. Compares in constant time.
    pub fn check(self, tag: &[u8]) -> Result<(), VaultError> {
        let (table, row) = (self.table, self.row);
        self.mac
            .verify_slice(tag)
            .map_err(|_| VaultError::Tampered {
                table: table.name(),
                row: row.to_string(),
                what: "its hash does not fit its content",
            })
    }

    /// Ends it: admits the sealed payload to be opened, or refuses the row. The payload must be the last part: it is
    /// added here.
    pub fn admit(self, sealed: Sealed, tag: &[u8]) -> Result<Verified, VaultError> {
        let (table, row) = (self.table, self.row);
        self.bytes(&sealed.0).check(tag)?;
        Ok(Verified {
            file: sealed.0,
            table,
            row,
        })
    }
}

/// An age file, or a sealed line of the log, as it was read from a row: not to be opened yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

/// The same with its binding checked: only [`Binding::admit`] makes one, and only this can be opened.
#[derive(Debug)]
pub struct Verified {
    file: Vec<u8>,
    table: Table,
    row: i64,
}

impl Verified {
    /// What is sealed.
    pub fn file(&self) -> &[u8] {
        &self.file
    }

    /// Which table it stood in.
    pub fn table(&self) -> Table {
        self.table
    }

    /// Which row it stood in.
    pub fn row(&self) -> i64 {
        self.row
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::keys::{VaultId, new_identity};

    #[test]
    fn a_row_is_admitted_only_where_it_was_written() {
        let identity = new_identity();
        let keys = VaultKeys::derive(VaultId([1; 16]), &identity).unwrap();
        let other = VaultKeys::derive(VaultId([2; 16]), &identity).unwrap();
        let bind = |keys: &VaultKeys, table, column, row, generation| {
            Binding::new(keys, table, column, row).int(generation)
        };
        let tag = bind(&keys, Table::Credential, "secret", 4, 9)
            .bytes(b"file")
            .tag();
        let admit = |binding: Binding| binding.admit(Sealed(b"file".to_vec()), &tag);
        assert!(admit(bind(&keys, Table::Credential, "secret", 4, 9)).is_ok());
        for wrong in [
            bind(&other, Table::Credential, "secret", 4, 9),
            bind(&keys, Table::Client, "secret", 4, 9),
            bind(&keys, Table::Credential, "profile", 4, 9),
            bind(&keys, Table::Credential, "secret", 5, 9),
            bind(&keys, Table::Credential, "secret", 4, 8),
        ] {
            assert!(matches!(admit(wrong), Err(VaultError::Tampered { .. })));
        }
        let changed =
            bind(&keys, Table::Credential, "secret", 4, 9).admit(Sealed(b"filf".to_vec()), &tag);
        assert!(changed.is_err());
        let short =
            bind(&keys, Table::Credential, "secret", 4, 9).admit(Sealed(b"file".to_vec()), &[]);
        assert!(short.is_err());
    }
}
