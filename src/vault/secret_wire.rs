//! How a secret looks inside an age file, as a row's payload and in an export; read into zeroized buffers.

use crate::clock::Timestamp;
use crate::jose::algorithm::Algorithm;
use crate::model::client::{Client, ClientAuth, ClientKey, ClientRegistration};
use crate::model::credential::{PreviousRefresh, Secret};
use crate::model::provider::Provider;
use crate::secret::{
    AccessToken, ClientSecret, IdToken, PrivateKey, RefreshToken, RegistrationToken,
};
use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

/// The version of all payloads that is written here, and the newest that is read.
pub const VERSION: u64 = 1;

/// A secret; its members are part of the format.
#[derive(Serialize, Deserialize)]
pub struct SecretWire<T, P> {
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

/// A client; its members are part of the format.
#[derive(Serialize, Deserialize)]
pub struct ClientWire<T> {
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

/// A secret to be written.
pub fn secret_wire(secret: &Secret) -> SecretWire<&str, &Provider> {
    SecretWire {
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
    }
}

/// A secret that was read.
pub fn secret_from(wire: SecretWire<Hidden, Provider>) -> Secret {
    Secret {
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
    }
}

/// A client to be written.
pub fn client_wire(client: &Client) -> ClientWire<&str> {
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

/// A client that was read.
pub fn client_from(wire: ClientWire<Hidden>) -> Client {
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
pub struct Hidden(Zeroizing<String>);

impl Hidden {
    /// The string, for the secret type it belongs to.
    pub fn take(mut self) -> String {
        std::mem::take(&mut *self.0)
    }
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hidden([redacted])")
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}
