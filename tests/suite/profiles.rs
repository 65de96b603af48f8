//! Every profile of the built-in provider, used by the record that fits it; and which profile a record resembles.

use crate::engine_rig::revoke;
use crate::profiles_rig::Scene;
use tokenward::demo::profiles::{PROFILES, Profile, find, names};
use tokenward::demo::quirks::RequestKind;
use tokenward::demo::resemblance::resembling;
use tokenward::engine::api::RevokeOutcome;
use tokenward::model::credential::{Flow, Generation};
use tokenward::model::health::HealthKind;
use tokenward::model::provider::Provider;
use tokenward::oauth::catalogue;

/// Signs in, refreshes and revokes, all through the engine.
async fn lives_through(profile: &'static Profile) {
    let name = profile.name;
    let stage = Scene::like(profile).empty().start().await;
    let flow = stage.record().flows.first().copied().unwrap();
    let flow = if flow == Flow::Device {
        Flow::Loopback
    } else {
        flow
    };
    assert_eq!(stage.sign_in(flow).await, None, "{name}");
    let view = stage.view().await;
    let never_ends = name == "github";
    let kind = if never_ends {
        HealthKind::Static
    } else {
        HealthKind::Fresh
    };
    assert_eq!(view.health.kind(), kind, "{name}");
    assert_eq!(view.profile.is_renewable(), !never_ends, "{name}");
    if !never_ends {
        // Late enough for those that refuse to be early, and soon enough for those that exchange a living token.
        let waits = view.profile.earliest_refresh.is_some();
        if !waits {
            let (view, failure) = stage.refresh().await;
            assert_eq!(failure, None, "{name}");
            assert_eq!(view.generation, Generation(2), "{name}");
            let (view, failure) = stage.refresh().await;
            assert_eq!((failure, view.generation), (None, Generation(3)), "{name}");
            let counts = stage.control().counts();
            assert_eq!((counts.refreshes, counts.replays), (2, 0), "{name}");
        }
    }
    let outcome = revoke(&stage.engine().link(), "alice").await.unwrap();
    let by_hand = stage.record().endpoints.revocation.is_none()
        && stage.control().counts().of(RequestKind::Revoke) == 0;
    let expected = matches!(outcome, RevokeOutcome::ByHand { .. });
    assert_eq!(expected, by_hand, "{name}: {outcome:?}");
    let dead = stage
        .control()
        .grants()
        .iter()
        .all(|found| found.grant.revoked);
    assert_eq!(dead, !by_hand, "{name}: revoked where it can be");
}

macro_rules! every_profile {
    ($($test:ident: $name:literal,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                lives_through(find($name).unwrap()).await;
            }
        )*

        #[test]
        fn no_profile_is_left_out_here() {
            let mut tried = vec![$($name),*];
            let mut all: Vec<_> = names().collect();
            tried.sort_unstable();
            all.sort_unstable();
            assert_eq!(tried, all);
        }
    };
}

every_profile! {
    a_standard_provider_is_signed_in_to_refreshed_and_revoked: "standard",
    one_like_github_is_signed_in_to_and_revoked: "github",
    one_like_a_github_app_is_signed_in_to_refreshed_and_revoked: "github-app",
    one_like_gitlab_is_signed_in_to_refreshed_and_revoked: "gitlab",
    one_like_atlassian_is_signed_in_to_refreshed_and_revoked: "atlassian",
    one_like_linear_is_signed_in_to_refreshed_and_revoked: "linear",
    one_like_basecamp_is_signed_in_to_refreshed_and_revoked: "basecamp",
    one_like_google_is_signed_in_to_refreshed_and_revoked: "google",
    one_like_microsoft_is_signed_in_to_refreshed_and_revoked: "microsoft",
    one_like_keycloak_is_signed_in_to_refreshed_and_revoked: "keycloak",
    one_like_auth0_is_signed_in_to_refreshed_and_revoked: "auth0",
    one_like_slack_is_signed_in_to_refreshed_and_revoked: "slack",
    one_like_notion_is_signed_in_to_refreshed_and_revoked: "notion",
    one_like_meta_is_signed_in_to_refreshed_and_revoked: "meta",
    one_like_box_is_signed_in_to_refreshed_and_revoked: "box",
    one_like_dropbox_is_signed_in_to_refreshed_and_revoked: "dropbox",
    one_like_x_is_signed_in_to_refreshed_and_revoked: "x",
    one_like_reddit_is_signed_in_to_refreshed_and_revoked: "reddit",
    one_like_spotify_is_signed_in_to_refreshed_and_revoked: "spotify",
    one_like_exact_is_signed_in_to_and_revoked: "exact",
    one_like_tableau_is_signed_in_to_refreshed_and_revoked: "tableau",
    one_like_fiserv_is_signed_in_to_refreshed_and_revoked: "fiserv",
    one_like_anthropic_is_signed_in_to_refreshed_and_revoked: "anthropic",
    one_like_openais_cli_is_signed_in_to_refreshed_and_revoked: "openai-cli",
}

#[test]
fn a_record_is_known_by_its_name_or_by_what_it_does() {
    for profile in &PROFILES {
        let record = profile.provider("https://p.example");
        assert_eq!(resembling(&record).name, profile.name);
        let mut renamed = record.clone();
        renamed.name = "my-own".to_owned();
        // Some do the same as others, seen from a record; their hosts tell them apart.
        let same = match profile.name {
            "openai-cli" => "anthropic",
            "gitlab" => "standard",
            other => other,
        };
        assert_eq!(resembling(&renamed).name, same);
        for host in profile.hosts {
            renamed.endpoints.token = Some(format!("https://auth.{host}/token"));
            assert_eq!(resembling(&renamed).name, profile.name, "{host}");
            renamed.endpoints.token = Some(format!("https://not-{host}/token"));
            assert_eq!(resembling(&renamed).name, same, "not-{host}");
        }
    }
    let bare = Provider::unknown("my-own", "My own");
    assert_eq!(resembling(&bare).name, "standard");
}

#[test]
fn the_catalogues_records_resemble_the_profiles_of_their_names() {
    for profile in &PROFILES {
        if let Some(record) = catalogue::find(profile.name) {
            assert_eq!(resembling(&record).name, profile.name);
        }
    }
    let mut slack = Provider::clone(&catalogue::find("slack").unwrap());
    slack.name = "my-own".to_owned();
    assert_eq!(resembling(&slack).name, "slack");
}

#[test]
fn every_record_of_the_catalogue_resembles_a_profile_whatever_it_is_called() {
    let mut table = String::new();
    for name in catalogue::names() {
        let mut record = Provider::clone(&catalogue::find(&name).unwrap());
        let by_name = resembling(&record).name;
        record.name = "my-own".to_owned();
        let by_the_rest = resembling(&record).name;
        let aside = match by_the_rest == by_name {
            true => String::new(),
            false => format!(" (by another name: {by_the_rest})"),
        };
        table.push_str(&format!("{name}: {by_name}{aside}\n"));
    }
    insta::assert_snapshot!(table);
}
