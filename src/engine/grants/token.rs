//! The tokens of grants: how they are made, signed, read and known again.

use crate::model::family::FamilyId;
use crate::model::grant::GrantName;
use crate::model::name::CredentialName;
use crate::secret::{FamilyKey, GrantRefreshToken, GrantToken};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// `{"alg":"HS256","typ":"at+jwt"}`: the only head that is written, and the only one that is read (RFC 8725 3.1).
const HEAD: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9";
/// What an access token begins with, so that a scanner knows one that leaked.
const ACCESS: &str = "twa_";
/// What a refresh token begins with.
const REFRESH: &str = "twr_";
/// Longest token that is looked at, in bytes.
const LONGEST: usize = 16 * 1024;
/// Random bytes of a refresh token.
const RANDOM: usize = 32;
/// Bytes of a refresh token's own tag.
const TAG: usize = 16;

/// What an access token carries (RFC 9068 2.2 where it has a name there).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Its grant.
    #[serde(rename = "sub")]
    pub grant: GrantName,
    /// Its family.
    #[serde(rename = "fam")]
    pub family: FamilyId,
    /// Which pair of its family, counted from nought.
    #[serde(rename = "trn")]
    pub turn: u64,
    /// Whose tokens it may fetch. What counts is what the grant says when it is used.
    #[serde(rename = "cred")]
    pub credentials: Vec<CredentialName>,
    /// When it was made, in seconds since 1970.
    #[serde(rename = "iat")]
    pub issued_at: i64,
    /// When it ends, in seconds since 1970.
    #[serde(rename = "exp")]
    pub expires_at: i64,
}

/// What signs access tokens.
pub struct Signer(Zeroizing<[u8; 32]>);

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer([redacted])")
    }
}

impl Signer {
    /// A signer with that key.
    pub fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }

    /// Signs: `twa_` and a JWT (RFC 7519) under HS256.
    pub fn sign(&self, claims: &Claims) -> GrantToken {
        let payload = serde_json::to_vec(claims).expect("names and numbers always serialize");
        let mut text = format!("{ACCESS}{HEAD}.");
        URL_SAFE_NO_PAD.encode_string(payload, &mut text);
        let tag = self.mac(&text[ACCESS.len()..]).finalize().into_bytes();
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(tag, &mut text);
        GrantToken::new(text)
    }

    /// What a token carries, if it was signed here.
    pub fn read(&self, token: &GrantToken) -> Option<Claims> {
        let text = token.expose_secret();
        let (signed, tag) = text.strip_prefix(ACCESS)?.rsplit_once('.')?;
        let payload = signed.strip_prefix(HEAD)?.strip_prefix('.')?;
        if text.len() > LONGEST {
            return None;
        }
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        self.mac(signed).verify_slice(&tag).ok()?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        serde_json::from_slice(&payload).ok()
    }

    fn mac(&self, text: &str) -> Hmac<Sha256> {
        let mut mac = keyed(self.0.as_ref());
        mac.update(text.as_bytes());
        mac
    }
}

/// A refresh token that somebody shows, taken apart: nothing of it is believed yet.
pub struct Shown {
    /// The family it says it is of.
    pub family: FamilyId,
    /// Which of that family's it says it is.
    pub turn: u64,
    body: Zeroizing<Vec<u8>>,
    tag: [u8; TAG],
}

impl Shown {
    /// Takes a refresh token apart; `None`: it is none.
    pub fn read(token: &GrantRefreshToken) -> Option<Self> {
        let text = token.expose_secret().strip_prefix(REFRESH)?;
        if text.len() > LONGEST {
            return None;
        }
        let whole = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        if whole.len() != 16 + 8 + RANDOM + TAG {
            return None;
        }
        let (body, tag) = whole.split_at(16 + 8 + RANDOM);
        Some(Self {
            family: FamilyId(body[..16].try_into().ok()?),
            turn: u64::from_be_bytes(body[16..24].try_into().ok()?),
            body: Zeroizing::new(body.to_vec()),
            tag: tag.try_into().ok()?,
        })
    }

    /// Whether it was made with that key: then it is, or was, a token of the key's family. Compares in constant time.
    pub fn is_by(&self, key: &FamilyKey) -> bool {
        tag(key, &self.body)
            .verify_truncated_left(&self.tag)
            .is_ok()
    }
}

/// A new key for a family.
pub fn new_key() -> FamilyKey {
    let random = Zeroizing::new(rand::random::<[u8; 32]>());
    FamilyKey::new(URL_SAFE_NO_PAD.encode(random.as_slice()))
}

/// A new refresh token of a family.
pub fn new_refresh_token(family: FamilyId, turn: u64, key: &FamilyKey) -> GrantRefreshToken {
    let random = Zeroizing::new(rand::random::<[u8; RANDOM]>());
    let mut whole = Zeroizing::new(Vec::with_capacity(16 + 8 + RANDOM + TAG));
    whole.extend_from_slice(&family.0);
    whole.extend_from_slice(&turn.to_be_bytes());
    whole.extend_from_slice(random.as_slice());
    let tag = tag(key, &whole).finalize().into_bytes();
    whole.extend_from_slice(&tag[..TAG]);
    let mut text = String::with_capacity(REFRESH.len() + whole.len() * 2);
    text.push_str(REFRESH);
    URL_SAFE_NO_PAD.encode_string(whole.as_slice(), &mut text);
    GrantRefreshToken::new(text)
}

/// What of a refresh token is given to bcrypt, which reads 72 bytes: the base64 of its SHA-256.
pub fn hashed_before(token: &GrantRefreshToken) -> Zeroizing<String> {
    Zeroizing::new(URL_SAFE_NO_PAD.encode(Sha256::digest(token.expose_secret())))
}

fn tag(key: &FamilyKey, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = keyed(key.expose_secret().as_bytes());
    mac.update(b"tokenward/1/grant-refresh");
    mac.update(body);
    mac
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims {
            grant: "ci".parse().unwrap(),
            family: FamilyId([7; 16]),
            turn: 3,
            credentials: vec!["github/alice".parse().unwrap()],
            issued_at: 100,
            expires_at: 1000,
        }
    }

    #[test]
    fn the_head_is_what_it_says() {
        let head = URL_SAFE_NO_PAD.decode(HEAD).unwrap();
        assert_eq!(head, br#"{"alg":"HS256","typ":"at+jwt"}"#);
    }

    #[test]
    fn only_what_was_signed_here_is_read() {
        let signer = Signer::new(Zeroizing::new([1; 32]));
        let token = signer.sign(&claims());
        assert_eq!(signer.read(&token), Some(claims()));
        let other = Signer::new(Zeroizing::new([2; 32]));
        assert_eq!(other.read(&token), None);
        let text = token.expose_secret();
        for at in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = GrantToken::new(String::from_utf8(bytes).unwrap());
            assert_eq!(signer.read(&changed), None, "byte {at}");
        }
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
        let payload = text.split('.').nth(1).unwrap();
        for forged in [
            format!("{ACCESS}{none}.{payload}."),
            format!("{ACCESS}{HEAD}.{payload}."),
        ] {
            assert_eq!(signer.read(&GrantToken::new(forged)), None);
        }
    }

    #[test]
    fn a_refresh_token_is_known_by_its_familys_key() {
        let (key, other) = (new_key(), new_key());
        let token = new_refresh_token(FamilyId([5; 16]), 9, &key);
        let shown = Shown::read(&token).unwrap();
        assert_eq!((shown.family, shown.turn), (FamilyId([5; 16]), 9));
        assert!(shown.is_by(&key));
        assert!(!shown.is_by(&other));
        let again = new_refresh_token(FamilyId([5; 16]), 9, &key);
        assert_ne!(*hashed_before(&token), *hashed_before(&again));
        assert!(hashed_before(&token).len() <= 72);
        for garbage in ["", "twr_", "twr_AAAA", "twa_x", "twr_\u{e9}"] {
            assert!(Shown::read(&GrantRefreshToken::new(garbage.to_owned())).is_none());
        }
    }
}
