//! So many at once, and after them so many an hour, evenly spread: a leaky bucket in one number.

use std::time::{Duration, Instant};

/// The span that is counted over.
const HOUR: Duration = Duration::from_secs(3600);

/// What somebody had lately: when all of it is forgotten. Each moves that on by its share of an hour, and it must not lie
/// more than an hour ahead.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bucket {
    even_at: Option<Instant>,
}

/// How much of a limit is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// How many are allowed in an hour.
    pub most: u64,
    /// How many may follow now.
    pub remaining: u64,
    /// Seconds until all may follow again.
    pub reset_secs: u64,
}

impl Bucket {
    /// Takes one, of `most` an hour; the error is how long there is to wait until there is one again.
    pub fn take(&mut self, most: u64, now: Instant) -> Result<Left, Duration> {
        let after = self.even_at.map_or(now, |at| at.max(now)) + share(most);
        let wait = after.saturating_duration_since(now).saturating_sub(HOUR);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.even_at = Some(after);
        Ok(self.left(most, now))
    }

    /// What is left of it.
    pub fn left(&self, most: u64, now: Instant) -> Left {
        let ahead = self
            .even_at
            .map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        let used = ahead.as_nanos().div_ceil(share(most).as_nanos().max(1));
        let used = u64::try_from(used).unwrap_or(u64::MAX);
        Left {
            most,
            remaining: most.saturating_sub(used),
            reset_secs: whole_secs(ahead),
        }
    }

    /// Whether nothing of it is used.
    pub fn is_even(&self, now: Instant) -> bool {
        self.even_at.is_none_or(|at| at <= now)
    }
}

/// Whole seconds, rounded up.
pub fn whole_secs(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

fn share(most: u64) -> Duration {
    Duration::from_nanos(3_600_000_000_000 / most.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_then_one_share_at_a_time() {
        let (mut bucket, start) = (Bucket::default(), Instant::now());
        for left in (0..4).rev() {
            assert_eq!(bucket.take(4, start).unwrap().remaining, left);
        }
        assert_eq!(bucket.take(4, start), Err(Duration::from_secs(900)));
        let later = start + Duration::from_secs(900);
        assert_eq!(bucket.take(4, later).unwrap().remaining, 0);
        assert!(bucket.take(4, later).is_err());
        let much_later = later + HOUR;
        assert!(bucket.is_even(much_later));
        assert_eq!(bucket.left(4, much_later).remaining, 4);
    }
}
