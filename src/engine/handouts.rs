//! How many tokens one program gets: so many at once, and after them so many an hour, evenly spread.
//!
//! A program is its executable and its user. What this process fetches for the person before it is not counted.

use crate::engine::api::Refusal;
use crate::model::event::{Activity, Happening};
use crate::model::program::Program;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The span that is counted over.
const HOUR: Duration = Duration::from_secs(3600);
/// Programs that are remembered; beyond, those go that have nothing against them any more.
const MOST: usize = 10_000;
/// A program that runs into the limit again and again is noted that often.
const NOTED_EVERY: Duration = Duration::from_secs(60);

/// What programs got lately.
#[derive(Debug)]
pub struct Handouts {
    /// Tokens in an hour.
    most: u64,
    /// By the user, then by the name.
    programs: HashMap<u32, HashMap<String, Account>>,
}

/// One program's account: when all that it got is forgotten. Each token moves that on by its share of an hour, and it must
/// not lie more than an hour ahead (a leaky bucket in one number).
#[derive(Debug, Clone, Copy)]
struct Account {
    even_at: Instant,
    noted_at: Option<Instant>,
}

/// Why a program gets no token now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    most: u64,
    wait_secs: u64,
    /// Whether it is to be noted.
    pub is_news: bool,
}

impl TooMany {
    /// The limit, in words.
    pub fn limit(self) -> String {
        words(self.most)
    }

    /// The same for whoever asked.
    pub fn refusal(self) -> Refusal {
        Refusal::LimitExceeded {
            limit: self.limit(),
            most: self.most,
            wait_secs: self.wait_secs,
        }
    }
}

/// The limit, as it is told and noted.
fn words(most: u64) -> String {
    format!("{most} tokens handed to one program an hour")
}

impl Handouts {
    /// Gives so many an hour to each program, one at least.
    pub fn new(most: u64) -> Self {
        Self {
            most: most.max(1),
            programs: HashMap::new(),
        }
    }

    /// Gives another number an hour; what was handed out counts by the new one.
    pub fn set_most(&mut self, most: u64) {
        self.most = most.max(1);
    }

    /// Tokens in an hour.
    pub fn most(&self) -> u64 {
        self.most
    }

    /// Whether a program may have one more now.
    pub fn check(&mut self, by: &Program, now: Instant) -> Result<(), TooMany> {
        let (most, share) = (self.most, self.share());
        let Some(account) = self.account(by, now) else {
            return Ok(());
        };
        let after = account.even_at.max(now) + share;
        let wait = after.saturating_duration_since(now).saturating_sub(HOUR);
        if wait.is_zero() {
            return Ok(());
        }
        let is_news = account
            .noted_at
            .is_none_or(|at| now.saturating_duration_since(at) >= NOTED_EVERY);
        if is_news {
            account.noted_at = Some(now);
        }
        Err(TooMany {
            most,
            wait_secs: wait.as_secs() + u64::from(wait.subsec_nanos() > 0),
            is_news,
        })
    }

    /// Notes that it got one.
    pub fn count(&mut self, by: &Program, now: Instant) {
        self.count_many(by, 1, now);
    }

    /// Notes that it got so many.
    pub fn count_many(&mut self, by: &Program, times: u64, now: Instant) {
        let times = u32::try_from(times.min(self.most)).unwrap_or(u32::MAX);
        let share = self.share().saturating_mul(times);
        if let Some(account) = self.account(by, now) {
            // What was asked for before the limit was reached is handed out: it must not be waited for twice.
            account.even_at = (account.even_at.max(now) + share).min(now + HOUR);
        }
    }

    /// Takes a line of the activity log for what it was: a hand-out, or a limit that was noted.
    pub fn recall(&mut self, line: &Activity, at: Instant) {
        let Some(by) = &line.by else { return };
        match &line.what {
            Happening::HandedOut { count, .. } => self.count_many(by, *count, at),
            Happening::LimitExceeded { limit } if *limit == words(self.most) => {
                if let Some(account) = self.account(by, at) {
                    account.noted_at = Some(at);
                }
            }
            _ => {}
        }
    }

    /// The program that has the most against it, with how many that are.
    pub fn busiest(&self, now: Instant) -> Option<(String, u64)> {
        let all = self.programs.values().flatten();
        let (name, account) = all.max_by_key(|(_, account)| account.even_at)?;
        let ahead = account.even_at.saturating_duration_since(now);
        let used = ahead.as_nanos().div_ceil(self.share().as_nanos().max(1));
        let used = u64::try_from(used).unwrap_or(u64::MAX).min(self.most);
        (used > 0).then(|| (name.clone(), used))
    }

    fn share(&self) -> Duration {
        Duration::from_nanos(3_600_000_000_000 / self.most)
    }

    fn account(&mut self, by: &Program, now: Instant) -> Option<&mut Account> {
        let (uid, name) = (by.uid?, by.name());
        let is_known = self
            .programs
            .get(&uid)
            .is_some_and(|programs| programs.contains_key(name));
        if !is_known {
            self.make_room(now);
            let account = Account {
                even_at: now,
                noted_at: None,
            };
            let programs = self.programs.entry(uid).or_default();
            programs.insert(name.to_owned(), account);
        }
        self.programs.get_mut(&uid)?.get_mut(name)
    }

    fn make_room(&mut self, now: Instant) {
        let known: usize = self.programs.values().map(HashMap::len).sum();
        if known < MOST {
            return;
        }
        for programs in self.programs.values_mut() {
            programs.retain(|_, account| account.even_at > now);
        }
        self.programs.retain(|_, programs| !programs.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::model::event::Purpose;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn program(uid: Option<u32>, executable: &str) -> Program {
        Program {
            uid,
            executable: Some(executable.to_owned()),
            ..Program::default()
        }
    }

    fn take(handouts: &mut Handouts, by: &Program, now: Instant) -> Option<u64> {
        match handouts.check(by, now) {
            Ok(()) => {
                handouts.count(by, now);
                None
            }
            Err(too_many) => Some(too_many.wait_secs),
        }
    }

    #[test]
    fn a_program_gets_an_hours_tokens_at_once_and_then_one_as_often_as_they_come_in() {
        let mut handouts = Handouts::new(60);
        let (loop_, other) = (
            program(Some(7), "/bin/loop"),
            program(Some(7), "/bin/other"),
        );
        let start = Instant::now();
        for _ in 0..60 {
            assert_eq!(take(&mut handouts, &loop_, start), None);
        }
        assert_eq!(handouts.busiest(start), Some(("/bin/loop".to_owned(), 60)));
        assert_eq!(take(&mut handouts, &loop_, start), Some(60));
        assert_eq!(take(&mut handouts, &other, start), None, "another program");
        let elsewhere = program(Some(8), "/bin/loop");
        assert_eq!(take(&mut handouts, &elsewhere, start), None, "another user");
        let later = start + Duration::from_secs(59);
        assert_eq!(take(&mut handouts, &loop_, later), Some(1));
        let minute = start + Duration::from_secs(60);
        assert_eq!(take(&mut handouts, &loop_, minute), None);
        assert_eq!(take(&mut handouts, &loop_, minute), Some(60));
        let hours = start + Duration::from_secs(7300);
        assert_eq!(handouts.busiest(hours), None, "all is forgotten");
        let had = (0..100).filter(|_| take(&mut handouts, &loop_, hours).is_none());
        assert_eq!(had.count(), 60);
    }

    #[test]
    fn what_the_log_tells_of_counts_as_if_it_had_been_seen() {
        let by = program(Some(7), "/bin/loop");
        let line = |what| {
            let name = "demo/a".parse().ok();
            Activity::new(Timestamp::default(), name, what).by(Some(Arc::new(by.clone())))
        };
        let handed_out = |count| Happening::HandedOut {
            purpose: Purpose::Get,
            count,
        };
        let mut handouts = Handouts::new(60);
        let start = Instant::now();
        handouts.recall(&line(handed_out(1000)), start);
        let half = start + HOUR / 2;
        handouts.recall(&line(handed_out(20)), half);
        assert_eq!(handouts.busiest(half), Some(("/bin/loop".to_owned(), 50)));
        for _ in 0..10 {
            assert_eq!(take(&mut handouts, &by, half), None);
        }
        let limit = words(60);
        handouts.recall(&line(Happening::LimitExceeded { limit }), half);
        let refused = handouts.check(&by, half).unwrap_err();
        assert_eq!((refused.wait_secs, refused.is_news), (60, false));
    }

    #[test]
    fn it_is_noted_once_a_minute() {
        let mut handouts = Handouts::new(1);
        let (by, start) = (program(Some(7), "/bin/loop"), Instant::now());
        handouts.count(&by, start);
        let mut noted = |secs| {
            let refused = handouts.check(&by, start + Duration::from_secs(secs));
            refused.unwrap_err().is_news
        };
        assert_eq!(
            [0, 1, 59, 60, 61].map(&mut noted),
            [true, false, false, true, false]
        );
    }

    #[test]
    fn what_this_process_fetches_for_a_person_is_not_counted() {
        let mut handouts = Handouts::new(1);
        let now = Instant::now();
        for _ in 0..10 {
            assert_eq!(take(&mut handouts, &Program::default(), now), None);
        }
        assert_eq!(handouts.busiest(now), None);
    }

    #[test]
    fn the_accounts_of_programs_that_are_even_make_room() {
        let mut handouts = Handouts::new(1000);
        let start = Instant::now();
        for number in 0..MOST {
            handouts.count(&program(Some(7), &format!("/bin/{number}")), start);
        }
        let later = start + HOUR;
        handouts.count(&program(Some(7), "/bin/new"), later);
        assert_eq!(handouts.programs[&7].len(), 1);
    }

    proptest! {
        #[test]
        fn no_program_ever_gets_more_than_twice_its_share_in_an_hour(
            most in 1..500_u64,
            pauses in proptest::collection::vec(0..20_000_u64, 1..600),
        ) {
            let mut handouts = Handouts::new(most);
            let by = program(Some(7), "/bin/x");
            let mut now = Instant::now();
            let mut had: Vec<Instant> = Vec::new();
            for pause in pauses {
                now += Duration::from_millis(pause);
                match take(&mut handouts, &by, now) {
                    None => had.push(now),
                    Some(wait) => {
                        prop_assert!(wait <= 3600);
                        let then = now + Duration::from_secs(wait);
                        prop_assert!(handouts.check(&by, then).is_ok(), "it was told to wait {}", wait);
                    }
                }
                let lately = had.iter().filter(|at| now.duration_since(**at) < HOUR).count();
                prop_assert!(lately as u64 <= 2 * most);
            }
        }
    }
}
