//! What the demo is filled with: each credential ends where it is meant to, through the real protocol.

use crate::vault_fixture::key_pair;
use std::collections::BTreeMap;
use tokenward::clock;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::seed;
use tokenward::demo::settings::DemoSettings;
use tokenward::model::failure::FailureClass;
use tokenward::oauth::caller::Caller;
use tokenward::oauth::http::{Http, HttpSettings};
use tokenward::oauth::token::{self, Wish};
use tokenward::vault::file::VaultFile;
use tokenward::vault::open::OpenVault;
use tokenward::vault::slot::NewSlot;
use tokenward::vault::store::{Store, StoredProfile};

fn filled(provider: &DemoProvider) -> (tempfile::TempDir, OpenVault, Vec<StoredProfile>) {
    let folder = tempfile::tempdir().unwrap();
    let slot = NewSlot::Recipient(key_pair().1);
    let path = folder.path().join("vault.db");
    let mut vault = VaultFile::create(&path, slot, 1).unwrap();
    let written = seed::fill(&mut vault, &provider.control()).unwrap();
    let mut profiles = Vec::new();
    vault
        .profiles(&mut |portion| profiles.extend(portion.into_iter().map(Result::unwrap)))
        .unwrap();
    assert_eq!(profiles.len(), written);
    (folder, vault, profiles)
}

#[test]
fn the_demo_shows_credentials_fresh_expiring_expired_and_without_expiry() {
    let provider = DemoProvider::spawn(DemoSettings::default()).unwrap();
    let (_folder, mut vault, profiles) = filled(&provider);
    let now = clock::now();
    let mut left: Vec<i64> = profiles
        .iter()
        .filter_map(|stored| stored.profile.expires_at)
        .map(|at| (at.as_millis() - now.as_millis()) / 1000)
        .collect();
    left.sort_unstable();
    assert!(left[0] < 0, "one has expired: {left:?}");
    assert!(left.iter().any(|secs| (1..=30).contains(secs)), "{left:?}");
    assert!(left.iter().any(|secs| *secs > 100), "{left:?}");
    assert_eq!(left.len(), profiles.len() - 1, "one has no expiry");
    let clients = vault.clients().unwrap();
    assert_eq!(
        clients.len(),
        4,
        "a client is kept for each provider: {clients:?}"
    );
    for stored in &profiles {
        let (_, secret) = vault.secret(stored.id).unwrap();
        let alive = provider.control().is_live(secret.access.expose_secret());
        let expired = stored
            .profile
            .expires_at
            .is_some_and(|at| at <= clock::now());
        let revoked = stored.profile.name.account() == "former-admin";
        assert_eq!(alive, !expired && !revoked, "{}", stored.profile.name);
    }
}

#[tokio::test]
async fn each_seeded_credential_ends_where_it_is_meant_to() {
    let provider = DemoProvider::start(DemoSettings::default()).await.unwrap();
    let (_folder, mut vault, profiles) = filled(&provider);
    let http = Http::new(HttpSettings::default());
    let mut ends = BTreeMap::new();
    for stored in &profiles {
        let (_, secret) = vault.secret(stored.id).unwrap();
        let Some(refresh) = &secret.refresh else {
            assert_eq!(stored.profile.name.as_str(), "northwind/reports");
            continue;
        };
        let answer = token::refresh(
            &Caller::new(&http, &secret.provider, &secret.client),
            refresh,
            Wish::default(),
        )
        .await;
        let end = answer.map(|_| ()).map_err(|error| error.failure().class);
        ends.insert(stored.profile.name.as_str().to_owned(), end);
    }
    for (name, class) in [
        ("acme-cloud/former-admin", FailureClass::NeedsLogin),
        ("northwind/old-importer", FailureClass::Misconfigured),
        ("northwind/warehouse", FailureClass::Transient),
    ] {
        assert_eq!(ends.remove(name), Some(Err(class)), "{name}");
    }
    assert_eq!(ends.len(), 6);
    assert!(ends.values().all(Result::is_ok), "{ends:?}");
}

#[tokio::test]
async fn the_flaky_credential_recovers() {
    let provider = DemoProvider::start(DemoSettings::default()).await.unwrap();
    let (_folder, mut vault, profiles) = filled(&provider);
    let http = Http::new(HttpSettings::default());
    let flaky = profiles
        .iter()
        .find(|stored| stored.profile.name.account() == "warehouse")
        .unwrap();
    let (_, secret) = vault.secret(flaky.id).unwrap();
    let refresh = secret.refresh.as_ref().unwrap();
    let mut failures = 0;
    while let Err(error) = token::refresh(
        &Caller::new(&http, &secret.provider, &secret.client),
        refresh,
        Wish::default(),
    )
    .await
    {
        assert_eq!(error.code(), "http_503");
        failures += 1;
    }
    assert_eq!(failures, 6);
}
