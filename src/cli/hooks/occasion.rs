//! What hooks are run for, told from the engine's events.

use crate::clock::{self, Timestamp};
use crate::engine::api::Event;
use crate::model::credential::CredentialView;
use crate::model::event::{Activity, Happening};
use crate::model::failure::{Failure, FailureClass};
use crate::model::health::Health;
use crate::model::hook::HookEvent;
use crate::model::name::CredentialName;
use std::collections::HashMap;

/// Something that happened to a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occasion {
    /// What.
    pub event: HookEvent,
    /// To which.
    pub name: CredentialName,
    /// When.
    pub at: Timestamp,
    /// Why, where something failed.
    pub failure: Option<Failure>,
}

/// Knows who needs a sign-in, so that it is an occasion once. What was so when the owner started is none.
#[derive(Debug, Default)]
pub struct Occasions {
    needing: HashMap<CredentialName, bool>,
    /// All that there are have been seen: what comes now is news.
    is_complete: bool,
}

impl Occasions {
    /// What an event means for hooks.
    pub fn of(&mut self, event: &Event) -> Option<Occasion> {
        match event {
            Event::Changed { view } => self.seen(view),
            Event::Removed { name } => {
                self.needing.remove(name);
                None
            }
            Event::Happened { activity } => happened(activity),
            Event::SignIn { .. }
            | Event::Loaded { .. }
            | Event::Locked { .. }
            | Event::Unlocked
            | Event::ScreenLocked { .. }
            | Event::Alerts { .. }
            | Event::Questions { .. }
            | Event::Lagged
            | Event::Stopped => None,
        }
    }

    /// All credentials that there are: those not known before are no occasion, whatever they need.
    pub fn learn(&mut self, views: &[CredentialView]) -> Vec<Occasion> {
        self.is_complete = true;
        let all = views.iter();
        all.filter_map(|view| match self.needing.contains_key(&view.profile.name) {
            true => self.seen(view),
            false => {
                let needs = matches!(view.health, Health::NeedsLogin { .. });
                self.needing.insert(view.profile.name.clone(), needs);
                None
            }
        })
        .collect()
    }

    fn seen(&mut self, view: &CredentialView) -> Option<Occasion> {
        let name = view.profile.name.clone();
        let cause = match &view.health {
            Health::NeedsLogin { cause } => Some(cause.clone()),
            // Whether a refresh helps, only its end tells.
            Health::Refreshing => return None,
            Health::Fresh
            | Health::Expiring
            | Health::Retrying { .. }
            | Health::Expired
            | Health::Misconfigured { .. }
            | Health::RateLimited { .. }
            | Health::Revoking { .. }
            | Health::Revoked
            | Health::Static => None,
        };
        let before = self.needing.insert(name.clone(), cause.is_some());
        let is_news = self.is_complete && before != Some(true);
        cause.filter(|_| is_news).map(|cause| Occasion {
            event: HookEvent::NeedsLogin,
            name,
            at: clock::now(),
            failure: Some(cause),
        })
    }
}

fn happened(activity: &Activity) -> Option<Occasion> {
    let what = &activity.what;
    let of = |event, failure: Option<&Failure>| {
        Some(Occasion {
            event,
            name: activity.name.clone()?,
            at: activity.at,
            failure: failure.cloned(),
        })
    };
    if matches!(what, Happening::Refreshed { .. }) {
        return of(HookEvent::Refreshed, None);
    }
    if matches!(what, Happening::Revoked { .. }) {
        return of(HookEvent::Revoked, None);
    }
    let (Happening::RefreshFailed { failure, .. } | Happening::RevokeFailed { failure, .. }) = what
    else {
        return None;
    };
    // That a person has to sign in is another occasion, told when it is so.
    let is_other = failure.class == FailureClass::NeedsLogin;
    (!is_other).then(|| of(HookEvent::Failed, Some(failure)))?
}
