//! Which operation a fact belongs to: a question is one, and so is the refresh that nobody asked for.
//!
//! What the shell does without the core has its own numbers.

use crate::engine::core::Core;
use crate::engine::step::{CallerId, FlightId, Input};
use crate::model::credential::CredentialId;
use crate::model::name::CredentialName;
use crate::model::operation::OperationId;
use crate::model::program::Program;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Keeps the numbers of callers, of refreshes and of what the shell does by itself apart.
const CALLER: u64 = 1;
const FLIGHT: u64 = 2;
const SHELL: u64 = 3;

/// The numbers of what the shell does without the core.
#[derive(Debug)]
pub struct Operations {
    seed: u64,
    last: AtomicU64,
}

impl Operations {
    /// None yet, in an engine that drew `seed` at its start.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            last: AtomicU64::new(0),
        }
    }

    /// A new one.
    pub fn begin(&self) -> OperationId {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        OperationId::derive(self.seed, SHELL, number)
    }
}

/// How something began whose end comes much later: a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// What all its lines belong to.
    pub operation: OperationId,
    /// Who began it.
    pub by: Arc<Program>,
    /// At which provider.
    pub provider: String,
    /// For which credential, where that was said.
    pub name: Option<CredentialName>,
}

impl Core {
    /// What a fact belongs to, if to anything.
    pub(in crate::engine) fn operation_of(&self, input: &Input) -> Option<OperationId> {
        if let Some((caller, _)) = input.question() {
            return Some(self.operation_of_caller(caller));
        }
        if let Some(flight) = input.flight() {
            return self.flights.get(&flight).map(|it| it.operation);
        }
        match input {
            Input::RevokeEnded { id, .. } => {
                let revoker = self.held.get(id)?.revokers.first()?;
                Some(self.operation_of_caller(*revoker))
            }
            Input::RemoveEnded { caller, .. } => Some(self.operation_of_caller((*caller)?)),
            _ => None,
        }
    }

    /// Remembers that a question is part of a greater one.
    pub(in crate::engine) fn tie(&mut self, input: &Input) {
        if let Input::RevokeAsked {
            caller,
            within: Some(operation),
            ..
        } = input
        {
            self.tied.insert(*caller, *operation);
        }
    }

    /// A question and all that comes of it.
    pub fn operation_of_caller(&self, caller: CallerId) -> OperationId {
        let own = || OperationId::derive(self.settings.seed, CALLER, caller.0);
        self.tied.get(&caller).copied().unwrap_or_else(own)
    }

    /// A refresh: the question that caused it, or its own.
    pub(in crate::engine) fn operation_of_flight(
        &self,
        flight: FlightId,
        id: CredentialId,
    ) -> OperationId {
        let asker = self.held.get(&id).and_then(|held| held.callers.first());
        asker.map_or_else(
            || OperationId::derive(self.settings.seed, FLIGHT, flight.0),
            |caller| self.operation_of_caller(*caller),
        )
    }
}
