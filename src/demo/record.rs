//! The demo provider's record, as the catalogue has one for each real provider.

use crate::demo::settings::PUBLIC_CLIENT;
use crate::model::client::{Client, ClientAuth};
use crate::model::credential::Flow;
use crate::model::provider::{Endpoints, Pkce, Provider, RevocationReach, Rotation};
use crate::model::setup::Setup;

/// Its name in credential names.
pub const NAME: &str = "demo";

/// The record of the provider at this issuer.
pub fn provider(issuer: &str) -> Provider {
    Provider {
        issuer: Some(issuer.to_owned()),
        endpoints: endpoints(issuer),
        default_scopes: ["openid", "email", "read"].map(str::to_owned).to_vec(),
        pkce: Pkce::Required,
        rotation: Rotation::SingleUse,
        revocation_reach: RevocationReach::SignIn,
        refresh_idle_life: Some(60 * 60),
        flows: vec![Flow::Device, Flow::Loopback],
        setup: Setup {
            url: None,
            steps: vec![format!(
                "Nothing to do: the client id is {PUBLIC_CLIENT}, without a secret."
            )],
            client_id_hint: PUBLIC_CLIENT.to_owned(),
            client_id_pattern: None,
            needs_secret: false,
        },
        notes: vec![
            "The demo provider forgets everything when it ends.".to_owned(),
            "A refresh token that is used twice revokes the whole grant.".to_owned(),
        ],
        ..Provider::unknown(NAME, "Demo")
    }
}

/// Where its endpoints are.
pub fn endpoints(issuer: &str) -> Endpoints {
    let at = |path: &str| Some(format!("{issuer}{path}"));
    Endpoints {
        authorization: at("/authorize"),
        token: at("/token"),
        refresh: None,
        device_authorization: at("/device_authorization"),
        revocation: at("/revoke"),
        jwks: at("/jwks"),
        introspection: at("/introspect"),
        userinfo: at("/userinfo"),
        registration: at("/register"),
        pushed_authorization_request: None,
    }
}

/// The public client that is registered there.
pub fn client() -> Client {
    Client::new(PUBLIC_CLIENT, None, ClientAuth::None)
}
