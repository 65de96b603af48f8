//! Which operation a fact belongs to: a question is one, and so is the refresh that nobody asked for.

use crate::engine::core::Core;
use crate::engine::step::{CallerId, FlightId, Input};
use crate::model::credential::CredentialId;
use crate::model::operation::OperationId;

/// Keeps the numbers of callers and of refreshes apart.
const CALLER: u64 = 1;
const FLIGHT: u64 = 2;

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

    /// A question and all that comes of it.
    pub fn operation_of_caller(&self, caller: CallerId) -> OperationId {
        OperationId::derive(self.settings.seed, CALLER, caller.0)
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
