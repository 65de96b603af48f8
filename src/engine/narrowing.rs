//! Tokens with some of the scopes only (RFC 6749 6): a refresh that leaves the access token there.

use crate::engine::api::Refusal;
use crate::engine::core::Core;
use crate::engine::held::Phase;
use crate::engine::step::{CallerId, Effect, FlightId};
use crate::model::credential::{CredentialId, Standing};
use crate::model::failure::Failure;
use std::sync::Arc;

impl Core {
    /// Begins a refresh for one program alone.
    pub(in crate::engine) fn narrow_asked(
        &mut self,
        caller: CallerId,
        id: CredentialId,
        scopes: Vec<String>,
    ) {
        let Some(held) = self.held.get(&id) else {
            return;
        };
        let profile = &held.profile;
        let name = profile.name.clone();
        let refused = self.withheld(held).or_else(|| match &profile.standing {
            Standing::NeedsLogin { cause } | Standing::Misconfigured { cause } => {
                let failure = cause.clone();
                Some(Refusal::Failed { failure })
            }
            Standing::Revoked { .. } | Standing::Revoking { .. } => Some(Refusal::Revoked { name }),
            Standing::Active if !profile.has_refresh_token => Some(Refusal::CannotRefresh { name }),
            Standing::Active => self.is_leaving.then_some(Refusal::Stopped),
        });
        let is_free =
            matches!(held.phase, Phase::Resting | Phase::Queued(_)) && held.narrow.is_none();
        let refused = refused.or_else(|| {
            (!is_free).then(|| Refusal::Invalid {
                message: format!("{} is being refreshed", held.profile.name),
                hint: "Ask again in a moment.".to_owned(),
            })
        });
        let refused = match refused {
            // It leaves the access token there as old as it is: no schedule asks for that.
            None => match self.spend_allowance(id) {
                Ok(()) => None,
                Err(exceeded) => Some(self.exceeded(caller, id, exceeded)),
            },
            refused => refused,
        };
        if let Some(refusal) = refused {
            return self.refuse(caller, refusal);
        }
        if let Some(held) = self.held.get_mut(&id) {
            held.narrow = Some((caller, scopes));
        }
        self.hasten(id, self.now);
    }

    /// The provider does not narrow like that: nothing was spent, and nothing is wrong with the credential.
    pub(in crate::engine) fn not_narrowed(&mut self, flight: FlightId, failure: Failure) {
        let Some(ended) = self.end(flight) else {
            return;
        };
        let id = ended.id;
        if let Some((caller, _)) = ended.narrow {
            self.refuse(caller, Refusal::Failed { failure });
        }
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        held.phase = Phase::Resting;
        let (generation, profile) = (held.generation, Arc::clone(&held.profile));
        let certain = !held.uncertain;
        self.out.push(Effect::FailSpending {
            id,
            generation,
            profile,
            certain,
        });
        self.plan(id);
        self.after_flight(id);
        self.serve_the_others(id);
    }

    /// Those who waited for an ordinary token meanwhile get their own refresh.
    pub(in crate::engine) fn serve_the_others(&mut self, id: CredentialId) {
        let is_awaited = self
            .held
            .get(&id)
            .is_some_and(|held| !held.callers.is_empty() && held.phase == Phase::Resting);
        if is_awaited {
            self.hasten(id, self.now);
        }
    }
}
