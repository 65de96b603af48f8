//! The passphrase asked for once more before what cannot be taken back.

use crate::sandbox::{PASSPHRASE, Sandbox, provider};
use crate::tui_rig::Terminal;
use tokenward::demo::quirks::{Quirks, RequestKind};

#[test]
fn behind_a_living_owner_revoking_all_wants_the_passphrase() {
    let mut sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    for account in ["alice", "bob"] {
        sandbox.sign_in(&provider, account);
    }
    let _daemon = sandbox.daemon();
    let right = sandbox.path("passphrase");
    let wrong = sandbox.write("wrong", "not this one at all");
    sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    let all = ["revoke", "--all", "--yes"];
    let words = sandbox.run(all).fails(4);
    assert!(
        words.contains("once more") && words.contains("--passphrase-file"),
        "{words}"
    );
    let with = |file: &std::path::Path| {
        let named = ["--passphrase-file", file.to_str().unwrap()];
        sandbox.run([all.as_slice(), &named].concat())
    };
    let words = with(&wrong).fails(4);
    assert!(words.contains("opens no slot"), "{words}");
    assert_eq!(provider.control().counts().of(RequestKind::Revoke), 0);
    // One alone is a smaller matter.
    sandbox.run(["revoke", "demo/alice", "--yes"]).ok();
    with(&right).ok();
    let list = sandbox.run(["list"]).ok();
    assert_eq!(list.matches("revoked").count(), 2, "{list}");
}

#[test]
fn a_person_may_mistype_and_nothing_typed_is_shown() {
    let mut sandbox = Sandbox::with_vault();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let _daemon = sandbox.daemon();
    sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    let mut terminal = Terminal::start(&sandbox, &["revoke", "--all"], 100, 24);
    terminal.wait_for("[y/N]");
    terminal.keys("y\r");
    terminal.wait_for("The passphrase once more");
    terminal.secret("not this one at all");
    terminal.wait_for("That passphrase opens nothing here.");
    terminal.wait_until("it asks again", |screen| {
        screen.contents().matches("once more").count() == 2
    });
    terminal.secret(PASSPHRASE);
    let (status, screen) = terminal.finish();
    assert!(status.success() && screen.contains("demo/alice: revoked"));
    assert!(!screen.contains("not this") && !screen.contains(PASSPHRASE));
}

#[test]
fn a_vault_without_a_passphrase_has_none_to_ask_for() {
    let mut sandbox = Sandbox::new();
    let (identity, recipient) = crate::vault_fixture::key_pair();
    let key = sandbox.write("key.txt", identity.expose_secret());
    sandbox.set("TOKENWARD_IDENTITY_FILE", key.to_str().unwrap());
    sandbox.run(["init", "--recipient", &recipient]).ok();
    let provider = provider(Quirks::default());
    sandbox.sign_in(&provider, "alice");
    let _daemon = sandbox.daemon();
    sandbox.unset("TOKENWARD_IDENTITY_FILE");
    sandbox.run(["revoke", "--all", "--yes"]).ok();
}
