//! The store as the engine uses it: what was written is read, in one piece or not at all.

use crate::vault_fixture::{
    client, everything, fill, happened, new_vault, provider, reveal, rotate, save, secret, sign_in,
    spend,
};
use tokenward::model::credential::{CredentialId, Generation};
use tokenward::model::identity::{TokenKind, Trace};
use tokenward::vault::error::VaultError;
use tokenward::vault::file::VaultFile;
use tokenward::vault::open::OpenVault;
use tokenward::vault::store::{Store, StoredProfile, Write, Written};
use tokenward::vault::verify::verify;

#[test]
fn what_was_written_is_read_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/vault.db");
    let (mut vault, key) = new_vault(&path);
    fill(&mut vault);
    let before = everything(&mut vault).unwrap();
    assert!(before.contains("marker-refresh-github/alice-2"));
    drop(vault);
    let mut vault = VaultFile::open(&path).unwrap().unlock(&key).unwrap();
    assert_eq!(everything(&mut vault).unwrap(), before);
}

#[test]
fn a_new_sign_in_under_an_old_name_is_its_next_generation() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, _) = new_vault(&folder.path().join("vault.db"));
    let id = save(&mut vault, "github/alice");
    let again = sign_in(&vault, "github/alice");
    let written = vault.apply(vec![again]).unwrap();
    assert_eq!(written, [Written::Saved(id, Generation(2))]);
    assert_eq!(vault.count().unwrap(), 1);
}

#[test]
fn a_sign_in_beside_another_takes_its_name_and_leaves_its_tokens_or_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, _) = new_vault(&folder.path().join("vault.db"));
    let old = save(&mut vault, "github/alice");
    let beside = |vault: &_, generation| {
        let mut profile = secret(vault, "github/alice", 1).0;
        profile.name = "github/alice-old".parse().unwrap();
        let (new, tokens) = secret(vault, "github/alice", 2);
        Write::SignInBeside {
            aside: Box::new(StoredProfile {
                id: old,
                generation: Generation(generation),
                profile,
            }),
            profile: Box::new(new),
            secret: Box::new(tokens),
        }
    };
    let before = everything(&mut vault).unwrap();
    let write = beside(&vault, 7);
    assert_eq!(vault.apply(vec![write]).unwrap(), [Written::Stale]);
    assert_eq!(everything(&mut vault).unwrap(), before);

    let write = beside(&vault, 1);
    let written = vault.apply(vec![write]).unwrap();
    let [Written::Saved(new, Generation(1))] = written[..] else {
        panic!("{written:?}")
    };
    assert_ne!(new, old);
    let kept = |vault: &mut OpenVault, id| reveal(&vault.secret(id).unwrap().1);
    assert!(kept(&mut vault, old).contains("marker-refresh-github/alice-1"));
    assert!(kept(&mut vault, new).contains("marker-refresh-github/alice-2"));
    let names = everything(&mut vault).unwrap();
    assert!(names.contains("github/alice-old"), "{names}");
    assert!(verify(&mut vault).is_whole());
}

#[test]
fn a_rotation_changes_all_that_belongs_to_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, _) = new_vault(&folder.path().join("vault.db"));
    let id = save(&mut vault, "github/alice");
    let begin = spend(&vault, id, "github/alice", 1);
    assert_eq!(vault.apply(vec![begin]).unwrap(), [Written::Done]);
    assert_eq!(vault.open_spendings().unwrap().len(), 1);
    let done = rotate(&vault, id, "github/alice", 1);
    assert_eq!(
        vault.apply(vec![done]).unwrap(),
        [Written::Saved(id, Generation(2))]
    );
    assert!(vault.open_spendings().unwrap().is_empty());
    let (generation, kept) = vault.secret(id).unwrap();
    assert_eq!(generation, Generation(2));
    assert_eq!(
        reveal(&kept),
        reveal(&secret(&vault, "github/alice", 2).1),
        "with the previous refresh token"
    );
    for generation in [1, 2] {
        for kind in ["access", "refresh"] {
            let token = vault.fingerprint(&format!("marker-{kind}-github/alice-{generation}"));
            let kind = match kind {
                "access" => TokenKind::Access,
                _ => TokenKind::Refresh,
            };
            let trace = Trace {
                id,
                generation: Generation(generation),
                kind: Some(kind),
            };
            assert_eq!(vault.find_fingerprint(token).unwrap(), Some(trace));
        }
    }
}

#[test]
fn what_belongs_to_another_generation_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, _) = new_vault(&folder.path().join("vault.db"));
    let id = save(&mut vault, "github/alice");
    let before = everything(&mut vault).unwrap();
    let stale = vec![
        rotate(&vault, id, "github/alice", 7),
        spend(&vault, id, "github/alice", 7),
        rotate(&vault, CredentialId(99), "github/nobody", 1),
        Write::Remove {
            id,
            only: Some(Generation(7)),
        },
        Write::Remove {
            id: CredentialId(99),
            only: None,
        },
    ];
    assert_eq!(vault.apply(stale).unwrap(), [Written::Stale; 5]);
    assert_eq!(everything(&mut vault).unwrap(), before);
}

#[test]
fn a_second_token_is_not_spent_while_the_first_ones_fate_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, _) = new_vault(&folder.path().join("vault.db"));
    let id = save(&mut vault, "github/alice");
    let mut attempt = |name| {
        let write = spend(&vault, id, name, 1);
        vault.apply(vec![write]).unwrap()[0]
    };
    assert_eq!(attempt("github/alice"), Written::Done);
    assert_eq!(attempt("github/another"), Written::Stale);
    assert_eq!(attempt("github/alice"), Written::Done);
    let (profile, _) = secret(&vault, "github/alice", 1);
    let generation = Generation(1);
    let unknown = Write::UnknownSpending {
        id,
        generation,
        profile: Box::new(profile.clone()),
    };
    vault.apply(vec![unknown]).unwrap();
    assert_eq!(vault.open_spendings().unwrap().len(), 1);
    let failed = Write::FailSpending {
        id,
        generation,
        profile: Box::new(profile),
    };
    vault.apply(vec![failed]).unwrap();
    assert!(vault.open_spendings().unwrap().is_empty());
}

#[test]
fn a_batch_that_fails_in_the_middle_leaves_the_old_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let (mut vault, key) = new_vault(&path);
    fill(&mut vault);
    let id = CredentialId(1);
    let before = everything(&mut vault).unwrap();
    // A second credential takes the first one's name: the last write of the batch breaks the uniqueness of names.
    let (renamed, _) = secret(&vault, "github/bob", 1);
    let batch = vec![
        rotate(&vault, id, "github/alice", 2),
        happened("github/alice"),
        Write::Profile {
            id: CredentialId(3),
            generation: Generation(1),
            profile: Box::new(renamed),
        },
    ];
    assert!(matches!(
        vault.apply(batch),
        Err(VaultError::Database { .. })
    ));
    assert_eq!(everything(&mut vault).unwrap(), before);
    drop(vault);
    let mut vault = VaultFile::open(&path).unwrap().unlock(&key).unwrap();
    assert_eq!(everything(&mut vault).unwrap(), before);
}

#[test]
fn a_removed_credential_is_gone_and_its_tokens_are_still_known() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, _) = new_vault(&folder.path().join("vault.db"));
    let id = save(&mut vault, "github/alice");
    let begin = spend(&vault, id, "github/alice", 1);
    vault
        .apply(vec![begin, Write::Remove { id, only: None }])
        .unwrap();
    assert_eq!(vault.count().unwrap(), 0);
    assert!(matches!(
        vault.secret(id),
        Err(VaultError::NoSuchCredential { .. })
    ));
    assert!(vault.open_spendings().unwrap().is_empty());
    let token = vault.fingerprint("marker-access-github/alice-1");
    assert!(vault.find_fingerprint(token).unwrap().is_some());
    assert_ne!(save(&mut vault, "github/alice"), id, "numbers come once");
}

#[test]
fn of_two_clients_of_a_provider_the_newest_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, _) = new_vault(&folder.path().join("vault.db"));
    let keep = |id: &str| {
        let mut client = client("github");
        client.id = id.to_owned();
        Write::Client {
            provider: Box::new(provider("github")),
            client,
        }
    };
    vault
        .apply(vec![keep("one"), keep("two"), keep("one")])
        .unwrap();
    assert_eq!(
        vault.client("github").unwrap().unwrap().client.id,
        "one",
        "it was kept last"
    );
    let ids: Vec<String> = vault
        .clients()
        .unwrap()
        .into_iter()
        .map(|view| view.client_id)
        .collect();
    assert_eq!(ids, ["two", "one"]);
}

#[test]
fn a_large_batch_is_sealed_and_listed_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, _) = new_vault(&folder.path().join("vault.db"));
    let names: Vec<String> = (0..150).map(|n| format!("github/user-{n:03}")).collect();
    let writes = names.iter().map(|name| sign_in(&vault, name)).collect();
    assert_eq!(vault.apply(writes).unwrap().len(), 150);
    let mut portions = Vec::new();
    let mut listed = Vec::new();
    vault
        .profiles(&mut |portion| {
            portions.push(portion.len());
            listed.extend(
                portion
                    .into_iter()
                    .map(|p| p.unwrap().profile.name.to_string()),
            );
        })
        .unwrap();
    assert_eq!(portions, [64, 86]);
    assert_eq!(listed, names);
}
