//! A refresh token that its provider calls reused: `why` tells which one it was, whence it came, and whom to suspect.

use crate::accounts::single_use;
use crate::sandbox::{Sandbox, provider};
use tokenward::demo::profiles_odd::OPENAI_CLI;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::Quirks;

/// Single use, and a second use ends the family with a code of its own.
fn telling() -> DemoProvider {
    let mut like = Quirks::default();
    (OPENAI_CLI.behave)(&mut like);
    let mut quirks = single_use();
    quirks.shape.reuse = like.shape.reuse;
    provider(quirks)
}

#[test]
fn a_second_holder_is_suspected_when_the_log_knows_of_no_second_use_from_here() {
    let sandbox = Sandbox::with_vault();
    let provider = telling();
    sandbox.sign_in(&provider, "alice");
    sandbox.run(["refresh", "demo/alice"]).ok();
    // Somebody took the file along, and spends what is in it.
    let stolen = sandbox.vault().with_file_name("stolen.db");
    std::fs::copy(sandbox.vault(), &stolen).unwrap();
    let stolen = stolen.to_str().unwrap();
    sandbox
        .run(["--vault", stolen, "refresh", "demo/alice"])
        .ok();
    sandbox.run(["refresh", "demo/alice"]).fails(5);
    let why = sandbox.run(["why", "demo/alice"]).ok();
    for words in [
        "generation 2, here since",
        "by a refresh, asked for by",
        "a second holder",
        "tokenward audit list --operation",
    ] {
        assert!(why.contains(words), "{words}: {why}");
    }
    let (_, command) = why.split_once("tokenward audit list --operation ").unwrap();
    let operation = command.split_whitespace().next().unwrap();
    let lines = sandbox
        .run(["audit", "list", "--operation", operation])
        .ok();
    assert!(lines.contains("generation 2"), "{lines}");
}

#[test]
fn a_restored_backup_is_suspected_where_there_was_one() {
    let sandbox = Sandbox::with_vault();
    let provider = telling();
    sandbox.sign_in(&provider, "alice");
    let file = sandbox.path("copy.db");
    let file = file.to_str().unwrap();
    sandbox.run(["vault", "backup", file]).ok();
    sandbox.run(["refresh", "demo/alice"]).ok();
    sandbox.run(["vault", "restore", file]).ok();
    sandbox.run(["refresh", "demo/alice"]).fails(5);
    let why = sandbox.run(["why", "demo/alice"]).ok();
    for words in [
        "generation 1, here since",
        "by a sign-in",
        "from a backup of",
        "1 generation behind",
    ] {
        assert!(why.contains(words), "{words}: {why}");
    }
    assert!(!why.contains("a second holder"), "{why}");
}
