//! How a grant looks inside its age file: its terms, and what is kept of the tokens that are out.

use crate::clock::Timestamp;
use crate::model::family::{Family, FamilyId};
use crate::model::grant::Grant;
use crate::model::program::Program;
use crate::secret::{FamilyKey, TokenHash};
use crate::vault::binding::Verified;
use crate::vault::error::VaultError;
use crate::vault::payload;
use crate::vault::seal::Opened;
use crate::vault::secret_wire::{Hidden, VERSION};
use crate::vault::store::StoredGrant;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
struct GrantWire<T, G> {
    v: u64,
    grant: G,
    families: Vec<FamilyWire<T>>,
}

#[derive(Serialize, Deserialize)]
struct FamilyWire<T> {
    id: FamilyId,
    key: T,
    turn: u64,
    hash: T,
    since: Timestamp,
    rotated_at: Timestamp,
    expires_at: Timestamp,
    to: Arc<Program>,
}

/// Writes a grant.
pub fn write(stored: &StoredGrant) -> Opened {
    payload::write(&GrantWire {
        v: VERSION,
        grant: &stored.grant,
        families: stored.families.iter().map(family_wire).collect(),
    })
}

/// Reads a grant.
pub fn read(opened: &Opened, from: &Verified) -> Result<StoredGrant, VaultError> {
    let wire: GrantWire<Hidden, Grant> = payload::read(opened, from)?;
    Ok(StoredGrant {
        grant: wire.grant,
        families: wire.families.into_iter().map(family_from).collect(),
    })
}

fn family_wire(family: &Family) -> FamilyWire<&str> {
    FamilyWire {
        id: family.id,
        key: family.key.expose_secret(),
        turn: family.turn,
        hash: family.hash.expose_secret(),
        since: family.since,
        rotated_at: family.rotated_at,
        expires_at: family.expires_at,
        to: Arc::clone(&family.to),
    }
}

fn family_from(wire: FamilyWire<Hidden>) -> Family {
    Family {
        id: wire.id,
        key: FamilyKey::new(wire.key.take()),
        turn: wire.turn,
        hash: TokenHash::new(wire.hash.take()),
        since: wire.since,
        rotated_at: wire.rotated_at,
        expires_at: wire.expires_at,
        to: wire.to,
    }
}
