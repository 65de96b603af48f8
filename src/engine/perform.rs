//! Performs the core's effects: writes, requests, answers and events.

use crate::engine::api::{Event, Refusal};
use crate::engine::callers::Caller;
use crate::engine::fact::Fact;
use crate::engine::hand::{self, Granted, Hand};
use crate::engine::request;
use crate::engine::runner::Runner;
use crate::engine::step::{
    Answer, CallerId, Effect, FlightId, Input, RemoveOutcome, RotateOutcome, SpendOutcome,
    TokenChoice,
};
use crate::engine::vault_thread::{Job, trouble};
use crate::model::credential::{CredentialId, Generation, Profile};
use crate::model::event::Activity;
use crate::model::operation::OperationId;
use crate::vault::store::{Spending, Write, Written};
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Runner {
    pub(in crate::engine) fn perform_all(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Spend { flight, spending } => self.spend(flight, spending),
            Effect::Send {
                flight,
                token,
                narrow,
                profile,
            } => self.send(flight, token, narrow, profile),
            Effect::Rotate {
                flight,
                id,
                spent,
                profile,
            } => self.rotate(flight, id, spent, profile),
            Effect::FailSpending {
                id,
                generation,
                profile,
                certain,
            } => self.fail_spending(id, generation, profile, certain),
            Effect::Landed {
                flight,
                id,
                name,
                awaited,
            } => self.landed(flight, id, name, awaited),
            Effect::Drop(flight) => drop(self.hands.remove(&flight)),
            Effect::WriteProfile {
                id,
                generation,
                profile,
            } => self.write_profile(id, generation, profile),
            Effect::Revoke { id, generation } => self.revoke(id, generation),
            Effect::Remove { caller, id, only } => self.remove(caller, id, only),
            Effect::Withdraw(name) => {
                self.shelf.discard(&name);
                self.grants.with(|state| state.narrowed.discard(&name));
            }
            Effect::Answer {
                caller,
                answer,
                operation,
            } => self.answer(caller, answer, operation),
            Effect::Changed(id) => self.changed(id),
            Effect::Gone(name) => {
                self.tell(|| Event::Removed { name });
                self.teach_grants();
            }
            Effect::Progress { loaded, total } => {
                self.tell(|| Event::Loaded { loaded, total });
                self.teach_grants();
            }
            Effect::Happened(activity) => self.happened(activity),
            Effect::Exceeded { caller, line } => self.exceeded(caller, line),
            Effect::Chore(chore) => self.chores.push_back(chore),
        }
    }

    /// Takes a fact in and gives the core its part of it.
    pub(in crate::engine) fn accept(&mut self, fact: Fact) {
        match fact {
            Fact::Known(input) => self.step(input),
            Fact::Opened { flight, outcome } => {
                let outcome = match outcome {
                    Err(trouble) => SpendOutcome::Failed(trouble),
                    Ok(None) => SpendOutcome::Stale,
                    Ok(Some(secret)) => {
                        let previous = secret.previous_refresh.as_ref();
                        let previous_until = previous.map(|it| it.kept_until);
                        self.hands.insert(flight, Hand::Opened(Arc::new(*secret)));
                        SpendOutcome::Written { previous_until }
                    }
                };
                self.step(Input::Spent { flight, outcome });
            }
            Fact::Answered {
                flight,
                choice,
                narrow,
                took,
                outcome,
            } => {
                let input = match (outcome, self.hands.get(&flight)) {
                    (Err(failure), _) => Input::Refused {
                        flight,
                        failure,
                        took,
                    },
                    (Ok(set), Some(Hand::Opened(old))) => {
                        let granted = Granted::new(Arc::clone(old), *set, choice, narrow, self.now);
                        let grant = granted.grant();
                        self.hands.insert(flight, Hand::Granted(Arc::new(granted)));
                        Input::Granted {
                            flight,
                            grant,
                            took,
                        }
                    }
                    // Nothing in hand: the flight is over, its credential gone.
                    (Ok(_), Some(Hand::Granted(_)) | None) => return,
                };
                self.step(input);
            }
            Fact::Fetched { id, outcome } => self.fetched(id, outcome),
            Fact::ClientDeleted {
                provider,
                client_id,
                operation,
            } => self.client_deleted(provider, client_id, operation),
            Fact::Happened(activity) => self.happened(activity),
            Fact::Watched { watcher, read } => self.watched(watcher, read),
            Fact::Checked {
                id,
                generation,
                liveness,
            } => self.checked(id, generation, liveness),
            Fact::ParcelOpened { one, wish } => self.take_parcel_in(*one, wish),
            Fact::ParcelDoomed { one, wish } => self.doom_parcel(*one, wish),
            Fact::Weighed { one, known, wish } => self.weighed(one, known, *wish),
            Fact::Arrived {
                number,
                profile,
                outcome,
                waiting,
            } => self.admitted(number, profile, outcome, *waiting),
            Fact::Unkept { found, wish } => self.unkept(found, *wish),
            Fact::Step { id, step } => self.signed_in_further(id, step),
            Fact::NotStarted { id } => self.sign_in_refused(id),
            Fact::Minted { id, minted, tries } => self.keep_minted(id, minted, tries),
            Fact::Kept {
                id,
                minted,
                tries,
                outcome,
                prints,
            } => self.kept(id, minted, tries, outcome, prints),
        }
    }

    fn spend(&self, flight: FlightId, spending: Spending) {
        let facts = self.facts.clone();
        let wanted = spending.clone();
        self.vault.ask(Job::Spend(
            Box::new(move |_| Write::Spend(spending.clone())),
            Box::new(move |store, written| {
                let outcome = match written {
                    Err(trouble) => Err(trouble),
                    Ok(Written::Stale | Written::Pruned(_)) => Ok(None),
                    Ok(Written::Done | Written::Saved(..)) => match store.secret(wanted.id) {
                        Err(error) => Err(trouble(&error)),
                        Ok((generation, _)) if generation != wanted.generation => Ok(None),
                        Ok((_, secret)) => Ok(Some(Box::new(secret))),
                    },
                };
                let _ = facts.blocking_send(Fact::Opened { flight, outcome });
            }),
        ));
    }

    fn send(
        &self,
        flight: FlightId,
        choice: TokenChoice,
        narrow: Vec<String>,
        profile: Arc<Profile>,
    ) {
        let Some(Hand::Opened(secret)) = self.hands.get(&flight) else {
            return;
        };
        request::refresh(
            self.http.clone(),
            (self.facts.clone(), &self.errands),
            flight,
            choice,
            (Arc::clone(secret), profile, narrow),
        );
    }

    fn rotate(&self, flight: FlightId, id: CredentialId, spent: Generation, profile: Arc<Profile>) {
        let Some(Hand::Granted(granted)) = self.hands.get(&flight) else {
            return;
        };
        let (granted, facts) = (Arc::clone(granted), self.facts.clone());
        let prints = Arc::new(std::sync::OnceLock::new());
        let noted = Arc::clone(&prints);
        self.vault.ask(Job::Urgent(
            Box::new(move |store| {
                let secret = Box::new(granted.secret());
                let prints = *noted.get_or_init(|| hand::fingerprints(store, &secret));
                Write::Rotate {
                    id,
                    spent,
                    profile: hand::marked(&profile, prints),
                    secret,
                }
            }),
            Box::new(move |_, written| {
                let outcome = match (written, prints.get()) {
                    (Err(trouble), _) => RotateOutcome::Failed(trouble),
                    (Ok(Written::Done | Written::Saved(..)), Some(prints)) => {
                        RotateOutcome::Written(*prints)
                    }
                    (Ok(_), _) => RotateOutcome::Stale,
                };
                let _ = facts.blocking_send(Fact::Known(Input::Rotated { flight, outcome }));
            }),
        ));
    }

    fn fail_spending(
        &self,
        id: CredentialId,
        generation: Generation,
        profile: Arc<Profile>,
        certain: bool,
    ) {
        self.write(id, move || {
            let profile = Box::new(Profile::clone(&profile));
            if certain {
                Write::FailSpending {
                    id,
                    generation,
                    profile,
                }
            } else {
                Write::UnknownSpending {
                    id,
                    generation,
                    profile,
                }
            }
        });
    }

    fn write_profile(&self, id: CredentialId, generation: Generation, profile: Arc<Profile>) {
        self.write(id, move || Write::Profile {
            id,
            generation,
            profile: Box::new(Profile::clone(&profile)),
        });
    }

    /// Writes something whose failure means no more than that the profile has to be written again.
    fn write(&self, id: CredentialId, make: impl Fn() -> Write + Send + 'static) {
        let facts = self.facts.clone();
        self.vault.ask(Job::Urgent(
            Box::new(move |_| make()),
            Box::new(move |_, written| {
                if written.is_err() {
                    let _ = facts.blocking_send(Fact::Known(Input::ProfileNotWritten { id }));
                }
            }),
        ));
    }

    fn remove(&self, caller: Option<CallerId>, id: CredentialId, only: Option<Generation>) {
        let facts = self.facts.clone();
        self.vault.ask(Job::Urgent(
            Box::new(move |_| Write::Remove { id, only }),
            Box::new(move |_, written| {
                let outcome = match written {
                    Err(trouble) => RemoveOutcome::Failed(trouble),
                    Ok(Written::Stale) if only.is_some() => RemoveOutcome::Stale,
                    // Without a row there is nothing to forget.
                    Ok(_) => RemoveOutcome::Removed,
                };
                let input = Input::RemoveEnded {
                    caller,
                    id,
                    outcome,
                };
                let _ = facts.blocking_send(Fact::Known(input));
            }),
        ));
    }

    fn answer(&mut self, id: CallerId, answer: Answer, operation: Option<OperationId>) {
        if let Answer::Token(credential) = answer {
            self.serve((id, operation), credential);
            return;
        }
        let Some(caller) = self.callers.take(id) else {
            return;
        };
        match (caller, answer) {
            (Caller::Token(reply, errand), Answer::Narrow(flight)) => match self.hands.get(&flight)
            {
                Some(Hand::Granted(granted)) => {
                    self.book
                        .handed_out(&errand.name, errand.purpose, operation, &errand.by);
                    drop(reply.send(Ok(granted.narrow_token())));
                }
                Some(Hand::Opened(_)) | None => drop(reply.send(Err(Refusal::Stopped))),
            },
            (caller, Answer::Refused(refusal)) => caller.refuse(refusal),
            (Caller::View(reply, _), Answer::View(view)) => drop(reply.send(Ok(*view))),
            (Caller::Revoke(reply), Answer::Revoked(outcome)) => drop(reply.send(Ok(outcome))),
            (Caller::Remove(reply), Answer::Removed) => drop(reply.send(Ok(()))),
            (
                caller,
                Answer::Token(_)
                | Answer::Narrow(_)
                | Answer::View(_)
                | Answer::Revoked(_)
                | Answer::Removed,
            ) => {
                caller.refuse(Refusal::Stopped);
            }
        }
    }

    fn changed(&self, id: CredentialId) {
        if self.events.receiver_count() == 0 {
            return;
        }
        if let Some(view) = self.core.view(id, self.now) {
            self.tell(|| Event::Changed { view });
        }
    }

    /// Keeps a line in the log and tells everyone. What belongs to nothing else is an operation by itself.
    pub(in crate::engine) fn happened(&self, activity: Activity) {
        let operation = activity
            .operation
            .unwrap_or_else(|| self.operations.begin());
        let activity = activity.within(Some(operation));
        self.has_grown.store(true, Ordering::Relaxed);
        let kept = activity.clone();
        self.vault
            .ask(Job::Lazy(Box::new(move |_| Write::Activity(kept.clone()))));
        self.tell(|| Event::Happened { activity });
    }
}
