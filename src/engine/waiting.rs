//! Callers that wait for a refresh, each up to its own limit.

use crate::clock::Timestamp;
use crate::engine::step::CallerId;
use crate::model::credential::CredentialId;
use std::collections::{BTreeMap, BTreeSet};

/// What a caller waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// An access token: worth another attempt within the caller's limit.
    Token,
    /// A rotation now: its failure is an answer too.
    Rotation,
}

/// One caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiter {
    /// For which credential.
    pub id: CredentialId,
    /// For what.
    pub wish: Wish,
    /// For how long.
    pub until: Timestamp,
}

/// All callers that wait.
#[derive(Debug, Default)]
pub struct Waiters {
    callers: BTreeMap<CallerId, Waiter>,
    limits: BTreeSet<(Timestamp, CallerId)>,
}

impl Waiters {
    /// Adds a caller.
    pub fn add(&mut self, caller: CallerId, waiter: Waiter) {
        self.limits.insert((waiter.until, caller));
        self.callers.insert(caller, waiter);
    }

    /// One caller.
    pub fn get(&self, caller: CallerId) -> Option<&Waiter> {
        self.callers.get(&caller)
    }

    /// Takes a caller out, to be answered.
    pub fn take(&mut self, caller: CallerId) -> Option<Waiter> {
        let waiter = self.callers.remove(&caller)?;
        self.limits.remove(&(waiter.until, caller));
        Some(waiter)
    }

    /// Takes out one caller whose limit has come.
    pub fn take_late(&mut self, now: Timestamp) -> Option<(CallerId, Waiter)> {
        let (_, caller) = *self.limits.first().filter(|(until, _)| *until <= now)?;
        self.take(caller).map(|waiter| (caller, waiter))
    }

    /// Moves every limit by that many milliseconds: the clock was set, the callers' patience was not.
    pub fn shift(&mut self, by_ms: i64) {
        self.limits.clear();
        for (caller, waiter) in &mut self.callers {
            let moved = waiter.until.as_millis().saturating_add(by_ms);
            waiter.until = Timestamp::from_millis(moved);
            self.limits.insert((waiter.until, *caller));
        }
    }

    /// The first limit.
    pub fn next_limit(&self) -> Option<Timestamp> {
        self.limits.first().map(|(until, _)| *until)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.callers.len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.callers.is_empty()
    }
}
