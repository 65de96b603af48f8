//! What came in while the vault was locked: shown, taken in, or thrown away, as a person decides.

use crate::clock;
use crate::engine::api::{Refusal, Reply};
use crate::engine::condemned::Epoch;
use crate::engine::fact::Fact;
use crate::engine::runner::Runner;
use crate::engine::vault_thread::{Job, item_refusal};
use crate::model::credential::CredentialView;
use crate::model::name::CredentialName;
use crate::model::program::Program;
use crate::model::provenance::Provenance;
use crate::vault::bundle::Bundled;
use crate::vault::error::VaultError;
use std::sync::Arc;
use tokio::sync::oneshot;

/// A parcel that somebody wants to take in.
#[derive(Debug)]
pub struct Acceptance {
    /// Its number.
    pub id: i64,
    /// The account part of its name, if it shall be another one.
    pub account: Option<String>,
    /// It may take the place of a credential of that name.
    pub replaces: bool,
    /// Who wants it.
    pub by: Arc<Program>,
    /// The answer: the credential.
    pub reply: Reply<CredentialView>,
    /// When.
    pub asked: Epoch,
}

impl Runner {
    /// Opens a parcel, to be taken in.
    pub(in crate::engine) fn open_parcel(&self, wish: Acceptance) {
        let facts = self.facts.clone();
        self.vault.ask(Job::Read(Box::new(move |store| {
            let opened = store.parcel(wish.id);
            let opened = opened.and_then(|(one, from)| called(one, from, wish.account.as_deref()));
            match opened {
                Ok(one) => {
                    let one = Box::new(one);
                    let _ = facts.blocking_send(Fact::ParcelOpened { one, wish });
                }
                Err(error) => drop(wish.reply.send(Err(item_refusal(&error)))),
            }
        })));
    }

    /// Takes an opened parcel in; when that is on disk it leaves the inbox. A cut between the two leaves it there: then it
    /// is shown again, and its name is taken.
    pub(in crate::engine) fn take_parcel_in(&mut self, one: Bundled, wish: Acceptance) {
        let Acceptance {
            id,
            replaces,
            by,
            reply,
            asked,
            ..
        } = wish;
        let (taken, answer) = oneshot::channel();
        let desk = self.vault.desk();
        tokio::spawn(async move {
            let outcome = answer.await.unwrap_or(Err(Refusal::Stopped));
            if outcome.is_ok() {
                // What stays is only shown once more.
                let _ = desk.read(move |store| store.drop_parcel(id)).await;
            }
            drop(reply.send(outcome));
        });
        let credential = (Box::new(one.profile), Box::new(one.secret));
        self.import(credential, replaces, (by, asked), taken);
    }
}

/// The credential with the name it shall have, and where it is from.
pub(in crate::engine) fn called(
    one: Bundled,
    from: String,
    account: Option<&str>,
) -> Result<Bundled, VaultError> {
    let mut one = one;
    if let Some(account) = account {
        let name = CredentialName::new(one.profile.name.provider(), account);
        one.profile.name = name.map_err(|source| VaultError::ParcelName { source })?;
    }
    let file = one.profile.provenance.and_then(|it| it.file);
    one.profile.provenance = Some(Provenance {
        from,
        file,
        at: clock::now(),
    });
    Ok(one)
}
