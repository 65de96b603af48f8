//! Has the activity log watched as it grows, and tells of alerts that nobody has looked at.

use crate::clock;
use crate::engine::api::{Event, Refusal, Reply};
use crate::engine::fact::Fact;
use crate::engine::runner::Runner;
use crate::engine::step::Input;
use crate::model::alert::{Alert, AlertKey, Seen};
use crate::model::chore::{Chore, Ended};
use crate::model::event::Activity;
use crate::model::program::Program;
use crate::model::watcher::{Watcher, is_open};
use jiff::tz::TimeZone;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// What was written so shortly before the engine's start was written while its vault was opened: wrong passphrases are.
const OPENING: Duration = Duration::from_secs(5);

/// The alerts of a running engine.
#[derive(Debug, Default)]
pub struct Alerts {
    /// Those that nobody has looked at, the newest first.
    pub open: Vec<Alert>,
    /// How far somebody looked at which since the start.
    seen: HashMap<AlertKey, Seen>,
    watcher: Option<Box<Watcher>>,
}

impl Alerts {
    /// Whether it is more than what is told of already.
    fn is_news(&self, alert: &Alert) -> bool {
        let mut told = self.open.iter().filter(|told| told.key() == alert.key());
        told.all(|told| alert.is_news_beside(told))
    }
}

impl Runner {
    /// Reads on in the log, beside the engine.
    pub(in crate::engine) fn watch_log(&mut self) {
        let now = self.now;
        let kept = self.alerts.watcher.take();
        let kept = kept.filter(|watcher| !watcher.is_old(now));
        let mut watcher = kept
            .unwrap_or_else(|| Box::new(Watcher::new(self.thresholds, TimeZone::system(), now)));
        let (log, facts) = (self.log(), self.facts.clone());
        tokio::spawn(async move {
            let read = log.watched(&mut watcher).await;
            let read = read.map(|count| (count, watcher.open(now)));
            let _ = facts.send(Fact::Watched { watcher, read }).await;
        });
    }

    /// The log was read up to its end, or could not be.
    pub(in crate::engine) fn watched(
        &mut self,
        watcher: Box<Watcher>,
        read: Result<(u64, Vec<Alert>), Refusal>,
    ) {
        let ended = match read {
            Ok((count, mut open)) => {
                open.retain(|alert| is_open(alert, &self.alerts.seen));
                self.alerts.watcher = Some(watcher);
                self.found(open);
                Ended::Done { count }
            }
            Err(refusal) => Ended::Failed {
                why: refusal.to_string(),
            },
        };
        let chore = Chore::Alerts;
        self.step(Input::ChoreEnded { chore, ended });
    }

    fn found(&mut self, open: Vec<Alert>) {
        // What was there before this engine stands in the inbox, and is no news.
        let since = self.started_at.minus(OPENING);
        let new = open
            .iter()
            .filter(|alert| alert.at >= since && self.alerts.is_news(alert));
        let new: Vec<Alert> = new.cloned().collect();
        if open == self.alerts.open {
            return;
        }
        self.alerts.open.clone_from(&open);
        self.tell(|| Event::Alerts { open, new });
    }

    /// Somebody has looked at an alert: it stays away from now on.
    pub(in crate::engine) fn alert_seen(
        &mut self,
        key: AlertKey,
        by: Arc<Program>,
        reply: Reply<()>,
    ) {
        let mut open = self.alerts.open.clone();
        open.retain(|alert| alert.key() != key);
        if let Some(seen) = Seen::of(&self.alerts.open, &key) {
            let line = Activity::new(clock::now(), key.credential.clone(), key.happening(seen));
            self.happened(line.by(Some(by)));
            self.alerts.seen.insert(key, seen);
            self.found(open);
        }
        drop(reply.send(Ok(())));
    }
}
