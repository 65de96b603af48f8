//! Private keys for signing: made here, or given by a person in PEM.

use crate::jose::algorithm::Algorithm;
use crate::jose::error::JoseError;
use crate::jose::jwk::PublicKey;
use crate::secret::PrivateKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::rsa;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use std::fmt;
use zeroize::Zeroizing;

/// A key that signs.
pub struct SigningKey {
    pair: Pair,
    algorithm: Algorithm,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.algorithm.name())
    }
}

impl SigningKey {
    /// A new P-256 key; for one that has to be kept see [`new_pem`].
    pub fn generate() -> Result<Self, JoseError> {
        Self::read(&new_pem()?)
    }

    /// Reads a key in PEM: PKCS#8, or PKCS#1 for RSA.
    pub fn read(pem: &PrivateKey) -> Result<Self, JoseError> {
        let text = pem.expose_secret();
        let der =
            PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| JoseError::NoPrivateKey)?;
        let pair = match &der {
            PrivateKeyDer::Pkcs8(der) => from_pkcs8(der.secret_pkcs8_der())?,
            PrivateKeyDer::Pkcs1(der) => (
                RsaKeyPair::from_der(der.secret_pkcs1_der())
                    .map(|pair| Pair::Rsa(Box::new(pair)))
                    .map_err(|_| JoseError::KeyKind)?,
                Algorithm::Rs256,
            ),
            _ => return Err(JoseError::NoPrivateKey),
        };
        let (pair, algorithm) = pair;
        Ok(Self { pair, algorithm })
    }

    /// The same key for another algorithm of its kind: RSA keys sign by `PS256` as well as by `RS256`.
    pub fn with_algorithm(mut self, algorithm: Algorithm) -> Result<Self, JoseError> {
        let is_possible = match self.pair {
            Pair::Ec(_) | Pair::Ed25519(_) => algorithm == self.algorithm,
            Pair::Rsa(_) => matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256),
        };
        if !is_possible {
            return Err(JoseError::Algorithm);
        }
        self.algorithm = algorithm;
        Ok(self)
    }

    /// What it signs by.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Signs.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair) => {
                let signature = pair.sign(&random, message);
                Ok(signature.map_err(|_| JoseError::Signing)?.as_ref().to_vec())
            }
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let by: &dyn ring::signature::RsaEncoding = match self.algorithm {
                    Algorithm::Ps256 => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(by, &random, message, &mut signature)
                    .map_err(|_| JoseError::Signing)?;
                Ok(signature)
            }
        }
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        let mut key = match &self.pair {
            Pair::Ec(pair) => PublicKey::of_point(pair.public_key().as_ref()),
            Pair::Ed25519(pair) => Some(PublicKey::of_ed25519(pair.public_key().as_ref())),
            Pair::Rsa(pair) => {
                let parts: rsa::PublicKeyComponents<Vec<u8>> = pair.public().into();
                Some(PublicKey::of_rsa(&parts.n, &parts.e))
            }
        }
        .unwrap_or_else(|| unreachable!("ring gives points of the two curves uncompressed"));
        key.algorithm = Some(self.algorithm);
        key
    }
}

fn from_pkcs8(der: &[u8]) -> Result<(Pair, Algorithm), JoseError> {
    let random = SystemRandom::new();
    let curves = [
        (&ECDSA_P256_SHA256_FIXED_SIGNING, Algorithm::Es256),
        (&ECDSA_P384_SHA384_FIXED_SIGNING, Algorithm::Es384),
    ];
    for (curve, algorithm) in curves {
        if let Ok(pair) = EcdsaKeyPair::from_pkcs8(curve, der, &random) {
            return Ok((Pair::Ec(pair), algorithm));
        }
    }
    if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
        return Ok((Pair::Ed25519(pair), Algorithm::EdDsa));
    }
    match RsaKeyPair::from_pkcs8(der) {
        Ok(pair) => Ok((Pair::Rsa(Box::new(pair)), Algorithm::Rs256)),
        Err(_) => Err(JoseError::KeyKind),
    }
}

/// A new P-256 private key, PKCS#8 in PEM, as it is kept.
pub fn new_pem() -> Result<PrivateKey, JoseError> {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
        .map_err(|_| JoseError::Signing)?;
    let der = Zeroizing::new(document.as_ref().to_vec());
    let mut pem = String::with_capacity(512);
    pem.push_str("-----BEGIN PRIVATE KEY-----\n");
    // 138 bytes: one line of text is as good as several to every reader of ours, and stays in one buffer.
    STANDARD.encode_string(der.as_slice(), &mut pem);
    pem.push_str("\n-----END PRIVATE KEY-----\n");
    Ok(PrivateKey::new(pem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_read_again_and_signs_what_its_public_half_verifies() {
        let pem = new_pem().unwrap();
        let key = SigningKey::read(&pem).unwrap();
        assert_eq!(key.algorithm(), Algorithm::Es256);
        let signature = key.sign(b"message").unwrap();
        let public = key.public();
        assert_eq!(
            public.verify(Algorithm::Es256, b"message", &signature),
            Ok(())
        );
        assert!(
            public
                .verify(Algorithm::Es256, b"massage", &signature)
                .is_err()
        );
        assert_ne!(
            public.thumbprint(),
            SigningKey::generate().unwrap().public().thumbprint()
        );
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        for text in [
            "",
            "marker",
            "-----BEGIN PRIVATE KEY-----\nbWFya2Vy\n-----END PRIVATE KEY-----",
        ] {
            let error = SigningKey::read(&PrivateKey::new(text.to_owned())).unwrap_err();
            assert!(!error.to_string().contains("marker"));
        }
    }
}
