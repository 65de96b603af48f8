//! How a credential ends: revoked at its provider, or forgotten here.

use crate::engine::api::{Refusal, RevokeOutcome};
use crate::engine::core::Core;
use crate::engine::held::Phase;
use crate::engine::step::{Answer, CallerId, Effect, VaultTrouble};
use crate::model::credential::{CredentialId, Generation, Standing};
use crate::model::event::Happening;
use crate::model::name::CredentialName;
use std::sync::Arc;

impl Core {
    pub(in crate::engine) fn revoke_asked(&mut self, caller: CallerId, id: CredentialId) {
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        if let Standing::Revoked { .. } = held.profile.standing {
            let name = held.profile.name.clone();
            self.refuse(caller, Refusal::Revoked { name });
            return;
        }
        held.revokers.push(caller);
        match held.phase {
            Phase::Resting | Phase::Queued(_) => self.begin_revoking(id),
            // After the flight, so that it is the newest tokens that are revoked.
            Phase::Flying(_) | Phase::Revoking => {}
        }
    }

    /// Asks the provider to revoke.
    pub(in crate::engine) fn begin_revoking(&mut self, id: CredentialId) {
        self.unqueue(id);
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        held.phase = Phase::Revoking;
        self.revoking += 1;
        let generation = held.generation;
        self.out.push(Effect::Revoke { id, generation });
        self.settle(id);
    }

    pub(in crate::engine) fn revoke_ended(
        &mut self,
        id: CredentialId,
        generation: Generation,
        outcome: Result<RevokeOutcome, Refusal>,
    ) {
        self.revoking = self.revoking.saturating_sub(1);
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        let name = held.profile.name.clone();
        if held.phase != Phase::Revoking || held.generation != generation {
            // A new sign-in that came meanwhile is not what was revoked; whoever asked was told then.
            if outcome.is_ok() {
                self.happened(Some(name), Happening::Revoked);
            }
            return;
        }
        held.phase = Phase::Resting;
        let revokers = std::mem::take(&mut held.revokers);
        match &outcome {
            Ok(_) => self.mark_revoked(id, name),
            Err(refusal) => self.revoke_failed(id, name, refusal),
        }
        for caller in revokers {
            let answer = match &outcome {
                Ok(done) => Answer::Revoked(done.clone()),
                Err(refusal) => Answer::Refused(refusal.clone()),
            };
            self.answer(caller, answer);
        }
    }

    fn mark_revoked(&mut self, id: CredentialId, name: CredentialName) {
        let now = self.now;
        if let Some(held) = self.held.get_mut(&id) {
            let profile = Arc::make_mut(&mut held.profile);
            profile.standing = Standing::Revoked { at: now };
            profile.last_failure = None;
            held.retry_at = None;
            let (generation, profile) = (held.generation, Arc::clone(&held.profile));
            self.out.push(Effect::WriteProfile {
                id,
                generation,
                profile,
            });
        }
        self.out.push(Effect::Withdraw(name.clone()));
        self.refuse_callers(id, &Refusal::Revoked { name: name.clone() });
        self.happened(Some(name), Happening::Revoked);
        self.settle_and_tell(id);
    }

    fn revoke_failed(&mut self, id: CredentialId, name: CredentialName, refusal: &Refusal) {
        if let Refusal::Failed { failure } = refusal {
            let failure = failure.clone();
            self.happened(Some(name), Happening::RevokeFailed { failure });
        }
        let is_awaited = self
            .held
            .get(&id)
            .is_some_and(|held| !held.callers.is_empty());
        if is_awaited {
            self.hasten(id, self.now);
        }
        self.settle_and_tell(id);
    }

    pub(in crate::engine) fn remove_ended(
        &mut self,
        caller: CallerId,
        id: CredentialId,
        outcome: Result<(), VaultTrouble>,
    ) {
        match outcome {
            Err(trouble) => self.refuse(caller, trouble.refusal()),
            Ok(()) => {
                self.forget(id);
                self.answer(caller, Answer::Removed);
            }
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
            for revoker in held.revokers {
                self.refuse(revoker, refusal.clone());
            }
            self.failing.remove(&(held.host, id));
        }
        self.names.remove(&name);
        self.dirty.remove(&id);
        self.out.push(Effect::Withdraw(name.clone()));
        self.out.push(Effect::Gone(name.clone()));
        self.happened(Some(name), Happening::Removed);
    }
}
