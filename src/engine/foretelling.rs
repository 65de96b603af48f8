//! Tells once and in good time that a person has to sign in again.

use crate::clock::Timestamp;
use crate::engine::core::Core;
use crate::engine::forecast;
use crate::engine::held::Held;
use crate::model::chore::{Chore, Ended};
use crate::model::credential::CredentialId;
use crate::model::event::Happening;
use crate::model::health::ForecastReason;
use std::sync::Arc;
use std::time::Duration;

/// Two ends so near to each other are one: a provider may count anew in each answer.
const SAME_END: Duration = Duration::from_secs(3600);

/// An end that is not told yet.
struct Ending {
    tell_at: Timestamp,
    before: Timestamp,
    because: ForecastReason,
}

impl Core {
    /// Plans when its end is foretold, if it is news.
    pub(in crate::engine) fn plan_foretelling(&mut self, id: CredentialId) {
        let ending = self.held.get(&id).and_then(|held| self.ending_of(held));
        let at = ending.map(|ending| ending.tell_at);
        let Some(held) = self.held.get_mut(&id).filter(|held| held.foretell_at != at) else {
            return;
        };
        let before = std::mem::replace(&mut held.foretell_at, at);
        if let Some(before) = before {
            self.chores.endings.remove(&(before, id));
        }
        if let Some(at) = at {
            self.chores.endings.insert((at, id));
        }
    }

    fn ending_of(&self, held: &Held) -> Option<Ending> {
        let profile = &held.profile;
        let forecast = forecast::forecast(profile, &self.settings.warning);
        let (tell_at, before) = (forecast.warn_at?, forecast.sign_in_before()?);
        let is_told = profile
            .told_end
            .is_some_and(|told| before < told.plus(SAME_END) && before > told.minus(SAME_END));
        (!is_told).then_some(Ending {
            tell_at,
            before,
            because: forecast.because,
        })
    }

    /// Foretells all ends that are to be told now.
    pub(in crate::engine) fn foretell_ends(&mut self) {
        let mut count = 0;
        while let Some(&(at, id)) = self
            .chores
            .endings
            .first()
            .filter(|(at, _)| *at <= self.now)
        {
            self.chores.endings.remove(&(at, id));
            if let Some(held) = self.held.get_mut(&id) {
                held.foretell_at = None;
            }
            count += u64::from(self.foretell_end(id));
        }
        self.chore_ended(Chore::Forecast, Ended::Done { count });
    }

    /// Says whether there was anything to tell.
    fn foretell_end(&mut self, id: CredentialId) -> bool {
        let ending = self.held.get(&id).and_then(|held| self.ending_of(held));
        let Some(ending) = ending.filter(|ending| ending.tell_at <= self.now) else {
            self.plan_foretelling(id);
            return false;
        };
        let Some(held) = self.held.get_mut(&id) else {
            return false;
        };
        Arc::make_mut(&mut held.profile).told_end = Some(ending.before);
        let name = held.profile.name.clone();
        self.mark_dirty(id);
        let (before, because) = (ending.before, ending.because);
        self.happened(Some(name), Happening::EndsSoon { before, because });
        true
    }
}
