//! The extensions of OAuth by commands alone, against the built-in provider that is as strict as their RFCs.

use crate::raw_http;
use crate::sandbox::{Running, Sandbox, provider};
use serde_json::Value;
use std::process::Command;
use tokenward::demo::protocol::{Nonces, Offer, Protocol, RegistrationRule};
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::{Consent, Quirks, RequestKind};
use tokenward::demo::settings::{
    ASSERTING_CLIENT, CONFIDENTIAL_CLIENT, CONFIDENTIAL_SECRET, INITIAL_ACCESS_TOKEN,
};

fn speaking(change: impl FnOnce(&mut Protocol)) -> DemoProvider {
    let mut quirks = Quirks::default();
    change(&mut quirks.protocol);
    provider(quirks)
}

/// `login demo --json` with these arguments; whoever is asked is this account, and says yes. The last line.
#[track_caller]
fn sign_in(sandbox: &Sandbox, provider: &DemoProvider, account: &str, more: &[&str]) -> Value {
    let mut command = login(sandbox, provider, more);
    let mut login = Running::start(&mut command);
    let mut lines = login.lines();
    loop {
        let line = lines.next_json();
        match line["event"].as_str() {
            Some("authorize") => {
                let consent = Consent::Allow(account.to_owned());
                let url = line["url"].as_str().unwrap();
                assert!(provider.control().visit(url, &consent), "refused: {url}");
            }
            Some("signed_in" | "failed") => {
                login.wait();
                return line;
            }
            _ => {}
        }
    }
}

fn login(sandbox: &Sandbox, provider: &DemoProvider, more: &[&str]) -> Command {
    let issuer = provider.issuer();
    let mut command = sandbox.command(["login", "demo", "--json", "--no-browser"]);
    command.args(["--issuer", &issuer]).args(more);
    command
}

const PUBLIC: [&str; 4] = ["--client-id", "demo-cli", "--flow", "loopback"];

#[track_caller]
fn as_public(sandbox: &Sandbox, provider: &DemoProvider, account: &str, more: &[&str]) -> String {
    let line = sign_in(sandbox, provider, account, &[&PUBLIC, more].concat());
    assert_eq!(line["event"], "signed_in", "{line}");
    line["name"].as_str().unwrap().to_owned()
}

#[test]
fn bound_tokens_are_minted_refreshed_and_used_with_their_key_and_every_nonce() {
    let provider = speaking(|protocol| {
        protocol.dpop = Offer::Required;
        // Each nonce is good for one proof only.
        protocol.nonces = Nonces {
            server: true,
            resource: true,
            life: std::time::Duration::ZERO,
        };
    });
    let sandbox = Sandbox::with_vault();
    let name = as_public(
        &sandbox,
        &provider,
        "alice",
        &["--dpop", "--scope", "openid email read"],
    );
    assert_eq!(
        name, "demo/alice@example.test",
        "told by userinfo or ID token"
    );
    sandbox.run(["refresh", &name]).ok();
    let issuer = provider.issuer();
    let url = format!("{issuer}/api/hello");
    let get = |nonce: Option<&str>| {
        let mut arguments = vec!["get", &name, "--json", "--dpop", "get", &url];
        arguments.extend(nonce.into_iter().flat_map(|nonce| ["--dpop-nonce", nonce]));
        sandbox.run(arguments).json()
    };
    let first = get(None);
    assert_eq!(first["token_type"], "DPoP");
    let ask = |proven: &Value| {
        let token = proven["access_token"].as_str().unwrap();
        let proof = proven["dpop"].as_str().unwrap();
        let token = format!("DPoP {token}");
        let headers = [("Authorization", token.as_str()), ("DPoP", proof)];
        raw_http::send(&issuer, "GET", "/api/hello", &headers, "").unwrap()
    };
    let refused = ask(&first);
    assert_eq!(refused.status, 401, "{refused:?}");
    let nonce = refused.headers["dpop-nonce"].clone();
    let second = get(Some(&nonce));
    let answer = ask(&second);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_ne!(ask(&second).status, 200, "a proof is good for one request");
    let bare = sandbox.run(["get", &name]).ok();
    let bare = format!("Bearer {}", bare.trim());
    let headers = [("Authorization", bare.as_str())];
    let bearer = raw_http::send(&issuer, "GET", "/api/hello", &headers, "").unwrap();
    assert_eq!(bearer.status, 401, "a stolen one is of no use");
}

#[test]
fn a_credential_that_is_bound_to_no_key_has_no_proof() {
    let provider = speaking(|_| {});
    let sandbox = Sandbox::with_vault();
    let name = sandbox.sign_in(&provider, "alice");
    let words = sandbox
        .run(["get", &name, "--dpop", "GET", "https://p.example/"])
        .fails(1);
    assert!(words.contains("--dpop"), "{words}");
}

#[test]
fn a_client_is_registered_used_again_and_deleted_with_its_last_credential() {
    for (status, stray_secret) in [(201, false), (200, true)] {
        let provider = speaking(|protocol| {
            protocol.registration = RegistrationRule::InitialToken;
            protocol.registration_status = status;
            protocol.stray_secret = stray_secret;
        });
        let (control, sandbox) = (provider.control(), Sandbox::with_vault());
        let flow = ["--register", "--flow", "loopback"];
        let refused = sign_in(&sandbox, &provider, "alice", &flow);
        assert_eq!(refused["event"], "failed", "{refused}");
        let token = sandbox.write("initial-token", INITIAL_ACCESS_TOKEN);
        let token = token.to_str().unwrap();
        let flow = [&flow[..], &["--registration-token-file", token]].concat();
        let alice = sign_in(&sandbox, &provider, "alice", &flow);
        assert_eq!(alice["event"], "signed_in", "{alice}");
        let bob = sign_in(&sandbox, &provider, "bob", &flow);
        assert_eq!(
            control.registered_clients(),
            1,
            "the kept one is used again"
        );
        let (alice, bob) = (
            alice["name"].as_str().unwrap(),
            bob["name"].as_str().unwrap(),
        );
        sandbox.run(["refresh", alice, bob]).ok();
        sandbox
            .run(["remove", "--yes", "--delete-client", alice])
            .ok();
        assert_eq!(control.registered_clients(), 1, "one is left");
        sandbox.run(["remove", "--yes", bob]).ok();
        assert_eq!(control.registered_clients(), 1, "nobody agreed");
        let bob = sign_in(&sandbox, &provider, "bob", &flow);
        let bob = bob["name"].as_str().unwrap();
        sandbox
            .run(["remove", "--yes", "--delete-client", bob])
            .ok();
        assert_eq!(control.registered_clients(), 0);
        let words = login(&sandbox, &provider, &["--flow", "loopback"])
            .output()
            .unwrap();
        assert_eq!(words.status.code(), Some(2), "no client is kept any more");
    }
}

#[test]
fn a_client_signs_in_as_itself_by_its_secret_or_by_its_key_and_stays_signed_in() {
    let provider = speaking(|_| {});
    let sandbox = Sandbox::with_vault();
    let secret = sandbox.write("secret", CONFIDENTIAL_SECRET);
    let key = provider.control().asserting_key();
    let key = sandbox.write("key.pem", key.expose_secret());
    let by_secret = [
        "--client-id",
        CONFIDENTIAL_CLIENT,
        "--client-secret-file",
        secret.to_str().unwrap(),
    ];
    let by_key = [
        "--client-id",
        ASSERTING_CLIENT,
        "--client-key-file",
        key.to_str().unwrap(),
    ];
    for (account, client) in [("one", by_secret), ("two", by_key)] {
        let how = [
            "--flow",
            "client-credentials",
            "--scope",
            "read",
            "--account",
            account,
        ];
        let line = sign_in(&sandbox, &provider, "", &[&client[..], &how[..]].concat());
        assert_eq!(line["name"], format!("demo/{account}"), "{line}");
        let name = line["name"].as_str().unwrap();
        let first = sandbox.run(["get", name]).ok();
        assert!(provider.control().is_live(first.trim()));
        sandbox.run(["refresh", name]).ok();
        let second = sandbox.run(["get", name]).ok();
        assert_ne!(first, second);
        assert!(provider.control().is_live(second.trim()));
    }
    let list = sandbox.run(["list", "--json"]).json();
    assert_eq!(
        (&list[0]["health"], &list[1]["health"]),
        (&"fresh".into(), &"fresh".into())
    );
    assert_eq!(
        provider
            .control()
            .counts()
            .of(RequestKind::ClientCredentials),
        4
    );
}

#[test]
fn a_key_that_is_none_is_refused_before_anything_is_sent() {
    let provider = speaking(|_| {});
    let sandbox = Sandbox::with_vault();
    let key = sandbox.write(
        "key.pem",
        "-----BEGIN PRIVATE KEY-----\nbWFya2Vy\n-----END PRIVATE KEY-----\n",
    );
    let arguments = [
        "--client-id",
        "x",
        "--client-key-file",
        key.to_str().unwrap(),
    ];
    let output = login(&sandbox, &provider, &arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(provider.control().requests().len(), 0);
}

#[test]
fn a_token_is_exchanged_for_a_narrower_one_and_one_for_another_audience() {
    let provider = speaking(|_| {});
    let sandbox = Sandbox::with_vault();
    let name = as_public(
        &sandbox,
        &provider,
        "alice",
        &["--scope", "openid email read write"],
    );
    let own = sandbox.run(["get", &name]).ok();
    let resource = format!("{}/api", provider.issuer());
    let other = sandbox
        .run([
            "get",
            &name,
            "--resource",
            &resource,
            "--scope",
            "read",
            "--json",
        ])
        .json();
    assert_ne!(other["access_token"], own.trim());
    assert_eq!(other["scopes"], serde_json::json!(["read"]));
    assert!(
        provider
            .control()
            .is_live(other["access_token"].as_str().unwrap())
    );
    assert_eq!(
        sandbox.run(["get", &name]).ok(),
        own,
        "the one that was exchanged stays"
    );
    let words = sandbox
        .run(["get", &name, "--resource", &resource, "--scope", "admin"])
        .fails(1);
    assert!(words.contains("more scopes"), "{words}");
}

#[test]
fn a_narrow_token_is_for_one_program_and_the_one_there_is_stays() {
    let provider = speaking(|protocol| protocol.token_exchange = false);
    let sandbox = Sandbox::with_vault();
    let scope = ["--scope", "openid email read write"];
    let name = as_public(&sandbox, &provider, "alice", &scope);
    let _daemon = sandbox.daemon();
    let own = sandbox.run(["get", &name]).ok();
    let narrow = ["get", &name, "--narrow", "--scope", "read", "--json"];
    let other = sandbox.run(narrow).json();
    assert_eq!(other["scopes"], serde_json::json!(["read"]));
    let token = other["access_token"].as_str().unwrap();
    assert!(token != own.trim() && provider.control().is_live(token));
    assert_eq!(sandbox.run(["get", &name]).ok(), own);
    assert!(provider.control().is_live(own.trim()));
    // The provider rotates: what came with the narrow token is what is refreshed with.
    sandbox.run(["refresh", &name]).ok();
    let list = sandbox.run(["list", "--json"]).json();
    assert_eq!(
        list[0]["scopes"],
        serde_json::json!(["openid", "email", "read", "write"])
    );
    // More than there is: refused, and nothing is wrong with the credential.
    let words = sandbox
        .run(["get", &name, "--narrow", "--scope", "admin"])
        .fails(5);
    assert!(words.contains("admin"), "{words}");
    assert_eq!(sandbox.run(["list", "--json"]).json()[0]["health"], "fresh");
}

#[test]
fn a_provider_that_does_not_narrow_does_no_harm() {
    let provider = speaking(|_| {});
    let sandbox = Sandbox::with_vault();
    let name = as_public(
        &sandbox,
        &provider,
        "alice",
        &["--scope", "openid email read write"],
    );
    let _daemon = sandbox.daemon();
    let fault = tokenward::demo::quirks::Fault::Error {
        status: 400,
        error: "invalid_scope".to_owned(),
    };
    provider.control().fail_next(RequestKind::Refresh, 1, fault);
    let narrow = ["get", &name, "--narrow", "--scope", "read"];
    sandbox.run(narrow).fails(1);
    let entry = &sandbox.run(["list", "--json"]).json()[0];
    assert_eq!(
        (&entry["health"], &entry["cause"]),
        (&"fresh".into(), &Value::Null)
    );
    sandbox.run(narrow).ok();
    sandbox.run(["refresh", &name]).ok();
}

#[test]
fn a_provider_without_token_exchange_is_not_asked_for_it() {
    let provider = speaking(|protocol| protocol.token_exchange = false);
    let sandbox = Sandbox::with_vault();
    let name = sandbox.sign_in(&provider, "alice");
    let words = sandbox.run(["get", &name, "--audience", "other"]).fails(1);
    assert!(words.contains("RFC 8693"), "{words}");
    assert_eq!(
        provider.control().counts().of(RequestKind::TokenExchange),
        0
    );
}

#[test]
fn tokens_are_asked_for_a_resource_and_another_one_is_refused() {
    let provider = speaking(|_| {});
    let sandbox = Sandbox::with_vault();
    let resource = format!("{}/api", provider.issuer());
    let name = as_public(
        &sandbox,
        &provider,
        "alice",
        &["--resource", &resource, "--scope", "openid email read"],
    );
    sandbox.run(["refresh", &name]).ok();
    let list = sandbox.run(["list", "--json"]).json();
    assert_eq!(list[0]["name"], name.as_str());
    let other = sign_in(
        &sandbox,
        &provider,
        "bob",
        &[&PUBLIC[..], &["--resource", "https://elsewhere.example/"]].concat(),
    );
    assert_eq!(other["event"], "failed", "{other}");
}

#[test]
fn a_second_account_never_takes_the_place_of_the_first() {
    let provider = speaking(|_| {});
    let sandbox = Sandbox::with_vault();
    let scope = ["--scope", "openid email read"];
    let alice = as_public(&sandbox, &provider, "alice", &scope);
    let token = sandbox.run(["get", &alice]).ok();
    let bob = as_public(&sandbox, &provider, "bob", &scope);
    assert_ne!(alice, bob);
    // Bob's answer under Alice's name: kept apart, and said.
    let account = alice.strip_prefix("demo/").unwrap();
    let line = sign_in(
        &sandbox,
        &provider,
        "bob",
        &[&PUBLIC[..], &scope, &["--account", account]].concat(),
    );
    assert_eq!(line["name"], format!("{alice}-2"), "{line}");
    assert!(
        line["note"].as_str().unwrap().contains("another account"),
        "{line}"
    );
    assert_eq!(sandbox.run(["get", &alice]).ok(), token);
    // Alice again: the same credential, its next generation.
    assert_eq!(as_public(&sandbox, &provider, "alice", &scope), alice);
    assert_ne!(sandbox.run(["get", &alice]).ok(), token);
    let other = format!("{alice}-2");
    assert_eq!(sandbox.run(["rename", &other, "work"]).ok(), "demo/work\n");
    assert!(
        sandbox
            .run(["rename", "demo/work", account])
            .fails(1)
            .contains("already")
    );
    sandbox.run(["get", &other]).fails(3);
    sandbox.run(["refresh", "demo/work"]).ok();
}

#[test]
fn when_nobody_tells_whose_tokens_they_are_none_are_replaced() {
    let provider = speaking(|_| {});
    let sandbox = Sandbox::with_vault();
    provider
        .control()
        .change_quirks(|quirks| quirks.metadata = tokenward::demo::quirks::MetadataRule::None);
    let at = |path: &str| format!("{}{path}", provider.issuer());
    let endpoints = [
        format!("authorization={}", at("/authorize")),
        format!("token={}", at("/token")),
    ];
    let more = [
        "--scope",
        "read",
        "--endpoint",
        &endpoints[0],
        "--endpoint",
        &endpoints[1],
    ];
    let arguments = [&PUBLIC[..], &more].concat();
    let first = sign_in(&sandbox, &provider, "alice", &arguments);
    assert_eq!(first["name"], "demo/default", "{first}");
    assert!(first["note"].is_null());
    let second = sign_in(&sandbox, &provider, "alice", &arguments);
    assert_eq!(second["name"], "demo/default-2", "{second}");
    assert!(
        second["note"].as_str().unwrap().contains("does not tell"),
        "{second}"
    );
    // The person's own word is enough.
    let again = [&arguments[..], &["--account", "default"]].concat();
    assert_eq!(
        sign_in(&sandbox, &provider, "alice", &again)["name"],
        "demo/default"
    );
}

#[test]
fn a_forged_id_token_is_refused_at_sign_in_and_dropped_at_a_refresh() {
    let provider = speaking(|protocol| protocol.forged_id_tokens = true);
    let sandbox = Sandbox::with_vault();
    let scope = ["--scope", "openid email read"];
    let line = sign_in(
        &sandbox,
        &provider,
        "alice",
        &[&PUBLIC[..], &scope].concat(),
    );
    assert_eq!(line["event"], "failed");
    assert!(
        line["error"].as_str().unwrap().contains("signature"),
        "{line}"
    );
    provider
        .control()
        .change_quirks(|quirks| quirks.protocol.forged_id_tokens = false);
    let name = as_public(&sandbox, &provider, "alice", &scope);
    provider
        .control()
        .change_quirks(|quirks| quirks.protocol.forged_id_tokens = true);
    sandbox.run(["refresh", &name]).ok();
    assert!(
        provider
            .control()
            .is_live(sandbox.run(["get", &name]).ok().trim())
    );
}

#[test]
fn a_verdict_is_one_line_and_an_exit_code() {
    let provider = speaking(|_| {});
    let sandbox = Sandbox::with_vault();
    let name = as_public(
        &sandbox,
        &provider,
        "alice",
        &["--scope", "openid email read"],
    );
    let secret = sandbox.write("secret", CONFIDENTIAL_SECRET);
    let client = [
        "--client-id",
        CONFIDENTIAL_CLIENT,
        "--client-secret-file",
        secret.to_str().unwrap(),
        "--account",
        "service",
        "--flow",
        "loopback",
        "--scope",
        "read",
    ];
    let service = sign_in(&sandbox, &provider, "alice", &client);
    let service = service["name"].as_str().unwrap().to_owned();
    let line = sandbox
        .run(["validate", &name, "--scope", "read email"])
        .ok();
    assert!(
        line.starts_with(&format!("{name}: valid, ")) && line.contains("alive (userinfo)"),
        "{line}"
    );
    // The demo lets no public client introspect: the token itself tells then.
    for (name, by) in [(&name, "userinfo"), (&service, "introspection")] {
        let said = sandbox
            .run(["validate", name, "--introspect", "--json"])
            .json();
        assert_eq!(
            (&said["valid"], &said["liveness"], &said["checked_by"]),
            (&true.into(), &"alive".into(), &by.into())
        );
    }
    let lacking = sandbox.run(["validate", &name, "--scope", "write"]);
    assert!(
        lacking.stdout.contains("not valid") && lacking.stdout.contains("lacks write"),
        "{lacking:?}"
    );
    assert!(lacking.fails(5).contains("--scope"));
    // Ended at the provider behind our back.
    let token = sandbox.run(["get", &name]).ok();
    let grant = provider.control().grant_of(token.trim()).unwrap();
    provider.control().revoke(grant);
    for how in [&["--introspect"][..], &[]] {
        let dead = sandbox.run([&["validate", &name][..], how].concat());
        assert!(
            dead.stdout.contains("not valid") && dead.stdout.contains("dead"),
            "{dead:?}"
        );
        dead.fails(5);
    }
    assert!(
        sandbox
            .run(["validate", &name, "--offline"])
            .ok()
            .contains("valid")
    );
    provider.control().shutdown();
    let unknown = sandbox.run(["validate", &name]);
    assert!(unknown.stdout.contains("not known"), "{unknown:?}");
    unknown.fails(6);
}

#[test]
fn an_expired_token_is_refreshed_before_it_is_judged_unless_told_not_to() {
    let quirks = Quirks {
        access_lifetime: Some(std::time::Duration::from_secs(1)),
        lifetime_by_scope: std::collections::BTreeMap::new(),
        ..Quirks::default()
    };
    let provider = provider(quirks);
    let sandbox = Sandbox::with_vault();
    let name = as_public(
        &sandbox,
        &provider,
        "alice",
        &["--scope", "openid email read"],
    );
    crate::sandbox::eventually("it has expired", || {
        sandbox
            .run(["validate", &name, "--no-refresh", "--offline"])
            .code
            == Some(5)
    });
    provider
        .control()
        .change_quirks(|quirks| quirks.access_lifetime = Some(std::time::Duration::from_secs(600)));
    assert!(sandbox.run(["validate", &name]).ok().contains("valid, "));
}

#[test]
fn a_scope_that_is_missed_waits_for_a_person_once_and_a_sign_in_with_it_settles_it() {
    let provider = speaking(|_| {});
    let sandbox = Sandbox::with_vault();
    let name = as_public(
        &sandbox,
        &provider,
        "alice",
        &["--scope", "openid email read"],
    );
    for _ in 0..2 {
        let words = sandbox.run(["get", &name, "--scope", "write"]).fails(5);
        assert!(words.contains("openid email read write"), "{words}");
    }
    let list = sandbox.run(["list", "--json"]).json();
    assert_eq!(
        list[0]["wanted_scopes"],
        serde_json::json!(["write"]),
        "{list}"
    );
    let why = sandbox.run(["why", &name, "--json"]).json();
    let told = serde_json::to_string(&why).unwrap();
    assert_eq!(told.matches("scopes_missed").count(), 1, "{told}");
    as_public(
        &sandbox,
        &provider,
        "alice",
        &["--scope", "openid email read write"],
    );
    sandbox.run(["get", &name, "--scope", "write"]).ok();
    let list = sandbox.run(["list", "--json"]).json();
    assert_eq!(list[0]["wanted_scopes"], serde_json::json!([]));
}

#[test]
fn scopes_that_the_provider_misses_wait_for_a_person_too() {
    let provider = speaking(|_| {});
    let sandbox = Sandbox::with_vault();
    let name = as_public(
        &sandbox,
        &provider,
        "alice",
        &["--scope", "read", "--account", "alice"],
    );
    let _daemon = sandbox.daemon();
    // Its userinfo endpoint wants `openid`: the token lives, and is told to lack that.
    let line = sandbox.run(["validate", &name]).ok();
    assert!(line.contains("alive (userinfo)"), "{line}");
    crate::sandbox::eventually("it is one wish", || {
        let list = sandbox.run(["list", "--json"]).json();
        list[0]["wanted_scopes"] == serde_json::json!(["openid"])
    });
}

#[test]
fn over_ssh_the_line_for_a_tunnel_is_printed() {
    let provider = speaking(|_| {});
    let mut sandbox = Sandbox::with_vault();
    sandbox.set("SSH_CONNECTION", "198.51.100.7 50000 192.0.2.9 2222");
    sandbox.set("USER", "ann");
    let issuer = provider.issuer();
    let mut command =
        sandbox.command(["login", "demo", "--issuer", &issuer, "--redirect-port", "0"]);
    command.args(PUBLIC);
    let login = Running::start(&mut command);
    login.wait_for_words("ssh -N -L ");
    let words = login.words();
    let line = words
        .lines()
        .find(|line| line.contains("ssh -N -L"))
        .unwrap()
        .trim();
    let (tunnel, place) = line
        .strip_prefix("ssh -N -L ")
        .unwrap()
        .split_once(' ')
        .unwrap();
    assert_eq!(place, "-p 2222 ann@192.0.2.9");
    let port = tunnel.split(':').next().unwrap();
    assert_eq!(tunnel, format!("{port}:127.0.0.1:{port}"));
    assert!(words.contains(&format!("127.0.0.1%3A{port}")), "{words}");
}

#[test]
fn the_tokens_of_the_sign_in_before_end_once_the_new_ones_are_kept_where_that_ends_nothing_else() {
    for (reach, ends) in [("sign_in", true), ("account", false), ("unknown", false)] {
        let provider = speaking(|_| {});
        let sandbox = Sandbox::with_vault();
        let record = format!(
            "[providers.demo]\nissuer = \"{}\"\nrevocation_reach = \"{reach}\"\n",
            provider.issuer()
        );
        std::fs::create_dir_all(sandbox.config().parent().unwrap()).unwrap();
        std::fs::write(sandbox.config(), record).unwrap();
        let sign_in = || {
            let mut command = sandbox.command(["login", "demo", "--json", "--no-browser"]);
            command.args(PUBLIC).args(["--scope", "openid email read"]);
            let mut login = Running::start(&mut command);
            let mut lines = login.lines();
            let url = lines.next_json()["url"].as_str().unwrap().to_owned();
            assert!(
                provider
                    .control()
                    .visit(&url, &Consent::Allow("alice".to_owned()))
            );
            let name = lines.next_json()["name"].as_str().unwrap().to_owned();
            assert!(login.wait().success());
            (sandbox.run(["get", &name]).ok(), name)
        };
        let daemon = sandbox.daemon();
        let (first, name) = sign_in();
        let (second, again) = sign_in();
        assert_eq!(name, again);
        if ends {
            crate::sandbox::eventually("the first ones are revoked", || {
                !provider.control().is_live(first.trim())
            });
        } else {
            assert!(provider.control().is_live(first.trim()), "{reach}");
        }
        assert!(provider.control().is_live(second.trim()), "{reach}");
        assert_eq!(
            provider.control().counts().of(RequestKind::Revoke) > 0,
            ends
        );
        drop(daemon);
    }
}

#[test]
fn a_sampled_check_finds_a_token_that_was_ended_behind_our_back() {
    let provider = speaking(|_| {});
    let sandbox = Sandbox::with_vault();
    let secret = sandbox.write("secret", CONFIDENTIAL_SECRET);
    let secret = secret.to_str().unwrap();
    let client = [
        "--client-id",
        CONFIDENTIAL_CLIENT,
        "--client-secret-file",
        secret,
    ];
    let how = [
        "--flow",
        "loopback",
        "--account",
        "service",
        "--scope",
        "read",
    ];
    let line = sign_in(&sandbox, &provider, "alice", &[&client[..], &how].concat());
    assert_eq!(line["name"], "demo/service", "{line}");
    let asked = || provider.control().counts().of(RequestKind::Introspect);
    {
        let _daemon = sandbox.daemon();
        sandbox.run(["get", "demo/service"]).ok();
        assert_eq!(asked(), 0, "off by default");
    }
    std::fs::create_dir_all(sandbox.config().parent().unwrap()).unwrap();
    std::fs::write(
        sandbox.config(),
        "[checks]\nintrospections_per_hour = 3600\n",
    )
    .unwrap();
    let _daemon = sandbox.daemon();
    crate::sandbox::eventually("it was asked", || asked() > 0);
    let token = sandbox.run(["get", "demo/service"]).ok();
    let grant = provider.control().grant_of(token.trim()).unwrap();
    provider.control().revoke(grant);
    crate::sandbox::eventually("it was noticed long before its time", || {
        let list = sandbox.run(["list", "--json"]).json();
        list[0]["health"] == "needs_login"
    });
}
