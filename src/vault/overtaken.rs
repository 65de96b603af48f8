//! Finds in a restored vault what went on without it: tokens replaced since, revocations asked for since.

use crate::clock::Timestamp;
use crate::model::credential::{CredentialId, Restored};
use crate::model::event::{Activity, Happening};
use crate::model::name::CredentialName;
use crate::vault::error::VaultError;
use crate::vault::open::OpenVault;
use crate::vault::store::{Store, StoredProfile, Write};
use std::collections::BTreeMap;

/// What a restored vault holds, compared with the vault before it.
#[derive(Debug, Default)]
pub struct Overtaken {
    /// How many credentials there are.
    pub credentials: u64,
    /// Those whose refresh token was replaced since, with how many generations they are behind.
    pub behind: Vec<(CredentialName, u64)>,
    /// Those that were revoked since, or were to be: they are so again.
    pub revoked: Vec<CredentialName>,
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
    let since = old.map(by_number).transpose()?;
    let mut found = Overtaken::default();
    let mut writes = Vec::new();
    for (id, mut stored) in by_number(vault)? {
        found.credentials += 1;
        let before = stored.profile.clone();
        let newer = since.as_ref().map(|since| since.get(&id));
        judge(&mut stored, newer, of, &mut found);
        if stored.profile != before {
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
    writes.push(Write::Activity(Activity::new(
        now,
        None,
        Happening::Restored { of },
    )));
    vault.apply(writes)?;
    Ok(found)
}

/// `newer`: the credential in the vault before; `Some(None)`: it was not there any more, `None`: nobody knows.
fn judge(
    stored: &mut StoredProfile,
    newer: Option<Option<&StoredProfile>>,
    of: Timestamp,
    found: &mut Overtaken,
) {
    let profile = &mut stored.profile;
    match newer {
        Some(Some(newer)) => {
            let behind = newer.generation.0.saturating_sub(stored.generation.0);
            let is_replaced = newer.profile.refresh_fingerprint != profile.refresh_fingerprint;
            if newer.profile.standing.is_revoked() && !profile.standing.is_revoked() {
                // The tokens are dead, or the provider has still to be told; the backup knows of neither.
                profile.standing = newer.profile.standing.clone();
                found.revoked.push(profile.name.clone());
            } else if behind > 0 && is_replaced && profile.has_refresh_token {
                found.behind.push((profile.name.clone(), behind));
                let behind = Some(behind);
                let put_back = false;
                profile.restored = Some(Restored {
                    of,
                    behind,
                    put_back,
                });
            } else if newer.generation == stored.generation && !is_replaced {
                // The same backup once more: what was found the first time is still so.
                profile.restored = profile.restored.or(newer.profile.restored);
            }
        }
        Some(None) => {}
        None if profile.has_refresh_token => {
            let unknown = Restored {
                of,
                behind: None,
                put_back: false,
            };
            profile.restored = profile.restored.or(Some(unknown));
        }
        None => {}
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
