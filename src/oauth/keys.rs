//! The keys a provider signs by: read when they are needed, kept for a while, read anew for an unknown one.

use crate::clock::{self, Timestamp};
use crate::jose::error::JoseError;
use crate::jose::jwk::KeySet;
use crate::jose::jws::Parsed;
use crate::model::provider::Provider;
use crate::oauth::error::{OAuthError, Unreadable};
use crate::oauth::http::Http;
use crate::oauth::refusal::refused;
use crate::oauth::step::Step;
use crate::oauth::wire::Request;
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A set is believed that long.
const FRESH_FOR: Duration = Duration::from_secs(60 * 60);
/// It is not read more often than that, whatever tokens say.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// The sets that were read, by address.
#[derive(Debug, Default)]
pub struct Kept(Mutex<BTreeMap<String, (Timestamp, Arc<KeySet>)>>);

impl Kept {
    fn get(&self, url: &str, youngest: Duration) -> Option<Arc<KeySet>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, set) = kept.get(url)?;
        let age = read_at.until(clock::now());
        (age < youngest).then(|| Arc::clone(set))
    }

    fn put(&self, url: &str, set: &Arc<KeySet>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(url.to_owned(), (clock::now(), Arc::clone(set)));
    }
}

/// Whether a token's signature is the provider's: `None` where it cannot be checked, since no keys are known or they
/// cannot be read now.
pub async fn verify(
    http: &Http,
    provider: &Provider,
    token: &str,
) -> Option<Result<(), JoseError>> {
    let url = provider.endpoints.jwks.as_deref()?;
    let parsed = match Parsed::read(token) {
        Ok(parsed) => parsed,
        Err(why) => return Some(Err(why)),
    };
    let set = match http.keys().get(url, FRESH_FOR) {
        Some(set) => set,
        None => read(http, url).await.ok()?,
    };
    let verdict = set.verify(&parsed);
    // A key that is not in the set may be a new one.
    if verdict == Err(JoseError::NoKey) && http.keys().get(url, ASKED_AGAIN_AFTER).is_none() {
        let set = read(http, url).await.ok()?;
        return Some(set.verify(&parsed));
    }
    Some(verdict)
}

async fn read(http: &Http, url: &str) -> Result<Arc<KeySet>, OAuthError> {
    let request = Request::new(Method::GET, url, "key set's address");
    let reply = http.send(Step::Keys, request).await?;
    let unreadable = |why| OAuthError::Unreadable {
        step: Step::Keys,
        host: reply.host.clone(),
        status: reply.status,
        why,
    };
    if !reply.is_success() {
        return Err(refused(Step::Keys, &reply, None, &[]));
    }
    let value: Value =
        serde_json::from_slice(reply.body.bytes()).map_err(|_| unreadable(Unreadable::Garbage))?;
    let set = KeySet::read(&value).ok_or_else(|| unreadable(Unreadable::Missing("keys")))?;
    let set = Arc::new(set);
    http.keys().put(url, &set);
    Ok(set)
}
