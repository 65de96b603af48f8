//! A vault's key replaced: nothing is lost, nothing of the old key opens anything, whenever it is cut off.

use crate::sandbox::{PASSPHRASE, Sandbox};
use crate::vault_fixture::{everything, fill, key_pair, new_vault, reveal, sign_in};
use rand::Rng;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokenward::model::credential::CredentialId;
use tokenward::model::event::Happening;
use tokenward::secret::Passphrase;
use tokenward::vault::error::VaultError;
use tokenward::vault::file::VaultFile;
use tokenward::vault::keys::VaultKeys;
use tokenward::vault::open::OpenVault;
use tokenward::vault::rotation::{Kept, copies_left, settle, verify_anew};
use tokenward::vault::slot::{Key, NewSlot, SlotKind};
use tokenward::vault::store::Store;
use tokenward::vault::verify::verify;

const KILLS: usize = 100;
const CREDENTIALS: usize = 200;

fn passphrase() -> Key {
    Key::Passphrase(Passphrase::new(PASSPHRASE.to_owned()))
}

fn open(path: &Path, key: &Key) -> OpenVault {
    VaultFile::open(path).unwrap().unlock(key).unwrap()
}

/// All slots as they are: they are opened by recipients.
fn all_kept(vault: &OpenVault) -> Vec<Kept> {
    let slots = vault.slots().unwrap();
    slots
        .into_iter()
        .map(|slot| {
            assert_eq!(slot.kind, SlotKind::Recipient);
            Kept {
                id: slot.id,
                way: NewSlot::Recipient(slot.label),
            }
        })
        .collect()
}

#[test]
fn a_new_key_opens_all_that_the_old_one_did_and_the_old_one_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let (mut vault, key) = new_vault(&path);
    fill(&mut vault);
    for round in 1..=2 {
        let before = everything(&mut vault).unwrap();
        let old =
            VaultKeys::derive(vault.keys().vault_id(), &vault.keys().identity_text()).unwrap();
        let kept = all_kept(&vault);
        let rotated = vault.rotate_key(&kept, 1).unwrap();
        let report = verify_anew(&path, &key).unwrap();
        assert!(report.is_whole(), "{round}: {report:?}");
        assert!(rotated.records > 10, "{rotated:?}");
        let mut anew = open(&path, &key);
        let newest = anew.activity(None, 1).unwrap().remove(0);
        let records = rotated.records;
        assert_eq!(newest.what, Happening::KeyRotated { records });
        // But for that line, it says what it said: the fingerprint of a token that is gone included.
        let line = format!(", {newest:?}]");
        assert_eq!(everything(&mut anew).unwrap().replace(&line, "]"), before);
        assert_eq!(everything(&mut anew), everything(&mut vault));
        let database = rusqlite::Connection::open(&path).unwrap();
        let mut with_old = OpenVault::new(database, old, &path);
        for id in 1..=4 {
            assert!(with_old.secret(CredentialId(id)).is_err(), "{id}");
        }
        // The copy is the file from before, and it is there until it is not needed.
        let mut copy = open(&rotated.copy, &key);
        assert_eq!(everything(&mut copy).unwrap(), before);
        drop(copy);
        assert_eq!(settle(&path).unwrap(), std::slice::from_ref(&rotated.copy));
        assert!(copies_left(&path).is_empty() && !rotated.copy.exists());
        vault = anew;
    }
}

#[test]
fn a_row_that_is_not_whole_ends_it_and_nothing_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let (mut vault, key) = new_vault(&path);
    fill(&mut vault);
    let kept = all_kept(&vault);
    for damage in [
        "UPDATE credential SET secret = x'00' WHERE id = 2",
        "DELETE FROM credential WHERE id = 2",
        "DELETE FROM client WHERE id = 1",
        "UPDATE journal SET started_at = 1",
        "DELETE FROM fingerprint WHERE generation = 2",
        "DELETE FROM event WHERE id = (SELECT max(id) FROM event)",
        "UPDATE event SET at = 1 WHERE id = 3",
        "UPDATE slot SET label = 'age1other' WHERE id = 2",
    ] {
        let other = folder.path().join("damaged.db");
        drop(vault);
        std::fs::copy(&path, &other).unwrap();
        vault = open(&path, &key);
        let mut damaged = open(&other, &key);
        let database = rusqlite::Connection::open(&other).unwrap();
        assert!(database.execute(damage, []).unwrap() > 0, "{damage}");
        drop(database);
        let problems = verify(&mut damaged);
        let error = damaged.rotate_key(&kept, 1).unwrap_err();
        assert!(!error.hint().is_empty(), "{damage}: {error}");
        assert!(copies_left(&other).is_empty(), "{damage}");
        assert_eq!(verify(&mut damaged), problems, "{damage}: it was changed");
        drop(damaged);
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", other.display()));
        }
    }
    assert!(vault.rotate_key(&[], 1).is_err(), "no slot would be left");
    assert!(verify(&mut vault).is_whole());
}

#[test]
fn the_kept_key_cannot_be_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let (mut vault, key) = new_vault(&path);
    fill(&mut vault);
    let kept = all_kept(&vault);
    vault.rotate_key(&kept, 1).unwrap();
    drop(vault);
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute("DELETE FROM kept_key", []).unwrap();
    drop(database);
    let locked = VaultFile::open(&path).unwrap();
    assert!(matches!(
        locked.unlock(&key),
        Err(VaultError::RowsChanged { table: "kept_key" })
    ));
    let report = verify(&mut locked.unlock_to_verify(&key).unwrap());
    assert_eq!(report.problems[0].place, "kept_key", "{report:?}");
}

/// A vault of its own with many credentials and two passphrases.
fn filled() -> (Sandbox, String) {
    let sandbox = Sandbox::with_vault();
    let mut vault = open(&sandbox.vault(), &passphrase());
    let names: Vec<String> = (0..CREDENTIALS)
        .map(|n| format!("github/user-{n}"))
        .collect();
    let writes = names.iter().map(|name| sign_in(&vault, name)).collect();
    vault.apply(writes).unwrap();
    let secrets = secrets(&mut vault);
    (sandbox, secrets)
}

/// All profiles and secrets, as text that can be compared.
fn secrets(vault: &mut OpenVault) -> String {
    let mut stored = Vec::new();
    vault
        .profiles(&mut |portion| stored.extend(portion.into_iter().map(Result::unwrap)))
        .unwrap();
    assert_eq!(stored.len(), CREDENTIALS);
    stored
        .iter()
        .map(|stored| {
            let (generation, secret) = vault.secret(stored.id).unwrap();
            let token = vault.fingerprint(secret.access.expose_secret());
            let found = vault.find_fingerprint(token).unwrap();
            format!("{stored:?} {generation:?} {} {found:?}\n", reveal(&secret))
        })
        .collect()
}

#[test]
fn every_passphrase_is_needed_or_its_slot_named() {
    let sandbox = Sandbox::with_vault();
    let second = sandbox.write("second", "velvet otters juggle at noon");
    let second = second.to_str().unwrap();
    let (_, recipient) = key_pair();
    sandbox
        .run(["vault", "add-slot", "--new-passphrase-file", second])
        .ok();
    sandbox
        .run(["vault", "add-slot", "--recipient", &recipient])
        .ok();
    let before = std::fs::read(sandbox.vault()).unwrap();
    let words = sandbox.run(["vault", "rotate-key"]).fails(4);
    assert!(words.contains("--drop-slot 2"), "{words}");
    assert_eq!(std::fs::read(sandbox.vault()).unwrap(), before);
    let given = ["vault", "rotate-key", "--slot-passphrase-file", second];
    let run = sandbox.run(given);
    assert!(run.stderr.contains("is removed"), "{run:?}");
    run.ok();
    assert!(copies_left(&sandbox.vault()).is_empty());
    sandbox.run(["list", "--passphrase-file", second]).ok();
    let said = sandbox
        .run(["vault", "rotate-key", "--drop-slot", "2", "--json"])
        .json();
    assert_eq!(said["kept"], serde_json::json!([1, 3]), "{said}");
    assert_eq!(said["dropped"], serde_json::json!([2]), "{said}");
    sandbox.run(["list", "--passphrase-file", second]).fails(4);
    sandbox.run(["list"]).ok();
    let _owner = sandbox.daemon();
    let words = sandbox.run(["vault", "rotate-key"]).fails(6);
    assert!(words.contains("in use by its owner"), "{words}");
}

#[test]
fn nothing_is_lost_when_a_rotation_is_killed_at_any_moment() {
    let (sandbox, secrets_before) = filled();
    let begun = Instant::now();
    sandbox.run(["vault", "rotate-key"]).ok();
    let whole = begun.elapsed();
    let mut random = rand::rng();
    let (mut done, mut undone, mut copies) = (0, 0, 0);
    let mut identity = identity_of(&sandbox);
    for round in 0..KILLS {
        let mut command = sandbox.command(["vault", "rotate-key"]);
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let most = u64::try_from(whole.as_micros()).unwrap();
        std::thread::sleep(Duration::from_micros(random.random_range(0..most * 3 / 2)));
        child.kill().unwrap();
        child.wait().unwrap();
        let mut vault = open(&sandbox.vault(), &passphrase());
        let report = verify(&mut vault);
        assert!(report.is_whole(), "round {round}: {report:?}");
        assert_eq!(secrets(&mut vault), secrets_before, "round {round}");
        for copy in copies_left(&sandbox.vault()) {
            copies += 1;
            let mut copy = open(&copy, &passphrase());
            assert!(verify(&mut copy).is_whole(), "round {round}: a copy");
        }
        drop(vault);
        let now = identity_of(&sandbox);
        let changed = std::mem::replace(&mut identity, now.clone()) != now;
        *if changed { &mut done } else { &mut undone } += 1;
    }
    println!(
        "{KILLS} kills: {done} after the change, {undone} before it; {copies} copies were left"
    );
    assert!(
        done > 0 && undone > 0 && copies > 0,
        "{done} {undone} {copies}"
    );
    // What the kills left behind is told and removed.
    if !copies_left(&sandbox.vault()).is_empty() {
        let run = sandbox.run(["vault", "verify"]);
        assert!(run.stderr.contains("was cut off"), "{run:?}");
    }
    sandbox.run(["vault", "rotate-key"]).ok();
    let folder = sandbox.vault().parent().unwrap().to_path_buf();
    let left: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".bak"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

fn identity_of(sandbox: &Sandbox) -> String {
    let vault = open(&sandbox.vault(), &passphrase());
    vault.keys().recipient().to_string()
}
