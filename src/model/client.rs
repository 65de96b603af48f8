//! An OAuth client registration: who we are at a provider.

use crate::jose::algorithm::Algorithm;
use crate::secret::{ClientSecret, PrivateKey, RegistrationToken};
use serde::{Deserialize, Serialize};

/// How the client authenticates at the token endpoint (RFC 6749 2.3, OpenID Connect Core 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// A public client: only `client_id` in the body.
    None,
    /// `Authorization: Basic`, id and secret form-urlencoded first (RFC 6749 2.3.1).
    ClientSecretBasic,
    /// `client_id` and `client_secret` in the body.
    ClientSecretPost,
    /// A token signed by the client's own key (RFC 7523 2.2).
    PrivateKeyJwt,
}

/// A registered client, as the person got it from the provider's developer page.
#[derive(Debug)]
pub struct Client {
    /// The identifier the provider gave.
    pub id: String,
    /// The secret, if the provider gave one.
    pub secret: Option<ClientSecret>,
    /// How it authenticates.
    pub auth: ClientAuth,
    /// The key it signs with, where it authenticates by [`ClientAuth::PrivateKeyJwt`].
    pub key: Option<ClientKey>,
    /// Its registration, when it was registered from here.
    pub registration: Option<ClientRegistration>,
}

/// The key a client authenticates with (RFC 7523).
#[derive(Debug)]
pub struct ClientKey {
    /// The key.
    pub pem: PrivateKey,
    /// `kid` the provider knows it by.
    pub id: Option<String>,
    /// What it signs by; `None`: what fits the key.
    pub algorithm: Option<Algorithm>,
}

/// What a provider gave to read and to delete a registration by (RFC 7592).
#[derive(Debug)]
pub struct ClientRegistration {
    /// `registration_client_uri`.
    pub uri: String,
    /// `registration_access_token`.
    pub token: RegistrationToken,
}

impl Client {
    /// A client as a person gives it.
    pub fn new(id: impl Into<String>, secret: Option<ClientSecret>, auth: ClientAuth) -> Self {
        Self {
            id: id.into(),
            secret,
            auth,
            key: None,
            registration: None,
        }
    }

    /// A second copy, for the one place that sends and the one that stores.
    pub fn duplicate(&self) -> Self {
        Self {
            id: self.id.clone(),
            secret: self.secret.as_ref().map(ClientSecret::duplicate),
            auth: self.auth,
            key: self.key.as_ref().map(|key| ClientKey {
                pem: key.pem.duplicate(),
                id: key.id.clone(),
                algorithm: key.algorithm,
            }),
            registration: self.registration.as_ref().map(|given| ClientRegistration {
                uri: given.uri.clone(),
                token: given.token.duplicate(),
            }),
        }
    }
}

/// What may be shown of a stored client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientView {
    /// The provider it is registered with (the provider part of credential names).
    pub provider: String,
    /// The identifier the provider gave.
    pub client_id: String,
    /// Whether a secret is kept with it.
    pub has_secret: bool,
    /// Whether a key is kept with it.
    #[serde(default)]
    pub has_key: bool,
    /// Whether it was registered from here, and can be deleted from here.
    #[serde(default)]
    pub is_registered: bool,
    /// The issuer, when it differs from the catalogue's.
    pub issuer: Option<String>,
}
