//! The provider's keys: what ID tokens are signed with, and where the public parts are told (RFC 7517).

use crate::demo::exchange::Exchange;
use crate::demo::quirks::RequestKind;
use crate::demo::reply;
use crate::demo::shared::Shared;
use crate::jose::jwk::{KeySet, PublicKey};
use crate::jose::jws::{self, Parsed};
use crate::jose::key::{SigningKey, new_pem};
use crate::secret::PrivateKey;
use axum::body::Body;
use axum::extract;
use axum::http::Response;
use serde_json::{Map, Value, json};

/// What ID tokens are signed by.
pub const ALGORITHM: &str = "ES256";
/// What proofs and assertions of clients may be signed by.
pub const ACCEPTED: [&str; 3] = ["ES256", "EdDSA", "RS256"];

/// Keys made when the provider starts.
#[derive(Debug)]
pub struct Keys {
    /// What ID tokens are signed with.
    told: Signer,
    /// What nobody is told of: for ID tokens that are forged on purpose.
    untold: Signer,
    /// The key of the built-in client that authenticates by one.
    pub asserting: PrivateKey,
}

#[derive(Debug)]
struct Signer {
    key: SigningKey,
    id: String,
}

const RANDOM: &str = "every system this runs on has a source of random bytes";

impl Default for Keys {
    fn default() -> Self {
        Self {
            told: Signer::new(),
            untold: Signer::new(),
            asserting: new_pem().expect(RANDOM),
        }
    }
}

impl Signer {
    fn new() -> Self {
        let key = SigningKey::generate().expect(RANDOM);
        let id = key.public().thumbprint();
        Self { key, id }
    }

    fn published(&self) -> Value {
        let mut key = self.key.public();
        key.id = Some(self.id.clone());
        key.algorithm = Some(self.key.algorithm());
        key.published()
    }
}

impl Keys {
    /// An ID token with these claims; a forged one bears the name of the right key and the signature of another.
    pub fn signed(&self, claims: &Value, forged: bool) -> String {
        let header = Map::from_iter([
            ("typ".to_owned(), "JWT".into()),
            ("kid".to_owned(), self.told.id.clone().into()),
        ]);
        let signer = if forged { &self.untold } else { &self.told };
        let token = jws::sign(&signer.key, header, claims).expect(RANDOM);
        token.as_str().to_owned()
    }

    /// The public part of the built-in asserting client's key.
    pub fn asserting_public(&self) -> Option<PublicKey> {
        let key = SigningKey::read(&self.asserting).ok()?;
        Some(key.public())
    }
}

/// Answers `GET /jwks`.
pub async fn document(extract::State(shared): extract::State<Shared>) -> Response<Body> {
    Exchange::begin(&shared, RequestKind::Keys, None)
        .answer(|exchange, _| {
            let key = exchange.shared.keys.told.published();
            reply::json(200, &json!({ "keys": [key] }))
        })
        .await
}

/// The first usable key of a set (RFC 7517 5).
pub fn public_key(set: &Value) -> Option<PublicKey> {
    KeySet::read(set)?.keys.into_iter().next()
}

/// The claims of a token that this key signed by an algorithm that is accepted here.
pub fn verified(token: &str, key: &PublicKey) -> Option<Map<String, Value>> {
    let parsed = Parsed::read(token).ok()?;
    let algorithm = parsed.algorithm().ok()?;
    let is_accepted = ACCEPTED.contains(&algorithm.name());
    key.verify(algorithm, parsed.signed(), parsed.signature())
        .ok()
        .filter(|()| is_accepted)?;
    parsed.claims()
}
