//! What an exported file holds: whole credentials as versioned JSON that describes itself.
//!
//! It is only ever written sealed ([`locked_file`](crate::vault::locked_file)).

use crate::clock::Timestamp;
use crate::model::credential::{Generation, Profile, Secret};
use crate::model::provider::Provider;
use crate::vault::error::VaultError;
use crate::vault::payload;
use crate::vault::seal::Opened;
use crate::vault::secret_wire::{Hidden, SecretWire, secret_from, secret_wire};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What stands at the beginning of every export.
const FORMAT: &str = "tokenward-export";
/// The version that is written here, and the newest that is read.
const VERSION: u64 = 1;

/// One credential, whole.
#[derive(Debug)]
pub struct Bundled {
    /// Its generation in the vault it is from.
    pub generation: Generation,
    /// What may be seen of it. Its fingerprints are of that vault and mean nothing in another.
    pub profile: Profile,
    /// Its tokens, its client, the provider's record.
    pub secret: Secret,
}

/// All that one file holds.
#[derive(Debug)]
pub struct Bundle {
    /// When it was written.
    pub exported_at: Timestamp,
    /// By which program.
    pub by: String,
    /// The credentials.
    pub credentials: Vec<Bundled>,
}

#[derive(Serialize)]
struct Out<'a> {
    format: &'static str,
    v: u64,
    exported_at: Timestamp,
    by: &'a str,
    credentials: Vec<OneOut<'a>>,
}

#[derive(Serialize)]
struct OneOut<'a> {
    generation: Generation,
    profile: &'a Profile,
    secret: SecretWire<&'a str, &'a Provider>,
}

#[derive(Deserialize)]
struct In {
    exported_at: Timestamp,
    #[serde(default)]
    by: String,
    credentials: Vec<BundledIn>,
}

/// One credential as it is read.
#[derive(Deserialize)]
pub struct BundledIn {
    generation: Generation,
    profile: Profile,
    secret: SecretWire<Hidden, Provider>,
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    format: String,
    #[serde(default)]
    v: u64,
}

/// Writes it.
pub fn write(bundle: &Bundle) -> Opened {
    payload::write(&Out {
        format: FORMAT,
        v: VERSION,
        exported_at: bundle.exported_at,
        by: &bundle.by,
        credentials: bundle.credentials.iter().map(one_out).collect(),
    })
}

/// Writes one credential alone.
pub fn write_one(one: &Bundled) -> Opened {
    payload::write(&one_out(one))
}

fn one_out(one: &Bundled) -> OneOut<'_> {
    OneOut {
        generation: one.generation,
        profile: &one.profile,
        secret: secret_wire(&one.secret),
    }
}

/// Whether a text claims to be an export.
pub fn is_one(payload: &[u8]) -> bool {
    serde_json::from_slice::<Head>(payload).is_ok_and(|head| head.format == FORMAT)
}

/// Reads what came from `path`. No error holds a piece of it.
pub fn read(payload: &[u8], path: &Path) -> Result<Bundle, VaultError> {
    let path = || path.to_path_buf();
    let head: Head =
        serde_json::from_slice(payload).map_err(|_| VaultError::NotAnExport { path: path() })?;
    if head.format != FORMAT {
        return Err(VaultError::NotAnExport { path: path() });
    }
    if head.v > VERSION {
        return Err(VaultError::NewerExport {
            path: path(),
            found: head.v,
        });
    }
    let read: In =
        serde_json::from_slice(payload).map_err(|_| VaultError::ExportDamaged { path: path() })?;
    Ok(Bundle {
        exported_at: read.exported_at,
        by: read.by,
        credentials: read.credentials.into_iter().map(Bundled::from).collect(),
    })
}

impl From<BundledIn> for Bundled {
    fn from(read: BundledIn) -> Self {
        Self {
            generation: read.generation,
            profile: read.profile,
            secret: secret_from(read.secret),
        }
    }
}
