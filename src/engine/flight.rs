//! One refresh from its first write to its last: journal, send, write, and only then tell.

use crate::clock::Timestamp;
use crate::engine::api::Refusal;
use crate::engine::core::Core;
use crate::engine::held::Phase;
use crate::engine::queue::HostId;
use crate::engine::step::{
    Answer, Effect, Fingerprints, FlightId, Grant, RotateOutcome, SpendOutcome, TokenChoice,
    VaultTrouble,
};
use crate::engine::waiting::Wish;
use crate::model::credential::{CredentialId, Generation, Profile, Standing};
use crate::model::event::Happening;
use crate::model::failure::{Failure, FailureClass};
use crate::model::fingerprint::Fingerprint;
use crate::vault::store::Spending;
use std::sync::Arc;
use std::time::Duration;

/// First pause before tokens in hand are written again; doubled each time.
const SAVE_AGAIN_FIRST: Duration = Duration::from_millis(500);
/// Longest pause before tokens in hand are written again.
const SAVE_AGAIN_LONGEST: Duration = Duration::from_secs(15);

/// How far a refresh is.
#[derive(Debug)]
pub enum Stage {
    /// The intent is being written.
    Spending,
    /// The refresh token was sent.
    Sent(TokenChoice),
    /// New tokens are being written.
    Saving,
    /// New tokens are in hand and could not be written.
    Unsaved {
        /// Why not.
        trouble: VaultTrouble,
        /// How often it was tried.
        tries: u32,
    },
}

/// One refresh.
#[derive(Debug)]
pub struct Flight {
    /// Whose.
    pub id: CredentialId,
    /// The generation that is spent.
    pub generation: Generation,
    /// Where its place is taken.
    pub host: HostId,
    /// How far it is.
    pub stage: Stage,
    /// When the token was sent.
    pub sent_at: Timestamp,
    /// Until when a previous refresh token is of use.
    pub previous_until: Option<Timestamp>,
    /// The profile that goes with the new tokens.
    pub pending: Option<Arc<Profile>>,
    /// How long the provider took.
    pub took: Duration,
    /// Whether the refresh token was replaced.
    pub rotated: bool,
}

impl Core {
    /// Begins as many of the refreshes that are due as there are places.
    pub(in crate::engine) fn take_off(&mut self) {
        if self.is_leaving {
            return;
        }
        while let Some(id) = self.queue.start_next() {
            let flight = self.new_flight();
            let Some(held) = self.held.get_mut(&id) else {
                continue;
            };
            held.phase = Phase::Flying(flight);
            held.retry_at = None;
            held.spread_until = None;
            let spending = Spending {
                id,
                generation: held.generation,
                // The vault refuses what it does not know, so that a profile without one does no harm.
                fingerprint: held.profile.refresh_fingerprint.unwrap_or(Fingerprint(0)),
                started_at: self.now,
            };
            let begun = Flight {
                id,
                generation: held.generation,
                host: held.host,
                stage: Stage::Spending,
                sent_at: self.now,
                previous_until: None,
                pending: None,
                took: Duration::ZERO,
                rotated: false,
            };
            self.flights.insert(flight, begun);
            self.out.push(Effect::Spend { flight, spending });
            self.settle(id);
        }
    }

    /// Whether the flight is still what its credential waits for.
    fn is_wanted(&self, flight: FlightId) -> bool {
        self.flights
            .get(&flight)
            .and_then(|it| self.held.get(&it.id))
            .is_some_and(|held| held.phase == Phase::Flying(flight))
    }

    /// Ends a flight: its place is free.
    fn end(&mut self, flight: FlightId) -> Option<Flight> {
        let ended = self.flights.remove(&flight)?;
        self.queue.release(ended.host);
        self.out.push(Effect::Drop(flight));
        Some(ended)
    }

    pub(in crate::engine) fn spent(&mut self, flight: FlightId, outcome: SpendOutcome) {
        if !self.is_wanted(flight) {
            self.end(flight);
            return;
        }
        match outcome {
            SpendOutcome::Written { previous_until } => {
                if let Some(it) = self.flights.get_mut(&flight) {
                    it.previous_until = previous_until;
                }
                self.send(flight, TokenChoice::Current);
            }
            SpendOutcome::Stale => self.not_spent(flight, &stale()),
            SpendOutcome::Failed(trouble) => self.not_spent(flight, &trouble),
        }
    }

    fn send(&mut self, flight: FlightId, token: TokenChoice) {
        if let Some(it) = self.flights.get_mut(&flight) {
            it.stage = Stage::Sent(token);
            it.sent_at = self.now;
            self.out.push(Effect::Send { flight, token });
        }
    }

    /// The vault could not take the intent: the refresh token stays unspent.
    fn not_spent(&mut self, flight: FlightId, trouble: &VaultTrouble) {
        let Some(ended) = self.end(flight) else {
            return;
        };
        self.refuse_callers(ended.id, &trouble.refusal());
        self.fail(&ended, vault_failure(trouble), Duration::ZERO, false);
    }

    pub(in crate::engine) fn granted(&mut self, flight: FlightId, grant: Grant, took: Duration) {
        if !self.is_wanted(flight) {
            self.end(flight);
            return;
        }
        let now = self.now;
        let Some(it) = self.flights.get_mut(&flight) else {
            return;
        };
        let Some(held) = self.held.get(&it.id) else {
            return;
        };
        it.took = took;
        it.rotated = grant.rotated;
        // The lifetime counts from the answer's birth: the moment of sending is the safe side of it.
        let issued_at = it.sent_at.min(now);
        let profile = Arc::new(renewed(&held.profile, grant, issued_at, now, took));
        it.pending = Some(Arc::clone(&profile));
        it.stage = Stage::Saving;
        let (id, spent) = (it.id, it.generation);
        self.out.push(Effect::Rotate {
            flight,
            id,
            spent,
            profile,
        });
    }

    pub(in crate::engine) fn rotated(&mut self, flight: FlightId, outcome: RotateOutcome) {
        if !self.is_wanted(flight) {
            self.end(flight);
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
                self.end(flight);
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
        held.generation = Generation(held.generation.0 + 1);
        held.profile = Arc::new(profile);
        held.phase = Phase::Resting;
        held.uncertain = false;
        held.retry_at = None;
        held.failed_at = None;
        held.not_before = None;
        let (name, generation, host) = (held.profile.name.clone(), held.generation, held.host);
        self.failing.remove(&(host, id));
        self.totals.refreshed += 1;
        self.tell_landed(flight, id);
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

    /// What was put off until the flight's end.
    pub(in crate::engine) fn after_flight(&mut self, id: CredentialId) {
        let has_revokers = self
            .held
            .get(&id)
            .is_some_and(|held| !held.revokers.is_empty());
        if has_revokers {
            self.begin_revoking(id);
        }
        self.settle_and_tell(id);
    }

    pub(in crate::engine) fn refused(
        &mut self,
        flight: FlightId,
        failure: Failure,
        took: Duration,
    ) {
        if !self.is_wanted(flight) {
            self.end(flight);
            return;
        }
        let has_previous = self.flights.get(&flight).is_some_and(|it| {
            matches!(it.stage, Stage::Sent(TokenChoice::Current))
                && it.previous_until.is_some_and(|end| end > self.now)
        });
        if has_previous && failure.class == FailureClass::NeedsLogin {
            self.send(flight, TokenChoice::Previous);
            return;
        }
        if let Some(ended) = self.end(flight) {
            self.fail(&ended, failure, took, true);
        }
    }
}

/// The profile after a grant; its fingerprints are the vault's to fill in.
fn renewed(
    old: &Profile,
    grant: Grant,
    issued_at: Timestamp,
    now: Timestamp,
    took: Duration,
) -> Profile {
    let mut new = old.clone();
    new.issued_at = issued_at;
    new.expires_at = grant.expires_in.map(|life| issued_at.plus(life));
    match grant.refresh_expires_in {
        Some(life) => new.refresh_expires_at = Some(issued_at.plus(life)),
        // A new refresh token of unknown life: the old one's end says nothing about it.
        None if grant.rotated => new.refresh_expires_at = None,
        None => {}
    }
    new.token_type = grant.token_type;
    if let Some(scopes) = grant.scopes {
        new.scopes = scopes;
    }
    if let Some(claims) = grant.claims {
        new.claims = Some(claims);
    }
    new.standing = Standing::Active;
    new.last_failure = None;
    new.failures_in_a_row = 0;
    new.record_attempt(now, millis(took), None);
    new
}

pub(in crate::engine) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn stale() -> VaultTrouble {
    VaultTrouble {
        message: "it holds another generation of this credential".to_owned(),
        hint: "Start the owner again; check the vault with: tokenward vault verify".to_owned(),
    }
}

fn vault_failure(trouble: &VaultTrouble) -> Failure {
    Failure::new(
        FailureClass::Transient,
        "vault",
        format!("the vault: {}", trouble.message),
        trouble.hint.clone(),
    )
    .unsent()
}
