//! What follows from a failed refresh: another attempt, a pause for the host, or a person's help.

use crate::clock::Timestamp;
use crate::engine::api::Refusal;
use crate::engine::core::Core;
use crate::engine::flight::{Flight, Stage, millis};
use crate::engine::forecast;
use crate::engine::held::{Held, Phase};
use crate::engine::likely::{self, Known, Siblings};
use crate::engine::plan;
use crate::engine::queue::HostId;
use crate::engine::step::{Effect, TokenChoice};
use crate::engine::waiting::Wish;
use crate::model::credential::{CredentialId, Profile, Standing};
use crate::model::event::Happening;
use crate::model::failure::{Errand, Failure, FailureClass};
use crate::model::health::ForecastReason;
use std::sync::Arc;
use std::time::Duration;

/// A `Retry-After` is obeyed up to here; a longer one is more likely a mistake than a wish.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);
/// A refresh token whose known end is so long ago is dead, whatever the network says.
const DEAD_FOR_SURE: Duration = Duration::from_secs(24 * 3600);
/// A host that answers again is tried again for those it failed, but for each no sooner than this after its failure.
const ENCOURAGED_AFTER: Duration = Duration::from_secs(60);
/// So many attempts in a row are made quickly while somebody waits, before the pauses grow.
const QUICK_ATTEMPTS: u32 = 10;

impl Core {
    /// Notes a failure and decides what comes next; `is_written`: it belongs into the vault too.
    pub(in crate::engine) fn fail(
        &mut self,
        ended: &Flight,
        mut failure: Failure,
        took: Duration,
        is_written: bool,
    ) {
        let id = ended.id;
        if let Some((caller, _)) = ended.narrow {
            let failure = failure.clone();
            self.refuse(caller, Refusal::Failed { failure });
        }
        self.totals.failed += 1;
        let retry_after = retry_after(&failure);
        if let Some(pause) = retry_after {
            self.queue.pause(ended.host, self.now.plus(pause));
        }
        if let Some(held) = self.held.get(&id) {
            failure.errand = self.errand_of(&held.profile);
            failure = likely::explained(failure, &self.known(held, ended));
        }
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        let certain = failure.is_nothing_spent()
            && (!held.uncertain || failure.class == FailureClass::NeedsLogin);
        let profile = Arc::make_mut(&mut held.profile);
        note(profile, &failure, self.now, took);
        held.phase = Phase::Resting;
        held.failed_at = Some(self.now);
        held.not_before = retry_after.map(|pause| self.now.plus(pause));
        if is_written {
            held.uncertain = !certain;
            let (generation, profile) = (held.generation, Arc::clone(&held.profile));
            self.out.push(Effect::FailSpending {
                id,
                generation,
                profile,
                certain,
            });
        }
        let next = self.plan_retry(id, &failure, retry_after);
        self.dismiss_hopeless_callers(id, &failure, next);
        let name = self.held.get(&id).map(|held| held.profile.name.clone());
        if next.is_some() {
            failure.errand = Errand::Refresh;
        }
        self.happened(name, Happening::RefreshFailed { failure, next });
        self.after_flight(id);
    }

    /// What is known of a refresh token that may have been refused.
    fn known<'a>(&'a self, held: &'a Held, ended: &Flight) -> Known<'a> {
        let profile = &*held.profile;
        let provider = profile.name.provider();
        let others = self.held.values().map(|held| &*held.profile);
        let others = others.filter(|other| other.name.provider() == provider);
        Known {
            profile,
            now: self.now,
            answer_may_be_lost: held.uncertain,
            both_refused: matches!(ended.stage, Stage::Sent(TokenChoice::Previous)),
            siblings: Siblings::of(profile, others),
        }
    }

    /// Whether the engine makes a refresh again by itself, or only when somebody asks.
    pub(in crate::engine) fn errand_of(&self, profile: &Profile) -> Errand {
        if self.policy_of(profile).background && !profile.is_overtaken() {
            Errand::Refresh
        } else {
            Errand::AskedRefresh
        }
    }

    /// When the next attempt is made, if one is.
    fn plan_retry(
        &mut self,
        id: CredentialId,
        failure: &Failure,
        retry_after: Option<Duration>,
    ) -> Option<Timestamp> {
        let held = self.held.get(&id)?;
        let is_passing = failure.class == FailureClass::Transient
            && held.is_active()
            && !held.profile.is_overtaken();
        let is_wanted = self.policy_of(&held.profile).background
            || held.uncertain
            || self.has_patient_caller(held);
        if !is_passing || !is_wanted {
            let host = held.host;
            self.failing.remove(&(host, id));
            return None;
        }
        let failures = held.profile.failures_in_a_row;
        // Whoever waits gets a quick attempt after the other, but no provider is down for only a moment that long.
        let failures = match self.has_patient_caller(held) {
            true => failures.saturating_sub(QUICK_ATTEMPTS).max(1),
            false => failures,
        };
        let pause = plan::backoff(
            failures,
            retry_after,
            &self.settings.limits,
            self.salt(held),
        );
        let next = self.now.plus(pause);
        let host = held.host;
        self.failing.insert((host, id));
        if let Some(held) = self.held.get_mut(&id) {
            held.retry_at = Some(next);
        }
        Some(next)
    }

    fn has_patient_caller(&self, held: &Held) -> bool {
        held.callers.iter().any(|caller| {
            self.waiters
                .get(*caller)
                .is_some_and(|it| it.wish == Wish::Token && it.until > self.now)
        })
    }

    /// Tells those for whom the next attempt comes too late, so that nobody waits in vain.
    fn dismiss_hopeless_callers(
        &mut self,
        id: CredentialId,
        failure: &Failure,
        next: Option<Timestamp>,
    ) {
        for (caller, waiter) in self.take_callers(id) {
            let has_hope =
                waiter.wish == Wish::Token && next.is_some_and(|next| next <= waiter.until);
            if has_hope && let Some(held) = self.held.get_mut(&id) {
                held.callers.push(caller);
                self.waiters.add(caller, waiter);
            } else {
                let failure = failure.clone();
                self.refuse(caller, Refusal::Failed { failure });
            }
        }
    }

    /// A host has answered: those it failed are tried again soon, a little apart.
    pub(in crate::engine) fn encourage(&mut self, host: HostId) {
        let failing: Vec<CredentialId> = self
            .failing
            .range((host, CredentialId(i64::MIN))..=(host, CredentialId(i64::MAX)))
            .map(|(_, id)| *id)
            .collect();
        for id in failing {
            let Some(held) = self.held.get(&id) else {
                continue;
            };
            let (Some(retry), Some(failed)) = (held.retry_at, held.failed_at) else {
                continue;
            };
            let soon = self.now.max(failed.plus(ENCOURAGED_AFTER));
            let soon = soon.plus(plan::spread(self.settings.spread, self.salt(held)));
            if soon < retry {
                self.hasten_retry(id, soon);
            }
        }
    }

    fn hasten_retry(&mut self, id: CredentialId, at: Timestamp) {
        if let Some(held) = self.held.get_mut(&id) {
            held.retry_at = Some(at);
            self.settle_and_tell(id);
        }
    }
}

fn retry_after(failure: &Failure) -> Option<Duration> {
    (failure.class == FailureClass::Transient)
        .then_some(failure.retry_after_secs?)
        .map(|secs| Duration::from_secs(secs.into()).min(LONGEST_RETRY_AFTER))
}

/// Writes a failure into the profile.
fn note(profile: &mut Profile, failure: &Failure, now: Timestamp, took: Duration) {
    profile.record_attempt(now, millis(took), Some(failure.code.clone()));
    profile.last_failure = Some(failure.clone());
    let standing = match failure.class {
        FailureClass::NeedsLogin => Some(Standing::NeedsLogin {
            cause: failure.clone(),
        }),
        FailureClass::Misconfigured => Some(Standing::Misconfigured {
            cause: failure.clone(),
        }),
        FailureClass::Transient => {
            profile.failures_in_a_row = profile.failures_in_a_row.saturating_add(1);
            dead_by_age(profile, now).map(|cause| Standing::NeedsLogin { cause })
        }
    };
    // A wish to revoke that came meanwhile stands.
    if let Some(standing) = standing.filter(|_| !profile.standing.is_revoked()) {
        profile.standing = standing;
    }
    if likely::is_of_age(failure) {
        profile.record_life(now);
    }
}

/// Why no further attempt makes sense: the refresh token's known end is long past.
fn dead_by_age(profile: &Profile, now: Timestamp) -> Option<Failure> {
    let forecast = forecast::end(profile);
    let end = forecast.dies_at?;
    let is_known = matches!(
        forecast.because,
        ForecastReason::ProviderSaid
            | ForecastReason::MovesWithRefresh
            | ForecastReason::AbsoluteLife
    );
    (is_known && now > end.plus(DEAD_FOR_SURE)).then(|| {
        Failure::new(
            FailureClass::NeedsLogin,
            "refresh_token_expired",
            "the refresh token has outlived its time while the provider could not be reached",
            "Sign in again.",
        )
        .unsent()
    })
}
