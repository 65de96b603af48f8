//! The real program against a certified provider written by others (`tests/providers/run oidc` starts it).

use crate::providers_rig::{Person, Server};
use crate::providers_shared as shared;
use serde_json::json;

const DEVICE: [&str; 2] = ["--flow", "device"];
const LOOPBACK: [&str; 2] = ["--flow", "loopback"];

fn person() -> Person {
    Person::new(Server::oidc())
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_device_sign_in_is_refreshed_and_revoked() {
    shared::is_refreshed_and_revoked(Server::oidc(), "native", &DEVICE);
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn the_account_comes_from_the_id_token_and_the_flow_is_remembered() {
    let person = person();
    let sign_in = person.sign_in("native", &DEVICE);
    assert_eq!(sign_in.name(), "rig/alice@example.test");
    assert_eq!(sign_in.events[0]["event"], "device_code");
    let listed = person.listed("rig/alice@example.test");
    assert_eq!(listed["flow"], json!("device"));
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_loopback_sign_in_through_the_persons_browser_works() {
    shared::comes_back_through_the_browser(Server::oidc(), "native");
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_denied_sign_in_fails_at_once_and_says_why() {
    shared::is_denied(
        Server::oidc(),
        [("native", "device"), ("native", "loopback")],
    );
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_device_code_that_nobody_enters_in_time_is_over_and_says_so() {
    let person = person();
    let mut command = person.login("native-hasty", &crate::providers_rig::Wish::with(&DEVICE));
    let sign_in = person.follow(&mut command, |_| ());
    let failure = sign_in.failure();
    assert!(
        failure["error"].as_str().unwrap().contains("in time"),
        "{failure}"
    );
    assert!(failure["hint"].is_string(), "{failure}");
    assert_eq!(person.run(&["list", "--json"]).json(), json!([]));
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_client_that_must_push_its_request_signs_in() {
    let person = person();
    let name = person.sign_in("native-par", &LOOPBACK).name();
    assert!(person.server.is_active(&person.token(&name)));
    let asked = person.server.requests_of("native-par");
    let pushed = asked.iter().filter(|asked| asked.path == "/request");
    assert_eq!(pushed.map(|asked| asked.status).collect::<Vec<_>>(), [201]);
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn confidential_clients_sign_in_by_basic_even_with_odd_characters() {
    for (client, secret, flow) in [
        ("basic", "basic-secret", "device"),
        ("odd client:id+1", "s3cr:t w%2Bith/odd=&~", "loopback"),
    ] {
        let person = person();
        let file = person.secret_file(secret);
        let more = ["--flow", flow, "--client-secret-file", &file];
        let name = person.sign_in(client, &more).name();
        person.run(&["refresh", &name]).ok();
        assert!(person.server.is_active(&person.token(&name)), "{client}");
        person.run(&["revoke", "--yes", &name]).ok();
        let asked = person.server.requests_of(client);
        assert!(asked.iter().all(|asked| asked.status != 401), "{asked:?}");
    }
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_wrong_client_secret_is_named_as_such() {
    let person = person();
    let file = person.secret_file("wrong");
    let more = ["--flow", "device", "--client-secret-file", &file];
    let sign_in = person.sign_in("guarded", &more);
    let failure = sign_in.failure().to_string();
    assert!(
        failure.contains("invalid_client") || failure.contains("secret"),
        "{failure}"
    );
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn the_headless_owner_refreshes_by_itself_and_serves_a_fresh_token() {
    shared::is_refreshed_by_the_owner(Server::oidc(), "native-short", &DEVICE);
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn ten_programs_that_ask_at_once_cost_one_refresh() {
    shared::costs_one_refresh(Server::oidc(), "native-burst", &DEVICE);
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_spent_refresh_token_that_comes_back_ends_the_family_and_is_explained() {
    shared::is_explained_when_a_refresh_token_comes_back(Server::oidc(), "native", &DEVICE);
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn killed_before_the_provider_knew_nothing_is_lost() {
    let server = Server::oidc();
    shared::loses_nothing_when_killed_before_the_provider_knew(server, "native", &LOOPBACK);
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn killed_before_the_answer_came_the_person_is_told_to_sign_in_again() {
    let (code, listed, _) =
        shared::killed_before_the_answer_came(Server::oidc(), "native", &LOOPBACK);
    assert_eq!(code, Some(5), "{listed}");
    assert_eq!(listed["health"], "needs_login", "{listed}");
    assert!(listed["fix"].is_string(), "{listed}");
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn what_the_person_has_to_do_first_is_named() {
    for (client, code, words) in [
        ("native-login", "login_required", "sign"),
        ("native-consent", "consent_required", "consent"),
        ("native-interaction", "interaction_required", "person"),
    ] {
        let person = person();
        let sign_in = person.sign_in(client, &LOOPBACK);
        let failure = sign_in.failure();
        assert!(
            failure["error"].as_str().unwrap().contains(words),
            "{code}: {failure}"
        );
    }
}
