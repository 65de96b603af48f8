//! What must hold at every real provider; each server's own file runs these for the clients it has.

use crate::providers_rig::{Gate, Person, Server, Stops, Wish, user_script, wait_for};
use crate::sandbox::Running;
use rustix::process::Signal;
use serde_json::{Value, json};

/// Signed in, refreshed, revoked: at each step the provider itself says which tokens live.
pub fn is_refreshed_and_revoked(server: Server, client: &str, more: &[&str]) {
    let person = Person::new(server);
    let name = person.sign_in(client, more).name();
    let first = person.token(&name);
    assert!(person.server.is_active(&first));
    let before = person.listed(&name);
    assert_eq!(before["health"], "fresh", "{before}");
    assert!(before["expires_in"].as_u64().unwrap() <= 120, "{before}");

    person.run(&["refresh", &name]).ok();
    let second = person.token(&name);
    assert_ne!(first, second);
    assert!(person.server.is_active(&second));
    let generation = before["generation"].as_u64().unwrap();
    assert_eq!(person.generation(&name), generation + 1);

    person.run(&["revoke", "--yes", &name]).ok();
    assert!(!person.server.is_active(&second), "the provider knows");
    assert_eq!(person.listed(&name)["health"], "revoked");
    assert_ne!(person.run(&["get", &name]).code, Some(0));
    assert_ne!(person.run(&["refresh", &name]).code, Some(0));
}

/// The program opens the person's browser, which comes back by itself.
pub fn comes_back_through_the_browser(server: Server, client: &str) {
    let person = Person::new(server);
    let more = ["--flow", "loopback", "--account", "desk"];
    let mut command = person.command(["login", "rig", "--json"]);
    command
        .args(["--issuer", &person.server.issuer, "--client-id", client])
        .args(["--scope", "openid offline_access"])
        .args(more)
        .env("BROWSER", user_script())
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("TEST_USER", "bob");
    let sign_in = person.follow(&mut command, |_| ());
    assert_eq!(sign_in.name(), "rig/desk");
    assert_eq!(sign_in.events[0]["event"], "authorize");
    assert!(person.server.is_active(&person.token("rig/desk")));
    person.run(&["refresh", "rig/desk"]).ok();
    assert!(person.server.is_active(&person.token("rig/desk")));
}

fn said(failure: &Value, words: &str) -> bool {
    let error = failure["error"].as_str();
    error.is_some_and(|error| error.contains(words))
}

/// A person who says no is told so at once, and nothing is kept.
pub fn is_denied(server: Server, clients: [(&str, &str); 2]) {
    let person = Person::new(server);
    for (client, flow) in clients {
        let more = ["--flow", flow, "--account", "me"];
        let wish = Wish {
            deny: true,
            ..Wish::with(&more)
        };
        let sign_in = person.sign_in_as(client, &wish);
        let failure = sign_in.failure();
        assert!(said(failure, "denied"), "{flow}: {failure}");
        assert!(failure["hint"].is_string(), "{flow}: {failure}");
    }
    assert_eq!(person.run(&["list", "--json"]).json(), json!([]));
}

/// The headless owner refreshes before the token dies, and spends each refresh token once.
pub fn is_refreshed_by_the_owner(server: Server, client: &str, more: &[&str]) {
    let person = Person::new(server);
    let name = person.sign_in(client, more).name();
    let before = person.server.refreshes_of(client).len();
    let owner = Running::start(&mut person.command(["--daemon"]));
    owner.wait_for_words("ready");
    let first = person.generation(&name);
    wait_for("two refreshes nobody asked for", || {
        person.generation(&name) >= first + 2
    });
    assert!(person.server.is_active(&person.token(&name)));
    let status = person.run(&["status", "--json"]).json();
    assert_eq!(status["owner"]["pid"], owner.pid());
    let refreshes = person.server.refreshes_of(client);
    assert!(refreshes[before..].iter().all(|status| *status == 200));
}

/// Many programs ask for an expired token at once: one refresh, and all get the new token.
pub fn costs_one_refresh(server: Server, client: &str, more: &[&str]) {
    let person = Person::new(server);
    let name = person.sign_in(client, more).name();
    let old = person.token(&name);
    wait_for("the token is over", || !person.server.is_active(&old));
    let before = person.server.refreshes_of(client).len();
    let asking: Vec<_> = (0..10)
        .map(|_| {
            let arguments = ["get", &name, "--min-ttl", "1s"];
            person.command(arguments).spawn().unwrap()
        })
        .collect();
    let mut tokens: Vec<String> = asking
        .into_iter()
        .map(|child| {
            let run = crate::sandbox::Run::from(child.wait_with_output().unwrap());
            run.ok().trim().to_owned()
        })
        .collect();
    tokens.dedup();
    assert_eq!(tokens.len(), 1, "all got the same");
    assert_ne!(tokens[0], old);
    let refreshes = person.server.refreshes_of(client);
    assert_eq!(refreshes[before..], [200]);
}

/// A restored backup spends a refresh token that was spent: the provider ends the family, and the person is told.
pub fn is_explained_when_a_refresh_token_comes_back(server: Server, client: &str, more: &[&str]) {
    let person = Person::new(server);
    let name = person.sign_in(client, more).name();
    let backup = person.backup();
    person.run(&["refresh", &name]).ok();
    let alive = person.token(&name);
    assert!(person.server.is_active(&alive));

    let again = ["--vault", &backup, "refresh", &name];
    let words = person.run(&again).fails(5);
    assert!(words.contains("hint"), "{words}");
    person.run(&["refresh", &name]).fails(5);
    let listed = person.listed(&name);
    assert_eq!(listed["health"], "needs_login", "{listed}");
    let has_words = |member: &str| listed[member].as_str().is_some_and(|text| !text.is_empty());
    assert!(has_words("cause") && has_words("fix"), "{listed}");
}

/// Signs in with token requests through a gate, then kills a refresh at the given place.
fn killed_in_a_refresh(server: Server, client: &str, more: &[&str], at: Stops) -> (Person, String) {
    let person = Person::new(server);
    let gate = Gate::to(&person.server);
    let endpoint = gate.endpoint(&person.server);
    let more: Vec<&str> = more
        .iter()
        .copied()
        .chain(["--endpoint", &endpoint])
        .collect();
    let name = person.sign_in(client, &more).name();
    gate.stop(at);
    let refresh = Running::start(&mut person.command(["refresh", &name]));
    gate.wait_until_stopped();
    refresh.signal(Signal::KILL);
    drop(refresh);
    gate.stop(Stops::Nothing);
    (person, name)
}

/// Killed before the provider had the request: the refresh token is still good and is used.
pub fn loses_nothing_when_killed_before_the_provider_knew(
    server: Server,
    client: &str,
    more: &[&str],
) {
    let (person, name) = killed_in_a_refresh(server, client, more, Stops::Requests);
    person.run(&["refresh", &name]).ok();
    assert!(person.server.is_active(&person.token(&name)));
}

/// Killed after the provider rotated and before its answer came; how the next refresh ends, and the credential then.
pub fn killed_before_the_answer_came(
    server: Server,
    client: &str,
    more: &[&str],
) -> (Option<i32>, Value, Person) {
    let (person, name) = killed_in_a_refresh(server, client, more, Stops::Answers);
    let code = person.run(&["refresh", &name]).code;
    let listed = person.listed(&name);
    (code, listed, person)
}
