//! The vault's public recipient, in the clear: what is sealed to it waits for the next unlocking.
//!
//! Who may write the file can exchange it. That is found at each unlocking, told, and put right; what was sealed meanwhile
//! is for whoever exchanged it, stays in the inbox, and is shown as what it is.

use crate::clock::now;
use crate::model::event::{Activity, Happening};
use crate::vault::error::VaultError;
use crate::vault::event;
use crate::vault::open::{Change, OpenVault};
use rusqlite::{Connection, OptionalExtension};

/// Reads it as it stands in the file.
pub fn read(conn: &Connection) -> Result<Option<String>, VaultError> {
    let mut statement = conn.prepare_cached("SELECT recipient FROM recipient WHERE id = 1")?;
    Ok(statement.query_row([], |row| row.get(0)).optional()?)
}

/// Writes the one that fits the keys.
pub fn write(change: &Change<'_>) -> Result<(), VaultError> {
    let recipient = change.keys.recipient().to_string();
    put(change.conn, &recipient)
}

/// Writes one into a vault that is being made.
pub fn put(conn: &Connection, recipient: &str) -> Result<(), VaultError> {
    conn.execute(
        "INSERT OR REPLACE INTO recipient (id, recipient) VALUES (1, ?1)",
        [recipient],
    )?;
    Ok(())
}

/// Compares it with the vault's identity; puts it right, and tells of one that was exchanged.
pub fn put_right(vault: &mut OpenVault) -> Result<(), VaultError> {
    let found = read(vault.connection())?;
    let own = vault.keys().recipient().to_string();
    if found.as_ref() == Some(&own) {
        return Ok(());
    }
    vault.change(|change| {
        write(change)?;
        match found {
            // An older vault has none yet.
            None => Ok(()),
            Some(found) => {
                let found = found.chars().filter(char::is_ascii_alphanumeric);
                let recipient = found.take(100).collect();
                let what = Happening::RecipientExchanged { recipient };
                event::note(change, &Activity::new(now(), None, what))
            }
        }
    })
}
