//! DPoP: proofs that a client holds the key a token is bound to, and their nonces (RFC 9449).

use crate::clock::Timestamp;
use crate::demo::bounded::Bounded;
use crate::demo::exchange::Exchange;
use crate::demo::keys::verified;
use crate::demo::problem::Problem;
use crate::demo::protocol::{Nonces, Offer};
use crate::demo::shared::State;
use crate::demo::tokens::{Digest, digest, random};
use crate::jose::jwk::PublicKey;
use crate::jose::jws::Parsed;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use subtle::ConstantTimeEq;
use url::Url;

/// Clocks may be that far apart (RFC 9449 11.1); a proof's `jti` is remembered for as long.
const WINDOW: Duration = Duration::from_secs(60);
/// So many proofs are remembered.
const MOST_PROOFS: usize = 10_000;
/// Name of the header with a proof.
const PROOF: HeaderName = HeaderName::from_static("dpop");
/// Name of the header with a nonce (RFC 9449 8.1).
const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

type Claims = Map<String, Value>;

/// Proofs that were seen, and the nonces that were handed out.
#[derive(Debug)]
pub struct Proofs {
    seen: Bounded<Digest, Timestamp>,
    server: Handed,
    resource: Handed,
}

impl Default for Proofs {
    fn default() -> Self {
        Self {
            seen: Bounded::new(MOST_PROOFS),
            server: Handed::default(),
            resource: Handed::default(),
        }
    }
}

/// Nonces of one side.
#[derive(Debug, Default)]
struct Handed {
    current: Option<(String, Timestamp)>,
    before: Option<String>,
}

impl Handed {
    /// The nonce that is handed out now.
    fn current(&mut self, life: Duration, now: Timestamp) -> String {
        match &self.current {
            Some((nonce, since)) if now.since(*since) < life => nonce.clone(),
            Some(_) | None => {
                let nonce = random("");
                // Good for one proof only: then the one before is good for none.
                let old = self.current.replace((nonce.clone(), now));
                self.before = old.filter(|_| !life.is_zero()).map(|(nonce, _)| nonce);
                nonce
            }
        }
    }

    fn accepts(&self, nonce: &str) -> bool {
        let known = self.current.iter().map(|(nonce, _)| nonce);
        known
            .chain(&self.before)
            .any(|known| bool::from(known.as_bytes().ct_eq(nonce.as_bytes())))
    }
}

/// What came as a proof, with the method of its request.
#[derive(Debug, Clone)]
pub struct ProofHeader {
    /// Each header of that name.
    sent: Vec<String>,
    method: String,
}

impl ProofHeader {
    /// What these headers hold.
    pub fn of(headers: &HeaderMap, method: &str) -> Self {
        let sent = headers.get_all(PROOF).iter();
        Self {
            sent: sent
                .map(|value| value.to_str().unwrap_or_default().to_owned())
                .collect(),
            method: method.to_owned(),
        }
    }

    /// Whether there is one.
    pub fn is_there(&self) -> bool {
        !self.sent.is_empty()
    }

    /// The same, sent to this address.
    pub fn at(&self, address: String) -> Proof<'_> {
        Proof {
            header: self,
            address,
        }
    }
}

/// A proof that came with a request.
pub struct Proof<'a> {
    header: &'a ProofHeader,
    address: String,
}

/// The thumbprint of the key that was proven at the authorization server; `None`: no proof came, and none is needed.
pub fn at_the_server(
    exchange: &Exchange,
    state: &mut State,
    proof: &Proof<'_>,
) -> Result<Option<String>, Problem> {
    let protocol = &exchange.quirks.protocol;
    match (protocol.dpop, proof.header.sent.len()) {
        (Offer::Off, _) | (Offer::Offered, 0) => return Ok(None),
        (Offer::Required, 0) => {
            return Err(Problem::new("invalid_dpop_proof", "a DPoP proof is needed"));
        }
        (Offer::Offered | Offer::Required, _) => {}
    }
    let (key, claims) = read(proof)?;
    if protocol.nonces.server && !has_nonce(&claims, &state.proofs.server) {
        let why = "the proof needs the nonce of the DPoP-Nonce header";
        return Err(Problem::new("use_dpop_nonce", why));
    }
    checked(state, proof, &claims)?;
    Ok(Some(key.thumbprint()))
}

/// Checks the proof that came with a bound token (RFC 9449 7.1); else the error.
pub fn at_the_resource(
    exchange: &Exchange,
    state: &mut State,
    proof: &Proof<'_>,
    token: &str,
    jkt: &str,
) -> Result<(), &'static str> {
    let bad = |_| "invalid_dpop_proof";
    let (key, claims) = read(proof).map_err(bad)?;
    let nonces = exchange.quirks.protocol.nonces;
    if nonces.resource && !has_nonce(&claims, &state.proofs.resource) {
        return Err("use_dpop_nonce");
    }
    checked(state, proof, &claims).map_err(bad)?;
    let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()));
    if text(&claims, "ath") != Some(hash.as_str()) {
        return Err("invalid_dpop_proof");
    }
    if key.thumbprint() == jkt {
        Ok(())
    } else {
        Err("invalid_token")
    }
}

/// Key and claims of a proof whose signature is right (RFC 9449 4.3, 1 to 7).
fn read(proof: &Proof<'_>) -> Result<(PublicKey, Claims), Problem> {
    let refuse = |why: &'static str| Problem::new("invalid_dpop_proof", why);
    let [sent] = proof.header.sent.as_slice() else {
        return Err(refuse("there has to be one DPoP header"));
    };
    let parsed = Parsed::read(sent).map_err(|_| refuse("the proof is no signed JWT"))?;
    if parsed.header("typ").and_then(Value::as_str) != Some("dpop+jwt") {
        return Err(refuse("typ has to be dpop+jwt"));
    }
    let jwk = parsed
        .header("jwk")
        .ok_or_else(|| refuse("jwk is missing"))?;
    // A private key in a header is lost: RFC 9449 4.3, 7.
    if jwk.get("d").is_some() {
        return Err(refuse("jwk holds a private key"));
    }
    let key = PublicKey::read(jwk).ok_or_else(|| refuse("jwk is of a kind that is not taken"))?;
    let claims = verified(sent, &key).ok_or_else(|| refuse("the signature is wrong"))?;
    Ok((key, claims))
}

/// Whether it is for this request, of now, and new (RFC 9449 4.3, 8 to 12).
fn checked(state: &mut State, proof: &Proof<'_>, claims: &Claims) -> Result<(), Problem> {
    let refuse = |why: &'static str| Err(Problem::new("invalid_dpop_proof", why));
    if text(claims, "htm") != Some(proof.header.method.as_str()) {
        return refuse("htm is another method");
    }
    if !text(claims, "htu").is_some_and(|uri| is_here(uri, &proof.address)) {
        return refuse("htu is another address");
    }
    let now = state.now();
    let issued = claims.get("iat").and_then(Value::as_i64);
    let issued = issued.map(Timestamp::from_secs);
    if !issued.is_some_and(|at| at.plus(WINDOW) >= now && now.plus(WINDOW) >= at) {
        return refuse("iat is too far from now");
    }
    let Some(jti) = text(claims, "jti") else {
        return refuse("jti is missing");
    };
    let key = digest(jti);
    let is_new = |until: &Timestamp| *until <= now;
    if !state.proofs.seen.get(&key).is_none_or(is_new) {
        return refuse("the proof was used before");
    }
    // A proof from ahead of our clock stays good for two windows.
    let until = now.plus(WINDOW * 2);
    state.proofs.seen.remove(&key);
    state.proofs.seen.insert(key, until);
    Ok(())
}

/// The same address without query and fragment (RFC 9449 4.3, 9), by either of the names of this machine.
fn is_here(uri: &str, address: &str) -> bool {
    let (Ok(sent), Ok(ours)) = (Url::parse(uri), Url::parse(address)) else {
        return false;
    };
    let this_machine = matches!(sent.host_str(), Some("127.0.0.1" | "localhost"));
    this_machine
        && sent.scheme() == ours.scheme()
        && sent.port_or_known_default() == ours.port_or_known_default()
        && sent.path() == ours.path()
}

fn has_nonce(claims: &Claims, handed: &Handed) -> bool {
    text(claims, "nonce").is_some_and(|nonce| handed.accepts(nonce))
}

fn text<'a>(value: &'a Claims, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// Tells the nonce for the next proof at the authorization server (RFC 9449 8).
pub fn tell_server_nonce(exchange: &Exchange, state: &mut State, response: &mut Response<Body>) {
    let (nonces, now) = (exchange.quirks.protocol.nonces, state.now());
    if nonces.server {
        tell(&mut state.proofs.server, nonces, now, response);
    }
}

/// Tells the nonce for the next proof at the protected resource (RFC 9449 9).
pub fn tell_resource_nonce(exchange: &Exchange, state: &mut State, response: &mut Response<Body>) {
    let (nonces, now) = (exchange.quirks.protocol.nonces, state.now());
    if nonces.resource {
        tell(&mut state.proofs.resource, nonces, now, response);
    }
}

fn tell(handed: &mut Handed, nonces: Nonces, now: Timestamp, response: &mut Response<Body>) {
    if let Ok(nonce) = HeaderValue::from_str(&handed.current(nonces.life, now)) {
        response.headers_mut().insert(NONCE, nonce);
    }
}
