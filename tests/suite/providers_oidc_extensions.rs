//! The extensions of OAuth by commands alone, against a certified provider (`tests/providers/run oidc` starts it).

use crate::providers_rig::{Asked, Person, Server, SignIn, Wish};
use crate::raw_http;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;

const LOOPBACK: [&str; 2] = ["--flow", "loopback"];
/// What whoever registers a client has to bring; the server's own file says so.
const REGISTRATION_TOKEN: &str = "initial-access-token-of-the-tests";

fn person() -> Person {
    Person::new(Server::oidc())
}

fn with<'a>(some: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [some, more].concat()
}

/// Signs in with a scope of its own.
fn sign_in_for(person: &Person, client: &str, scope: &str, more: &[&str]) -> SignIn {
    let wish = Wish {
        scope,
        ..Wish::with(more)
    };
    person.sign_in_as(client, &wish)
}

/// Asks who the token's owner is, as a program with a proof would.
fn who(person: &Person, proven: &Value) -> raw_http::Answer {
    let token = format!("DPoP {}", proven["access_token"].as_str().unwrap());
    let proof = proven["dpop"].as_str().unwrap();
    let headers = [("Authorization", token.as_str()), ("DPoP", proof)];
    raw_http::send(&person.server.base(), "GET", "/me", &headers, "").unwrap()
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn bound_tokens_are_minted_refreshed_and_used_with_proofs() {
    let person = person();
    let name = person
        .sign_in("native-dpop", &with(&LOOPBACK, &["--dpop"]))
        .name();
    person.run(&["refresh", &name]).ok();
    let asked = person.server.requests_of("native-dpop");
    let tokens = asked.iter().filter(|asked| asked.path == "/token");
    assert!(tokens.clone().count() >= 2 && tokens.clone().all(|asked| asked.has_proof));

    let url = format!("{}/me", person.server.issuer);
    let get = ["get", &name, "--json", "--dpop", "GET", &url];
    let proven = person.run(&get).json();
    assert_eq!(proven["token_type"], "DPoP", "{proven}");
    // This resource wants its own nonce in each proof.
    let refused = who(&person, &proven);
    assert_eq!(refused.status, 401, "{refused:?}");
    let nonce = ["--dpop-nonce", &refused.headers["dpop-nonce"]];
    let proven = person.run(&with(&get, &nonce)).json();
    assert_eq!(who(&person, &proven).status, 200);
    assert_ne!(who(&person, &proven).status, 200, "a proof is good once");
    let stolen = format!("Bearer {}", person.token(&name));
    let headers = [("Authorization", stolen.as_str())];
    let answer = raw_http::send(&person.server.base(), "GET", "/me", &headers, "").unwrap();
    assert_eq!(answer.status, 401, "a stolen one is of no use");
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn nonces_of_the_authorization_server_and_of_the_resource_are_used() {
    let person = person();
    let more = with(&LOOPBACK, &["--dpop"]);
    let name = person.sign_in("native-dpop-nonce", &more).name();
    person.run(&["refresh", &name]).ok();
    let asked = person.server.requests_of("native-dpop-nonce");
    let wanted = |asked: &&Asked| asked.path == "/token" && asked.error == "use_dpop_nonce";
    assert!(asked.iter().any(|asked| wanted(&asked)), "{asked:?}");
    assert_eq!(
        person.server.refreshes_of("native-dpop-nonce").last(),
        Some(&200)
    );

    // Asked by the program itself, with the nonce that the resource wants.
    let said = person.run(&["validate", &name, "--json"]).json();
    assert_eq!(said["liveness"], "alive", "{said}");
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_client_that_must_prove_its_key_is_told_to() {
    let person = person();
    let sign_in = person.sign_in("native-dpop-told", &LOOPBACK);
    let failure = sign_in.failure().to_string();
    assert!(
        failure.contains("--dpop") || failure.contains("DPoP"),
        "{failure}"
    );
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_client_is_registered_and_deleted_with_its_last_credential() {
    let person = person();
    let register = with(&LOOPBACK, &["--register"]);
    let login = |more: &[&str]| {
        let mut command = person.command(["login", "rig", "--json", "--no-browser"]);
        command
            .args(["--issuer", &person.server.issuer, "--scope", "openid email"])
            .args(&register)
            .args(more);
        person.follow(&mut command, |url| crate::providers_rig::go(url, false))
    };
    let refused = login(&[]);
    assert!(refused.failure()["hint"].is_string());
    let file = person.sandbox.write("initial-token", REGISTRATION_TOKEN);
    let name = login(&["--registration-token-file", file.to_str().unwrap()]).name();
    assert!(person.server.is_active(&person.token(&name)));
    person.run(&["refresh", &name]).ok();

    let registered = |asked: &Asked| asked.path == "/reg" && asked.status == 201;
    let asked = person.server.requests();
    let (client, _) = asked.iter().find(|(_, asked)| registered(asked)).unwrap();
    // The next sign-in reads the registration and goes on with that client.
    let before = asked.len();
    login(&[]).name();
    let asked = person.server.requests();
    let read = format!("/reg/{client}");
    let is_read = |(_, asked): &(String, Asked)| asked.path == read && asked.status == 200;
    assert!(asked[before..].iter().any(is_read), "{asked:?}");
    assert!(!asked[before..].iter().any(|(_, asked)| registered(asked)));
    let remove = ["remove", "--yes", "--delete-client", &name];
    person.run(&remove).ok();
    let asked = person.server.requests();
    let deleted = format!("/reg/{client}");
    let mut deleted = asked.iter().filter(|(_, asked)| asked.path == deleted);
    assert_eq!(deleted.next_back().unwrap().1.status, 204, "{asked:?}");
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_client_of_the_device_flow_is_registered_without_an_address_to_come_back_to() {
    let person = person();
    let token = person.sandbox.write("initial-token", REGISTRATION_TOKEN);
    let mut command = person.command(["login", "rig", "--json", "--no-browser", "--register"]);
    command
        .args(["--flow", "device", "--issuer", &person.server.issuer])
        .args(["--scope", "openid email offline_access"])
        .args(["--registration-token-file", token.to_str().unwrap()]);
    let signed_in = person.follow(&mut command, |url| crate::providers_rig::go(url, false));
    let name = signed_in.name();
    assert_eq!(person.listed(&name)["flow"], "device");
    let asked = person.server.requests();
    let registered = |asked: &Asked| asked.path == "/reg" && asked.status == 201;
    assert!(
        asked.iter().any(|(_, asked)| registered(asked)),
        "{asked:?}"
    );
    person.run(&["refresh", &name]).ok();
    assert!(person.server.is_active(&person.token(&name)));
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_client_without_a_person_gets_tokens_and_stays_signed_in() {
    let person = person();
    let file = person.secret_file("service-secret");
    let more = [
        "--flow",
        "client-credentials",
        "--client-secret-file",
        &file,
        "--account",
        "me",
    ];
    let resource = ["--resource", "https://api.example.test/jwt"];
    let name = sign_in_for(&person, "service", "api:read", &with(&more, &resource)).name();
    assert_eq!(name, "rig/me");
    let first = person.token(&name);
    assert_eq!(claims(&first)["aud"], resource[1]);
    person.run(&["refresh", &name]).ok();
    let second = person.token(&name);
    assert_ne!(first, second);
    assert_eq!(claims(&second)["aud"], resource[1], "asked for again");
}

/// What a JWT says; nobody believes it here.
fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let payload = token
        .split('.')
        .nth(1)
        .unwrap_or_else(|| panic!("no JWT: {}", token.len()));
    serde_json::from_slice(&engine.decode(payload).unwrap()).unwrap()
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn tokens_are_for_the_resource_that_was_asked_for_before_and_after_a_refresh() {
    let person = person();
    let scope = "openid email offline_access api:read";
    let jwt = ["--resource", "https://api.example.test/jwt"];
    let name = sign_in_for(&person, "native", scope, &with(&LOOPBACK, &jwt)).name();
    assert_eq!(claims(&person.token(&name))["aud"], jwt[1]);
    person.run(&["refresh", &name]).ok();
    assert_eq!(claims(&person.token(&name))["aud"], jwt[1]);

    let opaque = [
        "--resource",
        "https://api.example.test/opaque",
        "--account",
        "opaque",
    ];
    let name = sign_in_for(&person, "native", scope, &with(&LOOPBACK, &opaque)).name();
    let token = person.token(&name);
    assert!(!token.contains('.') && person.server.is_active(&token));

    let unknown = ["--resource", "https://elsewhere.example/", "--account", "x"];
    let sign_in = sign_in_for(&person, "native", scope, &with(&LOOPBACK, &unknown));
    assert!(sign_in.failure()["hint"].is_string());
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn clients_with_a_key_instead_of_a_secret_sign_in_refresh_and_revoke() {
    for client in ["key-es256", "key-rs256"] {
        let person = person();
        let keys = raw_http::send(&person.server.base(), "GET", "/test/keys", &[], "")
            .unwrap()
            .json();
        let file = person
            .sandbox
            .write("client.pem", keys[client]["pem"].as_str().unwrap());
        let id = keys[client]["id"].as_str().unwrap().to_owned();
        let key = [
            "--client-key-file",
            file.to_str().unwrap(),
            "--client-key-id",
            &id,
        ];
        let name = person.sign_in(client, &with(&LOOPBACK, &key)).name();
        person.run(&["refresh", &name]).ok();
        let token = person.token(&name);
        assert!(person.server.is_active(&token), "{client}");
        person.run(&["revoke", "--yes", &name]).ok();
        assert!(!person.server.is_active(&token), "{client}");

        let alone = ["--flow", "client-credentials", "--account", "robot"];
        let name = sign_in_for(&person, client, "api:read", &with(&alone, &key)).name();
        assert!(person.server.is_active(&person.token(&name)), "{client}");
        let asked = person.server.requests_of(client);
        assert!(asked.iter().all(|asked| asked.status < 400), "{asked:?}");
    }
}

/// The provider's own key set, with its keys' material spoilt, from an address of its own.
fn spoilt_keys(server: &Server) -> String {
    let mut set = raw_http::send(&server.base(), "GET", "/jwks", &[], "")
        .unwrap()
        .json();
    for key in set["keys"].as_array_mut().unwrap() {
        if let Some(n) = key["n"].as_str() {
            let last = if n.ends_with("AA") { "BB" } else { "AA" };
            key["n"] = json!(format!("{}{last}", &n[..n.len() - 2]));
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/jwks", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, body) = (stream.unwrap(), set.to_string());
            let _ = stream.read(&mut [0; 4096]);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
            let length = body.len();
            write!(stream, "{head}Content-Length: {length}\r\n\r\n{body}").unwrap();
        }
    });
    address
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn id_tokens_of_either_algorithm_are_checked_against_the_providers_keys() {
    for client in ["native", "native-es256"] {
        let person = person();
        let name = person.sign_in(client, &LOOPBACK).name();
        assert_eq!(name, "rig/alice@example.test", "{client}");
    }
    let person = person();
    let keys = format!("jwks={}", spoilt_keys(&person.server));
    let sign_in = person.sign_in("native", &with(&LOOPBACK, &["--endpoint", &keys]));
    let failure = sign_in.failure().to_string();
    assert!(failure.contains("signature"), "{failure}");
    assert_eq!(person.run(&["list", "--json"]).json(), json!([]));
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn the_userinfo_endpoint_tells_whose_a_credential_is_where_no_id_token_does() {
    let person = person();
    let name = person.sign_in("native-userinfo", &LOOPBACK).name();
    assert_eq!(name, "rig/alice@example.test");
    let asked = person.server.requests_of("native-userinfo");
    assert!(
        asked
            .iter()
            .any(|asked| asked.path == "/me" && asked.status == 200)
    );
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_verdict_comes_from_introspection_and_from_userinfo_and_changes_when_the_token_dies() {
    let person = person();
    let file = person.secret_file("basic-secret");
    let more = with(&LOOPBACK, &["--client-secret-file", &file]);
    let name = person.sign_in("basic", &more).name();
    for (how, by) in [(&["--introspect"][..], "introspection"), (&[], "userinfo")] {
        let said = person
            .run(&with(&["validate", &name, "--json"], how))
            .json();
        assert_eq!(
            (&said["valid"], &said["checked_by"]),
            (&json!(true), &json!(by)),
            "{said}"
        );
    }
    let lacking = person.run(&["validate", &name, "--scope", "api:write"]);
    lacking.fails(5);
    // Ended at the provider behind our back.
    let token = person.token(&name);
    let client = ("basic", "basic-secret");
    let fields = [("token", token.as_str())];
    raw_http::post_basic(&person.server.base(), "/token/revocation", client, &fields);
    for how in [&["--introspect"][..], &[]] {
        let dead = person.run(&with(&["validate", &name], how));
        assert!(dead.stdout.contains("dead"), "{dead:?}");
        dead.fails(5);
    }
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_token_is_exchanged_for_a_narrower_one_and_one_for_another_service() {
    let person = person();
    let scope = "openid email profile offline_access";
    let name = sign_in_for(&person, "native-exchange", scope, &LOOPBACK).name();
    let own = person.token(&name);
    let jwt = "https://api.example.test/jwt";
    let other = person
        .run(&[
            "get",
            &name,
            "--json",
            "--audience",
            jwt,
            "--scope",
            "email",
        ])
        .json();
    assert_eq!(other["scopes"], json!(["email"]), "{other}");
    assert_eq!(claims(other["access_token"].as_str().unwrap())["aud"], jwt);
    assert_eq!(person.token(&name), own, "the one that was exchanged stays");
    let wider = ["get", &name, "--audience", jwt, "--scope", "api:write"];
    person.run(&wider).fails(1);
    let nobody = ["get", &name, "--resource", "https://elsewhere.example/"];
    person.run(&nobody).fails(1);
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_token_with_fewer_scopes_comes_beside_the_one_there_is() {
    let person = person();
    let scope = "openid email profile offline_access";
    let name = sign_in_for(&person, "native", scope, &LOOPBACK).name();
    let own = person.token(&name);
    let fewer = ["get", &name, "--json", "--narrow", "--scope", "email"];
    let other = person.run(&fewer).json();
    assert_eq!(other["scopes"], json!(["email"]), "{other}");
    let narrow = other["access_token"].as_str().unwrap();
    assert!(narrow != own && person.server.is_active(narrow));
    assert_eq!(person.token(&name), own);
    assert!(person.server.is_active(&own));
    // The refresh token was rotated for it: the newest one is what goes on.
    person.run(&["refresh", &name]).ok();
    assert!(person.server.is_active(&person.token(&name)));
}
