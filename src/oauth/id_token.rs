//! Reads ID tokens: who signed in, and whether the token belongs to this sign-in.
//!
//! Signatures are not checked: the token comes from the token endpoint itself over TLS, which vouches for it
//! (OpenID Connect Core 3.1.3.7, 6), and nothing is decided by it later.

use crate::clock::Timestamp;
use crate::model::client::Client;
use crate::model::provider::Provider;
use crate::model::token::IdClaims;
use crate::oauth::authorize::AuthorizationRequest;
use crate::oauth::error::{NotOurs, OAuthError};
use crate::oauth::issuer;
use crate::secret::IdToken;
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

/// Refuses an ID token that is for another client, of another issuer, of another sign-in, or long over (OpenID Connect
/// Core 3.1.3.7). One that cannot be read says nothing and is let pass: the access token came over the same TLS.
pub fn check(
    token: &IdToken,
    provider: &Provider,
    client: &Client,
    request: &AuthorizationRequest,
    now: Timestamp,
) -> Result<(), OAuthError> {
    let Some(payload) = payload(token) else {
        return Ok(());
    };
    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    let refuse = |which| Err(OAuthError::NotOurs(which));
    if let (Some(expected), Some(said)) = (provider.expected_issuer(), text("iss"))
        && !issuer::is_same(expected, said)
    {
        return refuse(NotOurs::TokenIssuer);
    }
    let is_ours = match payload.get("aud") {
        Some(Value::String(audience)) => *audience == client.id,
        Some(Value::Array(list)) => list.iter().any(|one| one.as_str() == Some(&client.id)),
        None | Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => true,
    };
    if !is_ours {
        return refuse(NotOurs::Audience);
    }
    if let Some(end) = payload.get("exp").and_then(Value::as_f64)
        && Timestamp::from_secs(end as i64).plus(CLOCKS_DIFFER) < now
    {
        return refuse(NotOurs::Expired);
    }
    match (&request.nonce, text("nonce")) {
        (Some(sent), Some(said)) if sent != said => refuse(NotOurs::Nonce),
        // Without PKCE the nonce alone binds the code to this sign-in.
        (Some(_), None) if request.verifier.is_none() => refuse(NotOurs::Nonce),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::client::ClientAuth;
    use crate::oauth::caller::Caller;
    use crate::oauth::http::{Http, HttpSettings};
    use crate::oauth::token::Wish;
    use serde_json::json;

    fn token(payload: &Value) -> IdToken {
        let encoded = URL_SAFE_NO_PAD.encode(payload.to_string());
        IdToken::new(format!("eyJhbGciOiJub25lIn0.{encoded}.sig"))
    }

    fn request() -> (Provider, Client, AuthorizationRequest) {
        let mut provider = Provider::unknown("p", "P");
        provider.issuer = Some("https://p.example".to_owned());
        provider.endpoints.authorization = Some("https://p.example/a".to_owned());
        let client = Client::new("me", None, ClientAuth::None);
        let scopes = ["openid".to_owned()];
        let http = Http::new(HttpSettings::default());
        let wish = Wish {
            scopes: &scopes,
            ..Wish::default()
        };
        let caller = Caller::new(&http, &provider, &client);
        let request = AuthorizationRequest::new(&caller, "http://127.0.0.1:1/", wish).unwrap();
        (provider, client, request)
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
        let (provider, client, request) = request();
        let now = Timestamp::from_secs(1_000_000);
        let nonce = request.nonce.clone().unwrap();
        let good = json!({"iss": "https://p.example/", "aud": ["x", "me"], "exp": 1_000_100.5, "nonce": nonce});
        let verdict = |payload: &Value| check(&token(payload), &provider, &client, &request, now);
        assert_eq!(verdict(&good), Ok(()));
        for (member, value, refused) in [
            ("iss", json!("https://q.example"), NotOurs::TokenIssuer),
            ("aud", json!("you"), NotOurs::Audience),
            ("exp", json!(900_000), NotOurs::Expired),
            ("nonce", json!("other"), NotOurs::Nonce),
        ] {
            let mut bad = good.clone();
            bad[member] = value;
            assert_eq!(verdict(&bad), Err(OAuthError::NotOurs(refused)), "{member}");
        }
    }

    #[test]
    fn a_missing_nonce_is_refused_where_nothing_else_binds_the_code() {
        let (provider, client, mut request) = request();
        let without = token(&json!({"aud": "me"}));
        let now = Timestamp::from_secs(0);
        assert!(check(&without, &provider, &client, &request, now).is_ok());
        request.verifier = None;
        assert!(check(&without, &provider, &client, &request, now).is_err());
    }
}
