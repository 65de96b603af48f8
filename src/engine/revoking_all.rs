//! Revokes everything at once: nothing is handed out from the first moment, and who asked hears of each.

use crate::engine::api::{Command, FateOf, Refusal, Reply};
use crate::engine::callers::Caller;
use crate::engine::core::Core;
use crate::engine::link::Asked;
use crate::engine::runner::Runner;
use crate::engine::step::Input;
use crate::model::credential::Standing;
use crate::model::event::Act;
use crate::model::inquiry::Liveness;
use crate::model::name::{CredentialName, NameError};
use crate::model::parcel::ParcelView;
use crate::model::program::Program;
use std::sync::Arc;
use tokio::sync::oneshot;

impl Core {
    /// The credentials that are not known to be dead.
    pub fn unrevoked(&self) -> Vec<CredentialName> {
        let held = self.held.values();
        let living = held.filter(|held| match held.profile.standing {
            Standing::Revoked { proof, .. } => proof == Liveness::Alive,
            Standing::Active
            | Standing::NeedsLogin { .. }
            | Standing::Misconfigured { .. }
            | Standing::Revoking { .. } => true,
        });
        living.map(|held| held.profile.name.clone()).collect()
    }
}

impl Runner {
    /// Has all of them withdrawn before anything else is taken in, then waits beside the engine for what becomes of each.
    pub(in crate::engine) fn revoke_all(&mut self, by: Arc<Program>, reply: Reply<Vec<FateOf>>) {
        if self.core.is_loading {
            let command = Command::RevokeAll { reply };
            return self.early.push(Asked { by, command });
        }
        let operation = self.operations.begin();
        self.note_act(Act::RevokeAll, None, operation, Arc::clone(&by));
        // What a person began meanwhile would bring new tokens; what is being written comes all the same.
        self.sessions.cancel_all();
        let coming = self.sessions.coming();
        let arrivals = self.condemned.all(coming.into_iter());
        let mut waiting = Vec::new();
        for name in self.core.unrevoked() {
            let (reply, answer) = oneshot::channel();
            let caller = self.callers.add(Caller::Revoke(reply));
            let input = Input::RevokeAsked {
                caller,
                name: name.clone(),
                within: Some(operation),
            };
            self.step(input);
            waiting.push((name, answer));
        }
        let inbox = self.end_inbox(&by);
        tokio::spawn(async move {
            for arrival in arrivals {
                waiting.extend(arrival.await);
            }
            let mut fates = Vec::new();
            for (name, answer) in waiting {
                let outcome = answer.await.unwrap_or(Err(Refusal::Stopped));
                fates.push(FateOf::new(name, outcome));
            }
            for (parcel, answer) in inbox.await.unwrap_or_default() {
                let fate = answer.await.unwrap_or(Err(Refusal::Stopped));
                fates.extend(fate.or_else(|refusal| not_ended(&parcel, refusal)));
            }
            fates.sort_by(|a, b| a.name.cmp(&b.name));
            // What was revoked while it was written anew was asked for twice.
            fates.dedup();
            drop(reply.send(Ok(fates)));
        });
    }
}

/// What is told of something in the inbox that stays there.
fn not_ended(parcel: &ParcelView, refusal: Refusal) -> Result<FateOf, NameError> {
    Ok(FateOf {
        item: Some(parcel.id),
        ..FateOf::new(parcel.name()?, Err(refusal))
    })
}
