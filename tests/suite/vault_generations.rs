//! Generations that were replaced: kept sealed and bound for a while, bounded, gone with their credential.

use crate::vault_fixture::{fill, new_vault, reveal, rotate, save, secret, sign_in};
use rusqlite::Connection;
use std::path::Path;
use std::time::{Duration, Instant};
use tokenward::clock::{Timestamp, now};
use tokenward::model::credential::{CredentialId, Generation, Profile, Standing};
use tokenward::model::inquiry::Liveness;
use tokenward::model::kept::{Outlook, Replaced};
use tokenward::model::policy::GenerationKeeping;
use tokenward::model::provider::Rotation;
use tokenward::vault::file::VaultFile;
use tokenward::vault::open::OpenVault;
use tokenward::vault::store::{Pruning, Store, Write, Written};
use tokenward::vault::verify::verify;

const NAME: &str = "github/alice";

fn rows(path: &Path) -> i64 {
    let conn = Connection::open(path).unwrap();
    conn.query_row("SELECT count(*) FROM kept_generation", [], |row| row.get(0))
        .unwrap()
}

fn rotate_times(vault: &mut OpenVault, id: CredentialId, from: u64, times: u64) {
    for spent in from..from + times {
        let write = rotate(vault, id, NAME, spent);
        let written = vault.apply(vec![write]).unwrap();
        assert_eq!(written, [Written::Saved(id, Generation(spent + 1))]);
    }
}

fn numbers(vault: &mut OpenVault, id: CredentialId) -> Vec<(u64, Replaced)> {
    let kept = vault.generations(id).unwrap().into_iter();
    kept.map(|one| (one.told.generation.0, one.told.replaced))
        .collect()
}

fn profile_write(vault: &mut OpenVault, id: CredentialId, change: impl FnOnce(&mut Profile)) {
    let mut found = None;
    vault
        .profiles(&mut |portion| {
            found = portion
                .into_iter()
                .flatten()
                .find(|one| one.id == id)
                .or(found.take());
        })
        .unwrap();
    let mut stored = found.unwrap();
    change(&mut stored.profile);
    let write = Write::Profile {
        id,
        generation: stored.generation,
        profile: Box::new(stored.profile),
    };
    assert_eq!(vault.apply(vec![write]).unwrap(), [Written::Done]);
}

#[test]
fn each_replaced_generation_is_kept_whole_and_what_may_be_expected_of_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, key) = new_vault(&folder.path().join("vault.db"));
    let id = save(&mut vault, NAME);
    let (_, first) = secret(&vault, NAME, 1);
    rotate_times(&mut vault, id, 1, 1);
    let again = sign_in(&vault, NAME);
    vault.apply(vec![again]).unwrap();
    let kept = vault.generations(id).unwrap();
    let told: Vec<_> = kept
        .iter()
        .map(|one| (one.told.generation.0, one.told.replaced))
        .collect();
    assert_eq!(told, [(2, Replaced::SignedIn), (1, Replaced::Refreshed)]);
    assert_eq!(reveal(&kept[1].secret), reveal(&first));
    // The second sign-in holds the tokens of the first generation again.
    assert_eq!(kept[1].told.refresh_token, Outlook::Present);
    assert_eq!(kept[0].told.refresh_token, Outlook::Unknown);
    assert!(kept[0].told.replaced_at <= now());
    assert!(verify(&mut vault).is_whole());
    drop(vault);
    let locked = VaultFile::open(&folder.path().join("vault.db")).unwrap();
    assert_eq!(
        locked.unlock(&key).unwrap().generations(id).unwrap().len(),
        2
    );
}

#[test]
fn what_a_provider_does_with_replaced_tokens_decides_what_may_be_expected() {
    for (rotation, expected) in [
        (Rotation::SingleUse, Outlook::Spent),
        (Rotation::Unknown, Outlook::Spent),
        (Rotation::Always, Outlook::Alive),
        (Rotation::Never, Outlook::Alive),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (mut vault, _) = new_vault(&folder.path().join("vault.db"));
        let (profile, mut one) = secret(&vault, NAME, 1);
        one.provider.rotation = rotation;
        let write = Write::SignIn {
            profile: Box::new(profile),
            secret: Box::new(one),
        };
        vault.apply(vec![write]).unwrap();
        rotate_times(&mut vault, CredentialId(1), 1, 1);
        let kept = vault.generations(CredentialId(1)).unwrap();
        assert_eq!(kept[0].told.refresh_token, expected, "{rotation:?}");
    }
}

#[test]
fn only_so_many_are_kept_and_refreshes_do_not_push_out_the_sign_in_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let (vault, _) = new_vault(&path);
    let mut vault = vault.keep_generations(GenerationKeeping {
        most: 2,
        ..GenerationKeeping::default()
    });
    let id = save(&mut vault, NAME);
    let again = sign_in(&vault, NAME);
    vault.apply(vec![again]).unwrap();
    rotate_times(&mut vault, id, 2, 6);
    let expected = [
        (7, Replaced::Refreshed),
        (6, Replaced::Refreshed),
        (1, Replaced::SignedIn),
    ];
    assert_eq!(numbers(&mut vault, id), expected);
    assert!(verify(&mut vault).is_whole());
    let none = GenerationKeeping {
        keep: Duration::ZERO,
        most: 2,
    };
    let mut vault = vault.keep_generations(none);
    rotate_times(&mut vault, id, 8, 1);
    assert_eq!(rows(&path), 3, "nothing is kept any more");
    let pruning = Pruning {
        before: Timestamp::default(),
        most: u64::MAX,
        portion: 2,
    };
    for left in [1, 0] {
        std::thread::sleep(Duration::from_millis(2));
        vault.apply(vec![Write::Prune(pruning)]).unwrap();
        assert_eq!(rows(&path), left);
    }
    assert!(verify(&mut vault).is_whole());
}

#[test]
fn a_credential_that_is_removed_or_revoked_leaves_nothing_of_its_past() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let (mut vault, _) = new_vault(&path);
    let id = save(&mut vault, NAME);
    rotate_times(&mut vault, id, 1, 3);
    vault.apply(vec![Write::Remove { id, only: None }]).unwrap();
    assert_eq!(rows(&path), 0);
    let id = save(&mut vault, NAME);
    rotate_times(&mut vault, id, 1, 3);
    profile_write(&mut vault, id, |profile| {
        profile.standing = Standing::Revoked {
            at: now(),
            proof: Liveness::Dead,
        };
    });
    assert_eq!(rows(&path), 0);
    // And a new sign-in in its place keeps nothing of what was revoked.
    let again = sign_in(&vault, NAME);
    vault.apply(vec![again]).unwrap();
    assert_eq!(rows(&path), 0);
    assert!(verify(&mut vault).is_whole());
}

#[test]
fn what_is_admitted_takes_only_the_place_it_was_meant_for() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, _) = new_vault(&folder.path().join("vault.db"));
    let id = save(&mut vault, NAME);
    let admit = |vault: &OpenVault, name: &str, over: Option<u64>| {
        let (profile, secret) = secret(vault, name, 9);
        Write::Admit {
            over: over.map(Generation),
            profile: Box::new(profile),
            secret: Box::new(secret),
            replaced: Replaced::Imported,
        }
    };
    for (name, over, stale) in [
        (NAME, None, true),
        (NAME, Some(7), true),
        ("github/bob", Some(1), true),
        ("github/bob", None, false),
        (NAME, Some(1), false),
    ] {
        let write = admit(&vault, name, over);
        let written = vault.apply(vec![write]).unwrap();
        assert_eq!(written == [Written::Stale], stale, "{name} over {over:?}");
    }
    assert_eq!(numbers(&mut vault, id), [(1, Replaced::Imported)]);
}

#[test]
fn a_kept_row_that_was_changed_moved_or_taken_from_elsewhere_is_refused() {
    for sql in [
        "UPDATE kept_generation SET replaced_at = replaced_at + 1",
        "UPDATE kept_generation SET replaced = 2",
        "UPDATE kept_generation SET generation = 7",
        "UPDATE kept_generation SET credential = 2",
        "UPDATE kept_generation SET secret = (SELECT secret FROM credential WHERE id = 1)",
        "UPDATE kept_generation SET profile = (SELECT profile FROM credential WHERE id = 1)",
        "UPDATE kept_generation SET secret_mac = (SELECT secret_mac FROM credential WHERE id = 1), \
         secret = (SELECT secret FROM credential WHERE id = 1)",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.db");
        let (mut vault, key) = new_vault(&path);
        fill(&mut vault);
        drop(vault);
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch(sql).unwrap();
        drop(conn);
        let mut vault = VaultFile::open(&path).unwrap().unlock(&key).unwrap();
        let refused = (1..=2).any(|id| vault.generations(CredentialId(id)).is_err());
        assert!(refused, "{sql}");
        let report = verify(&mut vault);
        let places: Vec<_> = report.problems.iter().map(|it| it.place).collect();
        assert!(places.contains(&"kept_generation"), "{sql}: {report:?}");
    }
}

#[test]
#[ignore = "measures; run by hand with --release"]
fn keeping_a_generation_costs_little() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, _) = new_vault(&folder.path().join("vault.db"));
    let id = save(&mut vault, NAME);
    let mut spent = 1;
    for keep in [0, 14, 0, 14] {
        vault = vault.keep_generations(GenerationKeeping {
            keep: Duration::from_secs(keep * 86_400),
            most: 5,
        });
        let begun = Instant::now();
        rotate_times(&mut vault, id, spent, 500);
        println!("{keep} days: {:?} a refresh", begun.elapsed() / 500);
        spent += 500;
    }
}
