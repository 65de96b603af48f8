//! What a revocation ends: the tokens that are there, and earlier ones that are kept and may live yet.

use crate::clock::{self, Timestamp};
use crate::engine::fact::Fact;
use crate::engine::flight::stale;
use crate::engine::hand;
use crate::engine::request;
use crate::engine::runner::Runner;
use crate::engine::step::{Fingerprints, Input};
use crate::engine::vault_thread::{Job, trouble};
use crate::model::credential::{CredentialId, Generation, Secret};
use crate::model::fingerprint::Fingerprint;
use crate::model::kept::Outlook;
use crate::vault::error::VaultError;
use crate::vault::generation::Kept;
use crate::vault::store::Store;
use std::collections::HashSet;

/// The secrets of one credential that are to die.
#[derive(Debug)]
pub struct Doomed {
    /// The one that is there.
    pub present: Secret,
    /// Earlier ones that are kept and may live yet, the newest first.
    pub earlier: Vec<Secret>,
    /// Whether all that are kept could be read.
    pub is_all: bool,
}

impl Doomed {
    /// Reads them; `None`: the vault holds another generation by now.
    pub fn read(
        store: &mut dyn Store,
        (id, generation): (CredentialId, Generation),
        now: Timestamp,
    ) -> Result<Option<Self>, VaultError> {
        let (held, present) = store.secret(id)?;
        if held != generation {
            return Ok(None);
        }
        let prints = hand::fingerprints(store, &present);
        let kept = store.generations(id);
        if let Err(error) = &kept {
            // No reason to let the tokens live that can be read.
            tracing::error!(error = %trouble(error).message, "earlier tokens that are to be revoked cannot be read");
        }
        Ok(Some(Self {
            present,
            is_all: kept.is_ok(),
            earlier: living(kept.unwrap_or_default(), prints, now),
        }))
    }
}

/// Those that may live, each token once.
fn living(kept: Vec<Kept>, present: Fingerprints, now: Timestamp) -> Vec<Secret> {
    let mut seen: HashSet<Fingerprint> = HashSet::from([present.access]);
    seen.extend(present.refresh);
    let living = kept.into_iter().filter(|one| may_live(one, now));
    let anew = living.filter(|one| {
        let print = one.profile.refresh_fingerprint;
        seen.insert(print.unwrap_or(one.profile.access_fingerprint))
    });
    anew.map(|one| one.secret).collect()
}

fn may_live(one: &Kept, now: Timestamp) -> bool {
    match one.told.refresh_token {
        Outlook::Alive | Outlook::Unknown => true,
        Outlook::Present | Outlook::Spent | Outlook::Ended => false,
        Outlook::None => one.told.expires_at.is_none_or(|end| end > now),
    }
}

impl Runner {
    /// Has the provider told that a credential's tokens are over.
    pub(in crate::engine) fn revoke(&mut self, id: CredentialId, generation: Generation) {
        let (facts, http) = (self.facts.clone(), self.http.clone());
        let (runtime, errands) = (tokio::runtime::Handle::current(), self.errands.clone());
        self.vault.ask(Job::Read(Box::new(move |store| {
            let refusal = match Doomed::read(store, (id, generation), clock::now()) {
                Ok(Some(doomed)) => {
                    let revoking = request::revoke(http, facts, (id, generation), doomed);
                    return errands.start_on(&runtime, revoking);
                }
                // What is there now is not what was to be revoked: nothing is sent, and the core knows of it already.
                Ok(None) => stale().refusal(),
                Err(error) => trouble(&error).refusal(),
            };
            let _ = facts.blocking_send(Fact::Known(Input::RevokeEnded {
                id,
                generation,
                outcome: Err(refusal),
            }));
        })));
    }
}
