//! The demo provider's record, as the catalogue has one for each real provider.

use crate::demo::settings::PUBLIC_CLIENT;
use crate::model::client::{Client, ClientAuth};
use crate::model::credential::Flow;
use crate::model::provider::{
    BodyFormat, Endpoints, ExpiresInUnit, ExtraParameters, Pkce, Provider, RedirectRule,
    Revocation, Rotation, Setup,
};
use std::collections::BTreeMap;

/// Its name in credential names.
pub const NAME: &str = "demo";

/// The record of the provider at this issuer.
pub fn provider(issuer: &str) -> Provider {
    Provider {
        name: NAME.to_owned(),
        display_name: "Demo".to_owned(),
        issuer: Some(issuer.to_owned()),
        parameters: BTreeMap::new(),
        endpoints: endpoints(issuer),
        default_scopes: ["openid", "email", "read"].map(str::to_owned).to_vec(),
        scope_separator: ' ',
        pkce: Pkce::Required,
        client_auth: None,
        device_client_auth: None,
        body_format: BodyFormat::Form,
        extra: ExtraParameters::default(),
        token_at: None,
        success_flag: None,
        assumed_expires_in: None,
        expires_in_unit: ExpiresInUnit::Seconds,
        rotation: Rotation::SingleUse,
        reuse_grace: 0,
        refresh_idle_life: Some(60 * 60),
        refresh_absolute_life: None,
        earliest_refresh: None,
        revocation: Revocation::Standard,
        redirect: RedirectRule::default(),
        flows: vec![Flow::Device, Flow::Loopback],
        setup: Setup {
            url: None,
            steps: vec![format!(
                "Nothing to do: the client id is {PUBLIC_CLIENT}, without a secret."
            )],
            client_id_hint: PUBLIC_CLIENT.to_owned(),
            client_id_prefixes: Vec::new(),
            client_id_suffixes: Vec::new(),
            needs_secret: false,
        },
        notes: vec![
            "The demo provider forgets everything when it ends.".to_owned(),
            "A refresh token that is used twice revokes the whole grant.".to_owned(),
        ],
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
        introspection: at("/introspect"),
        userinfo: at("/userinfo"),
        registration: None,
        pushed_authorization_request: None,
    }
}

/// The public client that is registered there.
pub fn client() -> Client {
    Client {
        id: PUBLIC_CLIENT.to_owned(),
        secret: None,
        auth: ClientAuth::None,
    }
}
