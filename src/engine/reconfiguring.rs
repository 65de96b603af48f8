//! Other settings while everything runs: what is under way goes on, what was planned is planned anew.

use crate::engine::core::{Core, policy_under};
use crate::engine::runner::Runner;
use crate::engine::settings::{CoreSettings, EngineSettings};
use crate::engine::step::Input;
use crate::engine::vault_thread::Job;
use crate::model::credential::CredentialId;
use crate::model::event::Activity;

/// What has become of the settings.
#[derive(Debug)]
pub struct Reconfiguration {
    /// Those that count from now on; `None`: those of before.
    pub settings: Option<Box<EngineSettings>>,
    /// The line of the activity log that tells of it.
    pub line: Activity,
}

impl Runner {
    /// Takes other settings, and tells of them.
    pub(in crate::engine) fn reconfigure(&mut self, news: Reconfiguration) {
        if let Some(settings) = news.settings {
            self.keeping = settings.log;
            self.thresholds = settings.thresholds;
            self.backups.clone_from(&settings.backups);
            let handouts = settings.limits.handouts_per_program_hour;
            self.book.limit(handouts);
            let generations = settings.generations;
            self.vault
                .ask(Job::Read(Box::new(move |store| store.keep(generations))));
            let seed = self.core.settings.seed;
            let settings = Box::new(CoreSettings::new(&settings, seed));
            self.step(Input::SettingsChanged { settings });
        }
        self.happened(news.line);
    }
}

impl Core {
    /// Goes by other settings from now on. Only whose policy is another one is planned anew, and what is then due at once
    /// is spread out.
    pub(in crate::engine) fn settings_changed(&mut self, settings: CoreSettings) {
        let before = std::mem::replace(&mut self.settings, settings);
        let limits = &self.settings.limits;
        self.queue
            .set_caps(limits.in_flight, limits.in_flight_per_host);
        self.follow_settings(&before);
        let is_told_otherwise = before.warning != self.settings.warning;
        let ids: Vec<CredentialId> = self.held.keys().copied().collect();
        for id in ids {
            let Some(held) = self.held.get(&id) else {
                continue;
            };
            let is_planned_otherwise =
                policy_under(&before, &held.profile) != self.policy_of(&held.profile);
            if is_planned_otherwise {
                self.plan(id);
                self.spread_if_due(id);
            }
            if is_planned_otherwise || is_told_otherwise {
                self.settle_and_tell(id);
            }
        }
    }
}
