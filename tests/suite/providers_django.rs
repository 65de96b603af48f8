//! The real program against django-oauth-toolkit (`tests/providers/run django` starts it).

use crate::providers_rig::{Person, Server};
use crate::providers_shared as shared;

/// Its answer to a device has no ID token, so the person names the account.
const DEVICE: [&str; 4] = ["--flow", "device", "--account", "me"];
const LOOPBACK: [&str; 2] = ["--flow", "loopback"];

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_sign_in_is_refreshed_and_revoked() {
    shared::is_refreshed_and_revoked(Server::django(), "native", &LOOPBACK);
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_device_sign_in_at_an_endpoint_that_no_document_names_is_refreshed_and_revoked() {
    shared::is_refreshed_and_revoked(Server::django(), "device", &DEVICE);
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn two_documents_that_differ_are_read_as_one() {
    let person = Person::new(Server::django());
    let name = person.sign_in("native", &LOOPBACK).name();
    assert_eq!(name, "rig/alice@example.test", "the ID token tells it");
    // Only RFC 8414's document has the revocation endpoint.
    person.run(&["revoke", "--yes", &name]).ok();
    let asked = person.server.requests_of("native");
    let revocations = asked
        .iter()
        .filter(|asked| asked.path == "/o/revoke_token/");
    assert!(revocations.clone().count() > 0, "{asked:?}");
    assert!(revocations.clone().all(|asked| asked.status == 200));
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_loopback_sign_in_through_the_persons_browser_works() {
    shared::comes_back_through_the_browser(Server::django(), "native");
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_denial_without_iss_is_a_denial_though_the_metadata_promises_iss() {
    shared::is_denied(
        Server::django(),
        [("native", "loopback"), ("device", "device")],
    );
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn confidential_clients_sign_in_and_refresh() {
    for (client, secret, more) in [
        ("basic", "basic-secret", LOOPBACK.as_slice()),
        ("device-basic", "device-basic-secret", &DEVICE),
    ] {
        let person = Person::new(Server::django());
        let file = person.secret_file(secret);
        let more: Vec<&str> = more
            .iter()
            .copied()
            .chain(["--client-secret-file", &file])
            .collect();
        let name = person.sign_in(client, &more).name();
        person.run(&["refresh", &name]).ok();
        assert!(person.server.is_active(&person.token(&name)), "{client}");
        person.run(&["revoke", "--yes", &name]).ok();
        let refused = person.server.requests_of(client);
        assert!(
            refused.iter().all(|asked| asked.status != 401),
            "{refused:?}"
        );
    }
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_wrong_client_secret_is_named_as_such() {
    let person = Person::new(Server::django());
    let file = person.secret_file("wrong");
    let more = ["--flow", "loopback", "--client-secret-file", &file];
    let sign_in = person.sign_in("guarded", &more);
    let failure = sign_in.failure();
    assert_eq!(failure["code"], "failed", "{failure}");
    assert!(failure.to_string().contains("secret"), "{failure}");
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn the_headless_owner_refreshes_by_itself_and_serves_a_fresh_token() {
    shared::is_refreshed_by_the_owner(Server::django(), "device-short", &DEVICE);
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn ten_programs_that_ask_at_once_cost_one_refresh() {
    shared::costs_one_refresh(Server::django(), "native-short", &LOOPBACK);
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_spent_refresh_token_that_comes_back_is_explained() {
    shared::is_explained_when_a_refresh_token_comes_back(Server::django(), "native", &LOOPBACK);
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn killed_before_the_provider_knew_nothing_is_lost() {
    shared::loses_nothing_when_killed_before_the_provider_knew(
        Server::django(),
        "native",
        &LOOPBACK,
    );
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn killed_before_the_answer_came_the_person_is_told_to_sign_in_again() {
    let (code, listed, _) =
        shared::killed_before_the_answer_came(Server::django(), "native", &LOOPBACK);
    assert_eq!(code, Some(5), "{listed}");
    assert_eq!(listed["health"], "needs_login", "{listed}");
    assert!(listed["fix"].is_string(), "{listed}");
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn killed_before_the_answer_came_nothing_is_lost_where_the_provider_has_a_grace_period() {
    let server = Server::django_with_grace();
    let (code, listed, person) = shared::killed_before_the_answer_came(server, "native", &LOOPBACK);
    assert_eq!(code, Some(0), "{listed}");
    let name = listed["name"].as_str().unwrap();
    assert!(person.server.is_active(&person.token(name)));
}
