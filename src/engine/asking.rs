//! What callers ask of the core: a token, a rotation, a revocation, a removal.

use crate::clock::Timestamp;
use crate::engine::api::Refusal;
use crate::engine::core::Core;
use crate::engine::flight::Stage;
use crate::engine::held::{Held, Phase};
use crate::engine::step::{Answer, CallerId, Input, VaultTrouble};
use crate::engine::waiting::{Waiter, Wish};
use crate::engine::{forecast, plan};
use crate::model::credential::{CredentialId, Flow, Standing};
use crate::model::failure::{Failure, FailureClass};
use crate::model::name::CredentialName;
use std::time::Duration;

/// So many callers may wait at once; more are sent away, so that memory stays bounded.
const MOST_WAITERS: usize = 10_000;

impl Core {
    /// Answers a question, or keeps it until the credential it names has been loaded.
    pub(in crate::engine) fn asked(&mut self, input: Input) {
        let Some((caller, name)) = input.question() else {
            return;
        };
        let Some(id) = self.find(name) else {
            if self.is_loading && self.parked.len() < MOST_WAITERS {
                self.parked.push(input);
            } else {
                let refusal = self.no_such(name);
                self.refuse(caller, refusal);
            }
            return;
        };
        match input {
            Input::TokenAsked {
                min_ttl, timeout, ..
            } => self.token_asked(caller, id, min_ttl, timeout),
            Input::RefreshAsked { timeout, .. } => self.refresh_asked(caller, id, timeout),
            Input::RevokeAsked { .. } => self.revoke_asked(caller, id),
            Input::RemoveAsked { only, .. } => self.remove_asked(caller, id, only),
            Input::ScopesNeeded { scopes, .. } => self.scopes_needed(caller, id, scopes),
            Input::NarrowAsked { scopes, .. } => self.narrow_asked(caller, id, scopes),
            Input::RenameAsked { to, .. } => self.rename_asked(caller, id, to),
            Input::FoundOpen(_)
            | Input::Loaded { .. }
            | Input::LoadEnded { .. }
            | Input::FoundDead { .. }
            | Input::Spent { .. }
            | Input::Granted { .. }
            | Input::Refused { .. }
            | Input::Rotated { .. }
            | Input::ProfileNotWritten { .. }
            | Input::RevokeEnded { .. }
            | Input::RemoveEnded { .. }
            | Input::SignInBegun { .. }
            | Input::SetAside { .. }
            | Input::SignedIn { .. }
            | Input::Arrived { .. }
            | Input::Used { .. }
            | Input::ClockJumped { .. }
            | Input::ChoreEnded { .. }
            | Input::LogGrew
            | Input::SettingsChanged { .. }
            | Input::Woke
            | Input::Leaving => {}
        }
    }

    /// Says that there is no such credential, and which names look alike.
    pub(in crate::engine) fn no_such(&self, name: &CredentialName) -> Refusal {
        let wanted = name.account().to_lowercase();
        let mut similar: Vec<_> = self
            .names
            .keys()
            .filter_map(|known| likeness(known, name, &wanted).map(|rank| (rank, known)))
            .collect();
        similar.sort();
        Refusal::NoSuchCredential {
            name: name.clone(),
            similar: similar
                .into_iter()
                .take(3)
                .map(|(_, it)| it.clone())
                .collect(),
        }
    }

    fn token_asked(
        &mut self,
        caller: CallerId,
        id: CredentialId,
        min_ttl: Duration,
        timeout: Duration,
    ) {
        let Some(held) = self.held.get(&id) else {
            return;
        };
        let verdict = self.judge(held, min_ttl);
        match verdict {
            Verdict::Serve => {
                self.mark_used(id, self.now);
                self.answer(caller, Answer::Token(id));
            }
            Verdict::Refuse(refusal) => self.refuse(caller, refusal),
            Verdict::Refresh => self.wait(caller, id, Wish::Token, timeout),
        }
    }

    /// Whether the token there is can be served.
    fn judge(&self, held: &Held, min_ttl: Duration) -> Verdict {
        if let Some(refusal) = self.withheld(held) {
            return Verdict::Refuse(refusal);
        }
        if held
            .profile
            .expires_at
            .is_none_or(|end| end > self.now.plus(min_ttl))
        {
            return Verdict::Serve;
        }
        if held.profile.flow == Flow::ApiKey {
            return match held.is_expired(self.now) {
                true => Verdict::Refuse(Refusal::Failed {
                    failure: forecast::over(&held.profile),
                }),
                // No fresher one can be had.
                false => Verdict::Serve,
            };
        }
        if !held.profile.is_renewable() {
            let name = held.profile.name.clone();
            return Verdict::Refuse(Refusal::CannotRefresh { name });
        }
        if !held.is_expired(self.now) && self.is_too_early(held) {
            // No fresher one can be had.
            return Verdict::Serve;
        }
        match &held.profile.standing {
            Standing::NeedsLogin { cause } | Standing::Misconfigured { cause }
                if !matches!(held.phase, Phase::Flying(_) | Phase::Queued(_)) =>
            {
                Verdict::Refuse(Refusal::Failed {
                    failure: cause.clone(),
                })
            }
            _ => Verdict::Refresh,
        }
    }

    /// Why the token there is must not be seen, however long it may live.
    pub(in crate::engine) fn withheld(&self, held: &Held) -> Option<Refusal> {
        if held.profile.standing.is_revoked() || !held.revokers.is_empty() {
            let name = held.profile.name.clone();
            return Some(Refusal::Revoked { name });
        }
        // The tokens before it may be dead already, and those that came must not be seen before they are kept.
        self.trouble_of(held).map(VaultTrouble::refusal)
    }

    /// The same for a token that was being read while something happened to it.
    pub fn why_withheld(&self, id: CredentialId) -> Option<Refusal> {
        self.withheld(self.held.get(&id)?)
    }

    fn trouble_of(&self, held: &Held) -> Option<&VaultTrouble> {
        let Phase::Flying(flight) = held.phase else {
            return None;
        };
        match &self.flights.get(&flight)?.stage {
            Stage::Unsaved { trouble, .. } => Some(trouble),
            Stage::Spending | Stage::Sent(_) | Stage::Saving => None,
        }
    }

    fn is_too_early(&self, held: &Held) -> bool {
        plan::earliest_allowed(&held.profile).is_some_and(|at| at > self.now)
    }

    fn refresh_asked(&mut self, caller: CallerId, id: CredentialId, timeout: Duration) {
        let Some(held) = self.held.get(&id) else {
            return;
        };
        let name = held.profile.name.clone();
        let refusal = if let Some(refusal) = self.withheld(held) {
            Some(refusal)
        } else if held.profile.flow == Flow::ApiKey {
            Some(Refusal::Invalid {
                message: format!("{name} is a key, which nothing refreshes"),
                hint: format!(
                    "Keep a new one in its place: tokenward login {} --api-key --account {}",
                    name.provider(),
                    name.account()
                ),
            })
        } else if !held.profile.is_renewable() {
            Some(Refusal::CannotRefresh { name })
        } else if self.is_too_early(held) {
            Some(Refusal::Invalid {
                message: format!("the provider refuses to refresh {name} so early"),
                hint: "It is refreshed by itself as soon as the provider allows it.".to_owned(),
            })
        } else {
            None
        };
        match refusal {
            Some(refusal) => self.refuse(caller, refusal),
            None => self.wait(caller, id, Wish::Rotation, timeout),
        }
    }

    /// Lets a caller wait for the next refresh and sees to it that there is one, unless it cannot come in time.
    fn wait(&mut self, caller: CallerId, id: CredentialId, wish: Wish, timeout: Duration) {
        let until = self.now.plus(timeout);
        let Some(held) = self.held.get(&id) else {
            return;
        };
        if self.is_leaving || self.waiters.len() >= MOST_WAITERS {
            self.refuse(caller, Refusal::Stopped);
            return;
        }
        let is_under_way = matches!(held.phase, Phase::Flying(_) | Phase::Revoking);
        let start = self.next_chance(held, wish);
        if !is_under_way && start > until.max(self.now) {
            let failure = self.why_not_now(held, start);
            self.refuse(caller, Refusal::Failed { failure });
            return;
        }
        let start = match self.affordable(caller, (id, wish), start, until) {
            Ok(start) => start,
            Err(refusal) => {
                self.refuse(caller, refusal);
                return;
            }
        };
        self.waiters.add(caller, Waiter { id, wish, until });
        if let Some(held) = self.held.get_mut(&id) {
            held.callers.push(caller);
        }
        if !is_under_way {
            self.not_before(id, start);
            self.hasten(id, start);
        }
    }

    /// When an attempt can be made at the earliest for somebody who waits.
    fn next_chance(&self, held: &Held, wish: Wish) -> Timestamp {
        let pause = self.queue.paused_until(held.host).unwrap_or(self.now);
        let bound = held.not_before.unwrap_or(self.now).max(pause).max(self.now);
        match (held.retry_at, held.failed_at, wish) {
            (Some(retry), Some(failed), Wish::Token) => retry
                .min(failed.plus(self.settings.limits.backoff_first))
                .max(bound),
            _ => bound,
        }
    }

    /// The same, within what callers may cost the provider: who asks for a token waits for the schedule past that.
    fn affordable(
        &mut self,
        caller: CallerId,
        (id, wish): (CredentialId, Wish),
        start: Timestamp,
        until: Timestamp,
    ) -> Result<Timestamp, Refusal> {
        let Some(held) = self.held.get(&id) else {
            return Ok(start);
        };
        let scheduled = self.scheduled_at(held);
        let is_free = scheduled.is_some_and(|at| at <= start);
        if is_free || !matches!(held.phase, Phase::Resting) {
            return Ok(start);
        }
        let Err(exceeded) = self.spend_allowance(id) else {
            return Ok(start);
        };
        let Some(held) = self.held.get(&id) else {
            return Ok(start);
        };
        // A rotation is wished now or not at all; a token is as good from the next attempt of the schedule.
        match scheduled.filter(|_| wish == Wish::Token && held.failed_at.is_some()) {
            Some(retry) if retry <= until => Ok(retry),
            Some(retry) => Err(Refusal::Failed {
                failure: self.why_not_now(held, retry),
            }),
            None => Err(self.exceeded(caller, id, exceeded)),
        }
    }

    fn why_not_now(&self, held: &Held, start: Timestamp) -> Failure {
        let mut failure = held.profile.last_failure.clone().unwrap_or_else(|| {
            Failure::new(
                FailureClass::Transient,
                "rate_limited",
                format!("{} asked not to be called for a while", held.profile.host),
                "",
            )
            .unsent()
        });
        failure.errand = self.errand_of(&held.profile);
        let wait = self.now.until(start);
        failure.retry_after_secs = Some(wait.as_millis().div_ceil(1000).try_into().unwrap_or(0));
        failure
    }

    /// Sees to it that an attempt after a failure is not made before that moment.
    fn not_before(&mut self, id: CredentialId, start: Timestamp) {
        if let Some(held) = self.held.get_mut(&id)
            && start > self.now
            && held.failed_at.is_some()
        {
            held.retry_at.get_or_insert(start);
        }
    }

    /// Brings the next attempt forward to that moment.
    pub(in crate::engine) fn hasten(&mut self, id: CredentialId, start: Timestamp) {
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        held.spread_until = None;
        match held.phase {
            // A pause of the host is the queue's own business; it wakes when the pause ends.
            Phase::Resting if start <= self.now || held.retry_at.is_none() => self.enqueue(id),
            Phase::Resting => {
                held.retry_at = held.retry_at.map(|at| at.min(start));
                self.settle_and_tell(id);
            }
            Phase::Queued(_) => self.requeue(id),
            Phase::Flying(_) | Phase::Revoking => {}
        }
    }

    /// Sends those away whose limit has come.
    pub(in crate::engine) fn dismiss_late_callers(&mut self) {
        while let Some((caller, waiter)) = self.waiters.take_late(self.now) {
            if let Some(held) = self.held.get_mut(&waiter.id) {
                held.callers.retain(|other| *other != caller);
            }
            self.refuse(caller, Refusal::TimedOut);
        }
    }

    /// Takes all who wait for a credential, with what they wait for.
    pub(in crate::engine) fn take_callers(&mut self, id: CredentialId) -> Vec<(CallerId, Waiter)> {
        let Some(held) = self.held.get_mut(&id) else {
            return Vec::new();
        };
        let callers = std::mem::take(&mut held.callers);
        callers
            .into_iter()
            .filter_map(|caller| Some((caller, self.waiters.take(caller)?)))
            .collect()
    }

    /// Tells all who wait for a credential that it will not be.
    pub(in crate::engine) fn refuse_callers(&mut self, id: CredentialId, refusal: &Refusal) {
        for (caller, _) in self.take_callers(id) {
            self.refuse(caller, refusal.clone());
        }
        let narrow = self.held.get_mut(&id).and_then(|held| held.narrow.take());
        if let Some((caller, _)) = narrow {
            self.refuse(caller, refusal.clone());
        }
    }
}

/// What becomes of a request for a token.
enum Verdict {
    Serve,
    Refresh,
    Refuse(Refusal),
}

/// How much a known name looks like the wanted one; lower is more alike.
fn likeness(known: &CredentialName, wanted: &CredentialName, account: &str) -> Option<u8> {
    let theirs = known.account().to_lowercase();
    let same_provider = known.provider() == wanted.provider();
    if theirs == account {
        return Some(0);
    }
    let overlaps = theirs.contains(account) || account.contains(theirs.as_str());
    match (same_provider, overlaps) {
        (true, true) => Some(1),
        (true, false) => Some(2),
        (false, _) => None,
    }
}
