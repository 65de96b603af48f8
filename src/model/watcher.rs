//! Watches the activity log grow: which alerts it raises that nobody has looked at yet.

use crate::clock::Timestamp;
use crate::model::alert::{Alert, AlertKey, Seen, Thresholds};
use crate::model::analyst::Analyst;
use crate::model::event::{Activity, Happening};
use jiff::tz::TimeZone;
use std::collections::HashMap;
use std::time::Duration;

/// Alerts are told that long; `audit analyze` finds older ones.
const TOLD_FOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// Alerts that are told at once at the most, the newest ones.
const MOST: usize = 50;

/// What was read of the log so far.
#[derive(Debug)]
pub struct Watcher {
    analyst: Analyst,
    seen: HashMap<AlertKey, Seen>,
    /// The number of the last line that was taken.
    pub last: u64,
    begun_at: Timestamp,
}

impl Watcher {
    /// One that has read nothing yet: it begins with the first line there is, to know what is usual.
    pub fn new(thresholds: Thresholds, zone: TimeZone, now: Timestamp) -> Self {
        let since = now.minus(TOLD_FOR);
        Self {
            analyst: Analyst::new(thresholds, zone, Some(since), None),
            seen: HashMap::new(),
            last: 0,
            begun_at: now,
        }
    }

    /// Whether it has to begin anew: a day has passed, or the clock was set back.
    pub fn is_old(&self, now: Timestamp) -> bool {
        now < self.begun_at || now.since(self.begun_at) > Duration::from_secs(24 * 3600)
    }

    /// Takes the next line.
    pub fn take(&mut self, number: u64, activity: &Activity) {
        self.last = number;
        if let Happening::AlertSeen {
            alert,
            program,
            day,
            until,
            count,
        } = &activity.what
        {
            let key = AlertKey {
                kind: *alert,
                credential: activity.name.clone(),
                program: program.clone(),
                day: *day,
            };
            let seen = until
                .zip(*count)
                .map(|(until, count)| Seen { until, count });
            self.seen.insert(key, seen.unwrap_or(Seen::ALL_OF_THE_DAY));
        }
        self.analyst.take(activity);
    }

    /// The alerts that nobody has looked at, the newest first.
    pub fn open(&self, now: Timestamp) -> Vec<Alert> {
        let since = now.minus(TOLD_FOR);
        let mut alerts = self.analyst.clone().finish().alerts;
        alerts.retain(|alert| alert.at >= since && is_open(alert, &self.seen));
        alerts.truncate(MOST);
        alerts
    }
}

/// Whether there is something to look at that nobody has looked at.
pub fn is_open(alert: &Alert, seen: &HashMap<AlertKey, Seen>) -> bool {
    seen.get(&alert.key())
        .is_none_or(|seen| alert.goes_beyond(*seen))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::AlertKind;
    use crate::model::event::Purpose;
    use crate::model::program::Program;
    use std::sync::Arc;

    const DAY: u64 = 24 * 3600;

    fn at(days: u64) -> Timestamp {
        Timestamp::from_secs(1_800_000_000).plus(Duration::from_secs(days * DAY))
    }

    fn handed_out(days: u64, to: &str) -> Activity {
        let what = Happening::HandedOut {
            purpose: Purpose::Get,
            count: 1,
        };
        let by = Program {
            executable: Some(to.to_owned()),
            ..Program::default()
        };
        let name = Some("demo/alice".parse().unwrap());
        Activity::new(at(days), name, what).by(Some(Arc::new(by)))
    }

    fn watcher(days: u64) -> Watcher {
        let mut watcher = Watcher::new(Thresholds::default(), TimeZone::UTC, at(days));
        let lines = (0..=days).map(|day| handed_out(day, "/usr/bin/curl"));
        for (number, line) in (1..).zip(lines) {
            watcher.take(number, &line);
        }
        watcher
    }

    #[test]
    fn an_alert_stands_until_somebody_has_looked_at_it_or_a_week_has_passed() {
        let mut watcher = watcher(20);
        assert!(watcher.open(at(20)).is_empty());
        watcher.take(22, &handed_out(20, "/tmp/miner"));
        let open = watcher.open(at(20));
        assert_eq!(open.len(), 1, "{open:?}");
        assert_eq!(open[0].kind, AlertKind::NewProgram);
        assert_eq!(watcher.open(at(26)), open);
        assert!(watcher.open(at(28)).is_empty());
        let key = open[0].key();
        let line = key.happening(Seen::of(&open, &key).unwrap());
        let seen = Activity::new(at(20), key.credential.clone(), line);
        watcher.take(23, &seen);
        assert!(watcher.open(at(20)).is_empty());
        watcher.take(24, &handed_out(20, "/tmp/other"));
        assert_eq!(watcher.open(at(20)).len(), 1, "another one is news");
        assert_eq!(watcher.last, 24);
    }

    #[test]
    fn wrong_passphrases_that_were_looked_at_come_back_with_the_next_try_of_the_day() {
        let mut watcher = watcher(20);
        let wrong = |count| {
            Activity::new(
                at(20),
                None,
                Happening::WrongPassphrase { count, last: None },
            )
        };
        watcher.take(22, &wrong(3));
        let open = watcher.open(at(20));
        assert_eq!(
            (open[0].kind, open[0].count),
            (AlertKind::WrongPassphrases, 3)
        );
        let key = open[0].key();
        let line = key.happening(Seen::of(&open, &key).unwrap());
        watcher.take(23, &Activity::new(at(20), None, line));
        assert!(watcher.open(at(20)).is_empty());
        watcher.take(24, &wrong(1));
        let open = watcher.open(at(20));
        assert_eq!((open.len(), open[0].count), (1, 4));
        // A line of a version that did not note how many there were stands for all of the day.
        let old = r#"{"at":"2027-02-04T08:00:00Z","event":"alert_seen","alert":"wrong_passphrases","day":DAY}"#;
        let old = old.replace("DAY", &key.day.to_string());
        let mut old: Activity = serde_json::from_str(&old).unwrap();
        old.at = at(20);
        watcher.take(25, &old);
        watcher.take(26, &wrong(9));
        assert!(watcher.open(at(20)).is_empty());
    }

    #[test]
    fn it_begins_anew_once_a_day_and_when_the_clock_was_set_back() {
        let watcher = watcher(1);
        assert!(!watcher.is_old(at(2)) && watcher.is_old(at(3)) && watcher.is_old(at(0)));
    }
}
