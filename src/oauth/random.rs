//! The one place of this floor where randomness comes from: the operating system.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore as _;
use rand::rngs::OsRng;

/// 256 random bits as 43 characters of base64url: for `state`, `nonce` and the PKCE verifier (RFC 7636 4.1).
pub fn text() -> String {
    let mut bytes = zeroize::Zeroizing::new([0_u8; 32]);
    OsRng
        .try_fill_bytes(&mut *bytes)
        .expect("the operating system has randomness, or nothing here is safe");
    URL_SAFE_NO_PAD.encode(*bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_new_and_fit_for_a_verifier() {
        let texts: std::collections::BTreeSet<String> = (0..1000).map(|_| text()).collect();
        assert_eq!(texts.len(), 1000);
        assert!(texts.iter().all(|text| {
            text.len() == 43
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        }));
    }
}
