//! Refreshes that are due: the most urgent first, within the caps in all and for each host, around pauses.

use crate::clock::Timestamp;
use crate::model::credential::CredentialId;
use std::collections::{BTreeMap, BTreeSet};

/// A host's number within one engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostId(usize);

/// What is due first: the lower, the more urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Urgency {
    /// The kind of urgency.
    pub rank: Rank,
    /// Among equals the one that expires first.
    pub expires: Timestamp,
}

/// Kinds of urgency, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Expired, and somebody waits.
    ExpiredAndAwaited,
    /// Somebody waits.
    Awaited,
    /// Expired.
    Expired,
    /// Due by plan.
    Due,
}

/// One credential's place in the queue.
type Place = (Urgency, CredentialId);

#[derive(Debug, Default)]
struct Host {
    in_flight: usize,
    paused_until: Option<Timestamp>,
    waiting: BTreeSet<Place>,
}

/// All hosts with what waits for each.
#[derive(Debug)]
pub struct Queue {
    names: BTreeMap<String, HostId>,
    hosts: Vec<Host>,
    /// The most urgent place of every host that may be called now.
    heads: BTreeSet<(Place, HostId)>,
    pauses: BTreeSet<(Timestamp, HostId)>,
    in_flight: usize,
    waiting: usize,
    cap: usize,
    host_cap: usize,
}

impl Queue {
    /// An empty queue with its caps; a cap of nought would stop everything and counts as one.
    pub fn new(cap: usize, host_cap: usize) -> Self {
        Self {
            names: BTreeMap::new(),
            hosts: Vec::new(),
            heads: BTreeSet::new(),
            pauses: BTreeSet::new(),
            in_flight: 0,
            waiting: 0,
            cap: cap.max(1),
            host_cap: host_cap.max(1),
        }
    }

    /// Changes the caps; what is in flight beyond a smaller one ends in its own time.
    pub fn set_caps(&mut self, cap: usize, host_cap: usize) {
        self.cap = cap.max(1);
        self.host_cap = host_cap.max(1);
        let (hosts, host_cap) = (self.hosts.iter().enumerate(), self.host_cap);
        let heads = hosts.filter_map(|(at, host)| Some((head(host, host_cap)?, HostId(at))));
        self.heads = heads.collect();
    }

    /// The number of a host, given at its first mention.
    pub fn host(&mut self, name: &str) -> HostId {
        if let Some(id) = self.names.get(name) {
            return *id;
        }
        let id = HostId(self.hosts.len());
        self.hosts.push(Host::default());
        self.names.insert(name.to_owned(), id);
        id
    }

    /// Refreshes under way.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// The host with the most refreshes under way, with how many.
    pub fn busiest(&self) -> Option<(&str, usize)> {
        let hosts = self.names.iter();
        let counts = hosts.map(|(name, id)| (name.as_str(), self.hosts[id.0].in_flight));
        let busy = counts.filter(|(_, count)| *count > 0);
        busy.max_by_key(|(_, count)| *count)
    }

    /// All hosts, with the end of each one's pause, which may be over.
    pub fn pauses(&self) -> impl Iterator<Item = (&str, HostId, Option<Timestamp>)> {
        let names = self.names.iter();
        names.map(|(name, id)| (name.as_str(), *id, self.hosts[id.0].paused_until))
    }

    /// The name of a host.
    pub fn name(&self, host: HostId) -> Option<&str> {
        let mut names = self.names.iter();
        names
            .find(|(_, id)| **id == host)
            .map(|(name, _)| name.as_str())
    }

    /// Refreshes that wait for a place.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Until when a host must not be called.
    pub fn paused_until(&self, host: HostId) -> Option<Timestamp> {
        self.hosts[host.0].paused_until
    }

    /// Puts a credential into its host's queue.
    pub fn push(&mut self, host: HostId, urgency: Urgency, id: CredentialId) {
        self.change(host, |it| it.waiting.insert((urgency, id)));
        self.waiting += 1;
    }

    /// Takes a credential out of its host's queue.
    pub fn remove(&mut self, host: HostId, urgency: Urgency, id: CredentialId) {
        self.change(host, |it| it.waiting.remove(&(urgency, id)));
        self.waiting -= 1;
    }

    /// Takes the most urgent credential whose host may be called; its place is taken until [`Queue::release`].
    pub fn start_next(&mut self) -> Option<CredentialId> {
        if self.in_flight >= self.cap {
            return None;
        }
        let (place, host) = *self.heads.first()?;
        self.change(host, |it| {
            it.waiting.remove(&place);
            it.in_flight += 1;
        });
        self.waiting -= 1;
        self.in_flight += 1;
        Some(place.1)
    }

    /// Gives a place back.
    pub fn release(&mut self, host: HostId) {
        self.change(host, |it| it.in_flight -= 1);
        self.in_flight -= 1;
    }

    /// Keeps everything away from a host until then; a later end wins.
    pub fn pause(&mut self, host: HostId, until: Timestamp) {
        let now_until = self.hosts[host.0].paused_until;
        if now_until.is_some_and(|end| end >= until) {
            return;
        }
        if let Some(end) = now_until {
            self.pauses.remove(&(end, host));
        }
        self.pauses.insert((until, host));
        self.change(host, |it| it.paused_until = Some(until));
    }

    /// Ends the pauses that are over.
    pub fn wake(&mut self, now: Timestamp) {
        while let Some(&(end, host)) = self.pauses.first().filter(|(end, _)| *end <= now) {
            self.pauses.remove(&(end, host));
            self.change(host, |it| it.paused_until = None);
        }
    }

    /// Moves every pause by that many milliseconds: the clock was set.
    pub fn shift(&mut self, by_ms: i64) {
        for (end, host) in std::mem::take(&mut self.pauses) {
            let moved = Timestamp::from_millis(end.as_millis().saturating_add(by_ms));
            self.pauses.insert((moved, host));
            self.hosts[host.0].paused_until = Some(moved);
        }
    }

    /// When the first pause ends.
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.pauses.first().map(|(end, _)| *end)
    }

    /// Changes a host and keeps `heads` true.
    fn change<T>(&mut self, host: HostId, change: impl FnOnce(&mut Host) -> T) {
        let it = &mut self.hosts[host.0];
        if let Some(head) = head(it, self.host_cap) {
            self.heads.remove(&(head, host));
        }
        change(it);
        if let Some(head) = head(it, self.host_cap) {
            self.heads.insert((head, host));
        }
    }
}

fn head(host: &Host, cap: usize) -> Option<Place> {
    (host.paused_until.is_none() && host.in_flight < cap)
        .then(|| host.waiting.first().copied())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn urgency(rank: Rank, secs: i64) -> Urgency {
        Urgency {
            rank,
            expires: at(secs),
        }
    }

    #[test]
    fn the_most_urgent_goes_first_whatever_its_host() {
        let mut queue = Queue::new(10, 10);
        let (a, b) = (queue.host("a"), queue.host("b"));
        queue.push(a, urgency(Rank::Due, 5), CredentialId(1));
        queue.push(b, urgency(Rank::Expired, 9), CredentialId(2));
        queue.push(a, urgency(Rank::Expired, 7), CredentialId(3));
        queue.push(b, urgency(Rank::ExpiredAndAwaited, 8), CredentialId(4));
        let order: Vec<_> = std::iter::from_fn(|| queue.start_next())
            .map(|id| id.0)
            .collect();
        assert_eq!(order, [4, 3, 2, 1]);
    }

    #[test]
    fn caps_hold_in_all_and_for_each_host() {
        let mut queue = Queue::new(3, 2);
        let (a, b) = (queue.host("a"), queue.host("b"));
        for id in 0..4 {
            queue.push(a, urgency(Rank::Due, id), CredentialId(id));
            queue.push(b, urgency(Rank::Due, 10 + id), CredentialId(10 + id));
        }
        let started: Vec<_> = std::iter::from_fn(|| queue.start_next())
            .map(|id| id.0)
            .collect();
        assert_eq!(started, [0, 1, 10]);
        queue.release(a);
        assert_eq!(queue.start_next(), Some(CredentialId(2)));
        assert_eq!((queue.in_flight(), queue.waiting()), (3, 4));
    }

    #[test]
    fn a_cap_that_is_changed_counts_from_then_on() {
        let mut queue = Queue::new(10, 1);
        let host = queue.host("a");
        for id in 0..5 {
            queue.push(host, urgency(Rank::Due, id), CredentialId(id));
        }
        assert!(queue.start_next().is_some());
        assert_eq!(queue.start_next(), None);
        queue.set_caps(2, 3);
        assert_eq!(queue.start_next(), Some(CredentialId(1)));
        assert_eq!(queue.start_next(), None, "two in all");
        queue.set_caps(10, 1);
        queue.release(host);
        assert_eq!(queue.start_next(), None, "one is still in flight");
        queue.release(host);
        assert_eq!(queue.start_next(), Some(CredentialId(2)));
    }

    #[test]
    fn a_paused_host_waits_and_the_others_go_on() {
        let mut queue = Queue::new(10, 10);
        let (a, b) = (queue.host("a"), queue.host("b"));
        queue.push(a, urgency(Rank::Expired, 1), CredentialId(1));
        queue.push(b, urgency(Rank::Due, 2), CredentialId(2));
        queue.pause(a, at(100));
        queue.pause(a, at(50));
        assert_eq!(queue.start_next(), Some(CredentialId(2)));
        assert_eq!(queue.start_next(), None);
        assert_eq!(queue.next_wake(), Some(at(100)));
        queue.wake(at(100));
        assert_eq!(queue.start_next(), Some(CredentialId(1)));
    }

    #[test]
    fn of_two_pauses_the_one_that_ends_later_counts() {
        for pauses in [[50, 100], [100, 50]] {
            let mut queue = Queue::new(10, 10);
            let host = queue.host("a");
            for end in pauses {
                queue.pause(host, at(end));
            }
            queue.wake(at(50));
            assert_eq!(queue.paused_until(host), Some(at(100)));
            queue.wake(at(100));
            assert_eq!(queue.paused_until(host), None);
        }
    }
}
