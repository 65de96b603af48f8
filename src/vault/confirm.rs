//! Whether somebody knows a passphrase of a vault that is open already, asked again before a sensitive act.

use crate::model::policy::Patience;
use crate::secret::Passphrase;
use crate::vault::error::VaultError;
use crate::vault::file::VaultFile;
use crate::vault::slot::Key;
use std::path::Path;

/// Says whether `passphrase` opens a slot of the vault at `path`, and opens nothing for good: what it unlocks is let go
/// at once. A living owner does not mind. Wrong ones are counted and wait as at the unlocking; a right one ends the
/// waiting, while the next unlocking still tells how many there were.
///
/// Takes about a second. Fails with [`VaultError::WrongPassphrase`], [`VaultError::TooManyTries`], or with
/// [`VaultError::NoSlot`] where the vault has no passphrase.
pub fn confirm(path: &Path, passphrase: Passphrase, patience: Patience) -> Result<(), VaultError> {
    let locked = VaultFile::open_read_only(path)?.with_patience(patience);
    drop(locked.unlock(&Key::Passphrase(passphrase))?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::Happening;
    use crate::vault::open::OpenVault;
    use crate::vault::slot::NewSlot;
    use crate::vault::store::Store;
    use crate::vault::tries::Tries;

    fn word(text: &str) -> Passphrase {
        Passphrase::new(text.to_owned())
    }

    #[test]
    fn a_passphrase_is_confirmed_beside_the_owner_and_wrong_ones_are_counted_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.db");
        let owner: OpenVault =
            VaultFile::create(&path, NewSlot::Passphrase(word("right")), 2).unwrap();
        confirm(&path, word("right"), Patience::default()).unwrap();
        assert_eq!(Tries::read(&path), Tries::default());
        for _ in 0..2 {
            let wrong = confirm(&path, word("wrong"), Patience::default());
            assert!(matches!(wrong, Err(VaultError::WrongPassphrase)));
        }
        confirm(&path, word("right"), Patience::default()).unwrap();
        let wrong = confirm(&path, word("wrong"), Patience::default());
        assert!(matches!(wrong, Err(VaultError::WrongPassphrase)));
        let tries = Tries::read(&path);
        assert_eq!((tries.wrong, tries.all()), (1, 3));
        drop(owner);
        let key = Key::Passphrase(word("right"));
        let mut vault = VaultFile::open(&path).unwrap().unlock(&key).unwrap();
        let told = vault.activity(None, 1).unwrap().pop().unwrap();
        assert!(matches!(
            told.what,
            Happening::WrongPassphrase {
                count: 3,
                last: Some(_)
            }
        ));
        assert_eq!(Tries::read(&path), Tries::default());
    }

    #[test]
    fn guesses_have_to_wait_whether_or_not_they_would_open_anything() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.db");
        drop(VaultFile::create(&path, NewSlot::Passphrase(word("right")), 2).unwrap());
        for _ in 0..3 {
            confirm(&path, word("wrong"), Patience::default()).unwrap_err();
        }
        let refused = confirm(&path, word("right"), Patience::default());
        assert!(matches!(refused, Err(VaultError::TooManyTries { .. })));
    }
}
