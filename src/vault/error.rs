//! What can be wrong with a vault.

use crate::model::name::{CredentialName, NameError};
use std::path::PathBuf;
use std::time::Duration;

/// What can be wrong with a vault. Each text says what could not be done to what; [`VaultError::hint`] what to do.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// There is no vault at this path.
    #[error("there is no vault at {path}")]
    Missing {
        /// Where.
        path: PathBuf,
    },
    /// There is a file already where a vault was to be created.
    #[error("{path} exists already")]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// The file is no vault.
    #[error("{path} is not a tokenward vault")]
    NotAVault {
        /// Where.
        path: PathBuf,
    },
    /// The vault was written by a newer version of this program.
    #[error("{path} has format {found}, and this program knows formats up to {known}")]
    Newer {
        /// Where.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// The vault has an old format and was opened for reading only.
    #[error(
        "{path} has the old format {found} and cannot be brought up to date while it is only read"
    )]
    Older {
        /// Where.
        path: PathBuf,
        /// Its format.
        found: i64,
    },
    /// Other users could read or replace the vault.
    #[error("{path} is not safe to use: {what}")]
    Insecure {
        /// Which file or folder.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The passphrase opens no slot.
    #[error("the passphrase opens no slot of the vault")]
    WrongPassphrase,
    /// Too many wrong passphrases came one after the other.
    #[error("{wrong} wrong passphrases in a row: the next one is taken in {} s", .wait.as_secs() + 1)]
    TooManyTries {
        /// How many.
        wrong: u32,
        /// How long the next one has to wait.
        wait: Duration,
    },
    /// The age identity opens no slot.
    #[error("the identity opens no slot of the vault")]
    WrongIdentity,
    /// The text holds no age identity that can be used.
    #[error("there is no age identity (AGE-SECRET-KEY-1... or AGE-PLUGIN-...) in the key file")]
    NotAnIdentity,
    /// The text is no age recipient.
    #[error("{text} is not an age recipient (age1...)")]
    NotARecipient {
        /// What was given.
        text: String,
    },
    /// A key is held by an age plugin that is not there.
    #[error("the age plugin {plugin} is not installed")]
    PluginMissing {
        /// Its program.
        plugin: String,
    },
    /// An age plugin could not use its key.
    #[error("the age plugin refused: {words}")]
    PluginRefused {
        /// What it says.
        words: String,
    },
    /// There is no slot of that kind.
    #[error("the vault has no {kind} slot")]
    NoSlot {
        /// Which kind.
        kind: &'static str,
    },
    /// There is no slot of that number.
    #[error("the vault has no slot {id}")]
    NoSuchSlot {
        /// Its number.
        id: i64,
    },
    /// A passphrase was to be changed in a slot that has none.
    #[error("slot {id} is not opened by a passphrase")]
    NotAPassphraseSlot {
        /// Its number.
        id: i64,
    },
    /// The last slot was to be removed.
    #[error("slot {id} is the only one left: without it nothing opens the vault")]
    LastSlot {
        /// Its number.
        id: i64,
    },
    /// The keyring of this computer opens the vault already.
    #[error("the keyring of this computer opens the vault already, by slot {id}")]
    KeyringSlotExists {
        /// The slot's number.
        id: i64,
    },
    /// A work factor was asked for that is out of range, or a slot demands too much work.
    #[error("a scrypt work factor of {found} is out of range (1 to {most})")]
    WorkFactor {
        /// What was asked for.
        found: u8,
        /// The highest accepted.
        most: u8,
    },
    /// The keyring is locked.
    #[error("the keyring is locked")]
    KeyringLocked {
        /// What the keyring said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The keyring service runs and has no keyring to put anything in.
    #[error("the keyring service has no default keyring yet")]
    NoDefaultKeyring,
    /// There is no keyring service on this machine, or in this session.
    #[error("there is no keyring service in this session")]
    NoKeyring,
    /// The keyring has no entry for this vault.
    #[error("the keyring has no entry for this vault")]
    KeyringEntryMissing,
    /// The keyring failed in another way.
    #[error("the keyring could not be used")]
    Keyring {
        /// What the keyring said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
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
    /// A row holds what was written to another row.
    #[error("row {row} of table {table} holds a copy of row {of}")]
    Misplaced {
        /// Which table.
        table: &'static str,
        /// Which row.
        row: String,
        /// Where it was copied from.
        of: i64,
    },
    /// A row is sealed to another key than this vault's.
    #[error(
        "row {row} of table {table} is sealed to another key: it comes from another vault or its head is damaged"
    )]
    Foreign {
        /// Which table.
        table: &'static str,
        /// Which row.
        row: String,
    },
    /// Rows were deleted or put back behind the vault's back.
    #[error(
        "table {table} has not the rows that were written: some were deleted, added or put back"
    )]
    RowsChanged {
        /// Which table.
        table: &'static str,
    },
    /// A row was written by a newer version of this program.
    #[error(
        "row {row} of table {table} has payload version {found}, which this program does not know"
    )]
    NewerPayload {
        /// Which table.
        table: &'static str,
        /// Which row.
        row: String,
        /// Its version.
        found: u64,
    },
    /// The file is damaged as a database.
    #[error("the vault's file is damaged")]
    Corrupt {
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The vault cannot be written.
    #[error("the vault cannot be written: the file, its folder or its file system is read-only")]
    ReadOnly {
        /// What SQLite or the system said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no room left.
    #[error("the vault cannot be written: the disk is full")]
    DiskFull {
        /// What SQLite or the system said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another process is writing and did not end in time.
    #[error("the vault is busy: another process is writing to it")]
    Busy {
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// Another process owns the vault.
    #[error("another owner of the vault is alive{}", .pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    Owned {
        /// Its process, when it said so.
        pid: Option<u32>,
    },
    /// There is no credential of that number.
    #[error("there is no credential {id} in the vault")]
    NoSuchCredential {
        /// Its number.
        id: i64,
    },
    /// The system refused something.
    #[error("could not {what} {path}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// SQLite refused something that should not fail.
    #[error("the vault's database refused an operation")]
    Database {
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// A backup is an age file, and no identity was given.
    #[error("{path} is an age file, and there is no identity to open it with")]
    BackupWrapped {
        /// Where.
        path: PathBuf,
    },
    /// A backup is for another identity.
    #[error("the identity does not open {path}")]
    BackupNotForIdentity {
        /// Where.
        path: PathBuf,
    },
    /// The backups of a folder are of several vaults, and the vault does not say which it is.
    #[error(
        "the backups in {folder} are of more than one vault, and {vault} does not say which it is: it is not there, or \
         cannot be read"
    )]
    BackupsOfSeveral {
        /// The folder.
        folder: PathBuf,
        /// The vault.
        vault: PathBuf,
    },
    /// A backup is damaged: changed, or cut off.
    #[error("{path} is damaged: it was changed, or cut off")]
    BackupDamaged {
        /// Where.
        path: PathBuf,
    },
    /// The inbox of the locked vault has no place for so many more.
    #[error("the inbox of the vault holds {most} items and has room for {free} more")]
    ParcelsFull {
        /// How many it holds.
        most: usize,
        /// How many have a place.
        free: usize,
    },
    /// What shall go into the inbox is too large.
    #[error("{name} is too large for the inbox of the vault, which takes {most} bytes each")]
    ParcelTooLarge {
        /// What it is called.
        name: CredentialName,
        /// The most.
        most: usize,
    },
    /// Nothing can be sealed to the vault while it is locked.
    #[error("the vault has no public recipient that something could be sealed to")]
    NoRecipient,
    /// There is nothing of that number in the inbox.
    #[error("there is no item {id} in the inbox")]
    NoSuchParcel {
        /// The number.
        id: i64,
    },
    /// An item of the inbox does not open.
    #[error("item {id} of the inbox does not open: it is sealed to somebody else, or damaged")]
    ParcelNotOpened {
        /// Its number.
        id: i64,
    },
    /// What an item of the inbox shall be called is no name.
    #[error("it cannot be called so")]
    ParcelName {
        /// Why.
        #[source]
        source: NameError,
    },
    /// A passphrase or an identity does not open an export.
    #[error("that does not open {path}")]
    ExportNotOpened {
        /// Where.
        path: PathBuf,
    },
    /// An export is damaged: changed, or cut off.
    #[error("{path} is damaged: it was changed, or cut off")]
    ExportDamaged {
        /// Where.
        path: PathBuf,
    },
    /// A file is no export.
    #[error("{path} is no export of tokenward")]
    NotAnExport {
        /// Where.
        path: PathBuf,
    },
    /// An export was written by a newer version of this program.
    #[error("{path} has format {found}, which this program does not know")]
    NewerExport {
        /// Where.
        path: PathBuf,
        /// Its format.
        found: u64,
    },
    /// A secret could not be sealed.
    #[error("a row of table {table} could not be sealed")]
    Seal {
        /// For which table.
        table: &'static str,
    },
    /// Lines at an end of the activity log are gone.
    #[error(
        "the activity log has not the lines that were written: those after number {after} were removed, or older ones were"
    )]
    LogCut {
        /// The newest line that is left.
        after: u64,
    },
}
