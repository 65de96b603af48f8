//! The real program against django-oauth-toolkit (`tests/providers/run django` starts it).

use crate::providers_rig::{Person, Server, Wish};
use crate::providers_shared as shared;
use crate::raw_http;
use serde_json::json;

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

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_client_is_registered_where_anybody_may_and_deleted_again() {
    let person = Person::new(Server::django());
    let mut command = person.command(["login", "rig", "--json", "--no-browser", "--register"]);
    command
        .args(["--issuer", &person.server.issuer])
        // It signs no ID tokens for clients that register themselves, and answers 500 where one is asked for.
        .args(["--scope", "read", "--account", "me"])
        .args(LOOPBACK);
    let sign_in = person.follow(&mut command, |url| crate::providers_rig::go(url, false));
    let name = sign_in.name();
    assert!(person.server.is_active(&person.token(&name)));
    person.run(&["refresh", &name]).ok();
    person
        .run(&["remove", "--yes", "--delete-client", &name])
        .ok();
    let asked = person.server.requests();
    let of_client = asked
        .iter()
        .filter(|(_, asked)| asked.path.starts_with("/o/register/"));
    let statuses: Vec<u64> = of_client.map(|(_, asked)| asked.status).collect();
    assert_eq!(
        (statuses.first(), statuses.last()),
        (Some(&201), Some(&204)),
        "{asked:?}"
    );
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_client_without_a_person_gets_tokens_and_stays_signed_in() {
    let person = Person::new(Server::django());
    let file = person.secret_file("service-secret");
    let more = [
        "--flow",
        "client-credentials",
        "--client-secret-file",
        &file,
        "--account",
        "me",
    ];
    let wish = Wish {
        scope: "read",
        ..Wish::with(&more)
    };
    let name = person.sign_in_as("service", &wish).name();
    let first = person.token(&name);
    assert!(person.server.is_active(&first));
    person.run(&["refresh", &name]).ok();
    let second = person.token(&name);
    assert!(first != second && person.server.is_active(&second));
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_verdict_comes_from_introspection_and_changes_when_the_token_dies() {
    let person = Person::new(Server::django());
    let file = person.secret_file("basic-secret");
    let more = ["--flow", "loopback", "--client-secret-file", &file];
    let name = person.sign_in("basic", &more).name();
    let said = person
        .run(&["validate", &name, "--introspect", "--json"])
        .json();
    let verdict = (&said["valid"], &said["checked_by"]);
    assert_eq!(verdict, (&json!(true), &json!("introspection")), "{said}");
    let token = person.token(&name);
    let (client, fields) = (("basic", "basic-secret"), [("token", token.as_str())]);
    raw_http::post_basic(&person.server.base(), "/o/revoke_token/", client, &fields);
    let dead = person.run(&["validate", &name, "--introspect"]);
    assert!(dead.stdout.contains("dead"), "{dead:?}");
    dead.fails(5);
}
