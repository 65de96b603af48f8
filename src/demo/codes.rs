//! Browser sign-ins that wait for a person, and the authorization codes that come of them.

use crate::clock::Timestamp;
use crate::demo::bounded::Bounded;
use crate::demo::grant::GrantId;
use crate::demo::tokens::{CODE_PREFIX, Digest, digest, random};
use std::time::Duration;

/// How long a sign-in page may be looked at.
pub const PAGE_LIFETIME: Duration = Duration::from_secs(600);

/// A checked authorization request (RFC 6749 4.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// The client.
    pub client: String,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// The client's `state`.
    pub state: Option<String>,
    /// OpenID Connect's `nonce`.
    pub nonce: Option<String>,
    /// Scopes asked for.
    pub scopes: Vec<String>,
    /// The PKCE challenge, S256.
    pub challenge: Option<String>,
    /// The resources asked for (RFC 8707).
    pub resources: Vec<String>,
    /// Thumbprint of the key that the code is bound to (RFC 9449 10).
    pub dpop_jkt: Option<String>,
    /// Whether a refresh token was asked for in the way the provider wants it.
    pub offline: bool,
    /// Whether no person may be asked (`prompt=none`, OpenID Connect Core 3.1.2.1).
    pub quietly: bool,
}

/// Number of a sign-in that waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PendingId(pub u64);

/// A browser sign-in that waits for a person.
#[derive(Debug)]
pub struct BrowserSignIn {
    /// Its number.
    pub id: PendingId,
    /// What was asked.
    pub request: AuthorizationRequest,
    /// Who is signing in, once they said so.
    pub account: Option<String>,
    /// When the page is out of date.
    pub expires_at: Timestamp,
}

#[derive(Debug)]
struct Code {
    request: AuthorizationRequest,
    account: String,
    expires_at: Timestamp,
    used: Option<GrantId>,
}

/// What became of a code at the token endpoint.
#[derive(Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// It is good; it cannot be used again.
    Good(Box<AuthorizationRequest>, String),
    /// It was never issued or is too old.
    Bad,
    /// It was used before, for this grant, which has to be revoked (RFC 6749 4.1.2).
    UsedBefore(GrantId),
}

/// Sign-ins and codes.
#[derive(Debug)]
pub struct Codes {
    waiting: Bounded<Digest, BrowserSignIn>,
    codes: Bounded<Digest, Code>,
}

impl Default for Codes {
    fn default() -> Self {
        Self {
            waiting: Bounded::new(1_000),
            codes: Bounded::new(10_000),
        }
    }
}

impl Codes {
    /// Lets a sign-in wait; the ticket in the page finds it again.
    pub fn wait(&mut self, id: PendingId, request: AuthorizationRequest, now: Timestamp) -> String {
        let ticket = random("");
        let sign_in = BrowserSignIn {
            id,
            request,
            account: None,
            expires_at: now.plus(PAGE_LIFETIME),
        };
        self.waiting.insert(digest(&ticket), sign_in);
        ticket
    }

    /// The sign-in of a page's ticket.
    pub fn waiting(&mut self, ticket: &str, now: Timestamp) -> Option<&mut BrowserSignIn> {
        self.waiting
            .get_mut(&digest(ticket))
            .filter(|sign_in| sign_in.expires_at > now)
    }

    /// Ends the wait of a page.
    pub fn take(&mut self, ticket: &str) -> Option<BrowserSignIn> {
        self.waiting.remove(&digest(ticket))
    }

    /// Ends the wait of a sign-in by its number.
    pub fn take_by_id(&mut self, id: PendingId, now: Timestamp) -> Option<BrowserSignIn> {
        let key = self
            .waiting
            .iter()
            .find(|(_, s)| s.id == id && s.expires_at > now)
            .map(|(key, _)| *key)?;
        self.waiting.remove(&key)
    }

    /// All that wait, the oldest first.
    pub fn all_waiting(&self, now: Timestamp) -> impl Iterator<Item = &BrowserSignIn> {
        self.waiting
            .iter()
            .map(|(_, sign_in)| sign_in)
            .filter(move |sign_in| sign_in.expires_at > now)
    }

    /// A code for what the person allowed.
    pub fn issue(
        &mut self,
        request: AuthorizationRequest,
        account: String,
        expires_at: Timestamp,
    ) -> String {
        let code = random(CODE_PREFIX);
        let record = Code {
            request,
            account,
            expires_at,
            used: None,
        };
        self.codes.insert(digest(&code), record);
        code
    }

    /// Spends a code.
    pub fn redeem(&mut self, code: &str, now: Timestamp) -> Redeemed {
        let Some(found) = self.codes.get_mut(&digest(code)) else {
            return Redeemed::Bad;
        };
        if let Some(grant) = found.used {
            return Redeemed::UsedBefore(grant);
        }
        // Whatever comes of it, one look is all that a code is good for.
        if std::mem::replace(&mut found.expires_at, now) <= now {
            return Redeemed::Bad;
        }
        Redeemed::Good(Box::new(found.request.clone()), found.account.clone())
    }

    /// Notes which grant came of a code.
    pub fn used_for(&mut self, code: &str, grant: GrantId) {
        if let Some(found) = self.codes.get_mut(&digest(code)) {
            found.used = Some(grant);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> AuthorizationRequest {
        AuthorizationRequest {
            client: "c".to_owned(),
            redirect_uri: "http://127.0.0.1:1/callback".to_owned(),
            state: None,
            nonce: None,
            scopes: Vec::new(),
            challenge: None,
            resources: Vec::new(),
            dpop_jkt: None,
            offline: true,
            quietly: false,
        }
    }

    #[test]
    fn a_code_is_good_once_and_names_its_grant_when_it_comes_back() {
        let (mut codes, now) = (Codes::default(), Timestamp::from_secs(100));
        let code = codes.issue(request(), "alice".to_owned(), Timestamp::from_secs(160));
        assert!(matches!(codes.redeem(&code, now), Redeemed::Good(..)));
        assert_eq!(codes.redeem(&code, now), Redeemed::Bad);
        codes.used_for(&code, GrantId(3));
        assert_eq!(codes.redeem(&code, now), Redeemed::UsedBefore(GrantId(3)));
    }

    #[test]
    fn an_old_code_and_an_old_page_are_refused() {
        let (mut codes, late) = (Codes::default(), Timestamp::from_secs(10_000));
        let code = codes.issue(request(), "alice".to_owned(), Timestamp::from_secs(160));
        assert_eq!(codes.redeem(&code, late), Redeemed::Bad);
        let ticket = codes.wait(PendingId(1), request(), Timestamp::from_secs(1));
        assert!(codes.waiting(&ticket, Timestamp::from_secs(2)).is_some());
        assert!(codes.waiting(&ticket, late).is_none());
        assert!(codes.take_by_id(PendingId(1), late).is_none());
    }
}
