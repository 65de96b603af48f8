//! `tokenward demo --like NAME`: what it is filled with, what it says, and how it looks.

use crate::engine_rig::on_demand;
use crate::sandbox::{Running, Sandbox};
use crate::tui_rig::Terminal;
use crate::vault_fixture::new_vault;
use std::time::Duration;
use tokenward::demo::profiles::{PROFILES, Profile, names};
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::seed_like;
use tokenward::demo::settings::DemoSettings;
use tokenward::engine::api::{Command, Refusal};
use tokenward::engine::runner::Engine;
use tokenward::model::credential::CredentialView;
use tokenward::model::health::HealthKind;
use tokenward::model::name::CredentialName;
use tokenward::model::provider::Provider;
use tokenward::oauth::http::{Http, HttpSettings};

/// An engine over a vault that was filled for a profile, and what it says of one account after a refresh.
async fn refreshed(profile: &'static Profile, account: &str) -> (CredentialView, bool) {
    let provider = DemoProvider::start(DemoSettings::like(profile))
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, _) = new_vault(&folder.path().join("v/vault.db"));
    let count = seed_like::fill(&mut vault, &provider.control(), profile).unwrap();
    assert_eq!(count, 3);
    let http = Http::new(HttpSettings::default());
    let engine = Engine::start(Box::new(vault), http, on_demand());
    let link = engine.link();
    let name = CredentialName::new(profile.name, account).unwrap();
    let asked = name.clone();
    let answer = link
        .ask(|reply| Command::Refresh {
            name: asked,
            timeout: Duration::from_secs(30),
            reply,
        })
        .await;
    let asked = name.clone();
    let view = link
        .ask(|reply| Command::Show { name: asked, reply })
        .await
        .unwrap();
    engine.shutdown().await;
    let worked = match answer {
        Ok(_) => true,
        Err(Refusal::Failed { .. }) => false,
        Err(other) => panic!("{}: {other:?}", profile.name),
    };
    (view, worked)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_profile_is_filled_with_one_that_works_and_one_that_was_ended() {
    // Without an expiry there is nothing to refresh.
    for profile in PROFILES.iter().filter(|profile| profile.name != "github") {
        let (bob, worked) = refreshed(profile, "bob").await;
        assert!(worked, "{}: {:?}", profile.name, bob.health);
        assert_eq!(bob.health.kind(), HealthKind::Fresh, "{}", profile.name);
        let (carol, worked) = refreshed(profile, "carol").await;
        assert!(!worked, "{}", profile.name);
        let kind = carol.health.kind();
        assert_eq!(
            kind,
            HealthKind::NeedsLogin,
            "{}: {:?}",
            profile.name,
            carol.health
        );
    }
}

#[test]
fn an_unknown_name_is_refused_with_all_that_are_known() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(["demo", "--like", "slak"]);
    assert_eq!(run.code, Some(2));
    for name in names() {
        assert!(run.stderr.contains(name), "{name}: {}", run.stderr);
    }
    assert!(run.stderr.contains("similar"), "{}", run.stderr);
}

#[test]
fn the_provider_alone_says_where_it_is_and_gives_the_record_that_fits() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(["demo", "--serve-only", "--like", "slack", "--json"]);
    let mut serving = Running::start(&mut command);
    let told = serving.lines().next_json();
    let issuer = told["issuer"].as_str().unwrap();
    let record: Provider = serde_json::from_value(told["provider"].clone()).unwrap();
    assert_eq!(record.token_at.as_deref(), Some("/authed_user"));
    assert_eq!(record.endpoints.token, Some(format!("{issuer}/token")));
    assert_eq!(told["client_id"], "demo-cli");
    let answer = crate::raw_http::send(issuer, "POST", "/token", &[], "x=y").unwrap();
    assert_eq!((answer.status, &answer.json()["ok"]), (200, &false.into()));
}

#[test]
fn the_ui_shows_the_credentials_of_the_provider_it_resembles() {
    let sandbox = Sandbox::new();
    let mut ui = Terminal::start(&sandbox, &["demo", "--like", "slack"], 100, 30);
    ui.wait_for("slack/alice");
    ui.wait_for("slack/carol");
    ui.wait_for("sign in again");
    ui.keys("q");
    assert!(ui.finish().0.success());
}
