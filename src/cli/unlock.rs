//! What opens the vault: a file, the system's credentials, the keyring, or a person who is asked.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::passphrase;
use crate::vault::error::VaultError;
use crate::vault::file::VaultFile;
use crate::vault::locked::LockedVault;
use crate::vault::open::OpenVault;
use crate::vault::slot::{Key, SlotKind};

/// A key, and who gave it.
#[derive(Debug)]
pub struct Answered {
    key: Key,
    person: bool,
}

impl Answered {
    /// The key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// A second copy, for who opens the vault twice in one command.
    pub fn duplicate(&self) -> Self {
        Self {
            key: self.key.duplicate(),
            person: self.person,
        }
    }

    /// Whether a person typed it, who may have mistyped.
    pub fn by_a_person(&self) -> bool {
        self.person
    }

    /// Whether somebody showed that a secret is known. What the keyring gives, it gives to whoever sits there.
    pub fn is_knowledge(&self) -> bool {
        match self.key {
            Key::Passphrase(_) | Key::Identity(_) => true,
            Key::Keyring => false,
        }
    }
}

/// Finds the key, asking a person at the terminal when nothing else gives one.
pub fn answer(context: &Context) -> Result<Answered, Failure> {
    if let Some(key) = named(context)? {
        return Ok(Answered { key, person: false });
    }
    let locked = look_at(context)?;
    let kinds = kinds_of(&locked)?;
    let mut failed = None;
    if kinds.contains(&SlotKind::Keyring) {
        let can_fall_back = context.output.can_ask() && kinds.contains(&SlotKind::Passphrase);
        // Tried before it is relied on only where there is another way.
        match can_fall_back.then(|| locked.unlock(&Key::Keyring)) {
            None | Some(Ok(_)) => {
                return Ok(Answered {
                    key: Key::Keyring,
                    person: false,
                });
            }
            Some(Err(error)) => failed = Some(error),
        }
    }
    if !kinds.contains(&SlotKind::Passphrase) || !context.output.can_ask() {
        return Err(nothing_opens(&kinds));
    }
    if let Some(error) = failed {
        context
            .output
            .say(&format!("The keyring does not open the vault: {error}."));
    }
    let question = format!("Passphrase of {}: ", context.vault.display());
    Ok(Answered {
        key: Key::Passphrase(passphrase::ask(&question)?),
        person: true,
    })
}

/// Finds a key without asking anybody; `None` when only a person could give one.
pub fn without_question(context: &Context) -> Result<Option<Key>, Failure> {
    if let Some(key) = named(context)? {
        return Ok(Some(key));
    }
    let kinds = kinds(context)?;
    Ok(kinds.contains(&SlotKind::Keyring).then_some(Key::Keyring))
}

/// The key that was named: on the command line or in the environment, by systemd, in the settings.
pub fn named(context: &Context) -> Result<Option<Key>, Failure> {
    let (globals, settings) = (&context.globals, &context.config.unlock);
    let identity = |path| passphrase::identity_from_file(path).map(Key::Identity);
    let word = |path| passphrase::from_file(path).map(Key::Passphrase);
    if let Some(path) = &globals.identity_file {
        return identity(path).map(Some);
    }
    if let Some(path) = &globals.passphrase_file {
        return word(path).map(Some);
    }
    if let Some(path) = passphrase::from_systemd() {
        return word(&path).map(Some);
    }
    if let Some(path) = passphrase::identity_from_systemd() {
        return identity(&path).map(Some);
    }
    if let Some(path) = &settings.identity_file {
        return identity(path).map(Some);
    }
    settings.passphrase_file.as_deref().map(word).transpose()
}

/// Opens the vault with the key.
pub fn open(context: &Context, answered: Answered) -> Result<OpenVault, Failure> {
    open_with(context, &answered.key)
}

/// Opens the vault with the key; an old one is brought up to date.
pub fn open_with(context: &Context, key: &Key) -> Result<OpenVault, Failure> {
    Ok(to_open(context)?.unlock(key)?)
}

/// Looks at the vault in order to open it; an old one is brought up to date.
pub fn to_open(context: &Context) -> Result<LockedVault, Failure> {
    let locked = VaultFile::open(&context.vault)?.with_patience(context.config.patience());
    if let Some(copy) = locked.migrated_from() {
        context.output.say(&format!(
            "The vault was brought up to date; the old file is kept as {}.",
            copy.display()
        ));
    }
    Ok(locked)
}

/// Looks at the vault without disturbing a living owner.
pub fn look_at(context: &Context) -> Result<LockedVault, Failure> {
    let locked = match VaultFile::open_read_only(&context.vault) {
        Err(VaultError::Older { .. }) => VaultFile::open(&context.vault)?,
        other => other?,
    };
    Ok(locked.with_patience(context.config.patience()))
}

/// The kinds of its slots, the vault staying locked.
pub fn kinds(context: &Context) -> Result<Vec<SlotKind>, Failure> {
    kinds_of(&look_at(context)?)
}

fn kinds_of(locked: &LockedVault) -> Result<Vec<SlotKind>, Failure> {
    Ok(locked.slots()?.into_iter().map(|slot| slot.kind).collect())
}

fn nothing_opens(kinds: &[SlotKind]) -> Failure {
    let mut failure = Failure::new(
        Kind::Locked,
        "the vault is locked and there is nobody to ask",
    );
    if kinds.contains(&SlotKind::Passphrase) {
        failure = failure.hint(
            "give the passphrase in a file: --passphrase-file FILE or TOKENWARD_PASSPHRASE_FILE",
        );
    }
    if kinds.contains(&SlotKind::Recipient) {
        failure =
            failure.hint("give the age identity: --identity-file FILE or TOKENWARD_IDENTITY_FILE");
    }
    failure
        .hint("or unlock it once for all: start `tokenward` or `tokenward --daemon` at a terminal")
}
