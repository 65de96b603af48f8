//! Revokes everything at once: nothing is handed out from the first moment, and who asked hears of each.

use crate::engine::api::{Command, Fate, FateOf, Refusal, Reply};
use crate::engine::callers::Caller;
use crate::engine::core::Core;
use crate::engine::link::Asked;
use crate::engine::runner::Runner;
use crate::engine::step::Input;
use crate::model::credential::Standing;
use crate::model::event::Act;
use crate::model::inquiry::Liveness;
use crate::model::name::CredentialName;
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
        self.note_act(Act::RevokeAll, None, None, by);
        // What a person began meanwhile would bring new tokens.
        self.sessions.give_all_up();
        let mut waiting = Vec::new();
        for name in self.core.unrevoked() {
            let (reply, answer) = oneshot::channel();
            let caller = self.callers.add(Caller::Revoke(reply));
            let input = Input::RevokeAsked {
                caller,
                name: name.clone(),
            };
            self.step(input);
            waiting.push((name, answer));
        }
        tokio::spawn(async move {
            let mut fates = Vec::new();
            for (name, answer) in waiting {
                let fate = match answer.await.unwrap_or(Err(Refusal::Stopped)) {
                    Ok(outcome) => Fate::Revoked(outcome),
                    Err(refusal) => Fate::Refused(refusal),
                };
                fates.push(FateOf { name, fate });
            }
            fates.sort_by(|a, b| a.name.cmp(&b.name));
            drop(reply.send(Ok(fates)));
        });
    }
}
