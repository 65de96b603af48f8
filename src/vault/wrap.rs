//! Wraps a whole file into one age file to a recipient, and opens it again.

use crate::vault::error::VaultError;
use crate::vault::key_file::{KeyFile, trouble_opening, trouble_sealing};
use age::{DecryptError, Decryptor, Encryptor, Identity, Recipient};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

/// How every age file begins (age-encryption.org/v1).
const MAGIC: &[u8] = b"age-encryption.org/v1\n";

/// Whether a file is an age file.
pub fn is_wrapped(path: &Path) -> Result<bool, VaultError> {
    let mut head = Vec::with_capacity(MAGIC.len());
    File::open(path)
        .and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut head))
        .map_err(|source| VaultError::io("read", path, source))?;
    Ok(head == MAGIC)
}

/// Writes content as an age file into a file that is there already, and is to be called `place`.
pub fn wrap(
    mut content: impl Read,
    to: &File,
    recipient: &dyn Recipient,
    place: &Path,
) -> Result<(), VaultError> {
    let refused = |error| trouble_sealing(&error).unwrap_or(VaultError::Seal { table: "file" });
    let encryptor = Encryptor::with_recipients(std::iter::once(recipient)).map_err(refused)?;
    let written = encryptor
        .wrap_output(BufWriter::new(to))
        .and_then(|mut writer| {
            io::copy(&mut content, &mut writer)?;
            writer.finish()?.flush()
        });
    written.map_err(|source| VaultError::io("write", place, source))
}

/// Writes the content of an age file into a file that is there already.
pub fn unwrap(from: &Path, to: &mut File, key: &KeyFile) -> Result<(), VaultError> {
    let refused = |error: DecryptError| match error {
        DecryptError::NoMatchingKeys
        | DecryptError::KeyDecryptionFailed
        | DecryptError::DecryptionFailed => VaultError::BackupNotForIdentity {
            path: from.to_path_buf(),
        },
        DecryptError::Io(source) => VaultError::io("read", from, source),
        error => trouble_opening(&error).unwrap_or(VaultError::BackupDamaged {
            path: from.to_path_buf(),
        }),
    };
    let keys = key.keys()?.all().map_err(refused)?;
    let identities = keys.iter().map(|key| key.as_ref() as &dyn Identity);
    let mut content = Decryptor::new_buffered(open(from)?)
        .and_then(|decryptor| decryptor.decrypt(identities))
        .map_err(refused)?;
    // A piece that was changed or cut off is an error of the reader (age's STREAM).
    io::copy(&mut content, to).map_err(|source| match source.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => VaultError::BackupDamaged {
            path: from.to_path_buf(),
        },
        _ => VaultError::io("read", from, source),
    })?;
    Ok(())
}

fn open(path: &Path) -> Result<BufReader<File>, VaultError> {
    let file = File::open(path).map_err(|source| VaultError::io("read", path, source))?;
    Ok(BufReader::new(file))
}
