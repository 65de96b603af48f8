//! What is given to an owner whose vault turns out to be open: it is checked, or it is said that nothing was.

use crate::sandbox::{PASSPHRASE, Sandbox, eventually};
use crate::tui_rig::Terminal;
use crate::vault_fixture::key_pair;
use tokenward::vault::tries::Tries;

#[test]
fn a_passphrase_for_a_vault_that_is_open_already_is_checked_and_counted() {
    let mut sandbox = Sandbox::with_vault();
    let _daemon = sandbox.daemon();
    sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    let wrong = sandbox.write("wrong", "not this one at all");
    let with = |file: &std::path::Path| {
        let file = file.to_str().unwrap();
        sandbox.run(["unlock", "--json", "--passphrase-file", file])
    };
    let words = with(&wrong).fails(4);
    assert!(words.contains("opens no slot"), "{words}");
    assert_eq!(Tries::read(&sandbox.vault()).wrong, 1);
    let said = with(&sandbox.path("passphrase")).json();
    assert_eq!(
        (&said["was_locked"], &said["checked"]),
        (&false.into(), &true.into())
    );
    assert_eq!(Tries::read(&sandbox.vault()).wrong, 0);
    let said = sandbox.run(["unlock"]);
    assert!(said.stderr.contains("no key was checked"), "{said:?}");
    said.ok();
    sandbox.run(["list"]).ok();
}

#[test]
fn a_key_file_for_a_vault_that_is_open_already_is_checked() {
    let mut sandbox = Sandbox::new();
    let (identity, recipient) = key_pair();
    let key = sandbox.write("key.txt", identity.expose_secret());
    let other = sandbox.write("other.txt", key_pair().0.expose_secret());
    sandbox.set("TOKENWARD_IDENTITY_FILE", key.to_str().unwrap());
    sandbox.run(["init", "--recipient", &recipient]).ok();
    let _daemon = sandbox.daemon();
    let said = sandbox.run(["unlock"]);
    assert!(
        said.stderr.contains("the key that was given opens it"),
        "{said:?}"
    );
    sandbox.set("TOKENWARD_IDENTITY_FILE", other.to_str().unwrap());
    let words = sandbox.run(["unlock"]).fails(4);
    assert!(words.contains("opens no slot"), "{words}");
}

#[test]
fn who_types_a_wrong_passphrase_is_not_let_in_because_an_owner_came_meanwhile() {
    let mut sandbox = Sandbox::with_vault();
    let file = sandbox.path("passphrase");
    sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    let mut ui = Terminal::start(&sandbox, &[], 100, 30);
    ui.wait_for("passphrase");
    sandbox.set("TOKENWARD_PASSPHRASE_FILE", file.to_str().unwrap());
    let _daemon = sandbox.daemon();
    ui.keys("not this one\r");
    ui.wait_for("opens no slot");
    eventually("it is counted", || Tries::read(&sandbox.vault()).wrong == 1);
    ui.keys(&format!("{PASSPHRASE}\r"));
    ui.wait_for("credentials");
    ui.keys("q");
    assert!(ui.finish().0.success());
}
