//! A row that was refused: whether it was sealed to this vault at all, so that the refusal can say more.

use crate::vault::binding::{Sealed, Table};
use crate::vault::error::VaultError;
use crate::vault::keys::VaultKeys;
use crate::vault::seal;

/// A refused row's head, kept so that the refusal can say more.
pub struct Suspect {
    table: Table,
    id: i64,
    head: Sealed,
}

impl Suspect {
    /// Keeps what is needed of a row before it is used up.
    pub fn new(table: Table, id: i64, sealed: &Sealed) -> Self {
        // An age header with one recipient is shorter than this, and the nonce follows it.
        let head = sealed.0.iter().take(512).copied().collect();
        Self {
            table,
            id,
            head: Sealed(head),
        }
    }

    /// The refusal, or that the row comes from elsewhere.
    pub fn explain(&self, keys: &VaultKeys, error: VaultError) -> VaultError {
        if seal::is_ours(keys, &self.head) {
            return error;
        }
        VaultError::Foreign {
            table: self.table.name(),
            row: self.id.to_string(),
        }
    }
}

/// Says more of a refused payload: whether it was sealed to another vault.
pub fn explain(
    keys: &VaultKeys,
    table: Table,
    id: i64,
    sealed: &Sealed,
    error: VaultError,
) -> VaultError {
    Suspect::new(table, id, sealed).explain(keys, error)
}
