//! What callers may cost a provider beyond the schedule: refreshes an hour, of a credential and at a host.
//!
//! A refresh that its own lifetime schedules is never counted, and never held up.

use crate::clock::Timestamp;
use crate::engine::api::Refusal;
use crate::engine::core::Core;
use crate::engine::held::Held;
use crate::engine::plan;
use crate::engine::queue::HostId;
use crate::engine::step::{CallerId, Effect};
use crate::model::credential::CredentialId;
use crate::model::event::{Activity, Happening};
use crate::model::limit::{Limit, LimitUse};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// The span that is counted over.
const HOUR: Duration = Duration::from_secs(3600);

/// What was asked for of each host lately.
#[derive(Debug, Default)]
pub struct Allowance {
    hosts: BTreeMap<HostId, VecDeque<Timestamp>>,
}

/// A limit that stands against one more refresh.
#[derive(Debug)]
pub struct Exceeded {
    limit: String,
    most: u64,
    wait: Duration,
}

impl Allowance {
    /// What was asked of a host lately.
    pub(in crate::engine) fn asked_of(&self, host: HostId) -> Option<&VecDeque<Timestamp>> {
        self.hosts.get(&host)
    }

    /// Goes on with what an earlier one knew of a host.
    pub(in crate::engine) fn take_up(&mut self, host: HostId, asked: VecDeque<Timestamp>) {
        self.hosts.insert(host, asked);
    }
}

impl Core {
    /// When its own lifetime has the next attempt made for whoever asks; `None`: that needs a wish, and is counted.
    pub(in crate::engine) fn scheduled_at(&self, held: &Held) -> Option<Timestamp> {
        // What a person has to mend is tried because somebody wishes it, however long the access token is over.
        if !held.is_active() || held.profile.is_overtaken() {
            return None;
        }
        match (held.retry_at, held.failed_at) {
            (Some(retry), _) => Some(retry),
            (None, Some(failed)) => {
                let failures = held.profile.failures_in_a_row;
                let pause = plan::backoff(failures, None, &self.settings.limits, self.salt(held));
                Some(failed.plus(pause))
            }
            (None, None) => [held.planned, held.profile.expires_at]
                .into_iter()
                .flatten()
                .min(),
        }
    }

    /// Takes one of the refreshes that may be asked for now, or says which limit stands against it and how long.
    pub(in crate::engine) fn spend_allowance(&mut self, id: CredentialId) -> Result<(), Exceeded> {
        let Some(held) = self.held.get(&id) else {
            return Ok(());
        };
        let host = held.host;
        let limits = &self.settings.limits;
        let own = held.profile.asked_at.iter().copied();
        let own = wait(own, limits.asked_per_hour, self.now);
        let asked = self.allowance.hosts.entry(host).or_default();
        asked.retain(|at| is_of_the_hour(*at, self.now));
        let of_host = wait(asked.iter().copied(), limits.asked_per_host_hour, self.now);
        let refused = match (own, of_host) {
            (Some(wait), _) => Some((
                wait,
                limits.asked_per_hour,
                format!(
                    "{} refreshes of a credential an hour beyond its schedule",
                    limits.asked_per_hour
                ),
            )),
            (None, Some(wait)) => Some((
                wait,
                limits.asked_per_host_hour,
                format!(
                    "{} refreshes at {} an hour beyond the schedule",
                    limits.asked_per_host_hour, held.profile.host
                ),
            )),
            (None, None) => None,
        };
        if let Some((wait, most, limit)) = refused {
            return Err(Exceeded { limit, most, wait });
        }
        asked.push_back(self.now);
        if let Some(held) = self.held.get_mut(&id) {
            let profile = Arc::make_mut(&mut held.profile);
            profile.asked_at.retain(|at| is_of_the_hour(*at, self.now));
            profile.asked_at.push(self.now);
        }
        self.mark_dirty(id);
        Ok(())
    }

    /// Notes that a limit was run into, and says it to whoever did.
    pub(in crate::engine) fn exceeded(
        &mut self,
        caller: CallerId,
        id: CredentialId,
        by: Exceeded,
    ) -> Refusal {
        if let Some(held) = self.held.get(&id) {
            let limit = by.limit.clone();
            let what = Happening::LimitExceeded { limit };
            let line = Activity::new(self.now, Some(held.profile.name.clone()), what);
            let line = line.within(self.operation);
            self.out.push(Effect::Exceeded { caller, line });
        }
        let secs = by.wait.as_millis().div_ceil(1000);
        Refusal::LimitExceeded {
            limit: by.limit,
            most: by.most,
            wait_secs: secs.try_into().unwrap_or(u64::MAX),
        }
    }

    /// The engine's limits, with what is used of each now.
    pub fn limits(&self, now: Timestamp) -> Vec<LimitUse> {
        let limits = &self.settings.limits;
        let host = self.queue.busiest();
        let (credential, asked) = self.most_asked(now);
        let (asked_host, host_asked) = self.most_asked_host(now);
        let one = |limit, most: usize, used: usize, by: Option<&str>| LimitUse {
            limit,
            most: most as u64,
            used: used as u64,
            by: by.map(str::to_owned),
        };
        let hourly = |limit, most, used: usize, by: Option<&str>| LimitUse {
            most,
            ..one(limit, 0, used, by)
        };
        let (in_flight, _) = self.load();
        vec![
            one(Limit::InFlight, limits.in_flight, in_flight, None),
            one(
                Limit::InFlightPerHost,
                limits.in_flight_per_host,
                host.map_or(0, |(_, count)| count),
                host.map(|(name, _)| name),
            ),
            hourly(
                Limit::AskedRefreshesPerHour,
                limits.asked_per_hour,
                asked,
                credential,
            ),
            hourly(
                Limit::AskedRefreshesPerHostHour,
                limits.asked_per_host_hour,
                host_asked,
                asked_host,
            ),
            one(
                Limit::UpkeepAtOnce,
                limits.upkeep_at_once,
                self.chores.upkeep.running(),
                None,
            ),
        ]
    }

    /// The credential that was asked for most often in the last hour.
    fn most_asked(&self, now: Timestamp) -> (Option<&str>, usize) {
        let all = self.held.values().map(|held| {
            let asked = held.profile.asked_at.iter();
            let count = asked.filter(|at| is_of_the_hour(**at, now)).count();
            (held.profile.name.as_str(), count)
        });
        named(all)
    }

    fn most_asked_host(&self, now: Timestamp) -> (Option<&str>, usize) {
        let all = self.allowance.hosts.iter().filter_map(|(host, asked)| {
            let count = asked.iter().filter(|at| is_of_the_hour(**at, now)).count();
            Some((self.queue.name(*host)?, count))
        });
        named(all)
    }
}

fn named<'a>(all: impl Iterator<Item = (&'a str, usize)>) -> (Option<&'a str>, usize) {
    let used = all.filter(|(_, count)| *count > 0);
    let most = used.max_by_key(|(_, count)| *count);
    most.map_or((None, 0), |(name, count)| (Some(name), count))
}

/// Whether it was in the last hour. What is still to come was noted before the clock was set back, and keeps nobody out.
fn is_of_the_hour(at: Timestamp, now: Timestamp) -> bool {
    at > now.minus(HOUR) && at <= now
}

/// How long to wait until one more is within `most` an hour; `None`: it is now.
fn wait(asked: impl Iterator<Item = Timestamp>, most: u64, now: Timestamp) -> Option<Duration> {
    let since = now.minus(HOUR);
    let recent: Vec<Timestamp> = asked.filter(|at| is_of_the_hour(*at, now)).collect();
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let frees = recent.len().checked_sub(most)?;
    // With none allowed at all, nothing ever frees a place.
    Some(recent.get(frees).map_or(HOUR, |at| since.until(*at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_when_the_oldest_that_counts_is_an_hour_old() {
        let at = |secs: i64| Timestamp::from_secs(10_000 + secs);
        let asked = [at(-1), at(0), at(10), at(20)];
        let now = at(0).plus(HOUR);
        let waits = |most| wait(asked.iter().copied(), most, now);
        assert_eq!(waits(3), None, "two count");
        assert_eq!(waits(2), Some(Duration::from_secs(10)));
        assert_eq!(waits(1), Some(Duration::from_secs(20)));
        assert_eq!(waits(0), Some(HOUR));
    }

    #[test]
    fn what_was_asked_for_before_the_clock_was_set_back_keeps_nobody_out() {
        let now = Timestamp::from_secs(100_000);
        let asked = [86_400, 7200, 1].map(|secs| now.plus(Duration::from_secs(secs)));
        assert_eq!(wait(asked.into_iter(), 1, now), None);
        let with_one = asked.into_iter().chain([now]);
        assert_eq!(wait(with_one, 1, now), Some(HOUR));
    }
}
