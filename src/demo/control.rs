//! Steers a running provider from inside the program: answers, changes quirks, counts, seeds.

use crate::clock::Timestamp;
use crate::demo::authorization_endpoint;
use crate::demo::codes::PendingId;
use crate::demo::device_codes::Decision;
use crate::demo::grant::{Grant, GrantId, Terms};
use crate::demo::id_token;
use crate::demo::log::{Counts, Request};
use crate::demo::quirks::{Consent, Fault, Quirks, RequestKind};
use crate::demo::shared::Shared;
use crate::demo::visit;
use crate::model::token::TokenSet;
use crate::secret::{AccessToken, IdToken, PrivateKey, RefreshToken};
use std::collections::BTreeMap;
use std::time::Duration;

/// Steers a running provider; clones steer the same one.
#[derive(Debug, Clone)]
pub struct Control {
    shared: Shared,
}

/// A sign-in that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its number.
    pub id: PendingId,
    /// The user code; `None`: it is a browser's.
    pub user_code: Option<String>,
    /// The client.
    pub client: String,
    /// Scopes asked for.
    pub scopes: Vec<String>,
    /// When it is out of date.
    pub expires_at: Timestamp,
}

/// Tokens made without a sign-in.
#[derive(Debug)]
pub struct Minted {
    /// The grant they belong to.
    pub grant: GrantId,
    /// The tokens, as a token endpoint's answer.
    pub tokens: TokenSet,
    /// When they were issued.
    pub issued_at: Timestamp,
}

/// A grant, as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantView {
    /// Its number.
    pub id: GrantId,
    /// What was allowed, and whether it is over.
    pub grant: Grant,
}

impl Control {
    /// A control of that provider.
    pub fn new(shared: Shared) -> Self {
        Self { shared }
    }

    /// Its issuer identifier.
    pub fn issuer(&self) -> String {
        self.shared.issuer.clone()
    }

    /// The private key of the built-in client that authenticates by one.
    pub fn asserting_key(&self) -> PrivateKey {
        self.shared.keys.asserting.duplicate()
    }

    /// How many clients registered themselves and were not deleted.
    pub fn registered_clients(&self) -> usize {
        self.shared.clients.registered()
    }

    /// The sign-ins that wait for a person: devices, then browsers, each the oldest first.
    pub fn pending(&self) -> Vec<Pending> {
        let state = self.shared.state();
        let now = state.now();
        let devices = state.devices.all_waiting(now).map(|found| Pending {
            id: found.id,
            user_code: Some(found.user_code.clone()),
            client: found.client.clone(),
            scopes: found.scopes.clone(),
            expires_at: found.expires_at,
        });
        let browsers = state.codes.all_waiting(now).map(|found| Pending {
            id: found.id,
            user_code: None,
            client: found.request.client.clone(),
            scopes: found.request.scopes.clone(),
            expires_at: found.expires_at,
        });
        devices.chain(browsers).collect()
    }

    /// Says yes to a sign-in, for an account. A browser's answer is carried to the client's listener by this process.
    /// Gives whether it was still waiting.
    pub fn approve(&self, id: PendingId, account: &str) -> bool {
        let account = authorization_endpoint::account_name(account);
        self.decide(id, &Decision::Allowed(account))
    }

    /// Says no to a sign-in. Gives whether it was still waiting.
    pub fn deny(&self, id: PendingId) -> bool {
        self.decide(id, &Decision::Denied)
    }

    /// Says yes to the device sign-in with that user code. Gives whether it was waiting.
    pub fn approve_code(&self, user_code: &str, account: &str) -> bool {
        let id = {
            let mut state = self.shared.state();
            let now = state.now();
            state
                .devices
                .by_user_code(user_code, now)
                .map(|found| found.id)
        };
        id.is_some_and(|id| self.approve(id, account))
    }

    /// Says yes to everything that waits now, for `alice`; gives how many. For what is to come see
    /// [`Control::answer_always`].
    pub fn approve_all(&self) -> usize {
        let waiting = self.pending();
        waiting
            .iter()
            .filter(|found| self.approve(found.id, crate::demo::page::SUGGESTED_NAME))
            .count()
    }

    /// From now on every sign-in is answered at once like this (also of clients with quirks of their own).
    pub fn answer_always(&self, consent: &Consent) {
        let mut state = self.shared.state();
        state.quirks.consent = consent.clone();
        for quirks in state.client_quirks.values_mut() {
            quirks.consent = consent.clone();
        }
    }

    fn decide(&self, id: PendingId, decision: &Decision) -> bool {
        let mut state = self.shared.state();
        let now = state.now();
        if let Some(found) = state.devices.by_id(id, now) {
            found.decision = decision.clone();
            return true;
        }
        let Some(found) = state.codes.take_by_id(id, now) else {
            return false;
        };
        let to = match decision {
            Decision::Allowed(account) => authorization_endpoint::allowed(
                &self.shared,
                &mut state,
                found.request,
                account.clone(),
            ),
            Decision::Denied | Decision::Open => {
                authorization_endpoint::denied(&self.shared, &state, &found.request)
            }
        };
        drop(state);
        visit::deliver(to);
        true
    }

    /// Plays the person's browser where there is none: opens an authorization address of this provider, says yes for
    /// the account (or no), and carries the answer to the client's listener. Gives whether the address was accepted.
    pub fn visit(&self, url: &str, answer: &Consent) -> bool {
        visit::visit(&self.shared, url, answer)
    }

    /// What was asked so far.
    pub fn counts(&self) -> Counts {
        self.shared.state().log.counts()
    }

    /// The requests so far, oldest first: numbers of tokens only.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().log.requests().cloned().collect()
    }

    /// Forgets the requests so far.
    pub fn reset_counts(&self) {
        self.shared.state().log.clear();
    }

    /// How it behaves now to everyone without quirks of their own.
    pub fn quirks(&self) -> Quirks {
        self.shared.state().quirks.clone()
    }

    /// Sets how it behaves.
    pub fn set_quirks(&self, quirks: Quirks) {
        self.shared.state().quirks = quirks;
    }

    /// Changes how it behaves.
    pub fn change_quirks(&self, change: impl FnOnce(&mut Quirks)) {
        change(&mut self.shared.state().quirks);
    }

    /// Sets how it behaves to one client.
    pub fn set_client_quirks(&self, client: &str, quirks: Quirks) {
        self.shared
            .state()
            .client_quirks
            .insert(client.to_owned(), quirks);
    }

    /// Fails the next requests of a kind.
    pub fn fail_next(&self, kind: RequestKind, count: u32, fault: Fault) {
        self.change_quirks(|quirks| *quirks = std::mem::take(quirks).failing(kind, count, fault));
    }

    /// Makes tokens without a sign-in, as if one had just ended.
    pub fn mint(&self, client: &str, account: &str, scopes: &[&str]) -> Minted {
        self.mint_aged(client, account, scopes, Duration::ZERO)
    }

    /// Makes tokens without a sign-in, as if one had ended that long ago; the first access token may have expired
    /// since.
    pub fn mint_aged(&self, client: &str, account: &str, scopes: &[&str], age: Duration) -> Minted {
        let mut state = self.shared.state();
        let (then, quirks) = (
            state.now().minus(age),
            state.quirks_for(Some(client)).clone(),
        );
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let grant = Grant::new(client, account, scopes, then);
        let id = state.grants.open(grant.clone());
        let terms = Terms::default();
        let issued = state
            .grants
            .issue(id, &terms, &quirks, then)
            .expect("all that was granted a moment ago may be had");
        let id_token = id_token::issue(&self.shared, &quirks, &grant, &issued, then);
        let lifetime = |at: Timestamp| at.since(then);
        Minted {
            grant: id,
            issued_at: then,
            tokens: TokenSet {
                access: AccessToken::new(issued.access),
                token_type: "Bearer".to_owned(),
                expires_in: issued.record.expires_at.map(lifetime),
                refresh: issued.refresh.map(RefreshToken::new),
                refresh_expires_in: issued.refresh_expires_at.map(lifetime),
                id_token: id_token.map(IdToken::new),
                scopes: Some(issued.record.scopes),
                is_id_verified: false,
                account: None,
                kept: BTreeMap::new(),
            },
        }
    }

    /// Whether an access token would be accepted now.
    pub fn is_live(&self, access: &str) -> bool {
        let state = self.shared.state();
        state.grants.live_access(access, state.now()).is_some()
    }

    /// Whether a refresh token would be accepted now, by the client it was issued to.
    pub fn is_live_refresh(&self, refresh: &str) -> bool {
        let state = self.shared.state();
        state.grants.live_refresh(refresh, state.now()).is_some()
    }

    /// The grant that a token of either kind belongs to, dead or alive.
    pub fn grant_of(&self, token: &str) -> Option<GrantId> {
        self.shared
            .state()
            .grants
            .owner(token)
            .map(|(_, grant)| grant)
    }

    /// All grants, the oldest first.
    pub fn grants(&self) -> Vec<GrantView> {
        let state = self.shared.state();
        let view = |(id, grant): (&GrantId, &Grant)| GrantView {
            id: *id,
            grant: grant.clone(),
        };
        state.grants.iter().map(view).collect()
    }

    /// Ends a grant behind the client's back, as an administrator would. Gives whether it was alive.
    pub fn revoke(&self, grant: GrantId) -> bool {
        self.shared.state().grants.revoke(grant)
    }

    /// Moves the provider's clock ahead: tokens and codes age, nothing waits.
    pub fn advance(&self, by: Duration) {
        self.shared.state().ahead += by;
    }

    /// Ends the provider: connections are closed, hanging requests too.
    pub fn shutdown(&self) {
        self.shared.shutdown.cancel();
    }
}
