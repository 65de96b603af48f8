//! Backups as files: written beside a living owner, brought back, and what went on meanwhile recognised.

use crate::accounts::single_use;
use crate::sandbox::{Sandbox, provider};
use crate::vault_fixture::key_pair;
use rustix::process::Signal;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tokenward::demo::quirks::RequestKind;
use tokenward::model::event::{Activity, Happening};
use tokenward::secret::Passphrase;
use tokenward::vault::file::VaultFile;
use tokenward::vault::open::OpenVault;
use tokenward::vault::slot::Key;
use tokenward::vault::store::Store;
use tokenward::vault::verify::verify;

fn open(path: &Path) -> OpenVault {
    let word = Passphrase::new(crate::sandbox::PASSPHRASE.to_owned());
    let locked = VaultFile::open(path).unwrap();
    locked.unlock(&Key::Passphrase(word)).unwrap()
}

fn make_private(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
}

fn kept(sandbox: &Sandbox) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(sandbox.vault().parent().unwrap()).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    let mut kept: Vec<PathBuf> = paths
        .filter(|path| path.to_str().unwrap().contains(".before-restore."))
        .filter(|path| !path.to_str().unwrap().ends_with(".lock"))
        .collect();
    kept.sort();
    kept
}

/// Only the vault's own files are beside it: no half-made copy is left behind.
fn left_behind(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| name.contains(".new-") || name.contains(".restoring"))
        .collect()
}

#[test]
fn a_backup_is_written_beside_a_living_owner_without_a_key_and_is_a_whole_vault() {
    let mut sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    sandbox.sign_in(&provider, "alice");
    let owner = sandbox.daemon();
    sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    let file = sandbox.path("copies/copy.db");
    make_private(file.parent().unwrap());
    let name = file.to_str().unwrap();
    let said = sandbox.run(["vault", "backup", name, "--json"]).json();
    assert_eq!(said["credentials"], 1, "{said}");
    assert_eq!(said["noted"], true, "{said}");
    let line = &backed_up(&sandbox)[0];
    assert_eq!(line["credentials"], 1, "{line}");
    assert!(
        line["by"]["executable"].as_str().unwrap().contains("suite"),
        "{line}"
    );
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(sandbox.run(["list"]).ok().contains("demo/alice"));
    let mut copy = open(&file);
    assert!(verify(&mut copy).is_whole());
    assert_eq!(copy.count().unwrap(), 1);
    assert_eq!(left_behind(&sandbox.path("copies")), Vec::<String>::new());
    drop(owner);
}

/// The lines about backups in the activity log.
fn backed_up(sandbox: &Sandbox) -> Vec<serde_json::Value> {
    let listed = sandbox.run(["audit", "list", "--kind", "backed_up", "--json"]);
    let listed = listed.ok();
    let lines = listed.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_backup_leaves_a_line_without_an_owner_and_says_so_where_it_cannot() {
    let mut sandbox = Sandbox::with_vault();
    let first = sandbox.path("first.db");
    let said = sandbox
        .run(["vault", "backup", first.to_str().unwrap(), "--json"])
        .json();
    assert_eq!(said["noted"], true, "{said}");
    assert_eq!(backed_up(&sandbox).len(), 1);
    sandbox.unset("TOKENWARD_PASSPHRASE_FILE");
    let second = sandbox.path("second.db");
    let done = sandbox.run(["vault", "backup", second.to_str().unwrap()]);
    assert!(done.stderr.contains("no line about it"), "{}", done.stderr);
    let file = sandbox.path("passphrase");
    sandbox.set("TOKENWARD_PASSPHRASE_FILE", file.to_str().unwrap());
    assert_eq!(backed_up(&sandbox).len(), 1);
}

#[test]
fn a_file_that_is_there_is_replaced_only_by_force_and_the_vault_never() {
    let sandbox = Sandbox::with_vault();
    let file = sandbox.write("copies/letter", "Dear diary");
    make_private(file.parent().unwrap());
    let name = file.to_str().unwrap();
    let words = sandbox.run(["vault", "backup", name]).fails(1);
    assert!(
        words.contains("exists already") && words.contains("--force"),
        "{words}"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "Dear diary");
    sandbox.run(["vault", "backup", name, "--force"]).ok();
    assert!(verify(&mut open(&file)).is_whole());
    let vault = sandbox.vault();
    let itself = ["vault", "backup", vault.to_str().unwrap(), "--force"];
    let words = sandbox.run(itself).fails(1);
    assert!(words.contains("the vault itself"), "{words}");
    let nowhere = sandbox.path("no/such/folder/copy.db");
    sandbox
        .run(["vault", "backup", nowhere.to_str().unwrap()])
        .fails(1);
}

#[test]
fn a_backup_for_a_recipient_tells_nothing_and_comes_back_with_its_identity() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    sandbox.sign_in(&provider, "alice");
    let (identity, recipient) = key_pair();
    let right = sandbox.write("right.txt", identity.expose_secret());
    let wrong = sandbox.write("wrong.txt", key_pair().0.expose_secret());
    let file = sandbox.path("copy.age");
    let name = file.to_str().unwrap();
    let args = ["vault", "backup", name, "--recipient", &recipient];
    sandbox.run(args).ok();
    let bytes = std::fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1\n"));
    assert!(!bytes.windows(6).any(|window| window == b"SQLite"));
    let before = std::fs::read(sandbox.vault()).unwrap();
    let words = sandbox.run(["vault", "restore", name]).fails(1);
    assert!(words.contains("--backup-identity"), "{words}");
    let with = |key: &Path| {
        let key = key.to_str().unwrap().to_owned();
        ["vault", "restore", name, "--backup-identity", &key].map(str::to_owned)
    };
    let words = sandbox.run(with(&wrong)).fails(1);
    assert!(words.contains("does not open"), "{words}");
    let mut cut = bytes.clone();
    cut.truncate(bytes.len() - 7);
    std::fs::write(&file, cut).unwrap();
    let words = sandbox.run(with(&right)).fails(1);
    assert!(words.contains("damaged"), "{words}");
    assert_eq!(std::fs::read(sandbox.vault()).unwrap(), before);
    std::fs::write(&file, bytes).unwrap();
    sandbox.run(with(&right)).ok();
    assert!(sandbox.run(["list"]).ok().contains("demo/alice"));
    let folder = sandbox.vault();
    assert_eq!(left_behind(folder.parent().unwrap()), Vec::<String>::new());
}

#[test]
fn a_restore_keeps_the_old_vault_and_comes_undone_in_the_same_way() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    sandbox.sign_in(&provider, "alice");
    let file = sandbox.path("copy.db");
    let name = file.to_str().unwrap();
    let said = sandbox.run(["vault", "backup", name, "--json"]).json();
    assert_eq!(said["noted"], true, "{said}");
    sandbox.sign_in(&provider, "bob");
    let said = sandbox.run(["vault", "restore", name, "--json"]).json();
    assert_eq!(said["credentials"], 1, "{said}");
    assert_eq!(said["compared"], true, "{said}");
    assert_eq!(said["overtaken"], serde_json::json!([]), "{said}");
    let list = sandbox.run(["list"]).ok();
    assert!(list.contains("alice") && !list.contains("bob"), "{list}");
    let first = kept(&sandbox).pop().unwrap();
    assert_eq!(said["kept"], first.to_str().unwrap());
    let mut vault = open(&sandbox.vault());
    assert!(verify(&mut vault).is_whole());
    let lines = vault.activity(None, 50).unwrap();
    let restored = |line: &Activity| matches!(line.what, Happening::Restored { .. });
    assert!(lines.iter().any(restored), "{lines:?}");
    drop(vault);
    sandbox
        .run(["vault", "restore", first.to_str().unwrap()])
        .ok();
    let list = sandbox.run(["list"]).ok();
    assert!(list.contains("alice") && list.contains("bob"), "{list}");
    let lines = open(&sandbox.vault()).activity(None, 50).unwrap();
    let backed_up = |line: &Activity| matches!(line.what, Happening::BackedUp { credentials: 1 });
    assert!(lines.iter().any(backed_up), "{lines:?}");
}

#[test]
fn a_restore_to_a_new_place_leaves_the_vault_alone() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    sandbox.sign_in(&provider, "alice");
    let file = sandbox.path("copy.db");
    let place = sandbox.path("elsewhere/vault.db");
    sandbox
        .run(["vault", "backup", file.to_str().unwrap()])
        .ok();
    let before = std::fs::read(sandbox.vault()).unwrap();
    let (to, from) = (place.to_str().unwrap(), file.to_str().unwrap());
    let said = sandbox
        .run(["--vault", to, "vault", "restore", from, "--json"])
        .json();
    assert!(said["kept"].is_null(), "{said}");
    assert_eq!(said["compared"], false, "{said}");
    assert_eq!(std::fs::read(sandbox.vault()).unwrap(), before);
    let why = sandbox.run(["--vault", to, "why", "demo/alice"]).ok();
    assert!(why.contains("is not known"), "{why}");
}

#[test]
fn nothing_is_restored_beside_an_owner_or_from_what_is_not_whole() {
    let sandbox = Sandbox::with_vault();
    let file = sandbox.path("copy.db");
    let name = file.to_str().unwrap();
    sandbox.run(["vault", "backup", name]).ok();
    let mut owner = sandbox.daemon();
    let words = sandbox.run(["vault", "restore", name]).fails(6);
    assert!(words.contains("in use by its owner"), "{words}");
    owner.signal(Signal::TERM);
    owner.wait();
    let before = std::fs::read(sandbox.vault()).unwrap();
    let letter = sandbox.write("letter", &"Dear diary ".repeat(50));
    let words = sandbox
        .run(["vault", "restore", letter.to_str().unwrap()])
        .fails(1);
    assert!(words.contains("letter is not a tokenward vault"), "{words}");
    let conn = rusqlite::Connection::open(&file).unwrap();
    conn.execute("DELETE FROM event", []).unwrap();
    drop(conn);
    let words = sandbox.run(["vault", "restore", name]).fails(1);
    assert!(words.contains("not as it was written"), "{words}");
    assert_eq!(std::fs::read(sandbox.vault()).unwrap(), before);
    assert_eq!(kept(&sandbox), Vec::<PathBuf>::new());
    let folder = sandbox.vault();
    assert_eq!(left_behind(folder.parent().unwrap()), Vec::<String>::new());
}

#[test]
fn a_damaged_vault_is_kept_in_all_its_parts_when_a_backup_takes_its_place() {
    let sandbox = Sandbox::with_vault();
    let file = sandbox.path("copy.db");
    let name = file.to_str().unwrap();
    sandbox.run(["vault", "backup", name]).ok();
    std::fs::write(sandbox.vault(), "not a vault any more").unwrap();
    let log = sandbox.path("home/.local/share/tokenward/vault.db-wal");
    std::fs::write(log, "what was in its log").unwrap();
    let said = sandbox.run(["vault", "restore", name, "--json"]).json();
    assert_eq!(said["compared"], false, "{said}");
    assert!(verify(&mut open(&sandbox.vault())).is_whole());
    let parts = kept(&sandbox);
    assert_eq!(
        parts
            .iter()
            .map(|part| std::fs::read_to_string(part).unwrap())
            .collect::<Vec<_>>(),
        ["not a vault any more", "what was in its log"],
        "{parts:?}"
    );
}

#[test]
fn a_refresh_token_that_was_replaced_since_is_left_alone_until_asked_and_tried_once() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    sandbox.sign_in(&provider, "alice");
    sandbox.sign_in(&provider, "bob");
    let file = sandbox.path("copy.db");
    let name = file.to_str().unwrap();
    sandbox.run(["vault", "backup", name]).ok();
    sandbox.run(["refresh", "demo/alice"]).ok();
    sandbox.run(["refresh", "demo/alice"]).ok();
    let said = sandbox.run(["vault", "restore", name, "--json"]).json();
    let behind = serde_json::json!([{ "name": "demo/alice", "behind": 2 }]);
    assert_eq!(said["overtaken"], behind, "{said}");
    // The same once more: it is still so.
    sandbox.run(["vault", "restore", name]).ok();
    let why = sandbox.run(["why", "demo/alice"]).ok();
    assert!(why.contains("2 generations behind"), "{why}");
    assert!(why.contains("probably spent"), "{why}");
    assert!(why.contains("none by itself"), "{why}");
    let control = provider.control();
    control.reset_counts();
    let words = sandbox.run(["refresh", "demo/alice"]).fails(5);
    assert!(words.contains("came back with a backup"), "{words}");
    assert_eq!(control.counts().of(RequestKind::Refresh), 1, "one attempt");
    sandbox.run(["refresh", "demo/bob"]).ok();
}

#[test]
fn what_was_revoked_since_the_backup_stays_revoked() {
    let sandbox = Sandbox::with_vault();
    let provider = provider(single_use());
    sandbox.sign_in(&provider, "alice");
    let file = sandbox.path("copy.db");
    let name = file.to_str().unwrap();
    sandbox.run(["vault", "backup", name]).ok();
    sandbox.run(["revoke", "demo/alice", "--yes"]).ok();
    let said = sandbox.run(["vault", "restore", name, "--json"]).json();
    assert_eq!(said["revoked"], serde_json::json!(["demo/alice"]), "{said}");
    let words = sandbox.run(["get", "demo/alice"]).fails(5);
    assert!(words.contains("revoked"), "{words}");
}
