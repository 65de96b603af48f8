//! Static API keys from the command line: kept, handed out, rotated by hand, ended.

use crate::sandbox::{Run, Sandbox};
use serde_json::Value;
use std::io::Write;
use std::process::Stdio;

const MARKER: &str = "sk-marker-of-a-key";

/// `login ... --api-key` with this on its stdin.
fn keep(sandbox: &Sandbox, key: &str, arguments: &[&str]) -> Run {
    let mut command = sandbox.command(["login"].iter().chain(arguments).chain(&["--api-key"]));
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(key.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap().into()
}

fn entry(sandbox: &Sandbox) -> Value {
    let list = sandbox.run(["list", "--json"]).json();
    assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
    list[0].clone()
}

fn a_keys_life(sandbox: &Sandbox) {
    let name = keep(
        sandbox,
        &format!("{MARKER}-1\n"),
        &["openai", "--account", "me", "--expires", "90d"],
    );
    assert_eq!(name.stderr.lines().last(), Some("Kept:"));
    assert_eq!(name.ok().trim(), "openai/me");
    let first = entry(sandbox);
    assert_eq!(
        (&first["health"], &first["flow"]),
        (&"fresh".into(), &"api_key".into())
    );
    assert_eq!(
        (&first["generation"], &first["dies_because"]),
        (&1.into(), &"key_ends".into())
    );
    assert!(first["refresh_at"].is_null());
    assert_eq!(
        sandbox.run(["get", "openai/me"]).ok().trim(),
        format!("{MARKER}-1")
    );

    let words = sandbox.run(["refresh", "openai/me"]).fails(1);
    assert!(
        words.contains("login openai --api-key --account me"),
        "{words}"
    );

    // The same again is a rotation.
    keep(
        sandbox,
        &format!("{MARKER}-2"),
        &["openai", "--account", "me"],
    )
    .ok();
    let second = entry(sandbox);
    assert_eq!(
        (&second["generation"], &second["health"]),
        (&2.into(), &"static".into())
    );
    let run = sandbox.run([
        "exec",
        "openai/me",
        "--",
        "sh",
        "-c",
        "printf %s \"$TOKENWARD_TOKEN\"",
    ]);
    assert_eq!(run.stdout, format!("{MARKER}-2"));

    let done = sandbox
        .run(["revoke", "openai/me", "--yes", "--json"])
        .json();
    assert_eq!(done[0]["outcome"], "by_hand", "{done}");
    assert_eq!(
        done[0]["page"], "https://platform.openai.com/api-keys",
        "{done}"
    );
    sandbox.run(["get", "openai/me"]).fails(5);
    sandbox.run(["remove", "openai/me", "--yes"]).ok();
}

#[test]
fn a_keys_life_without_a_living_owner() {
    a_keys_life(&Sandbox::with_vault());
}

#[test]
fn a_keys_life_with_a_daemon() {
    let sandbox = Sandbox::with_vault();
    let daemon = sandbox.daemon();
    a_keys_life(&sandbox);
    assert!(!daemon.words().contains(MARKER), "{}", daemon.words());
}

#[test]
fn a_key_of_any_name_is_kept_and_what_cannot_be_one_is_refused_without_a_word_of_it() {
    let sandbox = Sandbox::with_vault();
    let run = keep(&sandbox, "hush hush", &["corp-tool"]);
    let words = run.fails(1);
    assert!(
        words.contains("no spaces") && !words.contains("hush"),
        "{words}"
    );
    let run = keep(&sandbox, "pk-hush", &["openai"]);
    let words = run.fails(1);
    assert!(
        words.contains("no key of OpenAI") && !words.contains("hush"),
        "{words}"
    );
    keep(&sandbox, "", &["corp-tool"]).fails(2);
    assert_eq!(
        keep(&sandbox, "anything", &["corp-tool"]).ok().trim(),
        "corp-tool/default"
    );
    let done = sandbox
        .run(["revoke", "corp-tool/default", "--yes", "--json"])
        .json();
    assert_eq!(done[0]["outcome"], "by_hand", "{done}");
}

#[test]
fn a_provider_that_has_only_keys_says_so_before_anything_is_asked() {
    let sandbox = Sandbox::with_vault();
    let words = sandbox.run(["login", "openai"]).fails(2);
    assert!(
        words.contains("tokenward login openai --api-key"),
        "{words}"
    );
}
