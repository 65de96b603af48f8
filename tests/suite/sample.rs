//! The profile that tests of the engine, the vault and the socket begin with.

use std::collections::BTreeMap;
use tokenward::clock::Timestamp;
use tokenward::model::client::{Client, ClientAuth};
use tokenward::model::credential::{Flow, Profile, Secret, Standing};
use tokenward::model::fingerprint::Fingerprint;
use tokenward::model::name::CredentialName;
use tokenward::model::policy::PolicyOverride;
use tokenward::model::provider::Provider;
use tokenward::secret::{AccessToken, RefreshToken};

/// An active credential with a refresh token, issued at that moment; its access token has no end.
pub(crate) fn profile(name: CredentialName, issued_at: Timestamp) -> Profile {
    Profile {
        provider_name: name.provider().to_uppercase(),
        host: format!("{}.example", name.provider()),
        scopes: Vec::new(),
        token_type: "Bearer".to_owned(),
        flow: Flow::Device,
        client_id: format!("client-of-{}", name.provider()),
        client_auth: ClientAuth::None,
        claims: None,
        has_refresh_token: true,
        renews_itself: false,
        bound_to: None,
        resources: Vec::new(),
        kept: BTreeMap::new(),
        restored: None,
        provenance: None,
        wanted_scopes: Vec::new(),
        created_at: issued_at,
        signed_in_at: issued_at,
        issued_at,
        expires_at: None,
        refresh_expires_at: None,
        refresh_idle_life: None,
        refresh_absolute_life: None,
        test_life: None,
        asked_at: Vec::new(),
        refresh_end_moves: None,
        told_end: None,
        seen_lives: Vec::new(),
        earliest_refresh: None,
        last_used_at: None,
        access_fingerprint: Fingerprint(1),
        refresh_fingerprint: Some(Fingerprint(2)),
        standing: Standing::Active,
        last_failure: None,
        failures_in_a_row: 0,
        policy: PolicyOverride::default(),
        attempts: Vec::new(),
        name,
    }
}

/// A secret with tokens made of this text.
pub(crate) fn secret(text: &str) -> Secret {
    Secret {
        access: AccessToken::new(format!("access-{text}")),
        refresh: Some(RefreshToken::new(format!("refresh-{text}"))),
        previous_refresh: None,
        id_token: None,
        client: Client::new("demo-cli", None, ClientAuth::None),
        bound_to: None,
        provider: Provider::unknown("demo", "Demo"),
    }
}
