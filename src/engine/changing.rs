//! What changes of a credential without its tokens: its name, and the scopes that programs miss.

use crate::engine::api::Refusal;
use crate::engine::core::Core;
use crate::engine::held::Phase;
use crate::engine::step::{Answer, CallerId, Effect};
use crate::model::credential::{CredentialId, Generation};
use crate::model::event::Happening;
use crate::model::name::CredentialName;
use std::sync::Arc;

impl Core {
    /// A program needs scopes: those that the grant lacks become one pending item, whoever asks and however often.
    pub(in crate::engine) fn scopes_needed(
        &mut self,
        caller: CallerId,
        id: CredentialId,
        scopes: Vec<String>,
    ) {
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        let granted = &held.profile.scopes;
        let missing: Vec<String> = scopes
            .into_iter()
            .filter(|scope| !granted.contains(scope))
            .collect();
        if missing.is_empty() {
            if let Some(view) = self.view(id, self.now) {
                self.answer(caller, Answer::View(Box::new(view)));
            }
            return;
        }
        let mut wanted = held.profile.wanted_scopes.clone();
        wanted.extend(missing.iter().cloned());
        wanted.sort();
        wanted.dedup();
        let name = held.profile.name.clone();
        let all = granted.iter().chain(&wanted).cloned().collect();
        if wanted != held.profile.wanted_scopes {
            Arc::make_mut(&mut held.profile).wanted_scopes = wanted;
            let scopes = missing.clone();
            self.happened(Some(name.clone()), Happening::ScopesMissed { scopes });
            self.write_soon(id);
        }
        let refusal = Refusal::MissingScopes {
            name,
            missing,
            wanted: all,
        };
        self.refuse(caller, refusal);
    }

    /// Calls a credential otherwise. While its tokens are under way it keeps its name: what is written at their end is
    /// written under the old one.
    pub(in crate::engine) fn rename_asked(
        &mut self,
        caller: CallerId,
        id: CredentialId,
        to: CredentialName,
    ) {
        let refuse = |core: &mut Self, message: String, hint: &str| {
            let hint = hint.to_owned();
            core.refuse(caller, Refusal::Invalid { message, hint });
        };
        let is_taken = self.names.get(&to).is_some_and(|other| *other != id);
        if is_taken {
            return refuse(
                self,
                format!("there is a credential named {to} already"),
                "Choose another name, or remove that one first.",
            );
        }
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        if !matches!(held.phase, Phase::Resting | Phase::Queued(_)) {
            let message = format!("{} is being refreshed or revoked", held.profile.name);
            return refuse(self, message, "Try again in a moment.");
        }
        let from = held.profile.name.clone();
        if from != to {
            Arc::make_mut(&mut held.profile).name = to.clone();
            self.names.remove(&from);
            self.names.insert(to.clone(), id);
            self.out.push(Effect::Withdraw(from.clone()));
            self.out.push(Effect::Gone(from.clone()));
            self.happened(Some(to), Happening::Renamed { from });
            self.write_soon(id);
        }
        if let Some(view) = self.view(id, self.now) {
            self.answer(caller, Answer::View(Box::new(view)));
        }
    }

    /// The access token is of no use any more: it is withdrawn, and a new one fetched if one can be had.
    pub(in crate::engine) fn found_dead(&mut self, id: CredentialId, generation: Generation) {
        let Some(held) = self.held.get(&id) else {
            return;
        };
        if held.generation != generation || !matches!(held.phase, Phase::Resting) {
            return;
        }
        let name = held.profile.name.clone();
        let is_active = held.is_active();
        self.out.push(Effect::Withdraw(name));
        if is_active {
            self.hasten(id, self.now);
            self.settle_and_tell(id);
        }
    }

    /// Writes the profile now, or with the flight that is under way.
    fn write_soon(&mut self, id: CredentialId) {
        let Some(held) = self.held.get(&id) else {
            return;
        };
        if matches!(held.phase, Phase::Flying(_)) {
            self.mark_dirty(id);
        } else {
            let (generation, profile) = (held.generation, Arc::clone(&held.profile));
            self.out.push(Effect::WriteProfile {
                id,
                generation,
                profile,
            });
        }
        self.settle_and_tell(id);
    }
}
