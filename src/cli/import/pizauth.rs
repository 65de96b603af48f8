//! Reads what `pizauth dump` writes: its own binary form behind a cipher whose key is the same for everybody.
//!
//! pizauth veils its dump so that no search of a disk finds a token in it; what the person's own command put around the
//! dump has to be taken off first.

use crate::cli::import::file::Source;
use crate::cli::import::made::Found;
use crate::cli::import::reading::{Read, Unread};
use crate::cli::import::record;
use crate::clock::Timestamp;
use crate::model::client::ClientAuth;
use crate::secret::{AccessToken, ClientSecret, RefreshToken};
use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Nonce};
use zeroize::Zeroizing;

/// The key that pizauth uses on every machine.
const KEY: [u8; 32] = [
    0x66, 0xa2, 0x47, 0xa8, 0x5e, 0x48, 0xcf, 0xec, 0xaa, 0xed, 0x9b, 0x36, 0xeb, 0xa9, 0x7d, 0x53,
    0x50, 0xd4, 0x28, 0x63, 0x75, 0x09, 0x7a, 0x44, 0xee, 0xff, 0xb9, 0xc4, 0x54, 0x6b, 0x65, 0xa3,
];
/// Length of the nonce before the ciphertext.
const NONCE: usize = 12;
/// The version of the dump that is known.
const VERSION: u64 = 1;

/// Reads a dump.
pub fn read(source: &Source) -> Result<Read, Unread> {
    let plain = unveiled(&source.bytes).ok_or(Unread::Shape)?;
    let mut bytes = Bytes(&plain);
    if bytes.number()? != VERSION {
        return Err(Unread::Newer);
    }
    let accounts = bytes.number()?;
    let mut found = Vec::new();
    for _ in 0..accounts {
        let name = bytes.text()?;
        found.extend(account(name, &mut bytes)?);
    }
    Ok(Read {
        found,
        elsewhere: Vec::new(),
    })
}

fn unveiled(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, veiled) = bytes.split_at_checked(NONCE)?;
    let cipher = ChaCha20Poly1305::new(Key::from_slice(&KEY));
    let plain = cipher.decrypt(Nonce::from_slice(nonce), veiled).ok()?;
    Some(Zeroizing::new(plain))
}

/// One account with its state; one without tokens is passed over.
fn account(name: String, bytes: &mut Bytes<'_>) -> Result<Option<Found>, Unread> {
    let authorization = bytes.text()?;
    for _ in 0..bytes.number()? {
        bytes.text()?;
        bytes.text()?;
    }
    let client_id = bytes.text()?;
    let client_secret = bytes.maybe(Bytes::text)?;
    bytes.text()?;
    let mut scopes = Vec::new();
    for _ in 0..bytes.number()? {
        scopes.push(bytes.text()?);
    }
    let token = bytes.text()?;
    let state = match bytes.small()? {
        0 => return Ok(None),
        1 => state(bytes)?,
        _ => return Err(Unread::Shape),
    };
    let (access, expires_at, refresh) = state;
    let provider = record::by_token_endpoint(&token, Some(&authorization), None);
    let provider = provider.ok_or(Unread::Shape)?;
    let mut found = Found::of(provider, name);
    found.client_id = Some(client_id);
    found.client_secret = client_secret.map(ClientSecret::new);
    found.client_auth = Some(ClientAuth::ClientSecretPost);
    found.access = Some(AccessToken::new(access));
    found.refresh = refresh.map(RefreshToken::new);
    found.scopes = scopes;
    found.expires_at = Some(expires_at);
    Ok(Some(found))
}

/// Access token, its end, refresh token.
type State = (String, Timestamp, Option<String>);

fn state(bytes: &mut Bytes<'_>) -> Result<State, Unread> {
    let access = bytes.text()?;
    bytes.moment()?;
    let expires_at = bytes.moment()?;
    Ok((access, expires_at, bytes.maybe(Bytes::text)?))
}

/// What is left to be read: little-endian numbers of fixed length, each text with its length before it.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], Unread> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Unread::Shape)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn number(&mut self) -> Result<u64, Unread> {
        self.take().map(u64::from_le_bytes)
    }

    fn small(&mut self) -> Result<u32, Unread> {
        self.take().map(u32::from_le_bytes)
    }

    fn text(&mut self) -> Result<String, Unread> {
        let length = usize::try_from(self.number()?).map_err(|_| Unread::Shape)?;
        let (text, rest) = self.0.split_at_checked(length).ok_or(Unread::Shape)?;
        self.0 = rest;
        let text = std::str::from_utf8(text).map_err(|_| Unread::Shape)?;
        Ok(text.to_owned())
    }

    fn maybe<T>(
        &mut self,
        one: impl FnOnce(&mut Self) -> Result<T, Unread>,
    ) -> Result<Option<T>, Unread> {
        match self.take()? {
            [0] => Ok(None),
            [1] => one(self).map(Some),
            [_] => Err(Unread::Shape),
        }
    }

    /// Seconds since 1970, and nanoseconds.
    fn moment(&mut self) -> Result<Timestamp, Unread> {
        let seconds = i64::try_from(self.number()?).map_err(|_| Unread::Shape)?;
        self.small()?;
        // Beyond that no calendar goes.
        let seconds = Some(seconds).filter(|it| *it < 253_402_300_800);
        seconds.map(Timestamp::from_secs).ok_or(Unread::Shape)
    }
}
