//! Tokens, codes and their digests: random, unguessable, kept as SHA-256 only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest as _, Sha256};

/// Every access token begins with this, so that a leak is found by searching.
pub const ACCESS_PREFIX: &str = "demo_at_";
/// Every refresh token begins with this.
pub const REFRESH_PREFIX: &str = "demo_rt_";
/// Every authorization code begins with this.
pub const CODE_PREFIX: &str = "demo_code_";
/// Every device code begins with this.
pub const DEVICE_PREFIX: &str = "demo_dc_";

/// RFC 8628 6.1: no vowels (no words by chance), nothing that looks like something else.
const USER_CODE_LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// What is kept of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

/// The SHA-256 of a token. Tokens have 256 random bits, so finding one by its digest leaks nothing by its timing.
pub fn digest(token: &str) -> Digest {
    Digest(Sha256::digest(token.as_bytes()).into())
}

/// 32 random bytes from the operating system.
pub fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    OsRng
        .try_fill_bytes(&mut bytes)
        .expect("every system this runs on has a source of random bytes");
    bytes
}

/// A new token: the prefix and 256 random bits.
pub fn random(prefix: &str) -> String {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random_bytes()))
}

/// A new user code, `WDJB-MJHT`.
pub fn user_code() -> String {
    // 240 is the largest multiple of 20 in a byte: larger ones would prefer some letters.
    let mut letters = std::iter::repeat_with(random_bytes)
        .flatten()
        .filter(|byte| *byte < 240)
        .map(|byte| char::from(USER_CODE_LETTERS[usize::from(byte) % 20]));
    let mut half = || letters.by_ref().take(4).collect::<String>();
    format!("{}-{}", half(), half())
}

/// What a person typed, as codes are written: upper case, letters only, one dash (RFC 8628 6.1).
pub fn normalized_user_code(typed: &str) -> String {
    let letters: String = typed
        .chars()
        .filter(char::is_ascii_alphabetic)
        .map(|c| c.to_ascii_uppercase())
        .take(8)
        .collect();
    match letters.split_at_checked(4) {
        Some((first, second)) => format!("{first}-{second}"),
        None => letters,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_are_long() {
        let (one, two) = (random(ACCESS_PREFIX), random(ACCESS_PREFIX));
        assert_ne!(one, two);
        assert_eq!(one.len(), ACCESS_PREFIX.len() + 43);
    }

    #[test]
    fn a_user_code_survives_how_people_type_it() {
        let code = user_code();
        assert_eq!(code.len(), 9);
        assert_eq!(normalized_user_code(&code), code);
        assert_eq!(
            normalized_user_code(&format!(" {} ", code.to_lowercase().replace('-', " "))),
            code
        );
    }
}
