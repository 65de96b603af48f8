//! The core's recurring work: plans it, does what needs no shell, and wishes the rest done.

use crate::clock::Timestamp;
use crate::engine::core::Core;
use crate::engine::plan::Salt;
use crate::engine::settings::CoreSettings;
use crate::engine::step::Effect;
use crate::engine::upkeep::Upkeep;
use crate::model::chore::{Chore, Ended};
use crate::model::credential::{CredentialId, Generation};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// Between two notes of what was fetched from memory.
const USES: Duration = Duration::from_secs(60);
/// The log is looked through so long after it has grown.
const ALERTS: Duration = Duration::from_secs(2);
/// The same where it goes on growing.
const ALERTS_ON: Duration = Duration::from_secs(15);
/// Between two rounds of pruning.
const PRUNING: Duration = Duration::from_secs(600);
/// After a round that left something to prune.
const PRUNING_ON: Duration = Duration::from_secs(1);
/// Lines of the log that go at once: other writes wait meanwhile.
pub const PRUNED_AT_ONCE: usize = 1000;
/// How often it is looked whether today's backup is there.
const BACKUP: Duration = Duration::from_secs(3600);
/// How often tokens of grants go that have expired.
const GRANTS: Duration = Duration::from_secs(3600);
/// No more than one sampled check in this time, however many credentials there are.
const SHORTEST_CHECK: Duration = Duration::from_secs(1);
/// No longer than this between two of them, however few there are.
const LONGEST_CHECK: Duration = Duration::from_secs(86_400);

/// What comes again, and what of it waits.
#[derive(Debug)]
pub struct Chores {
    /// The table.
    pub upkeep: Upkeep,
    /// Who is told again that a credential is to be revoked, and when.
    pub revocations: BTreeSet<(Timestamp, CredentialId)>,
    /// Those of them that are being told.
    pub retold: BTreeSet<CredentialId>,
    /// Revocations that were asked for and wait for a place.
    pub asked: VecDeque<CredentialId>,
    /// Whose end is to be foretold, and when.
    pub endings: BTreeSet<(Timestamp, CredentialId)>,
    /// The log has grown since it was begun to be looked through.
    has_grown: bool,
    is_begun: bool,
    checks: u64,
}

impl Chores {
    /// Those that these settings ask for.
    pub fn new(settings: &CoreSettings) -> Self {
        let chores = Chore::ALL
            .into_iter()
            .filter(|chore| is_on(*chore, settings));
        Self {
            upkeep: Upkeep::new(chores, settings.limits.upkeep_at_once),
            revocations: BTreeSet::new(),
            retold: BTreeSet::new(),
            asked: VecDeque::new(),
            endings: BTreeSet::new(),
            has_grown: false,
            is_begun: false,
            checks: 0,
        }
    }

    /// Forgets what was planned of a credential.
    pub fn forget(
        &mut self,
        id: CredentialId,
        retell_at: Option<Timestamp>,
        foretell_at: Option<Timestamp>,
    ) {
        if let Some(at) = retell_at {
            self.revocations.remove(&(at, id));
        }
        if let Some(at) = foretell_at {
            self.endings.remove(&(at, id));
        }
    }
}

/// Whether these settings ask for it.
fn is_on(chore: Chore, settings: &CoreSettings) -> bool {
    match chore {
        Chore::Revocations | Chore::Alerts => !settings.is_for_a_moment,
        Chore::Checks => settings.checks_per_hour > 0.0,
        Chore::Backup => settings.backups_after.is_some(),
        Chore::Forecast | Chore::Uses | Chore::Pruning => true,
        // From the first grant on.
        Chore::Grants => false,
    }
}

impl Core {
    /// Begins what the settings ask for now and did not ask for before, and ends what they ask for no more.
    pub(in crate::engine) fn follow_settings(&mut self, before: &CoreSettings) {
        let now = self.now;
        let upkeep = &mut self.chores.upkeep;
        upkeep.set_most(self.settings.limits.upkeep_at_once);
        let by_settings = |chore: &Chore| *chore != Chore::Grants;
        for chore in Chore::ALL.into_iter().filter(by_settings) {
            upkeep.switch(chore, is_on(chore, &self.settings));
        }
        if before.backups_after.is_none() {
            let first = self.settings.backups_after.map(|after| now.plus(after));
            upkeep.plan(Chore::Backup, first);
        }
        let same_rate = before.checks_per_hour.to_bits() == self.settings.checks_per_hour.to_bits();
        if !same_rate && upkeep.planned(Chore::Checks).is_some() {
            let pause = self.until_next_check();
            let next = pause.map(|pause| now.plus(pause));
            self.chores.upkeep.plan(Chore::Checks, next);
        }
    }

    /// Begins what is due, as far as there are places.
    pub(in crate::engine) fn keep_up(&mut self) {
        if self.is_leaving {
            return;
        }
        self.plan_chores();
        while let Some(chore) = self.chores.upkeep.begin_next(self.now) {
            match chore {
                Chore::Revocations => self.tell_again(),
                Chore::Forecast => self.foretell_ends(),
                Chore::Alerts
                | Chore::Uses
                | Chore::Pruning
                | Chore::Checks
                | Chore::Backup
                | Chore::Grants => {
                    self.out.push(Effect::Chore(chore));
                }
            }
            self.plan_chores();
        }
    }

    /// Has what expired of grants go from now on.
    pub(in crate::engine) fn tidy_grants(&mut self) {
        if self.settings.is_for_a_moment {
            return;
        }
        let upkeep = &mut self.chores.upkeep;
        upkeep.switch(Chore::Grants, true);
        if upkeep.is_idle(Chore::Grants) {
            upkeep.plan(Chore::Grants, Some(self.now.plus(GRANTS)));
        }
    }

    /// Notes how one ended, and plans its next time.
    pub(in crate::engine) fn chore_ended(&mut self, chore: Chore, ended: Ended) {
        let pause = match (chore, &ended) {
            (Chore::Uses, _) => Some(USES),
            (Chore::Pruning, Ended::Done { count }) if *count >= PRUNED_AT_ONCE as u64 => {
                Some(PRUNING_ON)
            }
            (Chore::Pruning, _) => Some(PRUNING),
            (Chore::Backup, _) => Some(BACKUP),
            (Chore::Grants, _) => Some(GRANTS),
            (Chore::Checks, _) => self.until_next_check(),
            (Chore::Alerts, _) => std::mem::take(&mut self.chores.has_grown).then_some(ALERTS_ON),
            // Their next times stand in lists of their own.
            (Chore::Revocations | Chore::Forecast, _) => None,
        };
        let now = self.now;
        let is_planned = self.chores.upkeep.ended(chore, ended, now);
        if !is_planned {
            self.chores
                .upkeep
                .plan(chore, pause.map(|pause| now.plus(pause)));
        }
    }

    /// The activity log has grown: it is looked through soon.
    pub(in crate::engine) fn log_grew(&mut self) {
        if self.chores.upkeep.is_idle(Chore::Alerts) {
            let soon = self.now.plus(ALERTS);
            self.chores.upkeep.plan(Chore::Alerts, Some(soon));
        } else {
            self.chores.has_grown = self.chores.upkeep.planned(Chore::Alerts).is_none();
        }
    }

    fn plan_chores(&mut self) {
        let (now, chores) = (self.now, &mut self.chores);
        let head = |set: &BTreeSet<(Timestamp, CredentialId)>| set.first().map(|(at, _)| *at);
        chores
            .upkeep
            .plan(Chore::Revocations, head(&chores.revocations));
        chores.upkeep.plan(Chore::Forecast, head(&chores.endings));
        if !chores.is_begun {
            chores.is_begun = true;
            chores.upkeep.plan(Chore::Uses, Some(now.plus(USES)));
            chores.upkeep.plan(Chore::Pruning, Some(now.plus(USES)));
            chores.upkeep.plan(Chore::Alerts, Some(now.plus(ALERTS)));
            let first = self.settings.backups_after.map(|after| now.plus(after));
            chores.upkeep.plan(Chore::Backup, first);
        }
        if self.chores.upkeep.is_idle(Chore::Checks)
            && let Some(pause) = self.until_next_check()
        {
            self.chores
                .upkeep
                .plan(Chore::Checks, Some(now.plus(pause)));
        }
    }

    /// The pause before the next sampled check; `None`: there is nothing to check. Pauses between independent checks are
    /// exponential.
    fn until_next_check(&mut self) -> Option<Duration> {
        #[expect(clippy::cast_precision_loss, reason = "a count of credentials")]
        let rate = self.settings.checks_per_hour * self.held.len() as f64 / 3600.0;
        if rate <= 0.0 {
            return None;
        }
        self.chores.checks += 1;
        let salt = Salt {
            id: CredentialId(0),
            generation: Generation(self.chores.checks),
            seed: self.settings.seed,
        };
        let secs = -(1.0 - salt.fraction(0)).max(f64::MIN_POSITIVE).ln() / rate;
        let pause = Duration::from_secs_f64(secs.min(LONGEST_CHECK.as_secs_f64()));
        Some(pause.max(SHORTEST_CHECK))
    }
}
