//! An OAuth client registration: who we are at a provider.

use crate::secret::ClientSecret;
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
}

impl Client {
    /// A second copy, for the one place that sends and the one that stores.
    pub fn duplicate(&self) -> Self {
        Self {
            id: self.id.clone(),
            secret: self.secret.as_ref().map(ClientSecret::duplicate),
            auth: self.auth,
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
    /// The issuer, when it differs from the catalogue's.
    pub issuer: Option<String>,
}
