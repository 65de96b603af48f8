//! ID tokens, HS256: keyed by the client's secret, or for public clients by a key nobody else has.
//!
//! They come straight from the token endpoint, so that a client need not check the signature (OpenID Connect Core
//! 3.1.3.7, 6); the key of public clients is random and never told.

use crate::clock::Timestamp;
use crate::demo::grants::Grant;
use crate::demo::shared::Inner;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

const LIFETIME_SECS: i64 = 3600;

/// What is known of a person, by scope (OpenID Connect Core 5.4).
pub fn claims(grant: &Grant, scopes: &[String]) -> Value {
    let mut claims = json!({ "sub": grant.account });
    let has = |scope: &str| scopes.iter().any(|s| s == scope);
    if has("email") {
        claims["email"] = email(&grant.account).into();
        claims["email_verified"] = true.into();
    }
    if has("profile") {
        claims["name"] = grant.account.as_str().into();
        claims["preferred_username"] = grant.account.as_str().into();
    }
    claims
}

/// The address of an account: itself when it is one.
pub fn email(account: &str) -> String {
    if account.contains('@') {
        account.to_owned()
    } else {
        format!("{account}@example.test")
    }
}

/// A signed ID token, when the scope `openid` was granted.
pub fn issue(shared: &Inner, grant: &Grant, scopes: &[String], now: Timestamp) -> Option<String> {
    if !scopes.iter().any(|scope| scope == "openid") {
        return None;
    }
    let mut payload = claims(grant, scopes);
    payload["iss"] = shared.issuer.as_str().into();
    payload["aud"] = grant.client.as_str().into();
    payload["iat"] = now.as_secs().into();
    payload["exp"] = (now.as_secs() + LIFETIME_SECS).into();
    if let Some(nonce) = &grant.nonce {
        payload["nonce"] = nonce.as_str().into();
    }
    let secret = shared
        .client(&grant.client)
        .and_then(|c| c.secret.as_deref());
    let key = secret.map_or(shared.signing_key.as_slice(), str::as_bytes);
    Some(signed(&payload, key))
}

fn signed(payload: &Value, key: &[u8]) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let text = format!("{}.{}", encode(&header), encode(payload));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("{text}.{signature}")
}
