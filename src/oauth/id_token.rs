//! Reads ID tokens and checks them: who signed in, and whether the token belongs to this sign-in.
//!
//! A token whose signature cannot be checked (no keys are known, or they cannot be read) rests on the TLS of the token
//! endpoint that it came from (OpenID Connect Core 3.1.3.7, 6).

use crate::clock::Timestamp;
use crate::jose::error::JoseError;
use crate::model::client::Client;
use crate::model::provider::Provider;
use crate::model::token::{IdClaims, TokenSet};
use crate::oauth::caller::Caller;
use crate::oauth::error::{NotOurs, OAuthError};
use crate::oauth::issuer;
use crate::oauth::keys;
use crate::secret::{AccessToken, IdToken};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use std::time::Duration;
use zeroize::Zeroizing;

/// Clocks of machines and providers may be that far apart.
const CLOCKS_DIFFER: Duration = Duration::from_secs(600);

/// No claim is kept beyond so many characters.
const LONGEST_CLAIM: usize = 256;

/// What it says of the person; empty where it cannot be read (an encrypted one, say).
pub fn claims(token: &IdToken) -> IdClaims {
    let Some(payload) = payload(token) else {
        return IdClaims::default();
    };
    let text = |name: &str| payload.get(name).and_then(Value::as_str).and_then(tame);
    IdClaims {
        issuer: text("iss"),
        subject: text("sub"),
        email: text("email"),
        email_verified: payload.get("email_verified").and_then(|value| match value {
            Value::String(text) => text.parse().ok(),
            other => other.as_bool(),
        }),
        name: text("name").or_else(|| text("preferred_username")),
        verified: false,
    }
}

/// One line, nothing that moves a terminal's cursor, not endless.
fn tame(text: &str) -> Option<String> {
    let tame: String = text
        .chars()
        .filter(|c| {
            !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
        .take(LONGEST_CLAIM)
        .collect();
    (!tame.trim().is_empty()).then_some(tame)
}

fn payload(token: &IdToken) -> Option<Map<String, Value>> {
    let mut parts = token.expose_secret().split('.');
    let (_, payload, _, more) = (parts.next()?, parts.next()?, parts.next()?, parts.next());
    if more.is_some() {
        return None;
    }
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?);
    serde_json::from_slice(&bytes).ok()
}

/// The same token as one that is sent, and when it expires (`exp`).
pub fn as_bearer(token: &IdToken) -> (AccessToken, Option<Timestamp>) {
    let end = payload(token).and_then(|payload| payload.get("exp").and_then(Value::as_i64));
    let bearer = AccessToken::new(token.expose_secret().to_owned());
    (bearer, end.map(Timestamp::from_secs))
}

/// What the ID token in an answer says, and whether that was verified.
pub fn claims_of(set: &TokenSet) -> Option<IdClaims> {
    let claims = claims(set.id_token.as_ref()?);
    Some(IdClaims {
        verified: set.is_id_verified,
        ..claims
    })
}

/// What an ID token must fit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected<'a> {
    /// The nonce that was sent, if one was.
    pub nonce: Option<&'a str>,
    /// Whether the nonce alone binds the code to this sign-in: then it must be there.
    pub is_nonce_vital: bool,
}

/// Checks an ID token (OpenID Connect Core 3.1.3.7, 12.2): whether its signature was verified, or why it is refused.
pub async fn check(
    caller: &Caller<'_>,
    token: &IdToken,
    expected: Expected<'_>,
    now: Timestamp,
) -> Result<bool, OAuthError> {
    let refuse = |which| Err(OAuthError::NotOurs(which));
    if let Some(wrong) = trouble(caller.provider, caller.client, token, expected, now) {
        return refuse(wrong);
    }
    match keys::verify(caller.http, caller.provider, token.expose_secret()).await {
        Some(Ok(())) => Ok(true),
        Some(Err(JoseError::Signature | JoseError::NoKey)) => refuse(NotOurs::Signature),
        // Signed by the client's own secret, or encrypted: not by the provider's keys at all.
        Some(Err(_)) | None => Ok(false),
    }
}

/// What is wrong with its claims: it is for another client, of another issuer, of another sign-in, or long over. One that
/// cannot be read says nothing and is let pass: the access token came over the same TLS.
pub fn trouble(
    provider: &Provider,
    client: &Client,
    token: &IdToken,
    expected: Expected<'_>,
    now: Timestamp,
) -> Option<NotOurs> {
    let payload = payload(token)?;
    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    if let (Some(issuer), Some(said)) = (provider.expected_issuer(), text("iss"))
        && !issuer::is_same(issuer, said)
    {
        return Some(NotOurs::TokenIssuer);
    }
    let is_ours = match payload.get("aud") {
        Some(Value::String(audience)) => *audience == client.id,
        Some(Value::Array(list)) => list.iter().any(|one| one.as_str() == Some(&client.id)),
        None | Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => true,
    };
    if !is_ours {
        return Some(NotOurs::Audience);
    }
    if text("azp").is_some_and(|party| party != client.id) {
        return Some(NotOurs::Party);
    }
    if let Some(end) = payload.get("exp").and_then(Value::as_f64)
        && Timestamp::from_secs(end as i64).plus(CLOCKS_DIFFER) < now
    {
        return Some(NotOurs::Expired);
    }
    match (expected.nonce, text("nonce")) {
        (Some(sent), Some(said)) if sent != said => Some(NotOurs::Nonce),
        // Some providers send none back; with PKCE it is not missed.
        (Some(_), None) if expected.is_nonce_vital => Some(NotOurs::Nonce),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::client::ClientAuth;
    use serde_json::json;

    fn token(payload: &Value) -> IdToken {
        let encoded = URL_SAFE_NO_PAD.encode(payload.to_string());
        IdToken::new(format!("eyJhbGciOiJub25lIn0.{encoded}.sig"))
    }

    fn parties() -> (Provider, Client) {
        let mut provider = Provider::unknown("p", "P");
        provider.issuer = Some("https://p.example".to_owned());
        (provider, Client::new("me", None, ClientAuth::None))
    }

    #[test]
    fn claims_are_read_and_tamed() {
        let claims = claims(&token(&json!({
            "iss": "https://p.example", "sub": "1", "email": "a@b.example\u{1b}[2J", "email_verified": "true",
            "preferred_username": "ann"
        })));
        assert_eq!(claims.email.as_deref(), Some("a@b.example[2J"));
        assert_eq!(claims.email_verified, Some(true));
        assert_eq!(claims.name.as_deref(), Some("ann"));
    }

    #[test]
    fn what_is_no_jwt_says_nothing() {
        for text in ["", "a.b", "a.b.c", "a.b.c.d.e", "..", "a.W10.c"] {
            assert_eq!(
                claims(&IdToken::new(text.to_owned())),
                IdClaims::default(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_token_of_this_sign_in_passes_and_any_other_is_refused() {
        let (provider, client) = parties();
        let now = Timestamp::from_secs(1_000_000);
        let expected = Expected {
            nonce: Some("n"),
            is_nonce_vital: false,
        };
        let good = json!({
            "iss": "https://p.example/", "aud": ["x", "me"], "azp": "me", "exp": 1_000_100.5, "nonce": "n"
        });
        let verdict = |payload: &Value| trouble(&provider, &client, &token(payload), expected, now);
        assert_eq!(verdict(&good), None);
        for (member, value, refused) in [
            ("iss", json!("https://q.example"), NotOurs::TokenIssuer),
            ("aud", json!("you"), NotOurs::Audience),
            ("azp", json!("x"), NotOurs::Party),
            ("exp", json!(900_000), NotOurs::Expired),
            ("nonce", json!("other"), NotOurs::Nonce),
        ] {
            let mut bad = good.clone();
            bad[member] = value;
            assert_eq!(verdict(&bad), Some(refused), "{member}");
        }
    }

    #[test]
    fn a_missing_nonce_is_refused_where_nothing_else_binds_the_code() {
        let (provider, client) = parties();
        let without = token(&json!({"aud": "me"}));
        let verdict = |is_nonce_vital| {
            let expected = Expected {
                nonce: Some("n"),
                is_nonce_vital,
            };
            trouble(
                &provider,
                &client,
                &without,
                expected,
                Timestamp::from_secs(0),
            )
        };
        assert_eq!(verdict(false), None);
        assert_eq!(verdict(true), Some(NotOurs::Nonce));
    }
}
