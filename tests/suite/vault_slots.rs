//! Slots: every way in works, no other does, and none of them touches the records.

use crate::vault_fixture::{everything, fill, key_pair, new_vault};
use std::path::Path;
use tokenward::secret::{Passphrase, VaultIdentity};
use tokenward::vault::error::VaultError;
use tokenward::vault::file::VaultFile;
use tokenward::vault::slot::{Key, NewSlot, SlotKind};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

fn unlock(path: &Path, key: &Key) -> Result<String, VaultError> {
    let mut vault = VaultFile::open(path)?.unlock(key)?;
    Ok(everything(&mut vault).unwrap())
}

#[test]
fn slots_are_listed_without_unlocking() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let mut vault =
        VaultFile::create(&path, NewSlot::Passphrase(passphrase("correct horse")), 2).unwrap();
    let (_, recipient) = key_pair();
    vault
        .add_slot(&NewSlot::Recipient(format!(" {recipient}\n")), 1)
        .unwrap();
    drop(vault);
    let slots = VaultFile::open_read_only(&path).unwrap().slots().unwrap();
    let seen: Vec<_> = slots
        .iter()
        .map(|slot| (slot.id, slot.kind, slot.label.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (1, SlotKind::Passphrase, "passphrase"),
            (2, SlotKind::Recipient, recipient.as_str())
        ]
    );
}

#[test]
fn each_slot_opens_the_same_records_until_it_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let (mut vault, key_file) = new_vault(&path);
    fill(&mut vault);
    let slot = vault
        .add_slot(&NewSlot::Passphrase(passphrase("correct horse")), 2)
        .unwrap();
    drop(vault);
    let by_phrase = Key::Passphrase(passphrase("correct horse"));
    let all = unlock(&path, &key_file).unwrap();
    assert_eq!(unlock(&path, &by_phrase).unwrap(), all);

    let mut vault = VaultFile::open(&path).unwrap().unlock(&by_phrase).unwrap();
    vault.remove_slot(slot).unwrap();
    drop(vault);
    assert!(matches!(
        unlock(&path, &by_phrase),
        Err(VaultError::NoSlot { kind: "passphrase" })
    ));
    unlock(&path, &key_file).unwrap();
}

#[test]
fn a_wrong_key_is_told_from_a_missing_slot_and_can_be_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    drop(VaultFile::create(&path, NewSlot::Passphrase(passphrase("right")), 2).unwrap());
    let locked = VaultFile::open(&path).unwrap();
    let wrong = locked
        .unlock(&Key::Passphrase(passphrase("wrong")))
        .unwrap_err();
    assert!(matches!(wrong, VaultError::WrongPassphrase), "{wrong}");
    assert!(wrong.hint().contains("keyboard"));
    let (identity, _) = key_pair();
    assert!(matches!(
        locked.unlock(&Key::Identity(identity.into())),
        Err(VaultError::NoSlot { kind: "recipient" })
    ));
    assert!(matches!(
        locked.unlock(&Key::Keyring),
        Err(VaultError::NoSlot { kind: "keyring" })
    ));
    locked
        .unlock(&Key::Passphrase(passphrase("right")))
        .unwrap();
}

#[test]
fn a_key_file_that_is_another_ones_or_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    drop(new_vault(&path));
    let locked = VaultFile::open(&path).unwrap();
    let (stranger, _) = key_pair();
    assert!(matches!(
        locked.unlock(&Key::Identity(stranger.into())),
        Err(VaultError::WrongIdentity)
    ));
    assert!(matches!(
        locked.unlock(&Key::Identity(
            VaultIdentity::new("# empty\n".to_owned()).into()
        )),
        Err(VaultError::NotAnIdentity)
    ));
}

#[test]
fn the_last_slot_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vault, _) = new_vault(&folder.path().join("vault.db"));
    assert!(matches!(
        vault.remove_slot(1),
        Err(VaultError::LastSlot { id: 1 })
    ));
    assert!(matches!(
        vault.remove_slot(7),
        Err(VaultError::NoSuchSlot { id: 7 })
    ));
}

#[test]
fn what_is_no_recipient_makes_no_vault() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let made = VaultFile::create(&path, NewSlot::Recipient("age1nonsense".to_owned()), 1);
    assert!(matches!(made, Err(VaultError::NotARecipient { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_vault_that_is_there_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    drop(new_vault(&path));
    let before = std::fs::read(&path).unwrap();
    let (_, recipient) = key_pair();
    assert!(matches!(
        VaultFile::create(&path, NewSlot::Recipient(recipient), 1),
        Err(VaultError::Exists { .. })
    ));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}
