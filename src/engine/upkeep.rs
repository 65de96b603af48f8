//! Recurring work: when each kind is due, which goes first, how much at once, and how the last time ended.
//!
//! A table without a clock: whoever holds it says what time it is, does what it names, and says how that ended.

use crate::clock::Timestamp;
use crate::model::chore::{Chore, ChoreView, Ended, LastTime};
use std::collections::BTreeMap;
use std::time::Duration;

/// What failed is tried again after that long, and after twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

#[derive(Debug, Default)]
struct Row {
    next: Option<Timestamp>,
    running: u64,
    last: Option<LastTime>,
    failures: u32,
    /// It is not wanted any more: what runs ends, nothing is begun.
    is_off: bool,
}

/// The table.
#[derive(Debug)]
pub struct Upkeep {
    rows: BTreeMap<Chore, Row>,
    running: usize,
    most: usize,
}

impl Upkeep {
    /// A table of these, nothing planned yet; `most` of them run at once, one at least.
    pub fn new(chores: impl IntoIterator<Item = Chore>, most: usize) -> Self {
        let rows = chores.into_iter().map(|chore| (chore, Row::default()));
        Self {
            rows: rows.collect(),
            running: 0,
            most: most.max(1),
        }
    }

    /// Lets so many run at once from now on, one at least.
    pub fn set_most(&mut self, most: usize) {
        self.most = most.max(1);
    }

    /// Has one done from now on, or not any more; nothing of it is planned by that.
    pub fn switch(&mut self, chore: Chore, is_on: bool) {
        if is_on {
            self.rows.entry(chore).or_default().is_off = false;
        } else if let Some(row) = self.rows.get_mut(&chore) {
            row.is_off = true;
            row.next = None;
        }
    }

    /// Plans the next time of one, if it is done at all; `None`: nothing is to be done.
    pub fn plan(&mut self, chore: Chore, at: Option<Timestamp>) {
        if let Some(row) = self.rows.get_mut(&chore) {
            row.next = at.filter(|_| !row.is_off);
        }
    }

    /// Whether one of these neither runs nor is planned.
    pub fn is_idle(&self, chore: Chore) -> bool {
        let row = self.rows.get(&chore);
        row.is_some_and(|row| row.running == 0 && row.next.is_none() && !row.is_off)
    }

    /// When one is due next.
    pub fn planned(&self, chore: Chore) -> Option<Timestamp> {
        self.rows.get(&chore)?.next
    }

    /// Takes the most urgent that is due, if there is a place for it: it runs until [`Upkeep::ended`].
    ///
    /// Of each kind but [`Chore::Revocations`], which are one for each credential, only one runs at a time.
    pub fn begin_next(&mut self, now: Timestamp) -> Option<Chore> {
        if self.running >= self.most {
            return None;
        }
        let most = self.most;
        let mut rows = self.rows.iter_mut();
        let (chore, row) = rows.find(|(chore, row)| {
            row.next.is_some_and(|at| at <= now) && may_begin(**chore, row, most)
        })?;
        row.next = None;
        row.running += 1;
        self.running += 1;
        Some(*chore)
    }

    /// Notes how one ended. What failed is planned anew, later each time; says whether it is.
    pub fn ended(&mut self, chore: Chore, ended: Ended, now: Timestamp) -> bool {
        let Some(row) = self.rows.get_mut(&chore) else {
            return false;
        };
        if row.running > 0 {
            row.running -= 1;
            self.running -= 1;
        }
        let has_failed = matches!(ended, Ended::Failed { .. });
        row.failures = if has_failed {
            row.failures.saturating_add(1)
        } else {
            0
        };
        row.last = Some(LastTime { at: now, ended });
        if has_failed && !row.is_off {
            row.next = Some(now.plus(pause(row.failures)));
        }
        has_failed
    }

    /// How many run.
    pub fn running(&self) -> usize {
        self.running
    }

    /// When something can be begun, if nothing else happens before.
    pub fn next_wake(&self) -> Option<Timestamp> {
        if self.running >= self.most {
            return None;
        }
        let rows = self.rows.iter();
        let free = rows.filter(|(chore, row)| may_begin(**chore, row, self.most));
        free.filter_map(|(_, row)| row.next).min()
    }

    /// The clock was set back by that many milliseconds: what was to come would be far away.
    pub fn shift(&mut self, by_ms: i64) {
        for row in self.rows.values_mut() {
            row.next = row
                .next
                .map(|at| Timestamp::from_millis(at.as_millis().saturating_add(by_ms)));
        }
    }

    /// All of it as everybody sees it, the most urgent first.
    pub fn views(&self) -> Vec<ChoreView> {
        let rows = self.rows.iter().filter(|(_, row)| !row.is_off);
        rows.map(|(chore, row)| ChoreView {
            chore: *chore,
            running: row.running,
            next: row.next,
            last: row.last.clone(),
            failures: row.failures,
        })
        .collect()
    }
}

/// Of revocations there is one for each credential; a provider that hangs must not keep all else from its turn, so that
/// one place is left to the others where there are several.
fn may_begin(chore: Chore, row: &Row, most: usize) -> bool {
    row.running == 0
        || (chore == Chore::Revocations && row.running < (most as u64).saturating_sub(1))
}

fn pause(failures: u32) -> Duration {
    let doubled = 1_u32 << failures.saturating_sub(1).min(10);
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DONE: Ended = Ended::Done { count: 1 };

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn failed() -> Ended {
        Ended::Failed {
            why: "the disk is full".to_owned(),
        }
    }

    /// All of it, due at that second.
    fn due(most: usize, secs: i64) -> Upkeep {
        let mut upkeep = Upkeep::new(Chore::ALL, most);
        for chore in Chore::ALL {
            upkeep.plan(chore, Some(at(secs)));
        }
        upkeep
    }

    #[test]
    fn the_most_urgent_goes_first_and_no_more_run_than_may() {
        let mut upkeep = due(3, 10);
        assert_eq!(upkeep.begin_next(at(9)), None, "before its time");
        assert_eq!(upkeep.next_wake(), Some(at(10)));
        assert_eq!(upkeep.begin_next(at(10)), Some(Chore::Revocations));
        assert_eq!(upkeep.begin_next(at(10)), Some(Chore::Forecast));
        assert_eq!(upkeep.begin_next(at(10)), Some(Chore::Alerts));
        assert_eq!(upkeep.begin_next(at(10)), None, "three run");
        assert_eq!(upkeep.next_wake(), None, "an end wakes it, not the time");
        upkeep.plan(Chore::Revocations, Some(at(10)));
        upkeep.ended(Chore::Forecast, DONE, at(11));
        assert_eq!(
            upkeep.begin_next(at(11)),
            Some(Chore::Revocations),
            "one more credential"
        );
        upkeep.ended(Chore::Revocations, DONE, at(11));
        upkeep.ended(Chore::Revocations, DONE, at(11));
        assert_eq!(upkeep.begin_next(at(11)), Some(Chore::Uses));
    }

    #[test]
    fn revocations_leave_a_place_to_the_others() {
        let mut upkeep = Upkeep::new([Chore::Revocations, Chore::Backup], 3);
        let mut begun = Vec::new();
        for _ in 0..4 {
            upkeep.plan(Chore::Revocations, Some(at(0)));
            begun.extend(upkeep.begin_next(at(1)));
        }
        assert_eq!(begun, [Chore::Revocations; 2]);
        assert_eq!(upkeep.next_wake(), None);
        upkeep.plan(Chore::Backup, Some(at(0)));
        assert_eq!(upkeep.begin_next(at(1)), Some(Chore::Backup));
    }

    #[test]
    fn of_one_kind_there_is_one_at_a_time() {
        let mut upkeep = Upkeep::new([Chore::Backup], 4);
        upkeep.plan(Chore::Backup, Some(at(0)));
        assert_eq!(upkeep.begin_next(at(0)), Some(Chore::Backup));
        upkeep.plan(Chore::Backup, Some(at(0)));
        assert_eq!((upkeep.begin_next(at(0)), upkeep.next_wake()), (None, None));
        upkeep.ended(Chore::Backup, DONE, at(1));
        assert_eq!(upkeep.begin_next(at(1)), Some(Chore::Backup));
        upkeep.plan(Chore::Checks, Some(at(0)));
        assert_eq!(upkeep.begin_next(at(1)), None, "not among its own");
    }

    #[test]
    fn what_fails_is_tried_again_later_each_time_and_shown() {
        let mut upkeep = due(9, 0);
        let mut now = at(0);
        let mut pauses = Vec::new();
        for _ in 0..9 {
            while upkeep
                .begin_next(now)
                .is_some_and(|chore| chore != Chore::Backup)
            {}
            assert!(upkeep.ended(Chore::Backup, failed(), now));
            let next = upkeep.planned(Chore::Backup).unwrap();
            pauses.push(next.since(now).as_secs());
            now = next;
        }
        assert_eq!(pauses, [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
        let views = upkeep.views();
        let view = views
            .iter()
            .find(|view| view.chore == Chore::Backup)
            .unwrap();
        assert_eq!((view.failures, view.running), (9, 0));
        assert_eq!(view.trouble(), Some("the disk is full"));
        assert!(
            !upkeep.ended(Chore::Backup, DONE, now),
            "that is the chore's own matter"
        );
        assert_eq!(upkeep.views().last().unwrap().failures, 0);
    }

    #[test]
    fn what_is_switched_off_ends_and_is_not_begun_again() {
        let mut upkeep = due(9, 0);
        while upkeep.begin_next(at(0)).is_some() {}
        upkeep.switch(Chore::Backup, false);
        upkeep.ended(Chore::Backup, failed(), at(1));
        upkeep.plan(Chore::Backup, Some(at(1)));
        assert_eq!(upkeep.planned(Chore::Backup), None);
        let shown = |upkeep: &Upkeep| upkeep.views().iter().any(|it| it.chore == Chore::Backup);
        assert!(!shown(&upkeep) && !upkeep.is_idle(Chore::Backup));
        upkeep.switch(Chore::Backup, true);
        upkeep.plan(Chore::Backup, Some(at(2)));
        assert!(shown(&upkeep));
        assert_eq!(upkeep.begin_next(at(2)), Some(Chore::Backup));
    }

    #[test]
    fn a_clock_that_is_set_back_takes_the_plans_along() {
        let mut upkeep = due(1, 5000);
        upkeep.shift(-4_000_000);
        assert_eq!(upkeep.next_wake(), Some(at(1000)));
    }
}
