//! Copies that open in the way of before are named after a change of keys, and removed on wish.

use crate::sandbox::{PASSPHRASE, Sandbox};
use crate::tui_rig::Terminal;
use serde_json::{Value, json};
use std::path::PathBuf;

/// A vault with a copy beside it, a daily backup, and a file that only looks like one.
fn scene() -> (Sandbox, Vec<PathBuf>, PathBuf) {
    let sandbox = Sandbox::with_vault();
    let vault = sandbox.vault();
    let folder = vault.parent().unwrap().to_path_buf();
    let copies = vec![
        folder.join("vault.db.before-restore.7"),
        folder.join("backups/vault-2026-01-02.db"),
    ];
    for copy in &copies {
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        sandbox
            .run(["vault", "backup", copy.to_str().unwrap()])
            .ok();
    }
    let other = folder.join("vault.db.notes.bak");
    std::fs::write(&other, "no vault").unwrap();
    (sandbox, copies, other)
}

/// Gives the vault another passphrase.
fn change(sandbox: &Sandbox, more: &[&str]) -> crate::sandbox::Run {
    let new = sandbox.write("new", "quite another long passphrase\n");
    let change = [
        "vault",
        "change-passphrase",
        "--new-passphrase-file",
        new.to_str().unwrap(),
    ];
    sandbox.run([&change[..], more].concat())
}

#[test]
fn a_changed_passphrase_names_what_the_old_one_still_opens() {
    let (sandbox, copies, other) = scene();
    let run = change(&sandbox, &[]);
    for copy in &copies {
        assert!(run.stderr.contains(copy.to_str().unwrap()), "{run:?}");
        assert!(copy.exists());
    }
    assert!(!run.stderr.contains(other.to_str().unwrap()), "{run:?}");
    assert!(run.stderr.contains("--drop-backups"), "{run:?}");
    assert!(!run.stderr.contains(PASSPHRASE), "{run:?}");
    run.ok();
}

#[test]
fn on_wish_exactly_those_are_removed_and_the_log_says_so() {
    let (sandbox, copies, other) = scene();
    let words = change(&sandbox, &["--drop-backups"]).fails(7);
    assert!(words.contains("nothing was changed"), "{words}");
    sandbox.run(["list"]).ok();
    let told = change(&sandbox, &["--drop-backups", "--yes", "--json"]).json();
    assert_eq!(told["old_copies"], json!(copies));
    assert_eq!(told["old_copies_removed"], true);
    assert!(copies.iter().all(|copy| !copy.exists()));
    assert!(other.exists() && sandbox.vault().exists());
    let new = sandbox.path("new");
    let open = ["--passphrase-file", new.to_str().unwrap()];
    let list = ["audit", "list", "--kind", "copies_removed", "--json"];
    let log = sandbox.run([&list[..], &open].concat()).ok();
    let line: Value = serde_json::from_str(log.trim()).unwrap();
    assert_eq!(line["copies"], 2);
    sandbox.run([&["vault", "verify"][..], &open].concat()).ok();
}

#[test]
fn a_new_key_and_a_slot_that_goes_name_them_too_and_a_no_keeps_them() {
    let (sandbox, copies, _) = scene();
    let told = sandbox.run(["vault", "rotate-key", "--json"]).json();
    assert_eq!(told["old_copies"], json!(copies));
    assert_eq!(told["old_copies_removed"], false);
    let second = sandbox.write("second", "a second passphrase, rather long\n");
    let second = second.to_str().unwrap();
    let add = ["vault", "add-slot", "--new-passphrase-file", second];
    let added = sandbox.run([&add[..], &["--json"]].concat()).json();
    let id = added["id"].to_string();
    let mut terminal = Terminal::start(
        &sandbox,
        &["vault", "remove-slot", &id, "--drop-backups"],
        140,
        30,
    );
    terminal.wait_for("Remove 2 files for good?");
    terminal.keys("n\r");
    terminal.wait_for("Remove what you do not need");
    terminal.finish();
    assert!(copies.iter().all(|copy| copy.exists()));
    let slots = sandbox.run(["vault", "slots", "--json"]).json();
    assert_eq!(slots.as_array().unwrap().len(), 1);
}
