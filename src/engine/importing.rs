//! Credentials that nobody signed in to here: taken in under a free name, or over the one that is there.

use crate::engine::api::{Command, Refusal, Reply};
use crate::engine::condemned::Epoch;
use crate::engine::core::Core;
use crate::engine::fact::Fact;
use crate::engine::hand;
use crate::engine::link::Asked;
use crate::engine::minting::{refresh_host, thumbprint};
use crate::engine::runner::Runner;
use crate::engine::step::{Input, VaultTrouble};
use crate::engine::vault_thread::{Job, trouble};
use crate::model::credential::{CredentialView, Generation, Profile, Restored, Secret};
use crate::model::event::{Activity, Happening};
use crate::model::kept::{Outlook, Replaced};
use crate::model::name::CredentialName;
use crate::model::program::Program;
use crate::model::provider::Rotation;
use crate::vault::error::VaultError;
use crate::vault::store::{Store, Write, Written};
use std::sync::Arc;

/// Who waits for a credential that is being written.
#[derive(Debug)]
pub struct Waiting {
    /// The program.
    pub by: Arc<Program>,
    /// Where the answer goes.
    pub reply: Reply<CredentialView>,
    /// What is told once it is there.
    pub what: Happening,
    /// What is said of the generation it takes the place of.
    pub replaced: Replaced,
    /// When it was asked for.
    pub asked: Epoch,
}

/// Who wants a credential taken in.
#[derive(Debug)]
pub struct ImportWish {
    /// It may take the place of the one of its name.
    replaces: bool,
    /// The program.
    by: Arc<Program>,
    /// Where the answer goes.
    reply: Reply<CredentialView>,
    /// When.
    asked: Epoch,
}

impl Core {
    /// Whether a credential is of that generation and nothing of it is under way.
    pub(in crate::engine) fn is_at(&self, name: &CredentialName, generation: Generation) -> bool {
        let held = self.find(name).and_then(|id| self.held.get(&id));
        held.is_some_and(|held| held.is_at(generation))
    }

    /// Whether a credential here has newer tokens of the same sign-in: they came by another way than this vault's refreshes.
    fn has_newer_of_its_sign_in(&self, profile: &Profile) -> bool {
        let is_newer = |other: &Profile| {
            other.signed_in_at == profile.signed_in_at
                && other.host == profile.host
                && other.client_id == profile.client_id
                && other.issued_at > profile.issued_at
                && other.has_refresh_token
                && other.refresh_fingerprint != profile.refresh_fingerprint
        };
        profile.has_refresh_token && self.held.values().any(|held| is_newer(&held.profile))
    }

    /// The generation that something else may take the place of; `None`: the name is free.
    pub(in crate::engine) fn replaceable(
        &self,
        name: &CredentialName,
    ) -> Result<Option<Generation>, Refusal> {
        let Some(held) = self.find(name).and_then(|id| self.held.get(&id)) else {
            return Ok(None);
        };
        let generation = held.generation;
        if held.is_at(generation) && held.revoke_at().is_none() {
            return Ok(Some(generation));
        }
        Err(Refusal::Invalid {
            message: format!("{name} is being refreshed or revoked"),
            hint: "Try again in a moment.".to_owned(),
        })
    }
}

impl Runner {
    /// Takes a credential in.
    pub(in crate::engine) fn import(
        &mut self,
        (profile, secret): (Box<Profile>, Box<Secret>),
        replaces: bool,
        (by, asked): (Arc<Program>, Epoch),
        reply: Reply<CredentialView>,
    ) {
        self.step(Input::Woke);
        if self.core.is_loading {
            let command = Command::Import {
                profile,
                secret,
                replaces,
                reply,
            };
            return self.early.push(Asked { by, command });
        }
        let facts = self.facts.clone();
        self.vault.ask(Job::Read(Box::new(move |store| {
            let prints = hand::fingerprints(store, &secret);
            let profile = hand::marked(&profile, prints);
            let known = known_here(store, &profile, &secret);
            let wish = ImportWish {
                replaces,
                by,
                reply,
                asked,
            };
            let _ = facts.blocking_send(Fact::Weighed {
                one: (profile, secret),
                known: known.map_err(|error| trouble(&error)),
                wish: Box::new(wish),
            });
        })));
    }

    /// Writes what was looked up, marked as what it is.
    pub(in crate::engine) fn weighed(
        &mut self,
        (profile, secret): (Box<Profile>, Box<Secret>),
        known: Result<Option<Restored>, VaultTrouble>,
        wish: ImportWish,
    ) {
        let ImportWish {
            replaces,
            by,
            reply,
            asked,
        } = wish;
        let place = known.map_err(|trouble| trouble.refusal());
        let place = place.and_then(|known| Ok((known, self.place_for(&profile, replaces)?)));
        let (known, over) = match place {
            Ok(found) => found,
            Err(refusal) => return drop(reply.send(Err(refusal))),
        };
        let old = self.core.profile(&profile.name).map(Arc::clone);
        let mut profile = as_taken_in(*profile, &secret, old.as_deref());
        let went_on = self.core.has_newer_of_its_sign_in(&profile) && !lives_on(&secret);
        let known = Restored::graver(known, went_on.then(|| older(&profile, 1)));
        profile.restored = Restored::graver(profile.restored, known);
        let from = profile.provenance.as_ref().map(|it| it.from.clone());
        let what = Happening::Imported {
            credentials: 1,
            from: from.unwrap_or_default(),
            now: None,
        };
        let replaced = Replaced::Imported;
        let waiting = Waiting {
            by,
            reply,
            what,
            replaced,
            asked,
        };
        self.admit((profile, *secret), over, waiting);
    }

    fn place_for(&self, profile: &Profile, replaces: bool) -> Result<Option<Generation>, Refusal> {
        let name = &profile.name;
        if profile.standing.is_revoked() {
            let name = name.clone();
            return Err(Refusal::Revoked { name });
        }
        if profile.provenance.is_none() {
            return Err(Refusal::Invalid {
                message: format!("it is not said where {name} is from"),
                hint: "Import it with: tokenward import".to_owned(),
            });
        }
        let over = self.core.replaceable(name)?;
        if over.is_some() && !replaces {
            return Err(Refusal::Invalid {
                message: format!("there is a credential named {name} already"),
                hint: "Give it another name (--as), or let it take that one's place (--replace)."
                    .to_owned(),
            });
        }
        Ok(over)
    }

    /// Writes a credential under a number, and tells of it when it is on disk.
    pub(in crate::engine) fn admit(
        &mut self,
        (profile, secret): (Profile, Secret),
        over: Option<Generation>,
        waiting: Waiting,
    ) -> u64 {
        let facts = self.facts.clone();
        let number = self.condemned.begin_write(waiting.asked);
        let secret = Arc::new(secret);
        let replaced = waiting.replaced;
        let (written, told) = (Arc::clone(&secret), profile.clone());
        self.vault.ask(Job::Urgent(
            Box::new(move |store| {
                let prints = hand::fingerprints(store, &written);
                Write::Admit {
                    over,
                    profile: hand::marked(&profile, prints),
                    secret: Box::new(written.duplicate()),
                    replaced,
                }
            }),
            Box::new(move |store, outcome| {
                let prints = hand::fingerprints(store, &secret);
                let _ = facts.blocking_send(Fact::Arrived {
                    number,
                    profile: hand::marked(&told, prints),
                    outcome,
                    waiting: Box::new(waiting),
                });
            }),
        ));
        number
    }

    /// Takes up what was written, and answers.
    pub(in crate::engine) fn admitted(
        &mut self,
        number: u64,
        profile: Box<Profile>,
        outcome: Result<Written, VaultTrouble>,
        waiting: Waiting,
    ) {
        let name = profile.name.clone();
        let is_there = matches!(outcome, Ok(Written::Saved(..)));
        let answer = match outcome {
            Ok(Written::Saved(id, generation)) => {
                let mut what = waiting.what;
                if let Happening::Imported { now, .. } | Happening::PutBack { now, .. } = &mut what
                {
                    *now = Some(generation);
                }
                let line = Activity::new(self.now, Some(name.clone()), what);
                self.happened(line.by(Some(waiting.by)));
                self.step(Input::Arrived {
                    id,
                    generation,
                    profile,
                });
                self.core.view(id, self.now).ok_or(Refusal::Stopped)
            }
            Ok(Written::Done | Written::Pruned(_) | Written::Stale) => Err(Refusal::Invalid {
                message: format!("{name} was changed meanwhile"),
                hint: "Look at it, then try again: tokenward list".to_owned(),
            }),
            Err(trouble) => Err(trouble.refusal()),
        };
        self.end_write(number, is_there.then_some(&name));
        drop(waiting.reply.send(answer));
    }
}

/// What this vault knows of the refresh token that comes in: one that was replaced here is probably spent, whether it is
/// in an older file or in a parcel that was taken in before.
fn known_here(
    store: &mut dyn Store,
    profile: &Profile,
    secret: &Secret,
) -> Result<Option<Restored>, VaultError> {
    let Some(print) = profile.refresh_fingerprint else {
        return Ok(None);
    };
    let Some(past) = store.past(print)? else {
        return Ok(None);
    };
    Ok(match past.outlook {
        Outlook::Present => past.restored,
        Outlook::None | Outlook::Alive => None,
        Outlook::Spent | Outlook::Ended | Outlook::Unknown if lives_on(secret) => None,
        Outlook::Spent | Outlook::Ended | Outlook::Unknown => Some(older(profile, past.behind)),
    })
}

/// Whether the provider lets a refresh token live that it replaced.
fn lives_on(secret: &Secret) -> bool {
    matches!(secret.provider.rotation, Rotation::Always | Rotation::Never)
}

/// What is imported is older than what is known here.
fn older(profile: &Profile, behind: u64) -> Restored {
    Restored {
        of: profile.issued_at,
        behind: Some(behind),
        put_back: false,
        imported: true,
    }
}

/// The profile as it begins here: what can be told from the secret is, and nothing of its life elsewhere goes on but that
/// its refresh token is probably spent.
fn as_taken_in(profile: Profile, secret: &Secret, old: Option<&Profile>) -> Profile {
    let provider = &secret.provider;
    Profile {
        host: refresh_host(provider),
        client_id: secret.client.id.clone(),
        client_auth: secret.client.auth,
        has_refresh_token: secret.refresh.is_some(),
        renews_itself: provider.refresh_by.is_some(),
        bound_to: secret.bound_to.as_ref().and_then(thumbprint),
        wanted_scopes: Vec::new(),
        told_end: None,
        asked_at: Vec::new(),
        last_used_at: None,
        last_failure: None,
        failures_in_a_row: 0,
        attempts: Vec::new(),
        policy: old.map_or_else(|| profile.policy.clone(), |old| old.policy.clone()),
        ..profile
    }
}
