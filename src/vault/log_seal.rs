//! Seals and opens rows of the activity log: XChaCha20-Poly1305 under a key of their own.
//!
//! An age file would take 55 microseconds a row, and a quarter of a year's rows have to open within a second. No row of
//! the log holds a secret.

use crate::vault::binding::{Sealed, Verified};
use crate::vault::error::VaultError;
use crate::vault::keys::VaultKeys;
use crate::vault::seal::Opened;
use chacha20poly1305::XNonce;
use chacha20poly1305::aead::Aead;
use zeroize::Zeroizing;

/// Bytes of a nonce: long enough to be drawn at random for ever.
const NONCE: usize = 24;

/// Seals a row's payload under a fresh nonce, which stands before it.
pub fn seal(keys: &VaultKeys, payload: &[u8]) -> Sealed {
    let nonce: [u8; NONCE] = rand::random();
    let sealed = keys
        .log_cipher()
        .encrypt(XNonce::from_slice(&nonce), payload)
        .expect("a line of the log is shorter than the cipher's 256 GiB");
    Sealed([nonce.as_slice(), &sealed].concat())
}

/// Opens a row whose binding was checked.
pub fn open(keys: &VaultKeys, verified: &Verified) -> Result<Opened, VaultError> {
    verified
        .file()
        .split_at_checked(NONCE)
        .and_then(|(nonce, sealed)| {
            let cipher = keys.log_cipher();
            cipher.decrypt(XNonce::from_slice(nonce), sealed).ok()
        })
        .map(Zeroizing::new)
        .ok_or_else(|| VaultError::Tampered {
            table: verified.table().name(),
            row: verified.row().to_string(),
            what: "it does not open",
        })
}
