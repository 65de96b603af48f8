//! ID tokens, ES256: who signed in, when, for whom (OpenID Connect Core 2).

use crate::clock::Timestamp;
use crate::demo::grant::{Grant, Issued};
use crate::demo::quirks::Quirks;
use crate::demo::shared::Inner;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

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

/// A signed ID token for an access token, when the scope `openid` was granted.
pub fn issue(
    shared: &Inner,
    quirks: &Quirks,
    grant: &Grant,
    issued: &Issued,
    now: Timestamp,
) -> Option<String> {
    let scopes = &issued.record.scopes;
    if !scopes.iter().any(|scope| scope == "openid") {
        return None;
    }
    let mut payload = claims(grant, scopes);
    payload["iss"] = shared.issuer.as_str().into();
    payload["aud"] = grant.client.as_str().into();
    payload["azp"] = grant.client.as_str().into();
    payload["iat"] = now.as_secs().into();
    payload["exp"] = (now.as_secs() + LIFETIME_SECS).into();
    payload["auth_time"] = grant.auth_time.as_secs().into();
    payload["at_hash"] = access_token_hash(&issued.access).into();
    if let Some(nonce) = &grant.nonce {
        payload["nonce"] = nonce.as_str().into();
    }
    let forged = quirks.protocol.forged_id_tokens;
    Some(shared.keys.signed(&payload, forged))
}

/// `at_hash`: the left half of the token's SHA-256 (OpenID Connect Core 3.1.3.6).
fn access_token_hash(access: &str) -> String {
    let hash = Sha256::digest(access.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_an_access_token_is_the_left_half() {
        // OpenID Connect Core A.3.
        let hash = access_token_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
        assert_eq!(hash, "77QmUPtjPfzWtF2AnpK9RQ");
    }
}
