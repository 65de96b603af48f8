//! The clock on the wall beside the steady one: where they run apart, the machine slept or its clock was set.

use crate::clock::{self, Timestamp};
use std::time::{Duration, Instant};

/// Less than this apart is drift, which the system corrects by itself.
const DRIFT: Duration = Duration::from_secs(2);

/// Both clocks at the last look.
#[derive(Debug)]
pub struct Watch {
    wall: Timestamp,
    steady: Instant,
}

impl Watch {
    /// Looks at both clocks for the first time.
    pub fn start() -> Self {
        Self {
            wall: clock::now(),
            steady: Instant::now(),
        }
    }

    /// The time, and by how many milliseconds the wall clock ran ahead since the last look, if by more than drift.
    pub fn look(&mut self) -> (Timestamp, Option<i64>) {
        self.compare(clock::now(), Instant::now())
    }

    fn compare(&mut self, wall: Timestamp, steady: Instant) -> (Timestamp, Option<i64>) {
        let passed = steady.saturating_duration_since(self.steady);
        let expected = self.wall.plus(passed);
        (self.wall, self.steady) = (wall, steady);
        let by = wall.as_millis().saturating_sub(expected.as_millis());
        let is_jump = u128::from(by.unsigned_abs()) > DRIFT.as_millis();
        (wall, is_jump.then_some(by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(wall_secs: i64, steady_secs: u64) -> Option<i64> {
        let (wall, steady) = (Timestamp::from_secs(1000), Instant::now());
        let mut watch = Watch { wall, steady };
        let wall = Timestamp::from_secs(1000 + wall_secs);
        watch
            .compare(wall, steady + Duration::from_secs(steady_secs))
            .1
    }

    #[test]
    fn clocks_that_run_together_show_no_jump() {
        assert_eq!(after(30, 30), None);
        assert_eq!(after(31, 30), None);
    }

    #[test]
    fn a_sleep_and_a_clock_set_back_are_noticed() {
        assert_eq!(after(3630, 30), Some(3_600_000));
        assert_eq!(after(-570, 30), Some(-600_000));
    }
}
