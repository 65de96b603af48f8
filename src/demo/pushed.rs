//! Authorization requests that were pushed: kept for a short while, good once (RFC 9126 2.2, 7.3).

use crate::clock::Timestamp;
use crate::demo::bounded::Bounded;
use crate::demo::codes::AuthorizationRequest;
use crate::demo::tokens::{Digest, digest, random};

const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// Requests by reference.
#[derive(Debug)]
pub struct PushedRequests(Bounded<Digest, (AuthorizationRequest, Timestamp)>);

impl Default for PushedRequests {
    fn default() -> Self {
        Self(Bounded::new(1_000))
    }
}

impl PushedRequests {
    /// Keeps a request until then; gives its reference.
    pub fn keep(&mut self, request: AuthorizationRequest, until: Timestamp) -> String {
        let reference = random(PREFIX);
        self.0.insert(digest(&reference), (request, until));
        reference
    }

    /// Takes a request out, if it is this client's and not out of date.
    pub fn take(
        &mut self,
        reference: &str,
        client: &str,
        now: Timestamp,
    ) -> Option<AuthorizationRequest> {
        let key = digest(reference);
        let (request, until) = self.0.get(&key)?;
        let is_good = request.client == client && *until > now;
        is_good.then(|| self.0.remove(&key).map(|(request, _)| request))?
    }
}
