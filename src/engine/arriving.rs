//! Credentials that come into the core: loaded, found cut off by a crash, or signed in.

use crate::engine::api::Refusal;
use crate::engine::core::Core;
use crate::engine::held::{Held, Phase};
use crate::engine::operations::Begun;
use crate::engine::step::{Answer, CallerId, Effect};
use crate::engine::waiting::Wish;
use crate::model::credential::{CredentialId, Generation, Profile};
use crate::model::event::{Activity, Happening};
use crate::model::name::CredentialName;
use crate::vault::store::{Spending, StoredProfile};
use std::sync::Arc;

impl Core {
    pub(in crate::engine) fn found_open(&mut self, spendings: Vec<Spending>) {
        for spending in spendings {
            self.open.insert(spending.id, spending);
        }
    }

    pub(in crate::engine) fn loaded(&mut self, profiles: Vec<StoredProfile>, total: u64) {
        for stored in profiles {
            // Signed in while the rest was being loaded: what is here is newer.
            if !self.held.contains_key(&stored.id) {
                self.admit(stored);
            }
        }
        let loaded = self.held.len() as u64;
        self.out.push(Effect::Progress {
            loaded,
            total: total.max(loaded),
        });
        self.ask_again();
    }

    pub(in crate::engine) fn load_ended(&mut self, unreadable: u64) {
        self.is_loading = false;
        self.unreadable = unreadable;
        self.open.clear();
        let loaded = self.held.len() as u64;
        self.out.push(Effect::Progress {
            loaded,
            total: loaded,
        });
        if !self.settings.is_for_a_moment {
            let credentials = loaded;
            self.happened(None, Happening::EngineStarted { credentials });
        }
        if unreadable > 0 {
            let credentials = unreadable;
            self.happened(None, Happening::Unreadable { credentials });
        }
        self.ask_again();
    }

    /// Takes up what was asked before its credential was loaded.
    fn ask_again(&mut self) {
        for input in std::mem::take(&mut self.parked) {
            self.operation = self.operation_of(&input);
            self.take(input);
        }
        self.operation = None;
    }

    fn admit(&mut self, stored: StoredProfile) {
        let id = stored.id;
        let host = self.queue.host(&stored.profile.host);
        let name = stored.profile.name.clone();
        let mut held = Held::new(id, stored.generation, Arc::new(stored.profile), host);
        let cut_off = self
            .open
            .remove(&id)
            .filter(|spending| spending.generation == stored.generation);
        held.uncertain = cut_off.is_some();
        // The list is asked for when the loading moves on: no event for each.
        held.told = Some(held.health(None, self.now).kind());
        self.held.insert(id, held);
        self.names.insert(name.clone(), id);
        if let Some(spending) = cut_off {
            let generation = spending.generation;
            self.happened(Some(name), Happening::Recovered { generation });
        }
        self.plan(id);
        if let Some(held) = self.held.get_mut(&id) {
            held.told = Some(held.health(None, self.now).kind());
        }
        self.settle(id);
    }

    pub(in crate::engine) fn signed_in(
        &mut self,
        id: CredentialId,
        generation: Generation,
        profile: Profile,
        begun: Option<Begun>,
    ) {
        let (name, what) = (profile.name.clone(), Happening::SignedIn { generation });
        let operation = begun.as_ref().map(|begun| begun.operation);
        let line = Activity::new(self.now, Some(name.clone()), what)
            .within(operation.or(self.operation))
            .by(begun.map(|begun| begun.by));
        self.out.push(Effect::Happened(line));
        // A person made it new: a wish to revoke what was there before is not about it.
        for revoker in self
            .put_in_place(id, generation, profile)
            .unwrap_or_default()
        {
            self.refuse(revoker, superseded(&name));
        }
        self.serve_signed_in(id);
        self.settle_and_tell(id);
    }

    /// Takes up what came from elsewhere or from the past; what was to be revoked there is to be, whichever tokens it has.
    pub(in crate::engine) fn arrived(
        &mut self,
        id: CredentialId,
        generation: Generation,
        profile: Profile,
    ) {
        match self.put_in_place(id, generation, profile) {
            Some(revokers) => {
                if let Some(held) = self.held.get_mut(&id) {
                    held.revokers = revokers;
                }
                self.pursue(id);
            }
            None => {
                self.serve_signed_in(id);
                self.settle_and_tell(id);
            }
        }
    }

    /// Puts what is on disk in the place of what it was before; if that was to be revoked, says who waits for it.
    fn put_in_place(
        &mut self,
        id: CredentialId,
        generation: Generation,
        profile: Profile,
    ) -> Option<Vec<CallerId>> {
        let (name, host) = (profile.name.clone(), self.queue.host(&profile.host));
        self.unqueue(id);
        let old = self.held.remove(&id);
        let mut held = Held::new(id, generation, Arc::new(profile), host);
        let mut revokers = None;
        if let Some(old) = old {
            if let Some(alarm) = old.alarm {
                self.alarms.remove(&(alarm, id));
            }
            self.chores.forget(id, old.retell_at, old.foretell_at);
            self.failing.remove(&(old.host, id));
            // A flight of the old family goes on; its answer is dropped because nobody waits for it here any more.
            revokers = old.revoke_at().map(|_| old.revokers.clone());
            held.callers = old.callers;
        }
        held.phase = Phase::Resting;
        self.held.insert(id, held);
        self.names.insert(name.clone(), id);
        self.open.remove(&id);
        self.out.push(Effect::Withdraw(name));
        self.plan(id);
        revokers
    }

    /// Whoever waited for a refresh gets the tokens of the sign-in.
    fn serve_signed_in(&mut self, id: CredentialId) {
        for (caller, waiter) in self.take_callers(id) {
            match (waiter.wish, self.view(id, self.now)) {
                (Wish::Rotation, Some(view)) => self.answer(caller, Answer::View(Box::new(view))),
                (Wish::Token | Wish::Rotation, _) => self.answer(caller, Answer::Token(id)),
            }
        }
    }
}

/// Why a revocation that was asked for before a new sign-in is not carried out on the new tokens.
fn superseded(name: &CredentialName) -> Refusal {
    Refusal::Invalid {
        message: format!("somebody signed in to {name} again while it was to be revoked"),
        hint: "Revoke it again: that ends the new sign-in, and what is kept of the one before."
            .to_owned(),
    }
}
