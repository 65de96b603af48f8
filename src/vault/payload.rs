//! What stands inside the age files: versioned JSON, written from and read into zeroized buffers.

use crate::model::client::Client;
use crate::model::credential::{Profile, Secret};
use crate::model::event::Activity;
use crate::model::provider::Provider;
use crate::vault::binding::Verified;
use crate::vault::error::VaultError;
use crate::vault::seal::Opened;
use crate::vault::secret_wire::{
    ClientWire, Hidden, VERSION, client_from, client_wire, secret_from, secret_wire,
};
use crate::vault::store::StoredClient;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use zeroize::Zeroizing;

/// Writes a profile.
pub fn write_profile(profile: &Profile) -> Opened {
    write(&ProfileWire {
        v: VERSION,
        profile,
    })
}

/// Reads a profile.
pub fn read_profile(opened: &Opened, from: &Verified) -> Result<Profile, VaultError> {
    read::<ProfileWire<Profile>>(opened, from).map(|wire| wire.profile)
}

/// Writes a credential's secret.
pub fn write_secret(secret: &Secret) -> Opened {
    write(&secret_wire(secret))
}

/// Reads a credential's secret.
pub fn read_secret(opened: &Opened, from: &Verified) -> Result<Secret, VaultError> {
    read(opened, from).map(secret_from)
}

/// Writes a client registration.
pub fn write_client(provider: &Provider, client: &Client) -> Opened {
    write(&RegistrationWire {
        v: VERSION,
        client: client_wire(client),
        provider,
    })
}

/// Reads a client registration.
pub fn read_client(opened: &Opened, from: &Verified) -> Result<StoredClient, VaultError> {
    let wire: RegistrationWire<Hidden, Provider> = read(opened, from)?;
    Ok(StoredClient {
        provider: wire.provider,
        client: client_from(wire.client),
    })
}

/// Writes a line of the activity log.
pub fn write_activity(activity: &Activity) -> Opened {
    write(&ActivityWire {
        v: VERSION,
        activity,
    })
}

/// Reads a line of the activity log.
pub fn read_activity(opened: &Opened, from: &Verified) -> Result<Activity, VaultError> {
    read::<ActivityWire<Activity>>(opened, from).map(|wire| wire.activity)
}

#[derive(Serialize, Deserialize)]
struct ProfileWire<P> {
    v: u64,
    profile: P,
}

#[derive(Serialize, Deserialize)]
struct ActivityWire<A> {
    v: u64,
    activity: A,
}

#[derive(Serialize, Deserialize)]
struct RegistrationWire<T, P> {
    v: u64,
    client: ClientWire<T>,
    provider: P,
}

/// Only counts, so that the real buffer can be made large enough and never leaves a copy behind by moving.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes into a buffer that is large enough from the start.
pub fn write<T: Serialize>(wire: &T) -> Opened {
    const PLAIN: &str = "structs of strings and numbers become JSON, and memory takes them";
    let mut length = Length(0);
    serde_json::to_writer(&mut length, wire).expect(PLAIN);
    let mut payload = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *payload, wire).expect(PLAIN);
    payload
}

/// Reads what a row held: a version that is not known is told from what was changed.
pub fn read<T: DeserializeOwned>(opened: &Opened, from: &Verified) -> Result<T, VaultError> {
    #[derive(Deserialize)]
    struct Version {
        v: u64,
    }
    // The error's text may hold pieces of the payload, so it goes no further.
    serde_json::from_slice(opened).map_err(|_| match serde_json::from_slice::<Version>(opened) {
        Ok(Version { v }) if v > VERSION => VaultError::NewerPayload {
            table: from.table().name(),
            row: from.row().to_string(),
            found: v,
        },
        _ => VaultError::Tampered {
            table: from.table().name(),
            row: from.row().to_string(),
            what: "its payload is not what any version wrote",
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::binding::{Binding, Sealed, Table};
    use crate::vault::keys::{VaultId, VaultKeys, new_identity};

    fn read_as_profile(payload: &str) -> VaultError {
        let keys = VaultKeys::derive(VaultId([4; 16]), &new_identity()).unwrap();
        let binding = || Binding::new(&keys, Table::Credential, "profile", 7);
        let tag = binding().bytes(b"").tag();
        let from = binding().admit(Sealed(Vec::new()), &tag).unwrap();
        read_profile(&Zeroizing::new(payload.as_bytes().to_vec()), &from).unwrap_err()
    }

    #[test]
    fn a_payload_of_a_newer_version_is_told_from_a_damaged_one() {
        let newer = read_as_profile(r#"{"v":2,"shape":"unknown"}"#);
        assert!(matches!(newer, VaultError::NewerPayload { found: 2, .. }));
        assert!(newer.hint().contains("newer tokenward"));
        for damaged in [r#"{"v":1,"profile":{"marker":"secret"}}"#, "marker", ""] {
            let error = read_as_profile(damaged);
            assert!(matches!(&error, VaultError::Tampered { row, .. } if row == "7"));
            assert!(!format!("{error:?}").contains("marker"));
        }
    }
}
