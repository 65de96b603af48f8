//! One entry in the keyring of the operating system: an age identity that opens a slot of a vault.
//!
//! The keyring's calls block, and panic inside an async task, so each runs on a thread of its own.

use crate::secret::VaultIdentity;
use crate::vault::error::VaultError;
use crate::vault::keys::VaultId;
use keyring::Error;
use zeroize::Zeroizing;

const SERVICE: &str = "tokenward";

/// Reads the entry of a vault.
pub fn fetch(vault: VaultId) -> Result<VaultIdentity, VaultError> {
    on_a_thread(move || {
        let bytes = Zeroizing::new(entry(vault)?.get_secret()?);
        let text = std::str::from_utf8(&bytes).map_err(|_| Error::BadEncoding(Vec::new()))?;
        Ok(VaultIdentity::new(text.to_owned()))
    })
}

/// Writes the entry of a vault and reads it back, so that a slot is never sealed to what the keyring did not keep.
pub fn store(vault: VaultId, identity: &VaultIdentity) -> Result<(), VaultError> {
    let text = Zeroizing::new(identity.expose_secret().to_owned());
    on_a_thread(move || {
        let entry = entry(vault)?;
        entry.set_secret(text.as_bytes())?;
        if Zeroizing::new(entry.get_secret()?).as_slice() != text.as_bytes() {
            return Err(Error::BadStoreFormat(
                "it gave back something else than was stored".to_owned(),
            ));
        }
        Ok(())
    })
}

/// Removes the entry of a vault; one that is gone already is no error.
pub fn remove(vault: VaultId) -> Result<(), VaultError> {
    on_a_thread(move || match entry(vault)?.delete_credential() {
        Ok(()) | Err(Error::NoEntry) => Ok(()),
        Err(error) => Err(error),
    })
}

/// A store that was chosen already wins over the platform's.
fn entry(vault: VaultId) -> Result<keyring_core::Entry, Error> {
    let account = format!("vault {vault}");
    if keyring_core::get_default_store().is_some() {
        return keyring_core::Entry::new(SERVICE, &account);
    }
    Ok(keyring::Entry::new(SERVICE, &account)?.inner)
}

fn on_a_thread<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, VaultError> {
    std::thread::scope(|scope| scope.spawn(work).join())
        .unwrap_or_else(|_| Err(Error::BadStoreFormat("it failed unexpectedly".to_owned())))
        .map_err(explain)
}

/// Sorts the keyring's errors by what a person can do about them.
fn explain(error: Error) -> VaultError {
    match error {
        Error::NoEntry => VaultError::KeyringEntryMissing,
        Error::NoDefaultStore => VaultError::NoKeyring,
        Error::NoStorageAccess(source) if says(source.as_ref(), &["result not returned"]) => {
            VaultError::NoDefaultKeyring
        }
        Error::NoStorageAccess(source) => VaultError::KeyringLocked { source },
        Error::PlatformFailure(source) if is_absence(source.as_ref()) => VaultError::NoKeyring,
        // These carry what was read: it goes no further.
        Error::BadEncoding(_) | Error::BadDataFormat(..) => VaultError::Keyring {
            source: "the keyring's entry is not what was stored there".into(),
        },
        other => VaultError::Keyring {
            source: Box::new(other),
        },
    }
}

/// The bus lives but nobody offers secrets on it.
fn is_absence(error: &(dyn std::error::Error + 'static)) -> bool {
    says(
        error,
        &[
            "ServiceUnknown",
            "no secret service provider",
            "NameHasNoOwner",
            "was not provided by any",
        ],
    )
}

/// Only the text of the platform's errors tells some of them apart.
fn says(error: &(dyn std::error::Error + 'static), signs: &[&str]) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|error| {
        let text = error.to_string();
        signs.iter().any(|sign| text.contains(sign))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Box<dyn std::error::Error + Send + Sync> {
        Box::new(std::io::Error::other(text.to_owned()))
    }

    #[test]
    fn each_failure_of_the_keyring_says_what_to_do() {
        let cases = [
            (explain(Error::NoEntry), "no entry", "add-slot"),
            (
                explain(Error::NoDefaultStore),
                "no keyring service",
                "gnome-keyring",
            ),
            (
                explain(Error::PlatformFailure(platform(
                    "org.freedesktop.DBus.Error.ServiceUnknown: The name is not activatable",
                ))),
                "no keyring service",
                "gnome-keyring",
            ),
            (
                explain(Error::NoStorageAccess(platform("locked"))),
                "locked",
                "unlock the keyring",
            ),
            (
                explain(Error::PlatformFailure(platform("disk on fire"))),
                "could not be used",
                "another slot",
            ),
        ];
        for (error, text, hint) in cases {
            assert!(error.to_string().contains(text), "{error}");
            assert!(error.hint().contains(hint), "{}", error.hint());
        }
    }

    #[test]
    fn what_was_read_never_stands_in_an_error() {
        let error = explain(Error::BadEncoding(b"marker-secret".to_vec()));
        assert!(!format!("{error:?}").contains("marker"));
        assert!(!format!("{error:?}").contains("109, 97"));
    }
}
