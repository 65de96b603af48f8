//! New tokens on their way to the disk: written, kept in hand while they cannot be, and only then told.

use crate::engine::api::Refusal;
use crate::engine::core::Core;
use crate::engine::flight::{Stage, millis, stale, vault_failure};
use crate::engine::held::Phase;
use crate::engine::step::{Answer, Effect, Fingerprints, FlightId, RotateOutcome, VaultTrouble};
use crate::engine::waiting::Wish;
use crate::model::credential::{CredentialId, Generation};
use crate::model::event::Happening;
use std::sync::Arc;
use std::time::Duration;

/// First pause before tokens in hand are written again; doubled each time.
const SAVE_AGAIN_FIRST: Duration = Duration::from_millis(500);
/// Longest pause before tokens in hand are written again.
const SAVE_AGAIN_LONGEST: Duration = Duration::from_secs(15);

impl Core {
    pub(in crate::engine) fn rotated(&mut self, flight: FlightId, outcome: RotateOutcome) {
        if !self.is_wanted(flight) {
            self.abandon(flight);
            return;
        }
        match outcome {
            RotateOutcome::Written(prints) => self.land(flight, prints),
            RotateOutcome::Stale => {
                let Some(ended) = self.end(flight) else {
                    return;
                };
                let trouble = stale();
                self.refuse_callers(ended.id, &trouble.refusal());
                self.fail(&ended, vault_failure(&trouble), ended.took, false);
            }
            RotateOutcome::Failed(trouble) => self.keep_in_hand(flight, trouble),
        }
    }

    /// New tokens came and cannot be written: they stay in hand, nothing older is served, and all are told.
    fn keep_in_hand(&mut self, flight: FlightId, trouble: VaultTrouble) {
        let Some(it) = self.flights.get_mut(&flight) else {
            return;
        };
        let tries = match &it.stage {
            Stage::Unsaved { tries, .. } => tries + 1,
            Stage::Spending | Stage::Sent(_) | Stage::Saving => 1,
        };
        let pause = SAVE_AGAIN_FIRST
            .saturating_mul(1 << (tries - 1).min(10))
            .min(SAVE_AGAIN_LONGEST);
        let next = self.now.plus(pause);
        let failure = vault_failure(&trouble);
        let (id, refusal) = (it.id, trouble.refusal());
        it.stage = Stage::Unsaved { trouble, tries };
        self.unsaved.insert((next, flight));
        self.refuse_callers(id, &refusal);
        if tries > 1 {
            return;
        }
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        Arc::make_mut(&mut held.profile).last_failure = Some(failure.clone());
        let name = held.profile.name.clone();
        if held.revoke_at().is_some() {
            // The wish went to the disk for the tokens that could not be written.
            self.write_standing(id);
        }
        self.out.push(Effect::Withdraw(name.clone()));
        self.happened(
            Some(name),
            Happening::RefreshFailed {
                failure,
                next: Some(next),
            },
        );
        self.settle_and_tell(id);
    }

    /// Writes those tokens again whose pause is over.
    pub(in crate::engine) fn save_again(&mut self) {
        while let Some(&(at, flight)) = self.unsaved.first().filter(|(at, _)| *at <= self.now) {
            self.unsaved.remove(&(at, flight));
            if !self.is_wanted(flight) {
                self.abandon(flight);
                continue;
            }
            if let Some(it) = self.flights.get(&flight)
                && let Some(profile) = &it.pending
            {
                self.out.push(Effect::Rotate {
                    flight,
                    id: it.id,
                    spent: it.generation,
                    profile: Arc::clone(profile),
                });
            }
        }
    }

    /// The new tokens are on disk: now it may be told.
    fn land(&mut self, flight: FlightId, prints: Fingerprints) {
        let Some(ended) = self.flights.get_mut(&flight) else {
            return;
        };
        let (id, took, rotated) = (ended.id, ended.took, ended.rotated);
        let Some(pending) = ended.pending.take() else {
            return;
        };
        let mut profile = Arc::unwrap_or_clone(pending);
        profile.access_fingerprint = prints.access;
        profile.refresh_fingerprint = prints.refresh;
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        profile.last_used_at = profile.last_used_at.max(held.profile.last_used_at);
        profile.told_end = profile.told_end.or(held.profile.told_end);
        held.generation = Generation(held.generation.0 + 1);
        held.profile = Arc::new(profile);
        held.phase = Phase::Resting;
        held.uncertain = false;
        held.retry_at = None;
        held.failed_at = None;
        held.not_before = None;
        let (name, generation, host) = (held.profile.name.clone(), held.generation, held.host);
        let is_revoked = held.profile.standing.is_revoked();
        self.failing.remove(&(host, id));
        self.totals.refreshed += 1;
        let narrow = self
            .flights
            .get_mut(&flight)
            .and_then(|it| it.narrow.take());
        let is_narrow = narrow.is_some();
        match narrow {
            Some((caller, _)) if is_revoked => {
                let name = name.clone();
                self.refuse(caller, Refusal::Revoked { name });
            }
            Some((caller, _)) => self.answer(caller, Answer::Narrow(flight)),
            None => self.tell_landed(flight, id),
        }
        self.end(flight);
        self.happened(
            Some(name),
            Happening::Refreshed {
                generation,
                took_ms: millis(took),
                rotated,
            },
        );
        self.plan(id);
        self.after_flight(id);
        if is_narrow {
            self.serve_the_others(id);
        }
        self.encourage(host);
    }

    fn tell_landed(&mut self, flight: FlightId, id: CredentialId) {
        let callers = self.take_callers(id);
        let Some(name) = self.held.get(&id).map(|held| held.profile.name.clone()) else {
            return;
        };
        let awaited = callers.iter().any(|(_, waiter)| waiter.wish == Wish::Token);
        self.out.push(Effect::Landed {
            flight,
            id,
            name,
            awaited,
        });
        if awaited {
            self.mark_used(id, self.now);
        }
        for (caller, waiter) in callers {
            let answer = match waiter.wish {
                Wish::Token => Answer::Token(id),
                Wish::Rotation => match self.view(id, self.now) {
                    Some(view) => Answer::View(Box::new(view)),
                    None => Answer::Refused(Refusal::Stopped),
                },
            };
            self.answer(caller, answer);
        }
    }
}
