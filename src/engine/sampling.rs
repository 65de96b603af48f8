//! Asks providers now and then whether an access token still lives (RFC 7662), at random moments.

use crate::clock::Timestamp;
use crate::engine::fact::Fact;
use crate::engine::inquiry::validation;
use crate::engine::runner::Runner;
use crate::engine::step::Input;
use crate::engine::vault_thread::Job;
use crate::model::credential::{CredentialId, Generation, Standing};
use crate::model::event::{Activity, Happening};
use crate::model::inquiry::Liveness;
use std::time::Duration;

/// No more than one check in this time, however many credentials there are.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// When the next check is made.
#[derive(Debug)]
pub struct Sampler {
    /// How often a credential is checked an hour, on the average; 0: never.
    per_hour: f64,
    next: Option<Timestamp>,
}

impl Sampler {
    /// Checks each credential so often an hour, on the average.
    pub fn new(per_hour: f64) -> Self {
        Self {
            per_hour,
            next: None,
        }
    }

    /// When the engine has to be awake for it.
    pub fn next(&self) -> Option<Timestamp> {
        self.next
    }

    /// Whether a check is due among so many credentials; plans the next one. `chance` is uniform in 0 to 1: pauses
    /// between independent checks are exponential.
    fn is_due(&mut self, credentials: usize, now: Timestamp, chance: f64) -> bool {
        let rate = self.per_hour * credentials as f64 / 3600.0;
        if rate <= 0.0 {
            self.next = None;
            return false;
        }
        let is_due = self.next.is_some_and(|at| at <= now);
        if is_due || self.next.is_none() {
            let secs = -(1.0 - chance).max(f64::MIN_POSITIVE).ln() / rate;
            let pause = Duration::from_secs_f64(secs.min(86_400.0)).max(SHORTEST_PAUSE);
            self.next = Some(now.plus(pause));
        }
        is_due
    }
}

impl Runner {
    /// Checks one credential, if it is time.
    pub(in crate::engine) fn sample(&mut self) {
        if self.sampler.per_hour <= 0.0 {
            return;
        }
        if !self
            .sampler
            .is_due(self.core.count(), self.now, rand::random())
        {
            return;
        }
        let living = self.core.living();
        if living.is_empty() {
            return;
        }
        let at = rand::random_range(0..living.len());
        let (id, generation) = living[at];
        let (http, facts) = (self.http.clone(), self.facts.clone());
        let runtime = tokio::runtime::Handle::current();
        self.vault.ask(Job::Read(Box::new(move |store| {
            // A credential that is gone or damaged is no matter of this.
            let Ok((_, secret)) = store.secret(id) else {
                return;
            };
            if secret.provider.endpoints.introspection.is_none() {
                return;
            }
            runtime.spawn(async move {
                let liveness = validation(&http, &secret, true).await.liveness;
                let _ = facts
                    .send(Fact::Checked {
                        id,
                        generation,
                        liveness,
                    })
                    .await;
            });
        })));
    }

    /// What the provider said; of a token that has been replaced since it says nothing.
    pub(in crate::engine) fn checked(
        &mut self,
        id: CredentialId,
        generation: Generation,
        liveness: Liveness,
    ) {
        let view = self.core.view(id, self.now);
        let view = view.filter(|view| view.generation == generation);
        let Some(view) = view.filter(|_| liveness != Liveness::Unknown) else {
            return;
        };
        let is_active = view.profile.standing == Standing::Active;
        self.happened(Activity::new(
            self.now,
            Some(view.profile.name.clone()),
            Happening::Checked { liveness },
        ));
        if liveness == Liveness::Dead && is_active {
            self.step(Input::FoundDead { id, generation });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn nothing_is_checked_unless_it_is_asked_for() {
        let mut off = Sampler::new(0.0);
        assert!(!off.is_due(100, at(0), 0.5) && off.next().is_none());
        let mut empty = Sampler::new(1.0);
        assert!(!empty.is_due(0, at(0), 0.5) && empty.next().is_none());
    }

    #[test]
    fn each_credential_is_checked_as_often_as_was_said_on_the_average() {
        let mut sampler = Sampler::new(0.5);
        let (mut now, mut checks) = (at(0), 0);
        // Evenly spread over 0 to 1, however many are taken.
        let mut chances = (0..).map(|n| (f64::from(n) * 0.618_033_988_75).fract());
        while now < at(100 * 3600) {
            checks += u32::from(sampler.is_due(20, now, chances.next().unwrap()));
            now = sampler.next().unwrap();
        }
        // 20 credentials, half a check an hour, a hundred hours.
        assert!((900..1100).contains(&checks), "{checks}");
    }
}
