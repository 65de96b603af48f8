//! One refresh on its way out and back: the intent into the journal, the token to the provider, its answer.

use crate::clock::Timestamp;
use crate::engine::api::Refusal;
use crate::engine::core::Core;
use crate::engine::held::Phase;
use crate::engine::queue::HostId;
use crate::engine::step::{
    CallerId, Effect, FlightId, Grant, SpendOutcome, TokenChoice, VaultTrouble,
};
use crate::model::credential::{CredentialId, Generation, Profile, Standing};
use crate::model::failure::{Failure, FailureClass};
use crate::model::likely::Evidence;
use crate::model::operation::OperationId;
use crate::vault::store::Spending;
use std::sync::Arc;
use std::time::Duration;

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

impl Stage {
    /// Whether the provider gave new tokens that the vault does not hold yet.
    pub fn is_in_hand(&self) -> bool {
        match self {
            Self::Spending | Self::Sent(_) => false,
            Self::Saving | Self::Unsaved { .. } => true,
        }
    }
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
    /// What it belongs to.
    pub operation: OperationId,
    /// How far it is.
    pub stage: Stage,
    /// When the token was sent.
    pub sent_at: Timestamp,
    /// Until when a previous refresh token is of use.
    pub previous_until: Option<Timestamp>,
    /// What the provider said of the present refresh token, while the one before is tried.
    pub refused: Option<Failure>,
    /// The profile that goes with the new tokens.
    pub pending: Option<Arc<Profile>>,
    /// How long the provider took.
    pub took: Duration,
    /// Whether the refresh token was replaced.
    pub rotated: bool,
    /// Who asked for a token with some scopes only, and which: the access token that is kept stays.
    pub narrow: Option<(CallerId, Vec<String>)>,
}

impl Core {
    /// Begins as many of the refreshes that are due as there are places.
    pub(in crate::engine) fn take_off(&mut self) {
        if self.is_leaving {
            return;
        }
        while let Some(id) = self.queue.start_next() {
            let flight = self.new_flight();
            let operation = self.operation_of_flight(flight, id);
            let Some(held) = self.held.get_mut(&id) else {
                continue;
            };
            held.phase = Phase::Flying(flight);
            let narrow = held.narrow.take();
            held.retry_at = None;
            held.spread_until = None;
            let spending = Spending {
                id,
                generation: held.generation,
                // Without a refresh token it is the access token that is exchanged, or the client that asks again.
                fingerprint: held
                    .profile
                    .refresh_fingerprint
                    .unwrap_or(held.profile.access_fingerprint),
                started_at: self.now,
            };
            let begun = Flight {
                id,
                generation: held.generation,
                host: held.host,
                operation,
                stage: Stage::Spending,
                sent_at: self.now,
                previous_until: None,
                refused: None,
                pending: None,
                took: Duration::ZERO,
                rotated: false,
                narrow,
            };
            self.flights.insert(flight, begun);
            self.out.push(Effect::Spend { flight, spending });
            self.settle(id);
        }
    }

    /// Whether the flight is still what its credential waits for.
    pub(in crate::engine) fn is_wanted(&self, flight: FlightId) -> bool {
        self.flights
            .get(&flight)
            .and_then(|it| self.held.get(&it.id))
            .is_some_and(|held| held.phase == Phase::Flying(flight))
    }

    /// Ends a flight: its place is free.
    pub(in crate::engine) fn end(&mut self, flight: FlightId) -> Option<Flight> {
        let ended = self.flights.remove(&flight)?;
        self.queue.release(ended.host);
        self.out.push(Effect::Drop(flight));
        Some(ended)
    }

    /// Ends a flight that nobody waits for any more, but for whoever asked for a narrow token.
    pub(in crate::engine) fn abandon(&mut self, flight: FlightId) {
        let ended = self.end(flight);
        if let Some((caller, _)) = ended.and_then(|ended| ended.narrow) {
            self.refuse(caller, Refusal::TimedOut);
        }
    }

    pub(in crate::engine) fn spent(&mut self, flight: FlightId, outcome: SpendOutcome) {
        if !self.is_wanted(flight) {
            self.abandon(flight);
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
        let Some(it) = self.flights.get_mut(&flight) else {
            return;
        };
        let Some(held) = self.held.get(&it.id) else {
            return;
        };
        it.stage = Stage::Sent(token);
        it.sent_at = self.now;
        self.out.push(Effect::Send {
            flight,
            token,
            narrow: it
                .narrow
                .iter()
                .flat_map(|(_, scopes)| scopes.clone())
                .collect(),
            profile: Arc::clone(&held.profile),
        });
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
            self.abandon(flight);
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
        let is_narrow = it.narrow.is_some();
        let mut profile = renewed(&held.profile, grant, issued_at, now, took);
        if is_narrow {
            keep_access(&mut profile, &held.profile);
        }
        let profile = Arc::new(profile);
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

    /// What was put off until the flight's end.
    pub(in crate::engine) fn after_flight(&mut self, id: CredentialId) {
        let is_to_be_revoked = self
            .held
            .get(&id)
            .is_some_and(|held| held.revoke_at().is_some());
        if is_to_be_revoked {
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
            self.abandon(flight);
            return;
        }
        let has_previous = self.flights.get(&flight).is_some_and(|it| {
            matches!(it.stage, Stage::Sent(TokenChoice::Current))
                && it.previous_until.is_some_and(|end| end > self.now)
        });
        // The token before one that is probably spent is spent for certain.
        let is_overtaken = self
            .flights
            .get(&flight)
            .and_then(|it| self.held.get(&it.id))
            .is_some_and(|held| held.profile.is_overtaken());
        let is_narrow = self
            .flights
            .get(&flight)
            .is_some_and(|it| it.narrow.is_some());
        if is_narrow && failure.class == FailureClass::Misconfigured {
            self.not_narrowed(flight, failure);
            return;
        }
        if has_previous && !is_overtaken && failure.class == FailureClass::NeedsLogin {
            if let Some(it) = self.flights.get_mut(&flight) {
                it.refused = Some(failure);
            }
            self.send(flight, TokenChoice::Previous);
            return;
        }
        if let Some(mut ended) = self.end(flight) {
            let failure = telling(ended.refused.take(), failure);
            self.fail(&ended, failure, took, true);
        }
    }
}

/// Of two refusals the one that says more: that the present token was reused, say, while the one before is merely over.
fn telling(first: Option<Failure>, last: Failure) -> Failure {
    let says_why = |it: &Failure| it.class == FailureClass::NeedsLogin && !it.likely().is_empty();
    match first {
        Some(first) if last.class == FailureClass::NeedsLogin && says_why(&first) => first,
        Some(_) => of_one_before(last),
        None => last,
    }
}

fn of_one_before(failure: Failure) -> Failure {
    let evidence = failure.evidence.clone().map(|it| *it).unwrap_or_default();
    failure.with_evidence(Evidence {
        of_one_before: true,
        ..evidence
    })
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
        Some(life) => {
            let end = issued_at.plus(life);
            new.refresh_end_moves = moves(old, issued_at, end).or(old.refresh_end_moves);
            new.refresh_expires_at = Some(end);
        }
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
    // What the answer leaves out is as it was.
    new.kept.extend(grant.kept);
    // A wish to revoke that came meanwhile stands.
    if !old.standing.is_revoked() {
        new.standing = Standing::Active;
    }
    new.restored = None;
    new.last_failure = None;
    new.failures_in_a_row = 0;
    new.record_attempt(now, millis(took), None);
    new
}

/// What is told of the access token that stays, when another one with fewer scopes came.
fn keep_access(new: &mut Profile, old: &Profile) {
    new.issued_at = old.issued_at;
    new.expires_at = old.expires_at;
    new.token_type.clone_from(&old.token_type);
    new.scopes.clone_from(&old.scopes);
}

/// Whether a refresh moved the end of the refresh token; `None`: too little time has passed to tell.
fn moves(old: &Profile, issued_at: Timestamp, end: Timestamp) -> Option<bool> {
    let before = old.refresh_expires_at?;
    let passed = issued_at.since(old.issued_at);
    (passed >= Duration::from_secs(2)).then(|| end.since(before) >= passed / 2)
}

pub(in crate::engine) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The vault holds what this engine does not know of.
pub(in crate::engine) fn stale() -> VaultTrouble {
    VaultTrouble {
        message: "it holds another generation of this credential".to_owned(),
        hint: "Start the owner again; check the vault with: tokenward vault verify".to_owned(),
    }
}

/// A trouble of the vault as a failed attempt: nothing was sent.
pub(in crate::engine) fn vault_failure(trouble: &VaultTrouble) -> Failure {
    Failure::new(
        FailureClass::Transient,
        "vault",
        format!("the vault: {}", trouble.message),
        trouble.hint.clone(),
    )
    .unsent()
}
