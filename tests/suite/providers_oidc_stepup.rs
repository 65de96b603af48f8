//! More scopes for a grant there is, and a record without PKCE, at a certified provider (`tests/providers/run oidc`).

use crate::providers_rig::{Person, Server, SignIn, Wish, go, wait_for};
use crate::sandbox::Running;
use serde_json::{Value, json};
use std::process::Command;

const NAME: &str = "rig/me";

fn person() -> Person {
    Person::new(Server::oidc())
}

fn login(person: &Person, client: &str, scope: &str) -> Command {
    let more = ["--flow", "loopback", "--account", "me"];
    let wish = Wish {
        scope,
        ..Wish::with(&more)
    };
    person.login(client, &wish)
}

fn sign_in(person: &Person, client: &str, scope: &str) -> SignIn {
    person.follow(&mut login(person, client, scope), |url| go(url, false))
}

fn wanted(person: &Person) -> Value {
    person.listed(NAME)["wanted_scopes"].clone()
}

/// How many scopes were noted as missing, one after another.
fn times_missed(person: &Person) -> usize {
    let why = person.run(&["why", NAME, "--json"]).ok();
    why.matches("scopes_missed").count()
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_scope_that_the_resource_misses_waits_once_and_the_old_token_serves_until_the_new_is_kept() {
    let person = person();
    sign_in(&person, "native", "email").name();
    let old = person.token(NAME);
    let daemon = Running::start(&mut person.command(["--daemon"]));
    daemon.wait_for_words("ready");
    // The userinfo endpoint itself answers `insufficient_scope` and names `openid`.
    for _ in 0..2 {
        let said = person.run(&["validate", NAME, "--json"]).json();
        assert_eq!(said["liveness"], "alive", "{said}");
        wait_for("the wish is kept", || wanted(&person) == json!(["openid"]));
    }
    assert_eq!(times_missed(&person), 1);

    // What the person has to do first comes in between: nothing that there was is lost.
    for client in ["native-login", "native-consent", "native-interaction"] {
        let failure = sign_in(&person, client, "openid email")
            .failure()
            .to_string();
        assert!(failure.contains("hint"), "{failure}");
        assert_eq!(wanted(&person), json!(["openid"]), "{client}");
        assert_eq!(person.token(NAME), old, "{client}");
    }
    let mut served = Vec::new();
    let again = person.follow(&mut login(&person, "native", "openid email"), |url| {
        served.push(person.token(NAME));
        go(url, false);
    });
    again.name();
    assert_eq!(served, [old.as_str()], "while the person is away");
    let new = person.token(NAME);
    assert_ne!(new, old);
    assert!(person.server.is_active(&new));
    assert_eq!(wanted(&person), json!([]));
    person.run(&["get", NAME, "--scope", "openid"]).ok();
    drop(daemon);
}

/// Writes the record of a provider of one's own, and signs in by it.
fn by_record(person: &Person, client: &str, record: &str) -> SignIn {
    let issuer = &person.server.issuer;
    let text = format!("[providers.rig]\nissuer = \"{issuer}\"\n{record}\n");
    person
        .sandbox
        .write("home/.config/tokenward/config.toml", &text);
    let mut command = person.command(["login", "rig", "--json", "--no-browser"]);
    command.args(["--client-id", client, "--flow", "loopback"]);
    command.args(["--account", "me", "--scope", "openid email"]);
    person.follow(&mut command, |url| go(url, false))
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn no_challenge_is_sent_where_the_record_forbids_pkce_and_who_demands_one_is_quoted() {
    let person = person();
    let forbidden = "pkce = \"forbidden\"";
    let signed_in = by_record(&person, "native-plain", forbidden);
    let url = signed_in.events[0]["url"].as_str().unwrap();
    assert!(!url.contains("code_challenge"), "{url}");
    assert_eq!(signed_in.name(), NAME);
    person.run(&["refresh", NAME]).ok();
    assert!(person.server.is_active(&person.token(NAME)));

    let failure = by_record(&person, "native", forbidden)
        .failure()
        .to_string();
    assert!(failure.contains("PKCE"), "{failure}");
    // The sign-in that there was is as it was.
    assert!(person.server.is_active(&person.token(NAME)));
}

#[test]
#[ignore = "needs the provider of tests/providers/run"]
fn a_provider_that_must_not_ask_the_person_says_what_it_would_have_asked() {
    let person = person();
    let silent = "extra.authorize = { prompt = \"none\" }";
    let failure = by_record(&person, "native", silent).failure().to_string();
    assert!(failure.contains("sign"), "{failure}");
    assert_eq!(person.run(&["list", "--json"]).json(), json!([]));
}
