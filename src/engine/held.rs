//! A credential as the core holds it: its profile, and what is being done about it.

use crate::clock::Timestamp;
use crate::engine::forecast::{self, Doing};
use crate::engine::queue::{HostId, Rank, Urgency};
use crate::engine::step::{CallerId, FlightId};
use crate::model::credential::{CredentialId, Generation, Profile, Standing};
use crate::model::health::{Health, HealthKind};
use std::sync::Arc;

/// Where a credential stands on its way to the next token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is done until its alarm.
    Resting,
    /// Its refresh is due and waits for a place.
    Queued(Urgency),
    /// Its refresh is under way.
    Flying(FlightId),
    /// It is being revoked.
    Revoking,
}

/// One credential in the core.
#[derive(Debug)]
pub struct Held {
    /// Its number.
    pub id: CredentialId,
    /// Its generation.
    pub generation: Generation,
    /// What may be seen of it.
    pub profile: Arc<Profile>,
    /// Where it is refreshed.
    pub host: HostId,
    /// What is being done.
    pub phase: Phase,
    /// When its refresh is planned.
    pub planned: Option<Timestamp>,
    /// When the next attempt after a passing failure is made.
    pub retry_at: Option<Timestamp>,
    /// When the last attempt failed.
    pub failed_at: Option<Timestamp>,
    /// The provider asked not to be called for this credential before then.
    pub not_before: Option<Timestamp>,
    /// What is due is put off until then, so that not everything happens at once.
    pub spread_until: Option<Timestamp>,
    /// An entry of the journal is open: an earlier answer may be lost.
    pub uncertain: bool,
    /// Its entry among the alarms.
    pub alarm: Option<Timestamp>,
    /// Its entry among the revocations that its provider is told again.
    pub retell_at: Option<Timestamp>,
    /// Its entry among the ends that are foretold.
    pub foretell_at: Option<Timestamp>,
    /// Who waits for a token or a rotation.
    pub callers: Vec<CallerId>,
    /// Who waits for a token with some scopes only, and which.
    pub narrow: Option<(CallerId, Vec<String>)>,
    /// Who waits for a revocation.
    pub revokers: Vec<CallerId>,
    /// Its standing before a revocation was begun: what it falls back to when the provider refuses.
    pub before_revoking: Option<Standing>,
    /// The health everyone was last told.
    pub told: Option<HealthKind>,
}

impl Held {
    /// A credential that was loaded or signed in.
    pub fn new(
        id: CredentialId,
        generation: Generation,
        profile: Arc<Profile>,
        host: HostId,
    ) -> Self {
        // What an owner before saw counts too: else each owner for a moment would try at once.
        let last = profile.attempts.last();
        let failed = last.filter(|it| it.failed.is_some() && it.at > profile.issued_at);
        let failed_at = failed.map(|it| it.at);
        Self {
            id,
            generation,
            profile,
            host,
            phase: Phase::Resting,
            planned: None,
            retry_at: None,
            failed_at,
            not_before: None,
            spread_until: None,
            uncertain: false,
            alarm: None,
            retell_at: None,
            foretell_at: None,
            callers: Vec::new(),
            narrow: None,
            revokers: Vec::new(),
            before_revoking: None,
            told: None,
        }
    }

    /// Whether it is of that generation and nothing of it is under way.
    pub fn is_at(&self, generation: Generation) -> bool {
        let is_still = matches!(self.phase, Phase::Resting | Phase::Queued(_));
        is_still && self.generation == generation
    }

    /// Whether attempts are made without being asked.
    pub fn is_active(&self) -> bool {
        self.profile.is_renewable() && self.profile.standing == Standing::Active
    }

    /// Whether the access token is past its expiry.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.profile.expires_at.is_some_and(|end| end <= now)
    }

    /// When the next refresh is made without being asked, if ever.
    pub fn refresh_at(&self, now: Timestamp) -> Option<Timestamp> {
        // A token that is probably spent is not sent before somebody asks: where reuse is detected, that ends the family.
        if !self.is_active() || self.profile.is_overtaken() {
            return None;
        }
        let wanted = if self.uncertain && self.retry_at.is_none() {
            Some(now)
        } else {
            self.retry_at.or(self.planned)
        };
        let held_back = self.not_before.max(self.spread_until);
        wanted.map(|at| held_back.map_or(at, |bound| at.max(bound)))
    }

    /// When the provider is told again that it is to be revoked.
    pub fn revoke_at(&self) -> Option<Timestamp> {
        match self.profile.standing {
            Standing::Revoking { next, .. } => Some(next),
            Standing::Active
            | Standing::NeedsLogin { .. }
            | Standing::Misconfigured { .. }
            | Standing::Revoked { .. } => None,
        }
    }

    /// Whether it is to be revoked and a new sign-in has its name.
    pub fn is_aside(&self) -> bool {
        matches!(
            self.profile.standing,
            Standing::Revoking { is_aside: true, .. }
        )
    }

    /// How urgent its refresh is.
    pub fn urgency(&self, now: Timestamp) -> Urgency {
        let rank = match (self.is_expired(now), self.callers.is_empty()) {
            (true, false) => Rank::ExpiredAndAwaited,
            (false, false) => Rank::Awaited,
            (true, true) => Rank::Expired,
            (false, true) => Rank::Due,
        };
        let end = self.profile.expires_at.or(self.planned);
        Urgency {
            rank,
            expires: end.unwrap_or(Timestamp::from_millis(i64::MAX)),
        }
    }

    /// How it is; `pause` is until when its host must not be called.
    pub fn health(&self, pause: Option<Timestamp>, now: Timestamp) -> Health {
        forecast::health(
            &self.profile,
            self.doing(pause, now),
            self.refresh_at(now),
            now,
        )
    }

    fn doing(&self, pause: Option<Timestamp>, now: Timestamp) -> Doing {
        if matches!(self.phase, Phase::Flying(_)) {
            return Doing::Refreshing;
        }
        let limited = match self.phase {
            Phase::Queued(_) => pause,
            _ => None,
        };
        let limited = limited.max(self.not_before).filter(|until| *until > now);
        match (limited, self.retry_at) {
            (Some(until), _) => Doing::Limited { until },
            (None, Some(next)) => Doing::Retrying { next },
            (None, None) => Doing::Nothing,
        }
    }

    /// The next moment at which its health changes by time alone.
    pub fn next_turn(&self, now: Timestamp) -> Option<Timestamp> {
        let expires = self.profile.expires_at?;
        [forecast::ends_soon_at(&self.profile, expires), expires]
            .into_iter()
            .find(|turn| *turn > now)
    }
}
