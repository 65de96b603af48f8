//! What can be wrong with a vault, each with what to do about it.

use std::path::PathBuf;

/// What can be wrong with a vault. Each text says what could not be done to what; [`VaultError::hint`] what to do.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// There is no vault at this path.
    #[error("there is no vault at {path}")]
    Missing {
        /// Where.
        path: PathBuf,
    },
    /// The passphrase opens no slot.
    #[error("the passphrase opens no slot of the vault")]
    WrongPassphrase,
    /// The file is no vault.
    #[error("{path} is not a tokenward vault")]
    NotAVault {
        /// Where.
        path: PathBuf,
    },
    /// A row is not what was written there.
    #[error("row {row} of table {table} is not what was written there: {what}")]
    Tampered {
        /// Which table.
        table: &'static str,
        /// Which row.
        row: String,
        /// What is wrong with it.
        what: &'static str,
    },
}
