//! Finds in a restored vault what went on without it: what was replaced, revoked or forgotten since.

use crate::clock::Timestamp;
use crate::model::credential::{CredentialId, Restored, Standing};
use crate::model::event::{Activity, Happening};
use crate::model::name::CredentialName;
use crate::vault::ended::{self, Tracked};
use crate::vault::error::VaultError;
use crate::vault::fingerprint;
use crate::vault::open::OpenVault;
use crate::vault::store::{Store, StoredProfile, Write};
use std::collections::{BTreeMap, BTreeSet};

/// What a restored vault holds, compared with the vault before it.
#[derive(Debug, Default)]
pub struct Overtaken {
    /// How many credentials there are.
    pub credentials: u64,
    /// Those whose refresh token was replaced since, with how many generations they are behind.
    pub behind: Vec<(CredentialName, u64)>,
    /// Those that were revoked since, or were to be: they are so again.
    pub revoked: Vec<CredentialName>,
    /// Those that were removed or moved away since: they are back, and their refresh tokens may be spent elsewhere.
    pub returned: Vec<CredentialName>,
    /// Those that are only in the vault before.
    pub only_before: Vec<CredentialName>,
}

/// The vault before, as far as it is of use here.
struct Before<'a> {
    vault: &'a mut OpenVault,
    credentials: BTreeMap<CredentialId, StoredProfile>,
    ended: BTreeMap<CredentialId, Standing>,
    /// Those of it that are in the backup too.
    met: BTreeSet<CredentialId>,
}

/// The moment a vault is the state of: that of the newest line of its activity log.
pub fn moment_of(vault: &mut OpenVault) -> Result<Timestamp, VaultError> {
    let newest = vault.activity(None, 1)?;
    Ok(newest.last().map_or(Timestamp::default(), |line| line.at))
}

/// Marks what is overtaken, and leaves a line about the restore. `old` is the vault before, when it could be opened:
/// without it nobody knows what was replaced, and each credential says that.
pub fn mark(
    vault: &mut OpenVault,
    old: Option<&mut OpenVault>,
    now: Timestamp,
) -> Result<Overtaken, VaultError> {
    let of = moment_of(vault)?;
    let old = old.filter(|old| old.keys().vault_id() == vault.keys().vault_id());
    let back = by_number(vault)?;
    let mut before = match old {
        Some(old) => Some(Before::look(old, vault, &back)?),
        None => None,
    };
    let mut found = Overtaken::default();
    let mut writes = Vec::new();
    for (id, mut stored) in back {
        found.credentials += 1;
        let was = stored.profile.clone();
        match &mut before {
            Some(before) => before.judge(&mut stored, of, &mut found)?,
            None => unknown(&mut stored, of),
        }
        if stored.profile != was {
            let name = stored.profile.name.clone();
            writes.push(Write::Activity(Activity::new(
                now,
                Some(name),
                Happening::Restored { of },
            )));
            writes.push(Write::Profile {
                id,
                generation: stored.generation,
                profile: Box::new(stored.profile),
            });
        }
    }
    if let Some(before) = before {
        found.only_before = before.unmet();
    }
    writes.push(Write::Activity(Activity::new(
        now,
        None,
        Happening::Restored { of },
    )));
    vault.apply(writes)?;
    Ok(found)
}

impl<'a> Before<'a> {
    fn look(
        old: &'a mut OpenVault,
        vault: &mut OpenVault,
        back: &BTreeMap<CredentialId, StoredProfile>,
    ) -> Result<Self, VaultError> {
        let credentials = by_number(old)?;
        let tracked: Tracked = back
            .values()
            .map(|stored| (stored.profile.name.clone(), stored.id))
            .collect();
        let newest = vault.log_before(u64::MAX, 1)?.pop();
        let ended = ended::since(old, newest.map_or(0, |line| line.number), tracked);
        Ok(Self {
            vault: old,
            credentials,
            ended,
            met: BTreeSet::new(),
        })
    }

    /// Compares a credential of the backup with what became of it.
    fn judge(
        &mut self,
        stored: &mut StoredProfile,
        of: Timestamp,
        found: &mut Overtaken,
    ) -> Result<(), VaultError> {
        let Some(newer) = self.counterpart(stored) else {
            return self.judge_gone(stored, of, found);
        };
        compare(stored, newer, of, found);
        self.met.insert(stored.id);
        Ok(())
    }

    /// The same credential in the vault before: numbers are given anew after a restore.
    fn counterpart(&self, stored: &StoredProfile) -> Option<&StoredProfile> {
        let newer = self.credentials.get(&stored.id)?;
        let is_same = newer.profile.name == stored.profile.name
            || newer.profile.created_at == stored.profile.created_at;
        is_same.then_some(newer)
    }

    /// Of one that was not there any more: the tokens that it ever held are known. Those it never held were never there.
    fn judge_gone(
        &mut self,
        stored: &mut StoredProfile,
        of: Timestamp,
        found: &mut Overtaken,
    ) -> Result<(), VaultError> {
        let profile = &mut stored.profile;
        if let Some(standing) = self.ended.get(&stored.id) {
            if !profile.standing.is_revoked() {
                profile.standing = standing.clone();
                found.revoked.push(profile.name.clone());
            }
            return Ok(());
        }
        let print = profile
            .refresh_fingerprint
            .unwrap_or(profile.access_fingerprint);
        let Some(trace) = fingerprint::find(self.vault, print)? else {
            return Ok(());
        };
        found.returned.push(profile.name.clone());
        if !profile.has_refresh_token {
            return Ok(());
        }
        let newest = fingerprint::newest(self.vault, trace.id)?.unwrap_or(trace.generation);
        let mark = Restored {
            of,
            behind: Some(newest.0.saturating_sub(trace.generation.0)),
            put_back: false,
            imported: false,
        };
        profile.restored = Restored::graver(Some(mark), profile.restored);
        Ok(())
    }

    fn unmet(self) -> Vec<CredentialName> {
        let all = self.credentials.into_values();
        all.filter(|stored| !self.met.contains(&stored.id))
            .map(|stored| stored.profile.name)
            .collect()
    }
}

/// Compares with the credential as it was in the vault before.
fn compare(
    stored: &mut StoredProfile,
    newer: &StoredProfile,
    of: Timestamp,
    found: &mut Overtaken,
) {
    let profile = &mut stored.profile;
    let behind = newer.generation.0.saturating_sub(stored.generation.0);
    let is_replaced = newer.profile.refresh_fingerprint != profile.refresh_fingerprint;
    if newer.profile.standing.is_revoked() && !profile.standing.is_revoked() {
        // The tokens are dead, or the provider has still to be told; the backup knows of neither.
        profile.standing = newer.profile.standing.clone();
        found.revoked.push(profile.name.clone());
    } else if behind > 0 && is_replaced && profile.has_refresh_token {
        found.behind.push((profile.name.clone(), behind));
        let mark = Restored {
            of,
            behind: Some(behind),
            put_back: false,
            imported: false,
        };
        profile.restored = Some(mark);
    } else if newer.generation >= stored.generation && !is_replaced {
        // The same refresh token, with all that was found of it meanwhile.
        profile.restored = Restored::graver(newer.profile.restored, profile.restored);
    }
}

/// Without the vault before, nobody knows what was replaced.
fn unknown(stored: &mut StoredProfile, of: Timestamp) {
    let profile = &mut stored.profile;
    if profile.has_refresh_token {
        let unknown = Restored {
            of,
            behind: None,
            put_back: false,
            imported: false,
        };
        profile.restored = profile.restored.or(Some(unknown));
    }
}

/// The credentials that can be read, by number.
fn by_number(vault: &mut OpenVault) -> Result<BTreeMap<CredentialId, StoredProfile>, VaultError> {
    let mut found = BTreeMap::new();
    vault.profiles(&mut |portion| {
        let readable = portion.into_iter().flatten();
        found.extend(readable.map(|stored| (stored.id, stored)));
    })?;
    Ok(found)
}
