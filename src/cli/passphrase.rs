//! Passphrases: from files, from the system's own store of credentials, from a person.

use crate::cli::failure::{Failure, Kind};
use crate::cli::output::{ask_line, talk};
use crate::secret::{ClientSecret, Passphrase, PrivateKey, RegistrationToken, VaultIdentity};
use crate::vault::key_file::{KeyFile, Person};
use std::io::{IsTerminal, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Largest file that can hold a passphrase or an identity, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Reads a passphrase from a file; one newline at its end does not belong to it.
pub fn from_file(path: &Path) -> Result<Passphrase, Failure> {
    let mut text = read(path, "the passphrase")?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        return Err(Failure::new(
            Kind::Locked,
            format!("the passphrase file {} is empty", path.display()),
        )
        .hint("write the passphrase into it"));
    }
    Ok(Passphrase::new(std::mem::take(&mut *text)))
}

/// Reads a client's secret; white space around it does not belong to it.
pub fn client_secret(path: &Path) -> Result<ClientSecret, Failure> {
    let text = read(path, "the client secret")?;
    let secret = text.trim();
    if secret.is_empty() {
        return Err(
            Failure::usage(format!("the file {} is empty", path.display()))
                .hint("write the client secret into it"),
        );
    }
    Ok(ClientSecret::new(secret.to_owned()))
}

/// Reads a client's private key.
pub fn private_key(path: &Path) -> Result<PrivateKey, Failure> {
    let mut text = read(path, "the private key")?;
    Ok(PrivateKey::new(std::mem::take(&mut *text)))
}

/// Reads the token that lets a client be registered; white space around it does not belong to it.
pub fn registration_token(path: &Path) -> Result<RegistrationToken, Failure> {
    let text = read(path, "the initial access token")?;
    Ok(RegistrationToken::new(text.trim().to_owned()))
}

/// Reads an age identity file; whoever sits at the terminal answers what its plugins ask.
pub fn identity_from_file(path: &Path) -> Result<KeyFile, Failure> {
    let mut text = read(path, "the identity")?;
    let text = VaultIdentity::new(std::mem::take(&mut *text));
    let person = Person {
        say: talk,
        ask: |question| {
            let is_there = std::io::stdin().is_terminal();
            is_there.then(|| ask_line(question).ok()).flatten()
        },
        ask_secret: |question| ask(question).ok(),
    };
    Ok(KeyFile::new(text, person))
}

/// Reads a file that holds a secret; says so when others can read it too.
pub fn read(path: &Path, what: &str) -> Result<Zeroizing<String>, Failure> {
    let unreadable = |error: std::io::Error| {
        let failure = Failure::from(error);
        let text = format!("cannot read {what} from {}", path.display());
        Failure {
            kind: Kind::Failed,
            ..failure
        }
        .within(text)
        .hint(format!("look at it: ls -l {}", path.display()))
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_file() && metadata.mode() & 0o077 != 0 {
        talk(&format!(
            "warning: others can read {}: chmod 600 {0}",
            path.display()
        ));
    }
    // Room for the whole file at once: no outgrown buffer with the secret in it stays behind.
    let size = usize::try_from(metadata.len().min(LARGEST)).unwrap_or(0);
    let mut text = Zeroizing::new(String::with_capacity(size + 4096));
    file.take(LARGEST + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if text.len() as u64 > LARGEST {
        // Half of a secret is not the secret: it would be refused as a wrong one.
        let text = format!("{} is too large to hold {what}", path.display());
        return Err(Failure::new(Kind::Failed, text).hint("name the right file"));
    }
    Ok(text)
}

/// The passphrase that systemd hands to a service, `LoadCredential=tokenward-passphrase:...`.
pub fn from_systemd() -> Option<PathBuf> {
    credential("tokenward-passphrase")
}

/// The age identity that systemd hands to a service, `LoadCredential=tokenward-identity:...`.
pub fn identity_from_systemd() -> Option<PathBuf> {
    credential("tokenward-identity")
}

fn credential(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY")?;
    let file = PathBuf::from(folder).join(name);
    file.is_file().then_some(file)
}

/// Asks the person, without an echo.
pub fn ask(question: &str) -> Result<Passphrase, Failure> {
    Ok(Passphrase::new(rpassword::prompt_password(question)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_newline_at_the_end_is_not_part_of_the_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        for (content, meant) in [
            ("word", "word"),
            ("word\n", "word"),
            ("word\r\n", "word"),
            ("two words \n\n", "two words \n"),
        ] {
            let path = folder.path().join("file");
            std::fs::write(&path, content).unwrap();
            let read = from_file(&path).unwrap();
            assert!(
                read.matches(&Passphrase::new(meant.to_owned())),
                "{content:?}"
            );
        }
    }

    #[test]
    fn a_file_too_large_for_a_passphrase_is_not_cut_off() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "x".repeat(70_000)).unwrap();
        let error = from_file(file.path()).unwrap_err();
        assert!(error.for_people().contains("too large"));
    }

    #[test]
    fn an_empty_file_and_no_file_are_refused_with_their_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let error = from_file(&path).unwrap_err();
        assert!(error.for_people().contains(path.to_str().unwrap()));
        std::fs::write(&path, "\n").unwrap();
        assert_eq!(from_file(&path).unwrap_err().kind, Kind::Locked);
    }
}
