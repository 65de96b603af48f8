//! How an engine ends: it is stopped, or it is locked and another one may follow.

use crate::clock::Timestamp;
use crate::engine::api::Event;
use crate::model::event::{Activity, Happening};
use crate::model::lock::Locked;
use crate::model::program::Program;
use std::sync::Arc;

/// What an engine says at its end.
#[derive(Debug, Clone, Default)]
pub enum Farewell {
    /// Nothing follows.
    #[default]
    Stopped,
    /// Whoever owns the vault stays, and opens it again when somebody unlocks it.
    Locked {
        /// Since when, and why.
        lock: Locked,
        /// Who wanted it, where somebody did.
        by: Option<Arc<Program>>,
    },
}

impl Farewell {
    /// The line of the activity log about it.
    pub fn line(&self, now: Timestamp) -> Option<Activity> {
        match self {
            Self::Stopped => None,
            Self::Locked { lock, by } => {
                let reason = lock.reason;
                let what = Happening::Locked { reason };
                Some(Activity::new(now, None, what).by(by.clone()))
            }
        }
    }

    /// The last event.
    pub fn event(&self) -> Event {
        match self {
            Self::Stopped => Event::Stopped,
            Self::Locked { lock, .. } => Event::Locked { lock: *lock },
        }
    }
}
