//! Tells when a credential is refreshed next, and what decided that.

use crate::clock::Timestamp;
use crate::engine::core::Core;
use crate::engine::held::{Held, Phase};
use crate::engine::plan;
use crate::model::credential::{CredentialId, CredentialView, Standing};
use crate::model::why::{Decision, Rule};

impl Core {
    /// A credential, when it is refreshed next, and why then.
    pub fn why(&self, id: CredentialId, now: Timestamp) -> Option<(CredentialView, Decision)> {
        let held = self.held.get(&id)?;
        Some((self.view(id, now)?, self.decision(held, now)))
    }

    fn decision(&self, held: &Held, now: Timestamp) -> Decision {
        if let Standing::Revoked { .. } = held.profile.standing {
            return Decision::new(None, Rule::Revoked);
        }
        if let Standing::Revoking { next, .. } = held.profile.standing {
            let next = (held.phase == Phase::Resting).then_some(next);
            return Decision::new(next, Rule::Revoking);
        }
        match held.phase {
            Phase::Revoking => Decision::new(None, Rule::Revoking),
            Phase::Flying(_) => Decision::new(Some(now), Rule::UnderWay),
            Phase::Queued(_) => match self.queue.paused_until(held.host) {
                Some(until) => {
                    let host = held.profile.host.clone();
                    Decision::new(Some(until), Rule::HostPause { host })
                }
                None => Decision::new(Some(now), Rule::WaitsForPlace),
            },
            Phase::Resting => self.resting(held, now),
        }
    }

    fn resting(&self, held: &Held, now: Timestamp) -> Decision {
        let planned = plan::decided(
            &held.profile,
            &self.policy_of(&held.profile),
            self.salt(held),
        );
        if !held.profile.is_renewable() {
            return planned;
        }
        if !held.is_active() {
            return Decision::new(None, Rule::PersonFirst);
        }
        if let Some(behind) = held.profile.restored.and_then(|restored| restored.behind) {
            return Decision::new(None, Rule::Overtaken { behind });
        }
        let at = held.refresh_at(now);
        if at.is_some() && at == held.not_before {
            return Decision::new(at, Rule::RetryAfter);
        }
        if held.retry_at.is_some() {
            let failures = held.profile.failures_in_a_row;
            return Decision::new(at, Rule::Retry { failures });
        }
        if held.uncertain {
            return Decision::new(at, Rule::Recovery);
        }
        if at.is_some() && at == held.spread_until {
            return Decision::new(at, Rule::Spread);
        }
        if at.is_some() && plan::is_from_the_future(&held.profile, now) {
            return Decision::new(at, Rule::ClockSetBack);
        }
        planned
    }
}
