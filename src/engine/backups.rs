//! Has a backup made each day, on a thread and a connection of its own: no write waits for it.

use crate::clock::{self, Timestamp};
use crate::engine::fact::Fact;
use crate::engine::vault_thread::trouble;
use crate::model::event::{Activity, Happening};
use crate::vault::daily::Daily;
use std::time::Duration;
use tokio::sync::mpsc;

/// How often it is looked whether today's backup is there; a failed one is tried again then.
const BETWEEN_LOOKS: Duration = Duration::from_secs(3600);

/// The backups of a running engine.
#[derive(Debug)]
pub struct Backups {
    daily: Option<Daily>,
    next: Timestamp,
}

impl Backups {
    /// None is made before the engine has lived as long as they say.
    pub fn new(daily: Option<Daily>, now: Timestamp) -> Self {
        let after = daily.as_ref().map_or(Duration::ZERO, |daily| daily.after);
        Self {
            daily,
            next: now.plus(after),
        }
    }

    /// When it is looked next.
    pub fn next(&self) -> Option<Timestamp> {
        self.daily.as_ref().map(|_| self.next)
    }

    /// Looks, when it is time, and has the backup made.
    pub fn make_when_due(&mut self, now: Timestamp, facts: &mpsc::Sender<Fact>) {
        let is_due = now >= self.next || self.next > now.plus(BETWEEN_LOOKS);
        let Some(daily) = self.daily.clone().filter(|_| is_due) else {
            return;
        };
        self.next = now.plus(BETWEEN_LOOKS);
        let facts = facts.clone();
        std::thread::spawn(move || match daily.make(now) {
            Ok(Some(copied)) => {
                let credentials = copied.credentials;
                let what = Happening::BackedUp { credentials };
                let line = Activity::new(clock::now(), None, what);
                // An engine that has left meanwhile has its backup all the same.
                let _ = facts.blocking_send(Fact::Happened(line));
            }
            Ok(None) => {}
            Err(error) => {
                let (why, folder) = (trouble(&error).message, daily.folder.display());
                tracing::error!(error = %why, %folder, "the daily backup could not be made");
            }
        });
    }
}
