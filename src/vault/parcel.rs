//! The inbox of a locked vault: credentials, sealed to its public recipient, until a person takes them in.
//!
//! No row is bound, since whoever writes one has no key: anybody who may write the file can put something here. So
//! nothing of it is used before a person was asked, and how much there can be is bounded.

use crate::clock::{Timestamp, now};
use crate::model::parcel::{ParcelContent, ParcelView};
use crate::paths::without_links;
use crate::vault::bundle::{self, Bundle, Bundled};
use crate::vault::error::VaultError;
use crate::vault::open::{Change, OpenVault};
use crate::vault::permissions::secure;
use crate::vault::recipient;
use crate::vault::schema::{Access, MIGRATIONS, bring_up_to_date, connect, inspect};
use crate::vault::seal::{self, Opened};
use age::x25519;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior};
use std::path::Path;

/// Parcels that one vault holds at the most.
pub const MOST: usize = 256;
/// The largest parcel, sealed, in bytes.
pub const LARGEST: usize = 256 * 1024;

/// Characters that are shown of each of its words.
const LONGEST: usize = 300;

/// A parcel as it stands in the file.
#[derive(Debug)]
struct Stored {
    id: i64,
    at: i64,
    recipient: String,
    sealed: Vec<u8>,
}

const SELECT: &str = "SELECT id, at, recipient, sealed FROM parcel";

impl Stored {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            at: row.get(1)?,
            recipient: row.get(2)?,
            sealed: row.get(3)?,
        })
    }

    fn open(&self, identity: &x25519::Identity) -> Result<Bundle, VaultError> {
        let foreign = || VaultError::ParcelNotOpened { id: self.id };
        if self.sealed.len() > LARGEST {
            return Err(foreign());
        }
        let keys = std::iter::once(identity as &dyn age::Identity);
        let opened = seal::open_bytes(&self.sealed, keys).map_err(|_| foreign())?;
        bundle::read(&opened, Path::new("parcel")).map_err(|_| foreign())
    }

    fn view(&self, identity: &x25519::Identity) -> ParcelView {
        let bundle = self.open(identity).ok();
        let content = bundle.and_then(|bundle| {
            let one = bundle.credentials.into_iter().next()?;
            let endpoints = &one.secret.provider.endpoints;
            let endpoint = endpoints.refresh.as_ref().or(endpoints.token.as_ref());
            let endpoint = endpoint.filter(|_| one.secret.refresh.is_some());
            let file = one.profile.provenance.and_then(|it| it.file);
            Some(ParcelContent {
                name: one.profile.name,
                provider: plain(&one.profile.provider_name),
                from: plain(&bundle.by),
                file: file.as_deref().map(plain),
                endpoint: endpoint.map(|url| plain(url)),
                scopes: one.profile.scopes.iter().map(|it| plain(it)).collect(),
            })
        });
        ParcelView {
            id: self.id,
            at: Timestamp::from_millis(self.at),
            recipient: self.recipient.clone(),
            content,
        }
    }
}

/// Without what could move a terminal's cursor or turn its direction: these are words of whoever wrote the file.
fn plain(text: &str) -> String {
    let misleads = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .filter(|c| !misleads(*c))
        .take(LONGEST)
        .collect()
}

/// Seals a credential to the vault at `path` and puts it into its inbox, without any key; gives its number. `from` says what
/// it comes from, for the person who is asked. A living owner, locked or not, does not mind.
///
/// Fails with [`VaultError::ParcelsFull`], [`VaultError::ParcelTooLarge`], with [`VaultError::Older`] or
/// [`VaultError::NoRecipient`] where the vault was not unlocked since it could have an inbox.
pub fn put(path: &Path, from: &str, one: Bundled) -> Result<i64, VaultError> {
    let put = put_all(path, from, vec![one])?;
    Ok(put.into_iter().next().unwrap_or_default())
}

/// The same with several, each an item of its own: all of them are there afterwards, or none.
pub fn put_all(path: &Path, from: &str, all: Vec<Bundled>) -> Result<Vec<i64>, VaultError> {
    let path = &without_links(path);
    secure(path)?;
    inspect(path)?;
    let mut conn = connect(path, Access::Write)?;
    bring_up_to_date(&mut conn, path, &MIGRATIONS, Access::Read)?;
    let to = recipient::read(&conn)?.ok_or(VaultError::NoRecipient)?;
    let sealed = all.into_iter().map(|one| sealed(&to, from, one));
    let sealed = sealed.collect::<Result<Vec<_>, _>>()?;
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    has_room(&transaction, sealed.len())?;
    let mut put = Vec::new();
    for sealed in sealed {
        transaction.execute(
            "INSERT INTO parcel (at, recipient, sealed) VALUES (?1, ?2, ?3)",
            (now().as_millis(), &to, sealed),
        )?;
        put.push(transaction.last_insert_rowid());
    }
    transaction.commit()?;
    Ok(put)
}

/// Whether so many more have a place in the inbox of the vault at `path`; looked at without a key.
pub fn check_room(path: &Path, more: usize) -> Result<(), VaultError> {
    has_room(&look(path)?, more)
}

fn has_room(conn: &Connection, more: usize) -> Result<(), VaultError> {
    let free = MOST.saturating_sub(many(conn)?);
    match free >= more {
        true => Ok(()),
        false => Err(VaultError::ParcelsFull { most: MOST, free }),
    }
}

fn many(conn: &Connection) -> Result<usize, VaultError> {
    let many: i64 = conn.query_row("SELECT count(*) FROM parcel", [], |row| row.get(0))?;
    Ok(usize::try_from(many).unwrap_or(usize::MAX))
}

fn look(path: &Path) -> Result<Connection, VaultError> {
    let path = &without_links(path);
    secure(path)?;
    inspect(path)?;
    let mut conn = connect(path, Access::Read)?;
    bring_up_to_date(&mut conn, path, &MIGRATIONS, Access::Read)?;
    Ok(conn)
}

/// How many wait in the inbox of the vault at `path`; looked at without a key.
pub fn count(path: &Path) -> Result<usize, VaultError> {
    many(&look(path)?)
}

/// Takes a parcel out again that was put there just now, without any key.
pub fn take_back(path: &Path, id: i64) -> Result<(), VaultError> {
    let conn = connect(&without_links(path), Access::Write)?;
    conn.execute("DELETE FROM parcel WHERE id = ?1", [id])?;
    Ok(())
}

fn sealed(to: &str, from: &str, one: Bundled) -> Result<Vec<u8>, VaultError> {
    let name = one.profile.name.clone();
    let recipient: x25519::Recipient = to.parse().map_err(|_| VaultError::NoRecipient)?;
    let payload: Opened = bundle::write(&Bundle {
        exported_at: now(),
        by: from.to_owned(),
        credentials: vec![one],
    });
    let recipients = std::iter::once(&recipient as &dyn age::Recipient);
    let sealed = seal::seal_bytes(recipients, "parcel", &payload)?;
    match sealed.len() {
        0..=LARGEST => Ok(sealed),
        _ => Err(VaultError::ParcelTooLarge {
            name,
            most: LARGEST,
        }),
    }
}

impl OpenVault {
    /// What waits in the inbox, the oldest first. More than there can be was put there by somebody else: the rest shows
    /// when some of it is gone.
    pub fn parcels(&self) -> Result<Vec<ParcelView>, VaultError> {
        let stored = stored(self.connection(), MOST)?;
        let identity = self.keys().identity();
        Ok(stored.iter().map(|one| one.view(identity)).collect())
    }

    /// Opens a parcel: the credential, and what it says it comes from.
    pub fn parcel(&self, id: i64) -> Result<(Bundled, String), VaultError> {
        let found = self
            .connection()
            .prepare_cached(&format!("{SELECT} WHERE id = ?1"))?
            .query_row([id], Stored::from_row)
            .optional()?;
        let found = found.ok_or(VaultError::NoSuchParcel { id })?;
        let bundle = found.open(self.keys().identity())?;
        let one = bundle.credentials.into_iter().next();
        let one = one.ok_or(VaultError::ParcelNotOpened { id })?;
        Ok((one, plain(&bundle.by)))
    }

    /// Throws a parcel away.
    pub fn drop_parcel(&self, id: i64) -> Result<(), VaultError> {
        let gone = self
            .connection()
            .execute("DELETE FROM parcel WHERE id = ?1", [id])?;
        match gone {
            0 => Err(VaultError::NoSuchParcel { id }),
            _ => Ok(()),
        }
    }
}

/// Seals what waits to the vault's new identity; what does not open with the old one stays as it is.
pub fn rekey(change: &Change<'_>, old: &x25519::Identity) -> Result<(), VaultError> {
    let to = change.keys.recipient().to_string();
    for one in stored(change.conn, usize::MAX)? {
        let keys = std::iter::once(old as &dyn age::Identity);
        let Ok(opened) = seal::open_bytes(&one.sealed, keys) else {
            continue;
        };
        let recipients = std::iter::once(change.keys.recipient() as &dyn age::Recipient);
        let sealed = seal::seal_bytes(recipients, "parcel", &opened)?;
        change.conn.execute(
            "UPDATE parcel SET recipient = ?2, sealed = ?3 WHERE id = ?1",
            (one.id, &to, sealed),
        )?;
    }
    Ok(())
}

fn stored(conn: &Connection, most: usize) -> Result<Vec<Stored>, VaultError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut statement = conn.prepare_cached(&format!("{SELECT} ORDER BY id LIMIT ?1"))?;
    let rows = statement.query_map([most], Stored::from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}
