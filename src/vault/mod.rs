//! The encrypted store: slots, sealing, schema, rows, journal, events. Synchronous; knows nothing of OAuth.

pub mod error;
pub mod store;
