//! What an owner has counted since it began: it only ever grows, locks and all, and tells of nobody.

use crate::clock::{self, Timestamp};
use crate::model::event::Purpose;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The counts; cheap to clone, all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    started_at: Timestamp,
    refreshed: AtomicU64,
    failed: AtomicU64,
    lines_lost: AtomicU64,
    handed_out: Mutex<BTreeMap<Purpose, u64>>,
    socket: Gate,
    port: Gate,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            started_at: clock::now(),
            refreshed: AtomicU64::default(),
            failed: AtomicU64::default(),
            lines_lost: AtomicU64::default(),
            handed_out: Mutex::default(),
            socket: Gate::default(),
            port: Gate::default(),
        }
    }
}

/// Where programs come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// At the agent's socket.
    Socket,
    /// At the loopback port.
    Port,
}

/// What is counted at one side.
#[derive(Debug, Default)]
struct Gate {
    answered: [AtomicU64; 5],
    opened: AtomicU64,
    closed: AtomicU64,
    turned_away: AtomicU64,
}

/// What was counted at one side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Visits {
    /// Answers, by the first figure of their status: 1 to 5.
    pub answered: [u64; 5],
    /// Connections that are open.
    pub open: u64,
    /// Connections that there was no room for.
    pub turned_away: u64,
}

/// A connection that is open as long as this is there.
#[derive(Debug)]
pub struct Visit(Tally, Side);

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.gate(self.1).closed.fetch_add(1, Ordering::Relaxed);
    }
}

impl Tally {
    /// When it began.
    pub fn started_at(&self) -> Timestamp {
        self.0.started_at
    }

    /// Counts refreshes that ended.
    pub fn count_refreshes(&self, refreshed: u64, failed: u64) {
        self.0.refreshed.fetch_add(refreshed, Ordering::Relaxed);
        self.0.failed.fetch_add(failed, Ordering::Relaxed);
    }

    /// Refreshes that succeeded, and those that failed.
    pub fn refreshes(&self) -> (u64, u64) {
        let both = (&self.0.refreshed, &self.0.failed);
        (
            both.0.load(Ordering::Relaxed),
            both.1.load(Ordering::Relaxed),
        )
    }

    /// Counts a line of the activity log that there was no room for.
    pub fn count_lost_line(&self) {
        self.0.lines_lost.fetch_add(1, Ordering::Relaxed);
    }

    /// Lines of the activity log that there was no room for.
    pub fn lost_lines(&self) -> u64 {
        self.0.lines_lost.load(Ordering::Relaxed)
    }

    /// Counts a token that was handed out.
    pub fn count_hand_out(&self, purpose: Purpose) {
        let counts = &self.0.handed_out;
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(purpose).or_default() += 1;
    }

    /// Tokens that were handed out for that.
    pub fn hand_outs(&self, purpose: Purpose) -> u64 {
        let counts = &self.0.handed_out;
        let counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(&purpose).copied().unwrap_or_default()
    }

    /// Counts an answer with that HTTP status.
    pub fn count_answer(&self, side: Side, status: u16) {
        let class = usize::from(status / 100).checked_sub(1);
        let count = class.and_then(|class| self.gate(side).answered.get(class));
        if let Some(count) = count {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a connection for as long as what it gives is there.
    pub fn open(&self, side: Side) -> Visit {
        self.gate(side).opened.fetch_add(1, Ordering::Relaxed);
        Visit(self.clone(), side)
    }

    /// Counts a connection that there is no room for.
    pub fn count_turned_away(&self, side: Side) {
        self.gate(side).turned_away.fetch_add(1, Ordering::Relaxed);
    }

    /// What was counted at that side.
    pub fn visits(&self, side: Side) -> Visits {
        let gate = self.gate(side);
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        // Closed first: a connection that comes and goes in between is not fewer than none.
        let closed = read(&gate.closed);
        Visits {
            answered: gate.answered.each_ref().map(read),
            open: read(&gate.opened).saturating_sub(closed),
            turned_away: read(&gate.turned_away),
        }
    }

    fn gate(&self, side: Side) -> &Gate {
        match side {
            Side::Socket => &self.0.socket,
            Side::Port => &self.0.port,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_counted_where_it_belongs() {
        let tally = Tally::default();
        let clone = tally.clone();
        clone.count_refreshes(2, 1);
        clone.count_lost_line();
        for purpose in [Purpose::Get, Purpose::Git, Purpose::Get] {
            clone.count_hand_out(purpose);
        }
        for status in [200, 204, 404, 503, 99, 600] {
            clone.count_answer(Side::Port, status);
        }
        assert_eq!(tally.refreshes(), (2, 1));
        assert_eq!(tally.lost_lines(), 1);
        let hand_outs = [Purpose::Get, Purpose::Git, Purpose::Exec].map(|it| tally.hand_outs(it));
        assert_eq!(hand_outs, [2, 1, 0]);
        assert_eq!(tally.visits(Side::Port).answered, [0, 2, 0, 1, 1]);
        assert_eq!(tally.visits(Side::Socket), Visits::default());
    }

    #[test]
    fn a_connection_is_open_until_it_ends() {
        let tally = Tally::default();
        let (first, second) = (tally.open(Side::Socket), tally.open(Side::Socket));
        assert_eq!(tally.visits(Side::Socket).open, 2);
        drop(first);
        assert_eq!(tally.visits(Side::Socket).open, 1);
        drop(second);
        assert_eq!(tally.visits(Side::Socket).open, 0);
    }
}
