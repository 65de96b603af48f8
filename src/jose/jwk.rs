//! Public keys as JSON (RFC 7517, 7518 6, 8037 2), their thumbprints (RFC 7638), and sets of them.

use crate::jose::algorithm::{Algorithm, Check};
use crate::jose::error::JoseError;
use crate::jose::jws::Parsed;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// No set is read beyond so many keys.
const MOST_KEYS: usize = 100;

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// `kid`.
    pub id: Option<String>,
    /// `alg`, when the key names the one it is for.
    pub algorithm: Option<Algorithm>,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Ec {
        curve: Curve,
        x: Vec<u8>,
        y: Vec<u8>,
    },
    Ed25519 {
        x: Vec<u8>,
    },
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
}

impl Curve {
    fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }
}

impl PublicKey {
    /// Reads one; `None` for what is no public signing key that is used here. Private members are not looked at.
    pub fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let bytes = |name: &str| {
            let text = text(name)?.trim_end_matches('=');
            URL_SAFE_NO_PAD.decode(text).ok()
        };
        if text("use").is_some_and(|usage| usage != "sig") {
            return None;
        }
        let kind = match (text("kty")?, text("crv")) {
            ("EC", Some(name)) => {
                let curve = [Curve::P256, Curve::P384]
                    .into_iter()
                    .find(|curve| curve.name() == name)?;
                let (x, y) = (bytes("x")?, bytes("y")?);
                let is_whole = x.len() == curve.bytes() && y.len() == curve.bytes();
                is_whole.then_some(Kind::Ec { curve, x, y })?
            }
            ("OKP", Some("Ed25519")) => {
                let x = bytes("x")?;
                (x.len() == 32).then_some(Kind::Ed25519 { x })?
            }
            ("RSA", _) => Kind::Rsa {
                n: without_zeros(bytes("n")?),
                e: without_zeros(bytes("e")?),
            },
            _ => return None,
        };
        Some(Self {
            id: text("kid").map(str::to_owned),
            algorithm: text("alg").and_then(Algorithm::named),
            kind,
        })
    }

    /// The key of a point on P-256 or P-384, uncompressed (SEC 1 2.3.3).
    pub fn of_point(point: &[u8]) -> Option<Self> {
        let (&form, coordinates) = point.split_first()?;
        let curve = match (form, coordinates.len()) {
            (4, 64) => Curve::P256,
            (4, 96) => Curve::P384,
            _ => return None,
        };
        let (x, y) = coordinates.split_at(curve.bytes());
        Some(Self {
            id: None,
            algorithm: None,
            kind: Kind::Ec {
                curve,
                x: x.to_vec(),
                y: y.to_vec(),
            },
        })
    }

    /// An Ed25519 key.
    pub fn of_ed25519(x: &[u8]) -> Self {
        let kind = Kind::Ed25519 { x: x.to_vec() };
        Self {
            id: None,
            algorithm: None,
            kind,
        }
    }

    /// An RSA key from its modulus and exponent, both big-endian.
    pub fn of_rsa(n: &[u8], e: &[u8]) -> Self {
        Self {
            id: None,
            algorithm: None,
            kind: Kind::Rsa {
                n: without_zeros(n.to_vec()),
                e: without_zeros(e.to_vec()),
            },
        }
    }

    /// The members that make the key (RFC 7638 3.2), in the order a thumbprint wants.
    pub fn members(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.kind {
            Kind::Ec { curve, x, y } => {
                json!({"crv": curve.name(), "kty": "EC", "x": text(x), "y": text(y)})
            }
            Kind::Ed25519 { x } => json!({"crv": "Ed25519", "kty": "OKP", "x": text(x)}),
            Kind::Rsa { n, e } => json!({"e": text(e), "kty": "RSA", "n": text(n)}),
        }
    }

    /// The key as it is published: with `kid`, `use` and, where it is for one only, `alg`.
    pub fn published(&self) -> Value {
        let mut members: Map<String, Value> =
            self.members().as_object().cloned().unwrap_or_default();
        members.insert("use".to_owned(), json!("sig"));
        if let Some(id) = &self.id {
            members.insert("kid".to_owned(), json!(id));
        }
        if let Some(algorithm) = self.algorithm {
            members.insert("alg".to_owned(), json!(algorithm.name()));
        }
        Value::Object(members)
    }

    /// The thumbprint, SHA-256, base64url (RFC 7638 3.1).
    pub fn thumbprint(&self) -> String {
        // The members' names are sorted, as the thumbprint wants them.
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.members().to_string()))
    }

    /// Checks a signature over a message.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), JoseError> {
        if !self.fits(algorithm) {
            return Err(JoseError::Algorithm);
        }
        let checked = match (&self.kind, algorithm.check()) {
            (Kind::Ec { x, y, .. }, Check::Point(by)) => {
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                UnparsedPublicKey::new(by, point).verify(message, signature)
            }
            (Kind::Ed25519 { x }, Check::Point(by)) => {
                UnparsedPublicKey::new(by, x).verify(message, signature)
            }
            (Kind::Rsa { n, e }, Check::Rsa(by)) => {
                RsaPublicKeyComponents { n, e }.verify(by, message, signature)
            }
            (Kind::Ec { .. } | Kind::Ed25519 { .. }, Check::Rsa(_))
            | (Kind::Rsa { .. }, Check::Point(_)) => return Err(JoseError::Algorithm),
        };
        checked.map_err(|_| JoseError::Signature)
    }

    /// Whether signatures of that algorithm can be of this key.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        let is_kind = match &self.kind {
            Kind::Ec { curve, .. } => match curve {
                Curve::P256 => algorithm == Algorithm::Es256,
                Curve::P384 => algorithm == Algorithm::Es384,
            },
            Kind::Ed25519 { .. } => algorithm == Algorithm::EdDsa,
            Kind::Rsa { .. } => matches!(algorithm.check(), Check::Rsa(_)),
        };
        is_kind && self.algorithm.is_none_or(|named| named == algorithm)
    }
}

/// The `keys` of a set (RFC 7517 5), without those that are not understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet {
    /// The keys.
    pub keys: Vec<PublicKey>,
}

impl KeySet {
    /// Reads a set; what is in it and not understood is left out (RFC 7517 5).
    pub fn read(value: &Value) -> Option<Self> {
        let list = value.get("keys")?.as_array()?;
        let keys = list.iter().take(MOST_KEYS);
        Some(Self {
            keys: keys.filter_map(PublicKey::read).collect(),
        })
    }

    /// Checks a token by the key that its `kid` names; a token without one, or a key without, is tried with all that
    /// fit.
    pub fn verify(&self, token: &Parsed) -> Result<(), JoseError> {
        let algorithm = token.algorithm()?;
        let id = token.key_id();
        let fitting = self.keys.iter().filter(|key| {
            key.fits(algorithm)
                && match (&key.id, id) {
                    (Some(known), Some(wanted)) => known == wanted,
                    _ => true,
                }
        });
        let mut result = Err(JoseError::NoKey);
        for key in fitting {
            result = key.verify(algorithm, token.signed(), token.signature());
            if result.is_ok() {
                break;
            }
        }
        result
    }
}

fn without_zeros(bytes: Vec<u8>) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0);
    start.map_or_else(Vec::new, |start| bytes[start..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7638 3.1, with its thumbprint.
    fn rfc_7638() -> Value {
        json!({
            "kty": "RSA",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
            "e": "AQAB",
            "alg": "RS256",
            "kid": "2011-04-29"
        })
    }

    #[test]
    fn the_thumbprint_is_that_of_the_standard() {
        let key = PublicKey::read(&rfc_7638()).unwrap();
        assert_eq!(
            key.thumbprint(),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
    }

    /// RFC 8037 A.4 and A.3.
    #[test]
    fn an_ed25519_signature_of_the_standard_is_right_and_any_other_wrong() {
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let set =
            KeySet::read(&json!({"keys": [{"kty": "oct", "k": "AAAA"}, rfc_7638(), key]})).unwrap();
        assert_eq!(set.keys.len(), 2, "what is no public key is left out");
        let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert_eq!(set.verify(&Parsed::read(token).unwrap()), Ok(()));
        let other = token.replace("RXhhb", "RXhhc");
        assert_eq!(
            set.verify(&Parsed::read(&other).unwrap()),
            Err(JoseError::Signature)
        );
    }

    #[test]
    fn a_key_is_used_for_its_own_algorithm_only() {
        let key = PublicKey::read(&rfc_7638()).unwrap();
        assert!(key.fits(Algorithm::Rs256));
        assert!(!key.fits(Algorithm::Rs512) && !key.fits(Algorithm::Es256));
        let mut open = rfc_7638();
        open["alg"] = Value::Null;
        assert!(PublicKey::read(&open).unwrap().fits(Algorithm::Ps512));
        let mut encryption = rfc_7638();
        encryption["use"] = json!("enc");
        assert_eq!(PublicKey::read(&encryption), None);
    }
}
