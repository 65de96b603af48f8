//! Seals and opens age files: to the vault's own key, to a passphrase, to another age recipient.

use crate::secret::{Passphrase, VaultIdentity};
use crate::vault::binding::{Sealed, Table, Verified};
use crate::vault::error::VaultError;
use crate::vault::key_file::trouble_sealing;
use crate::vault::keys::VaultKeys;
use age::{DecryptError, Decryptor, Encryptor, Identity, Recipient, scrypt};
use secrecy::SecretString;
use std::io::{Read, Write};
use std::str::FromStr;
use zeroize::Zeroizing;

/// The highest scrypt work factor that is accepted from a file: 2^22 takes some ten seconds and 4 GiB. A file that asks
/// for more was made to stall us.
pub const HIGHEST_WORK_FACTOR: u8 = 22;

/// An opened payload; zeroized on drop.
pub type Opened = Zeroizing<Vec<u8>>;

/// Seals a payload to the vault.
pub fn seal(keys: &VaultKeys, table: Table, payload: &[u8]) -> Result<Sealed, VaultError> {
    seal_to(keys.recipient(), table, payload)
}

/// Opens a payload whose binding was checked.
pub fn open(keys: &VaultKeys, verified: &Verified) -> Result<Opened, VaultError> {
    decrypt(verified.file(), keys.identity()).map_err(|_| VaultError::Tampered {
        table: verified.table().name(),
        row: verified.row().to_string(),
        what: "its age file does not open",
    })
}

/// Whether the head of the file was sealed to this vault. For telling what is wrong with a refused row, never for using
/// it: nothing of the payload is read.
pub fn is_ours(keys: &VaultKeys, sealed: &Sealed) -> bool {
    !Decryptor::new_buffered(sealed.0.as_slice()).is_ok_and(|decryptor| {
        matches!(
            decryptor.decrypt(std::iter::once(keys.identity() as &dyn Identity)),
            Err(DecryptError::NoMatchingKeys)
        )
    })
}

/// Seals the vault's identity with a passphrase.
pub fn seal_with_passphrase(
    identity: &VaultIdentity,
    passphrase: &Passphrase,
    work_factor: u8,
) -> Result<Sealed, VaultError> {
    seal_identity(&passphrase_recipient(passphrase, work_factor)?, identity)
}

/// Whoever knows the passphrase.
pub fn passphrase_recipient(
    passphrase: &Passphrase,
    work_factor: u8,
) -> Result<scrypt::Recipient, VaultError> {
    if !(1..=HIGHEST_WORK_FACTOR).contains(&work_factor) {
        return Err(VaultError::WorkFactor {
            found: work_factor,
            most: HIGHEST_WORK_FACTOR,
        });
    }
    let mut recipient = scrypt::Recipient::new(secret_string(passphrase));
    recipient.set_work_factor(work_factor);
    Ok(recipient)
}

/// Seals the vault's identity to another age recipient.
pub fn seal_to_recipient(
    identity: &VaultIdentity,
    recipient: &dyn Recipient,
) -> Result<Sealed, VaultError> {
    seal_identity(recipient, identity)
}

/// Opens a slot with a passphrase; `None`: it is not this slot's.
pub fn open_with_passphrase(
    sealed: &Sealed,
    passphrase: &Passphrase,
) -> Result<Option<VaultIdentity>, DecryptError> {
    open_slot(sealed, &passphrase_identity(passphrase))
}

/// What opens a file that was sealed with the passphrase.
pub fn passphrase_identity(passphrase: &Passphrase) -> scrypt::Identity {
    let mut identity = scrypt::Identity::new(secret_string(passphrase));
    identity.set_max_work_factor(HIGHEST_WORK_FACTOR);
    identity
}

/// The age identities of one sort in the text of a key file: one a line, blank lines and `#` comments between them.
pub fn keys_in<T: FromStr>(file: &VaultIdentity) -> Vec<T> {
    file.expose_secret()
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(|line| line.parse().ok())
        .collect()
}

/// A passphrase as `age` takes it.
pub fn secret_string(passphrase: &Passphrase) -> SecretString {
    SecretString::from(passphrase.expose_secret().to_owned())
}

fn seal_identity(
    recipient: &dyn Recipient,
    identity: &VaultIdentity,
) -> Result<Sealed, VaultError> {
    // With its line end it is a valid age identity file, so that `age -d` alone recovers it.
    let file = Zeroizing::new(format!("{}\n", identity.expose_secret().trim()));
    seal_to(recipient, Table::Slot, file.as_bytes())
}

fn seal_to(recipient: &dyn Recipient, table: Table, payload: &[u8]) -> Result<Sealed, VaultError> {
    seal_bytes(std::iter::once(recipient), table.name(), payload).map(Sealed)
}

/// An age file for these recipients; `what` is said of it when it cannot be made.
pub fn seal_bytes<'a>(
    recipients: impl Iterator<Item = &'a dyn Recipient>,
    what: &'static str,
    payload: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let refused = VaultError::Seal { table: what };
    let encryptor = match Encryptor::with_recipients(recipients) {
        Ok(encryptor) => encryptor,
        Err(error) => return Err(trouble_sealing(&error).unwrap_or(refused)),
    };
    let mut file = Vec::with_capacity(payload.len() + 320);
    let written = encryptor.wrap_output(&mut file).and_then(|mut writer| {
        writer.write_all(payload)?;
        writer.finish()
    });
    match written {
        Ok(_) => Ok(file),
        Err(_) => Err(refused),
    }
}

/// Opens a slot with an age identity; `None`: the slot is not for it.
pub fn open_slot(
    sealed: &Sealed,
    identity: &dyn Identity,
) -> Result<Option<VaultIdentity>, DecryptError> {
    match decrypt(&sealed.0, identity) {
        Ok(file) => std::str::from_utf8(&file)
            .map(|text| Some(VaultIdentity::new(text.trim().to_owned())))
            .map_err(|_| DecryptError::InvalidHeader),
        // `DecryptionFailed` comes from the header alone: scrypt's way to say that the passphrase is another one. A
        // damaged payload is an input error.
        Err(
            DecryptError::NoMatchingKeys
            | DecryptError::KeyDecryptionFailed
            | DecryptError::DecryptionFailed,
        ) => Ok(None),
        Err(damaged) => Err(damaged),
    }
}

fn decrypt(file: &[u8], identity: &dyn Identity) -> Result<Opened, DecryptError> {
    open_bytes(file, std::iter::once(identity))
}

/// Opens an age file by the first identity that fits.
pub fn open_bytes<'a>(
    file: &[u8],
    identities: impl Iterator<Item = &'a dyn Identity>,
) -> Result<Opened, DecryptError> {
    let mut reader = Decryptor::new_buffered(file)?.decrypt(identities)?;
    // The payload is shorter than the file, so that the buffer never moves and leaves no copy behind.
    let mut payload = Zeroizing::new(Vec::with_capacity(file.len()));
    reader.read_to_end(&mut payload)?;
    Ok(payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::keys::new_identity;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text.to_owned())
    }

    #[test]
    fn a_passphrase_opens_its_slot_and_no_other_does() {
        let identity = new_identity();
        let sealed = seal_with_passphrase(&identity, &passphrase("right"), 2).unwrap();
        let opened = open_with_passphrase(&sealed, &passphrase("right")).unwrap();
        assert!(opened.unwrap().matches(&identity));
        assert!(
            open_with_passphrase(&sealed, &passphrase("wrong"))
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_slot_that_demands_too_much_work_is_refused_at_once() {
        let sealed = seal_with_passphrase(&new_identity(), &passphrase("right"), 2).unwrap();
        let text = String::from_utf8_lossy(&sealed.0[..100]).into_owned();
        let at = text.find(" 2\n").unwrap() + 1;
        let mut hostile = sealed.0.clone();
        hostile.splice(at..=at, *b"40");
        let result = open_with_passphrase(&Sealed(hostile), &passphrase("right"));
        assert!(matches!(
            result,
            Err(DecryptError::ExcessiveWork { required: 40, .. })
        ));
    }

    #[test]
    fn work_factors_out_of_range_are_refused_instead_of_panicking() {
        for factor in [0, HIGHEST_WORK_FACTOR + 1, 64, 255] {
            assert!(matches!(
                seal_with_passphrase(&new_identity(), &passphrase("x"), factor),
                Err(VaultError::WorkFactor { .. })
            ));
        }
    }

    #[test]
    fn a_key_file_may_have_comments_and_several_identities() {
        let (one, two) = (new_identity(), new_identity());
        let file = format!(
            "# created: today\n# public key: age1x\n\n{}\r\n{}\n",
            one.expose_secret(),
            two.expose_secret()
        );
        let found = |text| keys_in::<age::x25519::Identity>(&VaultIdentity::new(text)).len();
        assert_eq!((found(file), found("hello".to_owned())), (2, 0));
    }
}
