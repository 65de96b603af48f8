//! Signing with JSON (RFC 7515 to 7518, 7638): keys, public keys, and compact tokens, over `ring`.

pub mod algorithm;
pub mod error;
pub mod jwk;
pub mod jws;
pub mod key;
