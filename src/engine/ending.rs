//! How a credential ends: revoked at its provider, or forgotten here.

use crate::clock::Timestamp;
use crate::engine::api::{Refusal, RevokeOutcome};
use crate::engine::core::Core;
use crate::engine::flight::Stage;
use crate::engine::held::Phase;
use crate::engine::plan;
use crate::engine::step::{Answer, CallerId, Effect, FlightId, RemoveOutcome};
use crate::model::credential::{CredentialId, Generation, Standing};
use crate::model::event::Happening;
use crate::model::failure::{Errand, FailureClass};
use crate::model::inquiry::Liveness;
use crate::model::name::CredentialName;
use std::sync::Arc;
use std::time::Duration;

/// A `Retry-After` is obeyed up to here.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

impl Core {
    pub(in crate::engine) fn revoke_asked(&mut self, caller: CallerId, id: CredentialId) {
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        // What was seen alive afterwards may be told again.
        let is_done = matches!(
            held.profile.standing,
            Standing::Revoked { proof, .. } if proof != Liveness::Alive
        );
        if is_done {
            let name = held.profile.name.clone();
            self.refuse(caller, Refusal::Revoked { name });
            return;
        }
        held.revokers.push(caller);
        self.pursue(id);
    }

    /// Carries the wish to revoke out, or notes it until it can be.
    pub(in crate::engine) fn pursue(&mut self, id: CredentialId) {
        let Some(phase) = self.held.get(&id).map(|held| held.phase) else {
            return;
        };
        match phase {
            Phase::Resting | Phase::Queued(_) if self.may_revoke() => self.begin_revoking(id),
            // It is not handed out any more, and its provider is told as soon as there is a place.
            Phase::Resting | Phase::Queued(_) => {
                self.unqueue(id);
                self.mark_revoking(id);
                self.write_standing(id);
                self.withdraw(id);
                self.chores.asked.push_back(id);
                self.settle_and_tell(id);
            }
            // After the flight, so that it is the newest tokens that are revoked.
            Phase::Flying(flight) => {
                self.mark_revoking(id);
                self.write_wish(id, flight);
                self.withdraw(id);
                self.settle_and_tell(id);
            }
            Phase::Revoking => {}
        }
    }

    /// Writes the wish to revoke while a flight is under way, for whichever of its tokens the vault holds by then.
    fn write_wish(&mut self, id: CredentialId, flight: FlightId) {
        let (Some(held), Some(it)) = (self.held.get(&id), self.flights.get_mut(&flight)) else {
            return;
        };
        if let Some(pending) = &mut it.pending {
            Arc::make_mut(pending).standing = held.profile.standing.clone();
        }
        match (&it.stage, &it.pending) {
            // The new tokens go to the disk before this; the fingerprints follow when they have landed.
            (Stage::Saving, Some(pending)) => self.out.push(Effect::WriteProfile {
                id,
                generation: Generation(held.generation.0 + 1),
                profile: Arc::clone(pending),
            }),
            _ => self.write_standing(id),
        }
    }

    /// Asks the provider to revoke. From now on nothing of it is handed out, and a crash does not forget the wish.
    pub(in crate::engine) fn begin_revoking(&mut self, id: CredentialId) {
        self.unqueue(id);
        self.mark_revoking(id);
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        held.phase = Phase::Revoking;
        held.retry_at = None;
        let (generation, host) = (held.generation, held.host);
        self.failing.remove(&(host, id));
        self.revoking += 1;
        self.write_standing(id);
        self.withdraw(id);
        self.out.push(Effect::Revoke { id, generation });
        self.settle_and_tell(id);
    }

    /// Notes that it is to be revoked, now or as soon as it can be.
    fn mark_revoking(&mut self, id: CredentialId) {
        let now = self.now;
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        let profile = Arc::make_mut(&mut held.profile);
        if let Standing::Revoking { next, .. } = &mut profile.standing {
            *next = now;
            return;
        }
        let standing = Standing::Revoking {
            since: now,
            tries: 0,
            next: now,
            cause: None,
            is_aside: false,
        };
        held.before_revoking = Some(std::mem::replace(&mut profile.standing, standing));
    }

    /// Hands nothing of it out any more.
    fn withdraw(&mut self, id: CredentialId) {
        let Some(name) = self.held.get(&id).map(|held| held.profile.name.clone()) else {
            return;
        };
        self.out.push(Effect::Withdraw(name.clone()));
        self.refuse_callers(id, &Refusal::Revoked { name });
    }

    pub(in crate::engine) fn write_standing(&mut self, id: CredentialId) {
        let Some(held) = self.held.get(&id) else {
            return;
        };
        let (generation, profile) = (held.generation, Arc::clone(&held.profile));
        self.out.push(Effect::WriteProfile {
            id,
            generation,
            profile,
        });
    }

    pub(in crate::engine) fn revoke_ended(
        &mut self,
        id: CredentialId,
        generation: Generation,
        outcome: Result<RevokeOutcome, Refusal>,
    ) {
        self.revoking = self.revoking.saturating_sub(1);
        self.revocation_ended(id, outcome.as_ref().err());
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        let name = held.profile.name.clone();
        if held.phase != Phase::Revoking || held.generation != generation {
            // A new sign-in that came meanwhile is not what was revoked; whoever asked was told then.
            if let Ok(done) = outcome {
                self.happened(Some(name), revoked(&done));
            }
            return;
        }
        held.phase = Phase::Resting;
        let revokers = std::mem::take(&mut held.revokers);
        let outcome = match outcome {
            Ok(done) => {
                let is_aside = held.is_aside();
                self.mark_revoked(id, name, &done);
                // What was seen alive stays for the person to see.
                if is_aside && done.proof() != Liveness::Alive {
                    self.out.push(Effect::Remove {
                        caller: None,
                        id,
                        only: Some(generation),
                    });
                }
                Ok(done)
            }
            Err(refusal) => Err(self.revoke_failed(id, name, refusal)),
        };
        for caller in revokers {
            let answer = match &outcome {
                Ok(done) => Answer::Revoked(done.clone()),
                Err(refusal) => Answer::Refused(refusal.clone()),
            };
            self.answer(caller, answer);
        }
    }

    fn mark_revoked(&mut self, id: CredentialId, name: CredentialName, done: &RevokeOutcome) {
        let (at, proof) = (self.now, done.proof());
        if let Some(held) = self.held.get_mut(&id) {
            let profile = Arc::make_mut(&mut held.profile);
            profile.standing = Standing::Revoked { at, proof };
            profile.last_failure = None;
            held.before_revoking = None;
        }
        self.write_standing(id);
        self.happened(Some(name), revoked(done));
        self.settle_and_tell(id);
    }

    /// A provider that could not be told is told again later; one that refuses is believed, and all is as it was.
    fn revoke_failed(
        &mut self,
        id: CredentialId,
        name: CredentialName,
        refusal: Refusal,
    ) -> Refusal {
        let mut refusal = refusal;
        let is_passing = match &mut refusal {
            Refusal::Failed { failure } => {
                if self.settings.is_for_a_moment {
                    failure.errand = Errand::AskedRevocation;
                }
                failure.class == FailureClass::Transient
            }
            Refusal::Vault { .. }
            | Refusal::TimedOut
            | Refusal::Locked { .. }
            | Refusal::NotUnlocked { .. }
            | Refusal::Stopped => true,
            Refusal::NoSuchCredential { .. }
            | Refusal::CannotRefresh { .. }
            | Refusal::MissingScopes { .. }
            | Refusal::LimitExceeded { .. }
            | Refusal::Revoked { .. }
            | Refusal::Grant { .. }
            | Refusal::Invalid { .. } => false,
        };
        let next = if is_passing {
            self.put_off(id, &refusal)
        } else {
            self.give_back(id);
            None
        };
        if let Refusal::Failed { failure } = &refusal {
            let failure = failure.clone();
            self.happened(Some(name), Happening::RevokeFailed { failure, next });
        }
        self.write_standing(id);
        self.settle_and_tell(id);
        refusal
    }

    /// Plans the next attempt to tell the provider.
    fn put_off(&mut self, id: CredentialId, refusal: &Refusal) -> Option<Timestamp> {
        let held = self.held.get(&id)?;
        let Standing::Revoking {
            since,
            tries,
            is_aside,
            ..
        } = held.profile.standing
        else {
            return None;
        };
        let cause = match refusal {
            Refusal::Failed { failure } => Some(failure.clone()),
            _ => None,
        };
        let asked = cause.as_ref().and_then(|failure| failure.retry_after_secs);
        let asked = asked.map(|secs| Duration::from_secs(secs.into()).min(LONGEST_PAUSE));
        let tries = tries.saturating_add(1);
        let pause = plan::backoff(tries, asked, &self.settings.limits, self.salt(held));
        let next = self.now.plus(pause);
        if let Some(held) = self.held.get_mut(&id) {
            Arc::make_mut(&mut held.profile).standing = Standing::Revoking {
                since,
                tries,
                next,
                cause,
                is_aside,
            };
        }
        Some(next)
    }

    /// The provider refuses to revoke: the tokens live, and so does the credential, but for one that a newer sign-in
    /// took the place of.
    fn give_back(&mut self, id: CredentialId) {
        let at = self.now;
        if let Some(held) = self.held.get_mut(&id) {
            let before = held.before_revoking.take().unwrap_or_default();
            let standing = match held.is_aside() {
                true => Standing::Revoked {
                    at,
                    proof: Liveness::Alive,
                },
                false => before,
            };
            Arc::make_mut(&mut held.profile).standing = standing;
        }
        self.plan(id);
    }

    /// Forgets it; one that left in a file only as it is in that file.
    pub(in crate::engine) fn remove_asked(
        &mut self,
        caller: CallerId,
        id: CredentialId,
        only: Option<Generation>,
    ) {
        if let (Some(only), Some(held)) = (only, self.held.get(&id))
            && !held.is_at(only)
        {
            let refusal = changed_meanwhile(&held.profile.name);
            self.refuse(caller, refusal);
            return;
        }
        let caller = Some(caller);
        self.out.push(Effect::Remove { caller, id, only });
    }

    pub(in crate::engine) fn remove_ended(
        &mut self,
        caller: Option<CallerId>,
        id: CredentialId,
        outcome: RemoveOutcome,
    ) {
        let answer = match outcome {
            RemoveOutcome::Failed(trouble) => Answer::Refused(trouble.refusal()),
            RemoveOutcome::Stale => Answer::Refused(match self.held.get(&id) {
                Some(held) => changed_meanwhile(&held.profile.name),
                None => Refusal::Stopped,
            }),
            RemoveOutcome::Removed => {
                self.forget(id);
                Answer::Removed
            }
        };
        if let Some(caller) = caller {
            self.answer(caller, answer);
        }
    }

    /// Drops a credential; a flight of it goes on and its answer is dropped.
    fn forget(&mut self, id: CredentialId) {
        self.unqueue(id);
        let Some(name) = self.held.get(&id).map(|held| held.profile.name.clone()) else {
            return;
        };
        let refusal = Refusal::NoSuchCredential {
            name: name.clone(),
            similar: Vec::new(),
        };
        self.refuse_callers(id, &refusal);
        if let Some(held) = self.held.remove(&id) {
            if let Some(alarm) = held.alarm {
                self.alarms.remove(&(alarm, id));
            }
            self.chores.forget(id, held.retell_at, held.foretell_at);
            for revoker in held.revokers {
                self.refuse(revoker, refusal.clone());
            }
            self.failing.remove(&(held.host, id));
        }
        self.names.remove(&name);
        self.dirty.remove(&id);
        self.out.push(Effect::Withdraw(name.clone()));
        self.out.push(Effect::Gone(name.clone()));
        self.happened(Some(name), Happening::Removed { id: Some(id) });
    }
}

/// How the end of a credential stands in the log.
fn revoked(done: &RevokeOutcome) -> Happening {
    Happening::Revoked {
        proof: done.proof(),
        by_hand: matches!(done, RevokeOutcome::ByHand { .. }),
    }
}

/// Why a credential that left in a file stays here all the same.
fn changed_meanwhile(name: &CredentialName) -> Refusal {
    Refusal::Invalid {
        message: format!("{name} got other tokens meanwhile, and stays here"),
        hint: "Export it again.".to_owned(),
    }
}
