//! Revocations that wait: for a place, or for a provider that could not be told.

use crate::engine::api::Refusal;
use crate::engine::core::Core;
use crate::engine::held::{Held, Phase};
use crate::model::chore::{Chore, Ended};
use crate::model::credential::CredentialId;

impl Core {
    /// Plans when its provider is told again, if it has to be.
    pub(in crate::engine) fn plan_retelling(&mut self, id: CredentialId) {
        let may = !self.settings.is_for_a_moment;
        let Some(held) = self.held.get_mut(&id).filter(|_| may) else {
            return;
        };
        let is_due_again = held.phase == Phase::Resting && held.revokers.is_empty();
        let at = held.revoke_at().filter(|_| is_due_again);
        if held.retell_at == at {
            return;
        }
        let before = std::mem::replace(&mut held.retell_at, at);
        if let Some(before) = before {
            self.chores.revocations.remove(&(before, id));
        }
        if let Some(at) = at {
            self.chores.revocations.insert((at, id));
        }
    }

    /// Tells the provider of the one that has waited longest.
    pub(in crate::engine) fn tell_again(&mut self) {
        let Some((at, id)) = self.chores.revocations.pop_first() else {
            return self.chore_ended(Chore::Revocations, Ended::Done { count: 0 });
        };
        debug_assert!(at <= self.now, "it was planned for then");
        if let Some(held) = self.held.get_mut(&id) {
            held.retell_at = None;
        }
        self.chores.retold.insert(id);
        self.begin_revoking(id);
    }

    /// A revocation ended: the next one that was asked for gets its place, and so does the next one that comes again.
    pub(in crate::engine) fn revocation_ended(
        &mut self,
        id: CredentialId,
        refusal: Option<&Refusal>,
    ) {
        if self.chores.retold.remove(&id) {
            let ended = match refusal {
                None => Ended::Done { count: 1 },
                Some(refusal) => Ended::Failed {
                    why: refusal.to_string(),
                },
            };
            self.chore_ended(Chore::Revocations, ended);
        }
        self.begin_asked_revocations();
    }

    /// Whether one more may be under way.
    pub(in crate::engine) fn may_revoke(&self) -> bool {
        self.revoking < self.settings.limits.in_flight
    }

    fn begin_asked_revocations(&mut self) {
        while self.may_revoke() && !self.is_leaving {
            let Some(id) = self.chores.asked.pop_front() else {
                return;
            };
            if self.held.get(&id).is_some_and(is_waiting) {
                self.begin_revoking(id);
            }
        }
    }

    /// Sends away who waits for a place: the wish is written, and the next engine carries it out.
    pub(in crate::engine) fn refuse_waiting_revocations(&mut self) {
        for id in std::mem::take(&mut self.chores.asked) {
            let held = self.held.get_mut(&id).filter(|held| is_waiting(held));
            let revokers = held.map(|held| std::mem::take(&mut held.revokers));
            for caller in revokers.unwrap_or_default() {
                self.refuse(caller, Refusal::Stopped);
            }
        }
    }
}

/// Whether a revocation that was asked for has not begun.
fn is_waiting(held: &Held) -> bool {
    held.phase == Phase::Resting && held.revoke_at().is_some() && !held.revokers.is_empty()
}
