//! Compact signed tokens (RFC 7515 3.1): made with a key, and read without believing them.

use crate::jose::algorithm::Algorithm;
use crate::jose::error::JoseError;
use crate::jose::key::SigningKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use std::fmt;
use zeroize::{Zeroize as _, Zeroizing};

/// A token longer than this is not read.
const LONGEST: usize = 64 * 1024;

/// Signs claims; `header` gets `alg`.
pub fn sign(
    key: &SigningKey,
    mut header: Map<String, Value>,
    claims: &Value,
) -> Result<Zeroizing<String>, JoseError> {
    header.insert("alg".to_owned(), Value::from(key.algorithm().name()));
    let header = Value::Object(header).to_string();
    let mut claims = claims.to_string();
    // Room for all three parts: the buffer never moves.
    let room = 4 * (header.len() + claims.len() + 1024) / 3;
    let mut token = Zeroizing::new(String::with_capacity(room));
    URL_SAFE_NO_PAD.encode_string(header, &mut token);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims.as_bytes(), &mut token);
    claims.zeroize();
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

/// A token taken apart. Nothing in it is to be believed before its signature was checked.
pub struct Parsed {
    header: Map<String, Value>,
    payload: Zeroizing<Vec<u8>>,
    signed: Zeroizing<Vec<u8>>,
    signature: Vec<u8>,
}

impl fmt::Debug for Parsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parsed([redacted])")
    }
}

impl Parsed {
    /// Takes a token apart. Unsecured, encrypted and detached ones are none.
    pub fn read(token: &str) -> Result<Self, JoseError> {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts.as_slice() else {
            return Err(JoseError::NoToken);
        };
        if token.len() > LONGEST || signature.is_empty() {
            return Err(JoseError::NoToken);
        }
        let decode = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('='));
            bytes.map_err(|_| JoseError::NoToken)
        };
        let header: Map<String, Value> =
            serde_json::from_slice(&decode(header)?).map_err(|_| JoseError::NoToken)?;
        // An extension that must be understood and is not (RFC 7515 4.1.11).
        if header.contains_key("crit") {
            return Err(JoseError::NoToken);
        }
        let end = token.len() - signature.len() - 1;
        Ok(Self {
            header,
            payload: Zeroizing::new(decode(payload)?),
            signed: Zeroizing::new(token.as_bytes()[..end].to_vec()),
            signature: decode(signature)?,
        })
    }

    /// A member of the header.
    pub fn header(&self, name: &str) -> Option<&Value> {
        self.header.get(name)
    }

    /// `alg`, when it is one that is accepted.
    pub fn algorithm(&self) -> Result<Algorithm, JoseError> {
        let name = self.header("alg").and_then(Value::as_str);
        name.and_then(Algorithm::named).ok_or(JoseError::Algorithm)
    }

    /// `kid`.
    pub fn key_id(&self) -> Option<&str> {
        self.header("kid").and_then(Value::as_str)
    }

    /// The claims, when the payload is an object.
    pub fn claims(&self) -> Option<Map<String, Value>> {
        serde_json::from_slice(&self.payload).ok()
    }

    /// What was signed.
    pub fn signed(&self) -> &[u8] {
        &self.signed
    }

    /// The signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::jwk::{KeySet, PublicKey};
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_is_signed_is_read_and_verified_and_nothing_else_is() {
        let key = SigningKey::generate().unwrap();
        let claims = json!({"sub": "1"});
        let token = sign(&key, Map::new(), &claims).unwrap();
        let parsed = Parsed::read(&token).unwrap();
        assert_eq!(Value::Object(parsed.claims().unwrap()), claims);
        let keys = |key: PublicKey| KeySet { keys: vec![key] };
        assert_eq!(keys(key.public()).verify(&parsed), Ok(()));
        let other = SigningKey::generate().unwrap();
        assert_eq!(
            keys(other.public()).verify(&parsed),
            Err(JoseError::Signature)
        );
        let mut named = key.public();
        named.id = Some("a".to_owned());
        let header = json!({"kid": "b"}).as_object().cloned().unwrap();
        let token = sign(&key, header, &claims).unwrap();
        assert_eq!(
            keys(named).verify(&Parsed::read(&token).unwrap()),
            Err(JoseError::NoKey)
        );
    }

    #[test]
    fn an_unsecured_token_is_never_accepted() {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        for algorithm in ["none", "HS256", "ES512", ""] {
            let header = encode(&json!({"alg": algorithm}).to_string());
            let token = format!("{header}.{}.AAAA", encode("{}"));
            let parsed = Parsed::read(&token).unwrap();
            assert_eq!(parsed.algorithm(), Err(JoseError::Algorithm));
            assert!(KeySet::default().verify(&parsed).is_err());
        }
        let header = encode(&json!({"alg": "ES256", "crit": ["b64"]}).to_string());
        assert!(Parsed::read(&format!("{header}.e30.AAAA")).is_err());
        assert!(Parsed::read("eyJhbGciOiJub25lIn0.e30.").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            let _ = Parsed::read(&text);
        }
    }
}
