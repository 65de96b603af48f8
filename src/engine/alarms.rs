//! What time does to the core: due refreshes, clock jumps, lazy writes, and leaving.

use crate::clock::Timestamp;
use crate::engine::api::Refusal;
use crate::engine::core::Core;
use crate::engine::held::{Held, Phase};
use crate::engine::plan;
use crate::engine::step::{CallerId, Effect};
use crate::model::credential::{CredentialId, Standing};
use crate::model::event::Happening;
use crate::model::name::CredentialName;
use std::sync::Arc;
use std::time::Duration;

/// When a program last got a token is kept to the minute and written that often at most.
const USE_GRAIN: Duration = Duration::from_secs(60);

impl Core {
    /// Does what is due.
    pub(in crate::engine) fn ring(&mut self) {
        while let Some(&(at, id)) = self.alarms.first().filter(|(at, _)| *at <= self.now) {
            self.alarms.remove(&(at, id));
            let Some(held) = self.held.get_mut(&id) else {
                continue;
            };
            held.alarm = None;
            let phase = held.phase;
            let is_due = held.refresh_at(self.now).is_some_and(|at| at <= self.now);
            match phase {
                Phase::Resting => {
                    if is_due && !self.is_leaving {
                        self.enqueue(id);
                    } else if !self.is_leaving {
                        self.settle(id);
                    }
                }
                Phase::Queued(_) => self.requeue(id),
                Phase::Flying(_) | Phase::Revoking => self.settle(id),
            }
        }
    }

    /// Lets a credential wait for a place.
    pub(in crate::engine) fn enqueue(&mut self, id: CredentialId) {
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        let urgency = held.urgency(self.now);
        held.phase = Phase::Queued(urgency);
        self.queue.push(held.host, urgency, id);
        self.settle(id);
    }

    /// Gives a waiting credential the place it has now.
    pub(in crate::engine) fn requeue(&mut self, id: CredentialId) {
        self.unqueue(id);
        self.enqueue(id);
    }

    /// Takes a credential out of the queue, if it is there.
    pub(in crate::engine) fn unqueue(&mut self, id: CredentialId) {
        if let Some(held) = self.held.get_mut(&id)
            && let Phase::Queued(urgency) = held.phase
        {
            self.queue.remove(held.host, urgency, id);
            held.phase = Phase::Resting;
        }
    }

    /// The wall clock ran apart from the steady one: suspended, or set.
    pub(in crate::engine) fn clock_jumped(&mut self, by_ms: i64) {
        self.happened(None, Happening::ClockJumped { by_ms });
        self.waiters.shift(by_ms);
        if by_ms < 0 {
            self.queue.shift(by_ms);
            self.chores.upkeep.shift(by_ms);
        }
        self.unsaved = std::mem::take(&mut self.unsaved)
            .into_iter()
            .map(|(_, flight)| (self.now, flight))
            .collect();
        let ids: Vec<CredentialId> = self.held.keys().copied().collect();
        for id in ids {
            if by_ms < 0
                && let Some(held) = self.held.get_mut(&id)
            {
                set_back(held, by_ms);
                // What lies ready still tells its end in the terms of the old clock.
                self.out.push(Effect::Withdraw(held.profile.name.clone()));
            }
            self.plan(id);
            self.spread_if_due(id);
            self.settle(id);
        }
    }

    /// After a jump much is due at once: what is not yet expired can wait its turn.
    pub(in crate::engine) fn spread_if_due(&mut self, id: CredentialId) {
        let Some(held) = self.held.get(&id) else {
            return;
        };
        let is_due = held.refresh_at(self.now).is_some_and(|at| at <= self.now);
        let can_wait = !held.is_expired(self.now) && held.callers.is_empty();
        let until = self
            .now
            .plus(plan::spread(self.settings.spread, self.salt(held)));
        if is_due
            && can_wait
            && let Some(held) = self.held.get_mut(&id)
        {
            held.spread_until = Some(until);
        }
    }

    pub(in crate::engine) fn used(&mut self, uses: Vec<(CredentialName, Timestamp)>) {
        for (name, at) in uses {
            if let Some(id) = self.find(&name) {
                self.mark_used(id, at);
            }
        }
    }

    /// Notes that a program got the access token; written lazily.
    pub(in crate::engine) fn mark_used(&mut self, id: CredentialId, at: Timestamp) {
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        let is_known = held
            .profile
            .last_used_at
            .is_some_and(|last| at < last.plus(USE_GRAIN) && at > last.minus(USE_GRAIN));
        if !is_known {
            Arc::make_mut(&mut held.profile).last_used_at = Some(at);
            self.mark_dirty(id);
        }
    }

    /// Has a profile written at the next occasion.
    pub(in crate::engine) fn mark_dirty(&mut self, id: CredentialId) {
        if self.held.contains_key(&id) {
            self.dirty.insert(id);
            self.flush_at = self.flush_at.or(Some(self.now.plus(USE_GRAIN)));
        }
    }

    pub(in crate::engine) fn flush_when_due(&mut self) {
        let is_due = self.flush_at.is_some_and(|at| at <= self.now);
        if self.flush_at.is_none() || !(is_due || self.is_leaving) {
            return;
        }
        self.flush_at = None;
        for id in std::mem::take(&mut self.dirty) {
            let Some(held) = self.held.get(&id) else {
                continue;
            };
            // A flight writes the profile at its end.
            if !matches!(held.phase, Phase::Flying(_)) {
                let (generation, profile) = (held.generation, Arc::clone(&held.profile));
                self.out.push(Effect::WriteProfile {
                    id,
                    generation,
                    profile,
                });
            }
        }
    }

    /// Begins nothing any more; whoever waits for something that has not begun is sent away.
    pub(in crate::engine) fn leave(&mut self) {
        self.is_leaving = true;
        let ids: Vec<CredentialId> = self.held.keys().copied().collect();
        for id in ids {
            self.unqueue(id);
            let is_flying = self
                .held
                .get(&id)
                .is_some_and(|held| matches!(held.phase, Phase::Flying(_)));
            if !is_flying {
                self.refuse_callers(id, &Refusal::Stopped);
            }
        }
        let parked: Vec<CallerId> = std::mem::take(&mut self.parked)
            .iter()
            .filter_map(|input| input.question().map(|(caller, _)| caller))
            .collect();
        for caller in parked {
            self.refuse(caller, Refusal::Stopped);
        }
        self.unsaved = std::mem::take(&mut self.unsaved)
            .into_iter()
            .map(|(_, flight)| (self.now, flight))
            .collect();
        self.refuse_waiting_revocations();
    }
}

/// Tells a credential's times in the terms of a clock that was set back.
fn set_back(held: &mut Held, by_ms: i64) {
    let moved = |at: Timestamp| Timestamp::from_millis(at.as_millis().saturating_add(by_ms));
    let profile = Arc::make_mut(&mut held.profile);
    profile.issued_at = moved(profile.issued_at);
    profile.expires_at = profile.expires_at.map(moved);
    profile.refresh_expires_at = profile.refresh_expires_at.map(moved);
    if let Standing::Revoking { next, .. } = &mut profile.standing {
        *next = moved(*next);
    }
    for time in [
        &mut held.retry_at,
        &mut held.failed_at,
        &mut held.not_before,
        &mut held.spread_until,
    ] {
        *time = time.map(moved);
    }
}
