//! `tokenward why`: what was decided about a credential and why, by commands alone and with a daemon.

use crate::sandbox::{Sandbox, provider};
use tokenward::demo::quirks::Quirks;

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn tells_the_story(sandbox: &Sandbox, rule: &str, words: &str) {
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    sandbox.run(["refresh", "demo/alice"]).ok();
    let text = in_one_line(&sandbox.run(["why", "demo/alice"]).ok());
    for part in [
        "state fresh",
        words,
        "do Nothing.",
        "signed in, generation 1",
        "generation 2, new refresh token",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json = sandbox.run(["why", "demo/alice", "--json"]).json();
    assert_eq!(json["name"], "demo/alice");
    assert_eq!(json["next"]["rule"], rule);
    assert!(json["failure"].is_null(), "{json}");
    let first: Vec<_> = json["history"].as_array().unwrap()[..2]
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    assert_eq!(first, ["asked", "signed_in"]);

    for grant in provider.control().grants() {
        provider.control().revoke(grant.id);
    }
    let words = sandbox.run(["refresh", "demo/alice"]).fails(5);
    assert!(words.contains("hint: likely: "), "{words}");
    let text = in_one_line(&sandbox.run(["why", "demo/alice"]).ok());
    for part in [
        "What went wrong",
        "likely The person or an administrator ended the grant.",
        "means No new access token comes",
        "why then nobody tries it by itself",
        "do Sign in again: tokenward login demo --account alice.",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json = sandbox.run(["why", "demo/alice", "--json"]).json();
    assert_eq!(json["next"]["rule"], "person_first");
    let likely = &json["failure"]["evidence"]["likely"][0];
    assert_eq!(likely["cause"], "revoked", "{json}");
}

#[test]
fn the_story_is_told_without_a_living_owner() {
    let why = "neither a daemon nor the UI runs";
    tells_the_story(&Sandbox::with_vault(), "background_off", why);
}

#[test]
fn the_story_is_told_with_a_daemon() {
    let sandbox = Sandbox::with_vault();
    let _daemon = sandbox.daemon();
    let why = "% of the access token's life of";
    tells_the_story(&sandbox, "share", why);
}

#[test]
fn of_a_name_that_is_not_there_nothing_is_told() {
    let sandbox = Sandbox::with_vault();
    let words = sandbox.run(["why", "demo/nobody"]).fails(3);
    assert!(words.contains("no credential named"), "{words}");
}
