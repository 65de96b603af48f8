//! What may be expected of a refresh token that was held before, by all that is known of it here.

use crate::model::credential::Restored;
use crate::model::fingerprint::Fingerprint;
use crate::model::kept::{Outlook, Past, Replaced};
use crate::model::provider::{Provider, RevocationReach, Rotation};
use crate::vault::error::VaultError;
use crate::vault::fingerprint;
use crate::vault::generation::{self, Kept};
use crate::vault::open::OpenVault;
use crate::vault::profiles;
use crate::vault::store::StoredProfile;

/// What may be expected of a kept refresh token: a refresh that replaced it counts whatever came after; else what took its
/// place last does, and the provider's habits.
pub fn of(one: &Kept, kept: &[Kept], present: &StoredProfile) -> Outlook {
    let Some(print) = one.profile.refresh_fingerprint else {
        return Outlook::None;
    };
    if one.secret.refresh.is_none() {
        return Outlook::None;
    }
    if present.profile.refresh_fingerprint == Some(print) {
        return Outlook::Present;
    }
    let mut same: Vec<&Kept> = kept
        .iter()
        .filter(|it| it.profile.refresh_fingerprint == Some(print))
        .collect();
    same.sort_unstable_by_key(|it| std::cmp::Reverse(it.told.generation));
    for it in &same {
        let expected = habit(it.told.replaced, &it.secret.provider);
        let is_refreshed = it.told.replaced == Replaced::Refreshed;
        if is_refreshed && after(it, kept, present) == Some(print) {
            // The provider took it then, and let it stay.
            break;
        }
        if it.profile.is_overtaken() || (is_refreshed && expected == Outlook::Spent) {
            return Outlook::Spent;
        }
    }
    let last = same.first().copied().unwrap_or(one);
    habit(last.told.replaced, &last.secret.provider)
}

/// The refresh token of the generation after this one, as far as that is still known.
fn after(one: &Kept, kept: &[Kept], present: &StoredProfile) -> Option<Fingerprint> {
    let next = one.told.generation.0 + 1;
    if present.generation.0 == next {
        return present.profile.refresh_fingerprint;
    }
    let next = kept.iter().find(|it| it.told.generation.0 == next)?;
    next.profile.refresh_fingerprint
}

fn habit(replaced: Replaced, provider: &Provider) -> Outlook {
    match (replaced, provider.rotation) {
        (Replaced::Refreshed, Rotation::Always | Rotation::Never) => Outlook::Alive,
        // That another one came at a refresh is what rotation is.
        (Replaced::Refreshed, Rotation::SingleUse | Rotation::Unknown) => Outlook::Spent,
        (Replaced::SignedIn, _) if provider.revocation_reach == RevocationReach::SignIn => {
            Outlook::Ended
        }
        (Replaced::SignedIn | Replaced::Imported | Replaced::PutBack, _) => Outlook::Unknown,
    }
}

/// What is known here of a refresh token that comes from elsewhere; `None`: no credential ever held it.
pub fn past(vault: &OpenVault, print: Fingerprint) -> Result<Option<Past>, VaultError> {
    let Some(trace) = fingerprint::find(vault, print)? else {
        return Ok(None);
    };
    let known = |outlook, behind, restored: Option<Restored>| {
        Ok(Some(Past {
            outlook,
            behind,
            restored,
        }))
    };
    let present = match profiles::one(vault.connection(), vault.keys(), trace.id.0) {
        Ok(present) => present,
        Err(VaultError::NoSuchCredential { .. }) => {
            let newest = fingerprint::newest(vault, trace.id)?.unwrap_or(trace.generation);
            let behind = newest.0.saturating_sub(trace.generation.0);
            let outlook = if behind > 0 {
                Outlook::Spent
            } else {
                Outlook::Present
            };
            return known(outlook, behind, None);
        }
        Err(error) => return Err(error),
    };
    let behind = present.generation.0.saturating_sub(trace.generation.0);
    if present.profile.refresh_fingerprint == Some(print) {
        return known(Outlook::Present, behind, present.profile.restored);
    }
    let kept = generation::all(vault, trace.id)?;
    let same = kept
        .iter()
        .find(|it| it.profile.refresh_fingerprint == Some(print));
    let outlook = same.map_or(Outlook::Spent, |it| it.told.refresh_token);
    known(outlook, behind, None)
}
