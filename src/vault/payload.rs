//! What stands inside the age files: versioned JSON, written from and read into zeroized buffers.

use crate::clock::Timestamp;
use crate::jose::algorithm::Algorithm;
use crate::model::client::{Client, ClientAuth, ClientKey, ClientRegistration};
use crate::model::credential::{PreviousRefresh, Profile, Secret};
use crate::model::event::Activity;
use crate::model::provider::Provider;
use crate::secret::{
    AccessToken, ClientSecret, IdToken, PrivateKey, RefreshToken, RegistrationToken,
};
use crate::vault::binding::Verified;
use crate::vault::error::VaultError;
use crate::vault::seal::Opened;
use crate::vault::store::StoredClient;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use std::io;
use zeroize::Zeroizing;

/// The version of all payloads that is written here, and the newest that is read.
const VERSION: u64 = 1;

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
    write(&SecretWire {
        v: VERSION,
        access_token: secret.access.expose_secret(),
        refresh_token: secret.refresh.as_ref().map(RefreshToken::expose_secret),
        previous_refresh_token: secret
            .previous_refresh
            .as_ref()
            .map(|previous| PreviousWire {
                token: previous.token.expose_secret(),
                kept_until: previous.kept_until,
            }),
        id_token: secret.id_token.as_ref().map(IdToken::expose_secret),
        client: client_wire(&secret.client),
        bound_to: secret.bound_to.as_ref().map(PrivateKey::expose_secret),
        provider: &secret.provider,
    })
}

/// Reads a credential's secret.
pub fn read_secret(opened: &Opened, from: &Verified) -> Result<Secret, VaultError> {
    let wire: SecretWire<Hidden, Provider> = read(opened, from)?;
    Ok(Secret {
        access: AccessToken::new(wire.access_token.take()),
        refresh: wire
            .refresh_token
            .map(|token| RefreshToken::new(token.take())),
        previous_refresh: wire.previous_refresh_token.map(|previous| PreviousRefresh {
            token: RefreshToken::new(previous.token.take()),
            kept_until: previous.kept_until,
        }),
        id_token: wire.id_token.map(|token| IdToken::new(token.take())),
        client: client_from(wire.client),
        bound_to: wire.bound_to.map(|key| PrivateKey::new(key.take())),
        provider: wire.provider,
    })
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
struct SecretWire<T, P> {
    v: u64,
    access_token: T,
    refresh_token: Option<T>,
    previous_refresh_token: Option<PreviousWire<T>>,
    id_token: Option<T>,
    client: ClientWire<T>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    bound_to: Option<T>,
    provider: P,
}

fn none<T>() -> Option<T> {
    None
}

#[derive(Serialize, Deserialize)]
struct PreviousWire<T> {
    token: T,
    kept_until: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct RegistrationWire<T, P> {
    v: u64,
    client: ClientWire<T>,
    provider: P,
}

#[derive(Serialize, Deserialize)]
struct ClientWire<T> {
    client_id: T,
    client_secret: Option<T>,
    auth: ClientAuth,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    key: Option<KeyWire<T>>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    registration: Option<ManagementWire<T>>,
}

#[derive(Serialize, Deserialize)]
struct KeyWire<T> {
    pem: T,
    kid: Option<String>,
    alg: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ManagementWire<T> {
    registration_client_uri: String,
    registration_access_token: T,
}

fn client_wire(client: &Client) -> ClientWire<&str> {
    ClientWire {
        client_id: &client.id,
        client_secret: client.secret.as_ref().map(ClientSecret::expose_secret),
        auth: client.auth,
        key: client.key.as_ref().map(|key| KeyWire {
            pem: key.pem.expose_secret(),
            kid: key.id.clone(),
            alg: key.algorithm.map(|algorithm| algorithm.name().to_owned()),
        }),
        registration: client.registration.as_ref().map(|given| ManagementWire {
            registration_client_uri: given.uri.clone(),
            registration_access_token: given.token.expose_secret(),
        }),
    }
}

fn client_from(wire: ClientWire<Hidden>) -> Client {
    Client {
        id: wire.client_id.take(),
        secret: wire
            .client_secret
            .map(|secret| ClientSecret::new(secret.take())),
        auth: wire.auth,
        key: wire.key.map(|key| ClientKey {
            pem: PrivateKey::new(key.pem.take()),
            id: key.kid,
            algorithm: key.alg.as_deref().and_then(Algorithm::named),
        }),
        registration: wire.registration.map(|given| ClientRegistration {
            uri: given.registration_client_uri,
            token: RegistrationToken::new(given.registration_access_token.take()),
        }),
    }
}

/// A string on its way into a secret type; zeroized when it does not get there.
struct Hidden(Zeroizing<String>);

impl Hidden {
    fn take(mut self) -> String {
        std::mem::take(&mut *self.0)
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
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

fn write<T: Serialize>(wire: &T) -> Opened {
    const PLAIN: &str = "structs of strings and numbers become JSON, and memory takes them";
    let mut length = Length(0);
    serde_json::to_writer(&mut length, wire).expect(PLAIN);
    let mut payload = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *payload, wire).expect(PLAIN);
    payload
}

fn read<T: DeserializeOwned>(opened: &Opened, from: &Verified) -> Result<T, VaultError> {
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
