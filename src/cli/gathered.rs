//! The credentials that are exported, read whole from the vault.

use crate::cli::failure::{Failure, Kind};
use crate::clock;
use crate::model::credential::Generation;
use crate::model::name::CredentialName;
use crate::model::provider::Rotation;
use crate::vault::bundle::{Bundle, Bundled};
use crate::vault::error::VaultError;
use crate::vault::open::OpenVault;
use crate::vault::store::{Store, StoredProfile};

/// What was read.
#[derive(Debug)]
pub struct Gathered {
    /// What goes into the file.
    pub bundle: Bundle,
    /// What was left out because it was revoked.
    pub revoked: Vec<CredentialName>,
}

impl Gathered {
    /// Each name with its generation.
    pub fn generations(&self) -> impl Iterator<Item = (CredentialName, Generation)> {
        let all = self.bundle.credentials.iter();
        all.map(|one| (one.profile.name.clone(), one.generation))
    }

    /// Those of which two holders end each other's sign-in.
    pub fn rotating(&self) -> impl Iterator<Item = &CredentialName> {
        let all = self.bundle.credentials.iter();
        all.filter(|one| rotates(one)).map(|one| &one.profile.name)
    }
}

/// Whether its refresh token is replaced at each use, by the record or by what was seen.
pub fn rotates(one: &Bundled) -> bool {
    let secret = &one.secret;
    secret.refresh.is_some()
        && match secret.provider.rotation {
            Rotation::SingleUse => true,
            Rotation::Unknown => secret.previous_refresh.is_some(),
            Rotation::Never | Rotation::Always => false,
        }
}

/// Reads the named ones, or all that were not revoked.
pub fn read(vault: &mut OpenVault, names: Option<&[CredentialName]>) -> Result<Gathered, Failure> {
    let mut stored = profiles(vault, names.is_none())?;
    let mut revoked = Vec::new();
    match names {
        Some(names) => stored = wanted(stored, names)?,
        None => {
            let (out, left) = stored
                .into_iter()
                .partition(|one| one.profile.standing.is_revoked());
            stored = left;
            revoked = out
                .into_iter()
                .map(|one: StoredProfile| one.profile.name)
                .collect();
        }
    }
    if stored.is_empty() {
        return Err(Failure::new(
            Kind::Failed,
            "there is no credential to export",
        ));
    }
    let whole = stored.into_iter().map(|one| with_secret(vault, one));
    let credentials = whole.collect::<Result<_, _>>()?;
    let bundle = Bundle {
        exported_at: clock::now(),
        by: concat!("tokenward ", env!("CARGO_PKG_VERSION")).to_owned(),
        credentials,
    };
    Ok(Gathered { bundle, revoked })
}

fn profiles(vault: &mut OpenVault, must_be_whole: bool) -> Result<Vec<StoredProfile>, VaultError> {
    let mut found = Vec::new();
    let mut wrong = None;
    vault.profiles(&mut |portion| {
        for one in portion {
            match one {
                Ok(one) => found.push(one),
                Err(error) => wrong = wrong.take().or(Some(error)),
            }
        }
    })?;
    match wrong.filter(|_| must_be_whole) {
        Some(error) => Err(error),
        None => Ok(found),
    }
}

/// The named ones, in that order.
fn wanted(
    stored: Vec<StoredProfile>,
    names: &[CredentialName],
) -> Result<Vec<StoredProfile>, Failure> {
    let mut wanted: Vec<StoredProfile> = Vec::new();
    for name in names {
        let one = stored.iter().find(|one| one.profile.name == *name);
        let one = one.ok_or_else(|| {
            let text = format!("there is no credential named {name}");
            Failure::new(Kind::NoSuchCredential, text).hint("`tokenward list` shows all names")
        })?;
        if one.profile.standing.is_revoked() {
            let text = format!("{name} was revoked: there is nothing to export");
            return Err(Failure::new(Kind::Refused, text));
        }
        if wanted.iter().all(|other| other.id != one.id) {
            wanted.push(one.clone());
        }
    }
    Ok(wanted)
}

/// Where its owner refreshed it between the two readings, the newer secret goes with the older profile for a moment: the
/// generation tells, and the owner is asked about that.
fn with_secret(vault: &mut OpenVault, one: StoredProfile) -> Result<Bundled, VaultError> {
    let (_, secret) = vault.secret(one.id)?;
    Ok(Bundled {
        generation: one.generation,
        profile: one.profile,
        secret,
    })
}
