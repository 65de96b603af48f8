//! The encrypted store: slots, sealed rows, journal, events. Synchronous; knows nothing of OAuth.

pub mod batch;
pub mod binding;
pub mod client;
pub mod credential;
pub mod error;
pub mod event;
pub mod extent;
pub mod file;
pub mod fingerprint;
pub mod journal;
pub mod keys;
pub mod ledger;
pub mod open;
pub mod os_keyring;
pub mod owner;
pub mod payload;
pub mod permissions;
pub mod profiles;
pub mod schema;
pub mod seal;
pub mod slot;
pub mod store;
pub mod suspect;
pub mod verify;
