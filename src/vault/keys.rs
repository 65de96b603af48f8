//! The keys of an unlocked vault: its age identity and what is derived from it.

use crate::model::fingerprint::Fingerprint;
use crate::secret::VaultIdentity;
use crate::vault::error::VaultError;
use age::x25519;
use chacha20poly1305::{Key as Key256, XChaCha20Poly1305};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// The number of a vault: sixteen random bytes, made with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VaultId(pub [u8; 16]);

impl fmt::Display for VaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

type Key = Zeroizing<[u8; 32]>;

/// The keys of an unlocked vault; zeroized on drop.
pub struct VaultKeys {
    id: VaultId,
    identity: x25519::Identity,
    recipient: x25519::Recipient,
    binding: Key,
    names: Key,
    fingerprints: Key,
    ledger: Key,
    log: Key,
    grants: Key,
}

impl VaultKeys {
    /// Derives all keys (HKDF-SHA-256, salted with the vault's number) from the vault's identity.
    pub fn derive(id: VaultId, identity: &VaultIdentity) -> Result<Self, VaultError> {
        let text = identity.expose_secret().trim();
        let parsed: x25519::Identity = text.parse().map_err(|_| VaultError::NotAnIdentity)?;
        let hkdf = Hkdf::<Sha256>::new(Some(&id.0), text.as_bytes());
        let key = |info: &str| {
            let mut key = Zeroizing::new([0; 32]);
            hkdf.expand(info.as_bytes(), key.as_mut())
                .expect("32 bytes are fewer than HKDF can give");
            key
        };
        Ok(Self {
            id,
            recipient: parsed.to_public(),
            identity: parsed,
            binding: key("tokenward/1/binding"),
            names: key("tokenward/1/names"),
            fingerprints: key("tokenward/1/fingerprints"),
            ledger: key("tokenward/1/ledger"),
            log: key("tokenward/2/log"),
            grants: key("tokenward/1/grants"),
        })
    }

    /// The same with another key of fingerprints: one that was there before the identity was.
    pub fn with_fingerprint_key(mut self, key: Zeroizing<[u8; 32]>) -> Self {
        self.fingerprints = key;
        self
    }

    /// The key of fingerprints, to be kept when the identity is replaced.
    pub fn fingerprint_key(&self) -> &[u8; 32] {
        &self.fingerprints
    }

    /// The vault these keys belong to.
    pub fn vault_id(&self) -> VaultId {
        self.id
    }

    /// Opens what is sealed to the vault.
    pub fn identity(&self) -> &x25519::Identity {
        &self.identity
    }

    /// What rows are sealed to.
    pub fn recipient(&self) -> &x25519::Recipient {
        &self.recipient
    }

    /// A copy of the identity, to be sealed into another slot.
    pub fn identity_text(&self) -> VaultIdentity {
        VaultIdentity::new(identity_to_string(&self.identity))
    }

    /// A fresh HMAC for binding rows.
    pub fn binding_mac(&self) -> Hmac<Sha256> {
        keyed(&self.binding)
    }

    /// A fresh HMAC for the ledger.
    pub fn ledger_mac(&self) -> Hmac<Sha256> {
        keyed(&self.ledger)
    }

    /// What the access tokens of grants are signed with.
    pub fn grant_key(&self) -> Zeroizing<[u8; 32]> {
        self.grants.clone()
    }

    /// The cipher of the activity log.
    pub fn log_cipher(&self) -> XChaCha20Poly1305 {
        chacha20poly1305::KeyInit::new(Key256::from_slice(self.log.as_slice()))
    }

    /// The keyed hash by which a name is looked up; `kind` keeps kinds of names apart.
    pub fn name_hash(&self, kind: &str, parts: &[&str]) -> [u8; 32] {
        let mut mac = keyed(&self.names);
        for part in std::iter::once(&kind).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }

    /// The keyed hash of a token.
    pub fn fingerprint(&self, token: &str) -> Fingerprint {
        let mut mac = keyed(&self.fingerprints);
        mac.update(token.as_bytes());
        let whole: [u8; 32] = mac.finalize().into_bytes().into();
        let [a, b, c, d, e, f, g, h, ..] = whole;
        Fingerprint(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }
}

impl fmt::Debug for VaultKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultKeys({}, [redacted])", self.id)
    }
}

/// Makes a new age identity.
pub fn new_identity() -> VaultIdentity {
    VaultIdentity::new(identity_to_string(&x25519::Identity::generate()))
}

fn identity_to_string(identity: &x25519::Identity) -> String {
    use secrecy::ExposeSecret;
    identity.to_string().expose_secret().to_owned()
}

fn keyed(key: &Key) -> Hmac<Sha256> {
    Hmac::new_from_slice(key.as_ref()).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_by_vault_and_by_identity() {
        let (one, two) = (new_identity(), new_identity());
        let derive = |id: u8, identity| VaultKeys::derive(VaultId([id; 16]), identity).unwrap();
        let first = derive(1, &one);
        assert_eq!(
            first.fingerprint("token"),
            derive(1, &one).fingerprint("token")
        );
        assert_ne!(
            first.fingerprint("token"),
            derive(2, &one).fingerprint("token")
        );
        assert_ne!(
            first.fingerprint("token"),
            derive(1, &two).fingerprint("token")
        );
        assert_ne!(
            first.name_hash("a", &["bc"]),
            first.name_hash("ab", &["c"]),
            "lengths are part of the hash"
        );
    }

    #[test]
    fn debug_shows_no_key() {
        let keys = VaultKeys::derive(VaultId([7; 16]), &new_identity()).unwrap();
        assert_eq!(
            format!("{keys:?}"),
            "VaultKeys(07070707070707070707070707070707, [redacted])"
        );
    }
}
