//! Profiles and failures for the engine's own tests.
#![cfg(test)]

use crate::clock::Timestamp;
use crate::model::client::ClientAuth;
use crate::model::credential::{Flow, Profile, Standing};
use crate::model::fingerprint::Fingerprint;
use crate::model::policy::PolicyOverride;
use std::collections::BTreeMap;
use std::time::Duration;

/// The moment at which sample tokens are issued.
pub(crate) const ISSUED: Timestamp = Timestamp::from_secs(1_800_000_000);

/// A refreshable credential `demo/alice` whose access token lives that many seconds.
pub(crate) fn profile(life: Option<u64>) -> Profile {
    Profile {
        name: "demo/alice".parse().unwrap(),
        provider_name: "Demo".to_owned(),
        host: "demo.example".to_owned(),
        scopes: vec!["mail".to_owned()],
        token_type: "Bearer".to_owned(),
        flow: Flow::Device,
        client_id: "demo-cli".to_owned(),
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
        created_at: ISSUED,
        signed_in_at: ISSUED,
        issued_at: ISSUED,
        expires_at: life.map(|secs| ISSUED.plus(Duration::from_secs(secs))),
        refresh_expires_at: None,
        refresh_idle_life: None,
        refresh_absolute_life: None,
        test_life: None,
        refresh_end_moves: None,
        told_end: None,
        seen_lives: Vec::new(),
        asked_at: Vec::new(),
        earliest_refresh: None,
        last_used_at: None,
        access_fingerprint: Fingerprint(1),
        refresh_fingerprint: Some(Fingerprint(2)),
        standing: Standing::Active,
        last_failure: None,
        failures_in_a_row: 0,
        policy: PolicyOverride::default(),
        attempts: Vec::new(),
    }
}
