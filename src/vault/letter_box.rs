//! A store without a key: what an engine over it keeps goes into the inbox of the locked vault.

use crate::model::client::ClientView;
use crate::model::credential::{CredentialId, Generation, Profile, Secret};
use crate::model::event::{Activity, Entry};
use crate::model::extent::Extent;
use crate::model::fingerprint::Fingerprint;
use crate::model::identity::Trace;
use crate::model::kept::Past;
use crate::model::name::CredentialName;
use crate::vault::bundle::Bundled;
use crate::vault::error::VaultError;
use crate::vault::generation::Kept;
use crate::vault::keys::{VaultId, VaultKeys, new_identity};
use crate::vault::parcel;
use crate::vault::store::{
    Spending, Store, StoredClient, StoredGrant, StoredProfile, Write, Written,
};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What a parcel of it says it comes from.
const FROM: &str = "a sign-in while the vault was locked";
const FIRST: Generation = Generation(1);

/// The store.
pub struct LetterBox {
    vault: PathBuf,
    /// Of no vault: fingerprints are made anew when the parcel is taken in.
    keys: VaultKeys,
    /// What was put there by this one.
    put: Vec<Put>,
}

struct Put {
    parcel: i64,
    id: CredentialId,
    profile: Profile,
    secret: Secret,
}

impl LetterBox {
    /// A letter box of the vault at this place.
    pub fn new(vault: &Path) -> Result<Self, VaultError> {
        Ok(Self {
            vault: vault.to_path_buf(),
            keys: VaultKeys::derive(VaultId(rand::random()), &new_identity())?,
            put: Vec::new(),
        })
    }

    fn keep(&mut self, profile: &Profile, secret: &Secret) -> Result<Written, VaultError> {
        let one = |profile: &Profile| Bundled {
            generation: FIRST,
            profile: profile.clone(),
            secret: secret.duplicate(),
        };
        let parcel = parcel::put(&self.vault, FROM, one(profile))?;
        let id = CredentialId(parcel);
        self.put.push(Put {
            parcel,
            id,
            profile: profile.clone(),
            secret: secret.duplicate(),
        });
        Ok(Written::Saved(id, FIRST))
    }

    /// First the new one, then the old one goes: a cut between the two leaves both.
    fn change(&mut self, id: CredentialId, profile: &Profile) -> Result<Written, VaultError> {
        let Some(put) = self.put.iter_mut().find(|put| put.id == id) else {
            return Ok(Written::Stale);
        };
        let one = Bundled {
            generation: FIRST,
            profile: profile.clone(),
            secret: put.secret.duplicate(),
        };
        let parcel = parcel::put(&self.vault, FROM, one)?;
        parcel::take_back(&self.vault, put.parcel)?;
        put.parcel = parcel;
        put.profile = profile.clone();
        Ok(Written::Done)
    }

    fn one(&mut self, write: &Write) -> Result<Written, VaultError> {
        match write {
            Write::SignIn { profile, secret }
            | Write::SignInBeside {
                profile, secret, ..
            }
            | Write::Admit {
                profile, secret, ..
            } => self.keep(profile, secret),
            Write::Profile { id, profile, .. } => {
                let same = |put: &&Put| put.id == *id && put.profile.name == profile.name;
                // What else changes in it is of no use before it is taken in.
                match self.put.iter().find(same) {
                    Some(_) => Ok(Written::Done),
                    None => self.change(*id, profile),
                }
            }
            Write::Spend(_)
            | Write::Rotate { .. }
            | Write::FailSpending { .. }
            | Write::UnknownSpending { .. }
            | Write::Remove { .. }
            | Write::Grant(_)
            | Write::ForgetGrant(_) => Ok(Written::Stale),
            // The credential has its client with it; the log is not to be written without a key.
            Write::Client { .. } | Write::ForgetClient { .. } | Write::Activity(_) => {
                Ok(Written::Done)
            }
            Write::Prune(_) => Ok(Written::Pruned(0)),
        }
    }
}

impl Store for LetterBox {
    fn count(&mut self) -> Result<u64, VaultError> {
        Ok(0)
    }

    fn profiles(
        &mut self,
        _: &mut dyn FnMut(Vec<Result<StoredProfile, VaultError>>),
    ) -> Result<(), VaultError> {
        Ok(())
    }

    fn secret(&mut self, id: CredentialId) -> Result<(Generation, Secret), VaultError> {
        let put = self.put.iter().find(|put| put.id == id);
        let put = put.ok_or(VaultError::NoSuchParcel { id: id.0 })?;
        Ok((FIRST, put.secret.duplicate()))
    }

    fn generations(&mut self, _: CredentialId) -> Result<Vec<Kept>, VaultError> {
        Ok(Vec::new())
    }

    fn apply(&mut self, writes: Vec<Write>) -> Result<Vec<Written>, VaultError> {
        writes.iter().map(|write| self.one(write)).collect()
    }

    fn open_spendings(&mut self) -> Result<Vec<Spending>, VaultError> {
        Ok(Vec::new())
    }

    fn client(&mut self, _: &str) -> Result<Option<StoredClient>, VaultError> {
        Ok(None)
    }

    fn clients(&mut self) -> Result<Vec<ClientView>, VaultError> {
        Ok(Vec::new())
    }

    fn activity(
        &mut self,
        _: Option<&CredentialName>,
        _: usize,
    ) -> Result<Vec<Activity>, VaultError> {
        Ok(Vec::new())
    }

    fn log_after(&mut self, _: u64, _: usize) -> Result<Vec<Entry>, VaultError> {
        Ok(Vec::new())
    }

    fn log_before(&mut self, _: u64, _: usize) -> Result<Vec<Entry>, VaultError> {
        Ok(Vec::new())
    }

    fn check_log_ends(&mut self) -> Result<(), VaultError> {
        Ok(())
    }

    fn pseudonym(&self, name: &CredentialName) -> String {
        name.to_string()
    }

    fn fingerprint(&self, token: &str) -> Fingerprint {
        self.keys.fingerprint(token)
    }

    fn find_fingerprint(&mut self, _: Fingerprint) -> Result<Option<Trace>, VaultError> {
        Ok(None)
    }

    fn past(&mut self, _: Fingerprint) -> Result<Option<Past>, VaultError> {
        Ok(None)
    }

    fn grants(&mut self) -> Result<Vec<StoredGrant>, VaultError> {
        Ok(Vec::new())
    }

    fn grant_key(&self) -> Zeroizing<[u8; 32]> {
        self.keys.grant_key()
    }

    fn place(&self) -> String {
        self.vault.display().to_string()
    }

    fn extent(&self) -> Option<Extent> {
        None
    }
}
