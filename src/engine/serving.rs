//! Hands access tokens to those who asked: from the shelf, else from the vault.

use crate::clock::Timestamp;
use crate::engine::api::Refusal;
use crate::engine::callers::Caller;
use crate::engine::fact::Fact;
use crate::engine::hand::{Hand, issued};
use crate::engine::runner::Runner;
use crate::engine::step::{CallerId, FlightId, VaultTrouble};
use crate::engine::vault_thread::{Job, trouble};
use crate::model::credential::{CredentialId, Generation};
use crate::model::name::CredentialName;
use crate::model::operation::OperationId;
use crate::model::token::IssuedToken;
use crate::secret::AccessToken;
use std::sync::Arc;

/// Who waits for a token, and what that belongs to.
pub type Fetcher = (CallerId, Option<OperationId>);

/// A moment before which every token was alive: whether one is alive enough the core has judged already.
const ANY: Timestamp = Timestamp::from_millis(i64::MIN);

impl Runner {
    /// Hands out the access token of a credential, which the core found good enough.
    pub(in crate::engine) fn serve(&mut self, caller: Fetcher, id: CredentialId) {
        let name = self
            .core
            .view(id, self.now)
            .map(|it| it.profile.name.clone());
        let shelved = name.and_then(|name| self.shelf.fetch(&name, ANY));
        match shelved {
            Some(token) => self.hand_over(caller, &token),
            None => self.fetch(caller, id),
        }
    }

    fn fetch(&mut self, caller: Fetcher, id: CredentialId) {
        let waiting = self.fetching.entry(id).or_default();
        waiting.push(caller);
        if waiting.len() == 1 {
            self.read_access(id);
        }
    }

    fn read_access(&self, id: CredentialId) {
        let facts = self.facts.clone();
        self.vault.ask(Job::Read(Box::new(move |store| {
            let outcome = match store.secret(id) {
                Ok((generation, secret)) => Ok((generation, secret.access)),
                Err(error) => Err(trouble(&error)),
            };
            let _ = facts.blocking_send(Fact::Fetched { id, outcome });
        })));
    }

    pub(in crate::engine) fn fetched(
        &mut self,
        id: CredentialId,
        outcome: Result<(Generation, AccessToken), VaultTrouble>,
    ) {
        let view = self.core.view(id, self.now);
        if let Some(refusal) = self.core.why_withheld(id) {
            // It was revoked, or spent, while it was being read: it must not come back to the shelf.
            return self.refuse_fetching(id, &refusal);
        }
        match (outcome, view) {
            (Ok((generation, access)), Some(view)) if generation == view.generation => {
                let token = Arc::new(issued(&access, &view.profile));
                self.shelf
                    .put(view.profile.name.clone(), Arc::clone(&token));
                for caller in self.fetching.remove(&id).unwrap_or_default() {
                    self.hand_over(caller, &token);
                }
            }
            // A newer one was written between the reading and now.
            (Ok((generation, _)), Some(view)) if generation < view.generation => {
                self.read_access(id);
            }
            (Err(trouble), Some(_)) => self.refuse_fetching(id, &trouble.refusal()),
            (_, _) => {
                let trouble = VaultTrouble {
                    message: "the credential changed while its token was read".to_owned(),
                    hint: "Ask again.".to_owned(),
                };
                self.refuse_fetching(id, &trouble.refusal());
            }
        }
    }

    fn refuse_fetching(&mut self, id: CredentialId, refusal: &Refusal) {
        for (caller, _) in self.fetching.remove(&id).unwrap_or_default() {
            if let Some(caller) = self.callers.take(caller) {
                caller.refuse(refusal.clone());
            }
        }
    }

    fn hand_over(&mut self, (caller, operation): Fetcher, token: &IssuedToken) {
        let Some(Caller::Token(reply, errand)) = self.callers.take(caller) else {
            return;
        };
        let copy = IssuedToken {
            access: token.access.duplicate(),
            token_type: token.token_type.clone(),
            expires_at: token.expires_at,
            scopes: token.scopes.clone(),
        };
        if reply.send(Ok(copy)).is_ok() {
            self.book
                .handed_out(&errand.name, errand.purpose, operation, &errand.by);
        }
    }

    /// New tokens are on disk: the shelf gets the access token if it is in demand.
    pub(in crate::engine) fn landed(
        &mut self,
        flight: FlightId,
        id: CredentialId,
        name: CredentialName,
        awaited: bool,
    ) {
        let view = self.core.view(id, self.now);
        let (Some(Hand::Granted(granted)), Some(view)) = (self.hands.get(&flight), view) else {
            self.shelf.discard(&name);
            return;
        };
        let token = Arc::new(granted.issued(&view.profile));
        if awaited {
            self.shelf.put(name, token);
        } else {
            self.shelf.replace(&name, token);
        }
    }
}
