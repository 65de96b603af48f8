//! Proofs of possession (RFC 9449): made for one request each, with the nonce its server wants.

use crate::clock;
use crate::jose::jws;
use crate::jose::key::SigningKey;
use crate::oauth::endpoint;
use crate::oauth::error::OAuthError;
use crate::oauth::http::Http;
use crate::oauth::random;
use crate::oauth::wire::Reply;
use crate::secret::AccessToken;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use url::Url;
use zeroize::Zeroizing;

/// No nonce is kept beyond so many characters.
const LONGEST_NONCE: usize = 1024;
/// No more servers' nonces are kept than that; the rest is asked for anew.
const MOST_NONCES: usize = 1000;

/// The nonces that servers gave, by origin (RFC 9449 8.2): a new one takes the old one's place.
#[derive(Debug, Default)]
pub struct Nonces(Mutex<BTreeMap<String, String>>);

impl Nonces {
    fn get(&self, origin: &str) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(origin).cloned()
    }

    /// Whether it is another one than before.
    fn put(&self, origin: String, nonce: &str) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_NONCES && !kept.contains_key(&origin) {
            kept.clear();
        }
        kept.insert(origin, nonce.to_owned()).as_deref() != Some(nonce)
    }
}

/// Keeps the nonce that came with an answer; whether it is a new one.
pub fn remember(http: &Http, url: &str, reply: &Reply) -> bool {
    match (&reply.dpop_nonce, Url::parse(url)) {
        (Some(nonce), Ok(url)) => keep(http, &url, nonce),
        _ => false,
    }
}

/// Keeps a nonce that a server gave to somebody else on this machine; whether it is a new one.
pub fn keep(http: &Http, url: &Url, nonce: &str) -> bool {
    let is_sound = nonce.len() <= LONGEST_NONCE && nonce.bytes().all(|b| b.is_ascii_graphic());
    is_sound && http.nonces().put(origin(url), nonce)
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The proof for one request (RFC 9449 4.2); with the token that goes with it, for a protected resource.
pub fn proof(
    http: &Http,
    key: &SigningKey,
    method: &str,
    url: &str,
    token: Option<&AccessToken>,
) -> Result<Zeroizing<String>, OAuthError> {
    let mut url = endpoint::read(url, "address of the proof")?;
    let nonce = http.nonces().get(&origin(&url));
    // RFC 9449 4.2: without query and fragment.
    url.set_query(None);
    url.set_fragment(None);
    let mut claims = json!({
        "jti": random::text(),
        "htm": method,
        "htu": url.as_str(),
        "iat": clock::now().as_millis() / 1000,
    });
    if let Some(token) = token {
        let hash = Sha256::digest(token.expose_secret().as_bytes());
        claims["ath"] = Value::from(URL_SAFE_NO_PAD.encode(hash));
    }
    if let Some(nonce) = nonce {
        claims["nonce"] = Value::from(nonce);
    }
    let mut header = Map::new();
    header.insert("typ".to_owned(), Value::from("dpop+jwt"));
    header.insert("jwk".to_owned(), key.public().members());
    jws::sign(key, header, &claims).map_err(OAuthError::Key)
}
