//! Guards the pages' forms: a random cookie, and a keyed hash of it in the form.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, ORIGIN};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;

/// Name of the cookie.
pub const COOKIE_NAME: &str = "tokenward_demo";

/// Makes and checks form tokens. Nothing is kept: the token is an HMAC of the visitor's own cookie.
pub struct Guard {
    key: [u8; 32],
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard([redacted])")
    }
}

impl Guard {
    /// A guard with that key.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    fn mac(&self, cookie: &str) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(cookie.as_bytes());
        mac
    }

    /// What the form of a visitor with this cookie carries.
    pub fn token(&self, cookie: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(cookie).finalize().into_bytes())
    }

    /// Whether a posted form came from a page of ours that this visitor was shown.
    pub fn allows(&self, issuer: &str, headers: &HeaderMap, token: Option<&str>) -> bool {
        let origin_is_ours = headers
            .get(ORIGIN)
            .is_none_or(|origin| origin.as_bytes() == issuer.as_bytes());
        let Some((cookie, token)) = cookie(headers).zip(token) else {
            return false;
        };
        let presented = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        origin_is_ours && self.mac(&cookie).verify_slice(&presented).is_ok()
    }
}

/// The visitor's cookie.
pub fn cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE_NAME)
        .map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "http://127.0.0.1:1";

    fn visitor(cookie: &str, origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let value = format!("x=1; {COOKIE_NAME}={cookie}");
        headers.insert(COOKIE, value.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_the_visitor_that_got_the_page_may_post_it() {
        let guard = Guard::new([7; 32]);
        let token = guard.token("mine");
        assert!(guard.allows(ISSUER, &visitor("mine", None), Some(&token)));
        assert!(guard.allows(ISSUER, &visitor("mine", Some(ISSUER)), Some(&token)));
        for (headers, token) in [
            (visitor("other", None), Some(token.as_str())),
            (
                visitor("mine", Some("http://evil.test")),
                Some(token.as_str()),
            ),
            (visitor("mine", None), None),
            (visitor("mine", None), Some("")),
            (HeaderMap::new(), Some(token.as_str())),
        ] {
            assert!(!guard.allows(ISSUER, &headers, token));
        }
    }
}
