//! An earlier generation of a credential becomes its present one again, with the care of a restore.

use crate::engine::api::{Command, Refusal, Reply};
use crate::engine::condemned::Epoch;
use crate::engine::fact::Fact;
use crate::engine::importing::Waiting;
use crate::engine::link::Asked;
use crate::engine::runner::Runner;
use crate::engine::step::{Input, VaultTrouble};
use crate::engine::vault_thread::{Job, trouble};
use crate::model::credential::{CredentialView, Generation, Profile, Restored, Standing};
use crate::model::event::Happening;
use crate::model::kept::{KeptGeneration, Outlook, Replaced};
use crate::model::name::CredentialName;
use crate::model::program::Program;
use crate::vault::generation::Kept;
use std::sync::Arc;

/// Who wants what back.
#[derive(Debug)]
pub struct PutBackWish {
    /// Of which credential.
    pub name: CredentialName,
    /// The program.
    pub by: Arc<Program>,
    /// Where the answer goes.
    pub reply: Reply<CredentialView>,
    /// When.
    pub asked: Epoch,
}

impl Runner {
    /// Tells which generations of a credential are kept, the newest first.
    pub(in crate::engine) fn generations(
        &mut self,
        name: CredentialName,
        by: Arc<Program>,
        reply: Reply<Vec<KeptGeneration>>,
    ) {
        self.step(Input::Woke);
        let Some(id) = self.core.find(&name) else {
            if self.core.is_loading {
                let command = Command::Generations { name, reply };
                return self.early.push(Asked { by, command });
            }
            return drop(reply.send(Err(self.core.no_such(&name))));
        };
        self.vault.ask(Job::Read(Box::new(move |store| {
            let kept = store.generations(id);
            let told = kept.map(|kept| kept.into_iter().map(|one| one.told).collect());
            drop(reply.send(told.map_err(|error| trouble(&error).refusal())));
        })));
    }

    /// Puts a generation back: that one, else the newest that is kept.
    pub(in crate::engine) fn put_back(
        &mut self,
        name: CredentialName,
        generation: Option<Generation>,
        by: Arc<Program>,
        reply: Reply<CredentialView>,
    ) {
        self.step(Input::Woke);
        if self.core.is_loading {
            let command = Command::PutBack {
                name,
                generation,
                reply,
            };
            return self.early.push(Asked { by, command });
        }
        let Some(id) = self.core.find(&name) else {
            return drop(reply.send(Err(self.core.no_such(&name))));
        };
        let facts = self.facts.clone();
        let asked = self.condemned.epoch();
        self.vault.ask(Job::Read(Box::new(move |store| {
            let kept = store.generations(id);
            let is_it = |one: &Kept| generation.is_none_or(|it| it == one.told.generation);
            let found = kept.map(|kept| kept.into_iter().find(is_it).map(Box::new));
            let _ = facts.blocking_send(Fact::Unkept {
                found: found.map_err(|error| trouble(&error)),
                wish: Box::new(PutBackWish {
                    name,
                    by,
                    reply,
                    asked,
                }),
            });
        })));
    }

    /// Writes what was found as the next generation.
    pub(in crate::engine) fn unkept(
        &mut self,
        found: Result<Option<Box<Kept>>, VaultTrouble>,
        wish: PutBackWish,
    ) {
        let PutBackWish {
            name,
            by,
            reply,
            asked,
        } = wish;
        let (kept, present, over) = match self.settled(&name, found) {
            Ok(settled) => settled,
            Err(refusal) => return drop(reply.send(Err(refusal))),
        };
        let generation = kept.told.generation;
        let profile = as_put_back(&kept, &present, over);
        let now = None;
        let what = Happening::PutBack { generation, now };
        let replaced = Replaced::PutBack;
        let waiting = Waiting {
            by,
            reply,
            what,
            replaced,
            asked,
        };
        self.admit((profile, kept.secret), Some(over), waiting);
    }

    fn settled(
        &self,
        name: &CredentialName,
        found: Result<Option<Box<Kept>>, VaultTrouble>,
    ) -> Result<(Kept, Arc<Profile>, Generation), Refusal> {
        let kept = found.map_err(|trouble| trouble.refusal())?;
        let kept = kept.ok_or_else(|| Refusal::Invalid {
            message: format!("no such generation of {name} is kept"),
            hint: format!("See which are: tokenward vault generations {name}"),
        })?;
        let over = self.core.replaceable(name)?;
        let present = self.core.profile(name).map(Arc::clone);
        let (Some(over), Some(present)) = (over, present) else {
            return Err(self.core.no_such(name));
        };
        if present.standing.is_revoked() {
            let name = name.clone();
            return Err(Refusal::Revoked { name });
        }
        Ok((*kept, present, over))
    }
}

/// The profile it goes on with: its tokens' own facts, and what belongs to the credential whatever its tokens are.
fn as_put_back(kept: &Kept, present: &Profile, over: Generation) -> Profile {
    let told = &kept.told;
    let behind = over.0.saturating_sub(told.generation.0);
    let brought = |behind| {
        Some(Restored {
            of: told.replaced_at,
            behind,
            put_back: true,
            imported: false,
        })
    };
    let restored = match told.refresh_token {
        Outlook::None | Outlook::Alive => None,
        // The same refresh token as now, with all that is known of it.
        Outlook::Present => present.restored,
        // Sent only when somebody asks, and once: where reuse is detected, it ends the family.
        Outlook::Spent | Outlook::Ended => brought(Some(behind)),
        Outlook::Unknown => brought(None),
    };
    Profile {
        name: present.name.clone(),
        created_at: present.created_at,
        policy: present.policy.clone(),
        attempts: present.attempts.clone(),
        seen_lives: present.seen_lives.clone(),
        asked_at: present.asked_at.clone(),
        last_used_at: present.last_used_at,
        wanted_scopes: present.wanted_scopes.clone(),
        told_end: None,
        standing: Standing::Active,
        last_failure: None,
        failures_in_a_row: 0,
        restored,
        ..kept.profile.clone()
    }
}
