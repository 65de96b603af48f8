//! An age file for a passphrase or for recipients, sealed and opened in memory: never in the clear.

use crate::secret::Passphrase;
use crate::vault::error::VaultError;
use crate::vault::key_file::{KeyFile, trouble_opening};
use crate::vault::seal::{
    Opened, open_bytes, passphrase_identity, passphrase_recipient, seal_bytes,
};
use age::{DecryptError, Decryptor, Identity, Recipient};
use std::path::Path;

const WHAT: &str = "file";

/// What a file is sealed with.
pub enum FileLock {
    /// A passphrase, and scrypt's work factor.
    Passphrase(Passphrase, u8),
    /// Recipients, each of which opens it.
    Recipients(Vec<Box<dyn Recipient + Send>>),
}

/// What opens a file.
#[derive(Debug)]
pub enum FileKey {
    /// The passphrase it was sealed with.
    Passphrase(Passphrase),
    /// An age identity file.
    Identity(KeyFile),
}

/// Seals a payload.
pub fn seal(lock: &FileLock, payload: &[u8]) -> Result<Vec<u8>, VaultError> {
    match lock {
        FileLock::Passphrase(passphrase, work_factor) => {
            let recipient = passphrase_recipient(passphrase, *work_factor)?;
            let recipients = std::iter::once(&recipient as &dyn Recipient);
            seal_bytes(recipients, WHAT, payload)
        }
        FileLock::Recipients(recipients) => {
            let recipients = recipients.iter().map(|one| one.as_ref() as &dyn Recipient);
            seal_bytes(recipients, WHAT, payload)
        }
    }
}

/// Whether a passphrase opens the file; `None`: it is no age file.
pub fn wants_passphrase(file: &[u8]) -> Option<bool> {
    let decryptor = Decryptor::new_buffered(file).ok()?;
    Some(decryptor.is_scrypt())
}

/// Opens the file that came from `path`.
pub fn open(sealed: &[u8], key: &FileKey, path: &Path) -> Result<Opened, VaultError> {
    let opened = match key {
        FileKey::Passphrase(passphrase) => {
            let identity = passphrase_identity(passphrase);
            open_bytes(sealed, std::iter::once(&identity as &dyn Identity))
        }
        FileKey::Identity(file) => file.keys()?.all().and_then(|keys| {
            open_bytes(sealed, keys.iter().map(|key| key.as_ref() as &dyn Identity))
        }),
    };
    let path = path.to_path_buf();
    opened.map_err(|error| match error {
        DecryptError::NoMatchingKeys
        | DecryptError::KeyDecryptionFailed
        | DecryptError::DecryptionFailed => VaultError::ExportNotOpened { path },
        error => trouble_opening(&error).unwrap_or(VaultError::ExportDamaged { path }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::keys::new_identity;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text.to_owned())
    }

    #[test]
    fn a_file_opens_by_its_passphrase_and_no_other() {
        let lock = FileLock::Passphrase(passphrase("right"), 2);
        let file = seal(&lock, b"payload").unwrap();
        assert_eq!(wants_passphrase(&file), Some(true));
        let open = |word: &str| {
            let key = FileKey::Passphrase(passphrase(word));
            open(&file, &key, Path::new("f.age"))
        };
        assert_eq!(open("right").unwrap().as_slice(), b"payload");
        let refused = open("wrong");
        assert!(matches!(refused, Err(VaultError::ExportNotOpened { .. })));
    }

    #[test]
    fn each_of_several_recipients_opens_it_and_a_cut_off_file_is_damaged() {
        let identities = [new_identity(), new_identity(), new_identity()];
        let recipients = identities[..2].iter().map(|identity| {
            let file = KeyFile::from(identity.duplicate());
            let public = file.keys().unwrap().native()[0].to_public();
            Box::new(public) as Box<dyn Recipient + Send>
        });
        let lock = FileLock::Recipients(recipients.collect());
        let file = seal(&lock, b"payload").unwrap();
        assert_eq!(wants_passphrase(&file), Some(false));
        assert_eq!(wants_passphrase(b"a letter"), None);
        let key = |at: usize| FileKey::Identity(identities[at].duplicate().into());
        let path = Path::new("f.age");
        for at in 0..2 {
            assert_eq!(open(&file, &key(at), path).unwrap().as_slice(), b"payload");
        }
        let other = open(&file, &key(2), path);
        assert!(matches!(other, Err(VaultError::ExportNotOpened { .. })));
        let cut = open(&file[..file.len() - 3], &key(0), path);
        assert!(matches!(cut, Err(VaultError::ExportDamaged { .. })));
    }
}
