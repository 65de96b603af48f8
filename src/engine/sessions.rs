//! The sign-ins under way: begun, fed with pasted addresses, cancelled, and their tokens kept.

use crate::engine::api::{Event, PastedUrl, Refusal, Reply};
use crate::engine::fact::Fact;
use crate::engine::hand;
use crate::engine::minting::{Minted, not_kept};
use crate::engine::naming::{self, Certainty};
use crate::engine::operations::Begun;
use crate::engine::runner::Runner;
use crate::engine::signin::{self, Session};
use crate::engine::step::{Fingerprints, Input, VaultTrouble};
use crate::engine::superseding;
use crate::engine::vault_thread::Job;
use crate::model::credential::{Flow, Standing};
use crate::model::event::{Act, Activity, Happening};
use crate::model::failure::Failure;
use crate::model::name::CredentialName;
use crate::model::program::Program;
use crate::model::signin::{Apart, SignInId, SignInRequest, SignInStep};
use crate::vault::store::{Write, Written};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// So many sign-ins may be under way at once.
const MOST: usize = 32;
/// Pause before tokens of a sign-in are written again; longer each time.
const KEEP_AGAIN: Duration = Duration::from_secs(1);
/// Longest pause.
const KEEP_AGAIN_LONGEST: Duration = Duration::from_secs(15);

/// A pasted address and where its verdict goes.
pub type Pasted = (PastedUrl, Reply<()>);

/// The ways to the sign-ins under way.
#[derive(Debug, Default)]
pub struct Sessions {
    open: HashMap<SignInId, Ways>,
    /// How each began that has not ended yet.
    begun: HashMap<SignInId, Begun>,
    /// Sign-ins whose tokens are being written, and what they will be called.
    keeping: HashMap<SignInId, CredentialName>,
}

#[derive(Debug)]
struct Ways {
    cancel: CancellationToken,
    pasted: mpsc::Sender<Pasted>,
}

impl Sessions {
    /// Hands a pasted address to its sign-in.
    pub fn paste(&self, id: SignInId, url: PastedUrl, reply: Reply<()>) {
        let Some(ways) = self.open.get(&id) else {
            let refusal = Refusal::Invalid {
                message: "this sign-in is not under way any more".to_owned(),
                hint: "Start it again.".to_owned(),
            };
            drop(reply.send(Err(refusal)));
            return;
        };
        if let Err(error) = ways.pasted.try_send((url, reply)) {
            let (_, reply) = error.into_inner();
            let refusal = Refusal::Invalid {
                message: "this sign-in does not wait for an address now".to_owned(),
                hint: "Paste it when the sign-in shows an address to open.".to_owned(),
            };
            drop(reply.send(Err(refusal)));
        }
    }

    /// Gives one up.
    pub fn cancel(&self, id: SignInId) {
        if let Some(ways) = self.open.get(&id) {
            ways.cancel.cancel();
        }
    }

    /// Gives all up.
    pub fn cancel_all(&self) {
        for ways in self.open.values() {
            ways.cancel.cancel();
        }
    }

    /// Those that may still bring tokens: under way, or with tokens that are being written.
    pub fn coming(&self) -> HashSet<SignInId> {
        self.open
            .keys()
            .chain(self.keeping.keys())
            .copied()
            .collect()
    }

    /// Whose tokens wait to be written.
    pub fn unsaved(&self) -> impl Iterator<Item = &CredentialName> {
        self.keeping.values()
    }
}

impl Runner {
    pub(in crate::engine) fn begin_sign_in(
        &mut self,
        request: SignInRequest,
        by: Arc<Program>,
        reply: Reply<()>,
    ) {
        let id = request.id;
        let begun = self.begun(&request, by);
        self.note_begun(Act::SignIn, begun.clone());
        if request.key.is_some() {
            self.sessions.begun.insert(id, begun);
            self.keep_key(request, reply);
            return;
        }
        let problem = if self.sessions.open.contains_key(&id) {
            Some("a sign-in of this number is under way already")
        } else if self.sessions.open.len() >= MOST {
            Some("too many sign-ins are under way")
        } else {
            None
        };
        if let Some(message) = problem {
            let refusal = Refusal::Invalid {
                message: message.to_owned(),
                hint: "Finish or cancel one first.".to_owned(),
            };
            drop(reply.send(Err(refusal)));
            return;
        }
        let provider = begun.provider.clone();
        self.sessions.begun.insert(id, begun);
        self.step(Input::SignInBegun { provider });
        let (pasted, inbox) = mpsc::channel(1);
        let cancel = CancellationToken::new();
        let session = Session {
            id,
            http: self.http.clone(),
            vault: self.vault.desk(),
            facts: self.facts.clone(),
            pasted: inbox,
        };
        self.sessions.open.insert(
            id,
            Ways {
                cancel: cancel.clone(),
                pasted,
            },
        );
        self.errands
            .start(signin::run(session, request, reply, cancel));
    }

    /// Passes a step on; the last one ends the session.
    pub(in crate::engine) fn signed_in_further(&mut self, id: SignInId, step: SignInStep) {
        match &step {
            SignInStep::Failed { failure } => {
                self.condemned.acquit(id);
                let known = self.sessions.open.remove(&id);
                let begun = self.sessions.begun.remove(&id);
                if known.is_some() {
                    self.sign_in_failed(failure.clone(), None, begun);
                }
            }
            SignInStep::Cancelled | SignInStep::SignedIn { .. } => {
                self.condemned.acquit(id);
                self.sessions.open.remove(&id);
                self.sessions.begun.remove(&id);
            }
            SignInStep::Discovering
            | SignInStep::Registering
            | SignInStep::DeviceCode { .. }
            | SignInStep::Polled { .. }
            | SignInStep::Authorize { .. }
            | SignInStep::Renewed { .. }
            | SignInStep::Exchanging => {}
        }
        self.tell(|| Event::SignIn { id, step });
    }

    /// How a sign-in begins, for all the lines about it.
    fn begun(&self, request: &SignInRequest, by: Arc<Program>) -> Begun {
        let provider = request.provider.name().to_owned();
        let account = request.account.as_deref();
        let name = account.and_then(|account| CredentialName::new(&provider, account).ok());
        Begun {
            operation: self.operations.begin(),
            by,
            provider,
            name,
        }
    }

    /// Gives a sign-in up because somebody asked for that.
    pub(in crate::engine) fn cancel_sign_in(&mut self, id: SignInId, by: Arc<Program>) {
        match self.sessions.begun.get(&id).cloned() {
            Some(begun) => self.note_begun(Act::CancelSignIn, Begun { by, ..begun }),
            None => self.note_act(Act::CancelSignIn, None, self.operations.begin(), by),
        }
        self.sessions.cancel(id);
    }

    /// Tells that a sign-in came to nothing.
    fn sign_in_failed(&self, failure: Failure, name: Option<CredentialName>, begun: Option<Begun>) {
        let provider = begun.as_ref().map(|begun| begun.provider.clone());
        let name = name.or_else(|| begun.as_ref()?.name.clone());
        let what = Happening::SignInFailed { failure, provider };
        let line = Activity::new(self.now, name, what);
        let line = match begun {
            Some(begun) => line.within(Some(begun.operation)).by(Some(begun.by)),
            None => line,
        };
        self.happened(line);
    }

    /// Forgets a sign-in that was refused before its first step.
    pub(in crate::engine) fn sign_in_refused(&mut self, id: SignInId) {
        self.condemned.acquit(id);
        self.sessions.open.remove(&id);
        self.sessions.begun.remove(&id);
    }

    /// Writes the tokens of a sign-in, and the client with them.
    pub(in crate::engine) fn keep_minted(&mut self, id: SignInId, minted: Arc<Minted>, tries: u32) {
        let mut minted = minted;
        if minted.before.get().is_none() {
            let name = minted.name.clone();
            self.sessions.keeping.insert(id, name);
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
                self.sessions.keeping.remove(&id);
                let old = self.core.profile(&minted.name).map(Arc::clone);
                let profile = hand::marked(&minted.profile(old.as_deref()), prints);
                let begun = self.sessions.begun.get(&id).cloned();
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
        self.condemned_but_unwritten(id, &minted.name, &trouble.refusal());
        if tries == 0 {
            let begun = self.sessions.begun.get(&id).cloned();
            self.sign_in_failed(not_kept(trouble), Some(minted.name.clone()), begun);
        }
        let (facts, tries) = (self.facts.clone(), tries + 1);
        let pause = (KEEP_AGAIN * tries).min(KEEP_AGAIN_LONGEST);
        self.errands.start(async move {
            sleep(pause).await;
            let _ = facts.send(Fact::Minted { id, minted, tries }).await;
        });
    }
}
