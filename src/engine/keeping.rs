//! The tokens of a sign-in on their way into the vault: written, written again, or given up.

use crate::engine::fact::Fact;
use crate::engine::hand;
use crate::engine::minting::Minted;
use crate::engine::naming::{self, Certainty};
use crate::engine::runner::Runner;
use crate::engine::step::{Fingerprints, Input, VaultTrouble};
use crate::engine::superseding;
use crate::engine::vault_thread::Job;
use crate::model::credential::{Flow, Standing};
use crate::model::name::CredentialName;
use crate::model::signin::{Apart, SignInId, SignInStep};
use crate::vault::store::{Write, Written};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// Pause before tokens of a sign-in are written again; longer each time.
const KEEP_AGAIN: Duration = Duration::from_secs(1);
/// Longest pause.
const KEEP_AGAIN_LONGEST: Duration = Duration::from_secs(15);

impl Runner {
    /// Writes the tokens of a sign-in, and the client with them.
    pub(in crate::engine) fn keep_minted(&mut self, id: SignInId, minted: Arc<Minted>, tries: u32) {
        if self.sessions.is_given_up(id) {
            return self.let_go(id, minted);
        }
        let mut minted = minted;
        if minted.before.get().is_none() {
            self.sessions.keep(id, minted.name.clone());
            // What is waited for may be due: facts that only come again do not wake the core.
            self.step(Input::Woke);
            if self.must_wait(&minted) {
                return self.look_again(id, minted);
            }
            if minted.flow != Flow::ApiKey {
                self.keep_apart(&mut minted);
            }
            if !self.makes_room(&mut minted) {
                return self.look_before(id, minted);
            }
            let _ = minted.before.set(None);
        }
        // What it takes the name of may have been revoked while the tokens of before were read.
        if minted.aside.is_none() {
            self.makes_room(&mut minted);
        }
        let aside = minted.aside.as_ref();
        let aside = aside.and_then(|name| self.core.stored(name)).map(Box::new);
        let old = self.core.profile(&minted.name).map(Arc::clone);
        let (facts, made) = (self.facts.clone(), Arc::clone(&minted));
        let client = Arc::clone(&minted);
        if minted.flow != Flow::ApiKey {
            self.keep_client(client);
        }
        self.vault.ask(Job::Urgent(
            Box::new(move |store| {
                let secret = Box::new(made.secret());
                let prints = hand::fingerprints(store, &secret);
                let profile = made.profile(old.as_deref());
                let profile = hand::marked(&profile, prints);
                match aside.clone() {
                    Some(aside) => Write::SignInBeside {
                        aside,
                        profile,
                        secret,
                    },
                    None => Write::SignIn { profile, secret },
                }
            }),
            Box::new(move |store, outcome| {
                let prints = hand::fingerprints(store, &minted.secret());
                let _ = facts.blocking_send(Fact::Kept {
                    id,
                    minted,
                    tries,
                    outcome,
                    prints,
                });
            }),
        ));
    }

    /// Reads the tokens that the new ones will replace: they are ended once the new ones are kept.
    fn look_before(&self, id: SignInId, minted: Arc<Minted>) {
        let old = self.core.profile(&minted.name);
        let is_alive = old.is_some_and(|old| old.standing == Standing::Active);
        let known = self.core.find(&minted.name).filter(|_| is_alive);
        let facts = self.facts.clone();
        self.vault.ask(Job::Read(Box::new(move |store| {
            let secret = known.and_then(|known| store.secret(known).ok());
            let secret = secret
                .map(|(_, secret)| secret)
                .filter(superseding::is_safe);
            let _ = minted.before.set(secret.map(Arc::new));
            let tries = 0;
            let _ = facts.blocking_send(Fact::Minted { id, minted, tries });
        })));
    }

    /// Gives new tokens a name of their own when the one that was meant holds another account's, or may.
    fn keep_apart(&self, minted: &mut Arc<Minted>) {
        let Some(old) = self.core.profile(&minted.name) else {
            return;
        };
        let why = naming::apart(old, minted.claims.as_ref(), minted.certainty);
        // Nobody else has them yet.
        if let (Some(why), Some(minted)) = (why, Arc::get_mut(minted)) {
            let is_taken = |name: &CredentialName| self.core.find(name).is_some();
            let name = naming::free(&minted.name, is_taken);
            let from = std::mem::replace(&mut minted.name, name);
            minted.apart = Some(Apart { from, why });
        }
    }

    /// Writes the client of a sign-in, for the next one.
    fn keep_client(&mut self, client: Arc<Minted>) {
        self.vault.ask(Job::Urgent(
            Box::new(move |_| Write::Client {
                provider: Box::new(client.provider.clone()),
                client: client.client.duplicate(),
            }),
            // A client that could not be kept is no reason to lose tokens: their own write decides.
            Box::new(|_, _| {}),
        ));
    }

    pub(in crate::engine) fn kept(
        &mut self,
        id: SignInId,
        minted: Arc<Minted>,
        tries: u32,
        outcome: Result<Written, VaultTrouble>,
        prints: Fingerprints,
    ) {
        match outcome {
            Ok(Written::Saved(credential, generation)) => {
                self.sessions.forget(id);
                let old = self.core.profile(&minted.name).map(Arc::clone);
                let profile = hand::marked(&minted.profile(old.as_deref()), prints);
                let begun = self.sessions.begun(id).cloned();
                let operation = begun.as_ref().map(|begun| begun.operation);
                self.step(Input::SignedIn {
                    id: credential,
                    generation,
                    profile,
                    begun,
                });
                self.revoke_if_condemned(id, &minted.name);
                if let Some(Some(before)) = minted.before.get() {
                    let (http, facts) = (self.http.clone(), self.facts.clone());
                    let (name, before) = (minted.name.clone(), Arc::clone(before));
                    let ending = superseding::end(http, facts, (name, operation), before);
                    self.errands.start(ending);
                }
                let step = SignInStep::SignedIn {
                    name: minted.name.clone(),
                    apart: minted.apart.clone(),
                    is_unnamed: minted.certainty == Certainty::Untold,
                    aside: minted.told_aside(),
                };
                self.signed_in_further(id, step);
            }
            Ok(Written::Done | Written::Pruned(_) | Written::Stale) => {
                self.keep_again(
                    id,
                    minted,
                    tries,
                    &VaultTrouble {
                        message: "it did not take the new credential".to_owned(),
                        hint: "Check it with: tokenward vault verify".to_owned(),
                    },
                );
            }
            Err(trouble) => self.keep_again(id, minted, tries, &trouble),
        }
    }

    fn keep_again(
        &mut self,
        id: SignInId,
        minted: Arc<Minted>,
        tries: u32,
        trouble: &VaultTrouble,
    ) {
        if self.sessions.is_given_up(id) {
            return self.let_go(id, minted);
        }
        self.condemned_but_unwritten(id, &minted.name, &trouble.refusal());
        let failure = minted.not_kept(trouble);
        if tries == 0 {
            let begun = self.sessions.begun(id).cloned();
            self.sign_in_failed(failure.clone(), Some(minted.name.clone()), begun);
        }
        let (facts, tries) = (self.facts.clone(), tries + 1);
        let pause = (KEEP_AGAIN * tries).min(KEEP_AGAIN_LONGEST);
        let next_try = self.now.plus(pause);
        self.signed_in_further(id, SignInStep::Unkept { failure, next_try });
        let given_up = self.sessions.given_up(id);
        self.errands.start(async move {
            tokio::select! {
                () = given_up.cancelled() => {}
                () = sleep(pause) => {}
            }
            let _ = facts.send(Fact::Minted { id, minted, tries }).await;
        });
    }

    /// Drops what a person wants no more before it was written; tokens are ended at their provider first.
    fn let_go(&mut self, id: SignInId, minted: Arc<Minted>) {
        self.sessions.forget(id);
        if minted.flow != Flow::ApiKey {
            let (http, facts) = (self.http.clone(), self.facts.clone());
            let begun = self.sessions.begun(id).cloned();
            let (name, secret) = (minted.name.clone(), Arc::new(minted.secret()));
            let ending = superseding::end_unkept(http, facts, (name, begun), secret);
            self.errands.start(ending);
        }
        self.signed_in_further(id, SignInStep::Cancelled);
    }
}
