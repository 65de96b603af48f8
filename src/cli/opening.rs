//! What opens the vault of a living owner: what is offered to it, or what it has at hand itself.

use crate::agent::door::Offered;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::gate;
use crate::cli::unlock;
use crate::engine::api::Refusal;
use crate::vault::confirm::confirm;
use crate::vault::error::VaultError;
use crate::vault::open::OpenVault;
use crate::vault::slot::{Key, SlotKind};

/// Opens the vault with what is offered.
pub fn open(context: &Context, offered: Offered) -> Result<OpenVault, Failure> {
    let locked = unlock::to_open(context)?;
    Ok(match offered {
        Offered::Passphrase(passphrase) => locked.unlock(&Key::Passphrase(passphrase))?,
        Offered::Identity(text) => locked.unlock(&Key::Identity(text.into()))?,
        Offered::Unwrapped(identity) => locked.unlock_unwrapped(&identity)?,
        Offered::Nothing => locked.unlock(&by_itself(context)?)?,
    })
}

/// Whether what is offered would open the vault, which is open already: whoever gives a wrong passphrase must not be told
/// that all is well.
pub fn check(context: &Context, offered: Offered) -> Result<(), Failure> {
    let locked = || unlock::look_at(context);
    match offered {
        Offered::Nothing => {}
        Offered::Passphrase(passphrase) => {
            confirm(&context.vault, passphrase, context.config.patience())?;
        }
        Offered::Identity(text) => drop(locked()?.unlock(&Key::Identity(text.into()))?),
        Offered::Unwrapped(identity) => drop(locked()?.unlock_unwrapped(&identity)?),
    }
    Ok(())
}

/// The key that the owner has at hand. Where there is a passphrase it is asked for: a lock that opens by itself keeps
/// nobody out.
fn by_itself(context: &Context) -> Result<Key, Failure> {
    let has_passphrase = unlock::kinds(context)?.contains(&SlotKind::Passphrase);
    let at_hand = match has_passphrase {
        true => None,
        false => unlock::without_question(context)?,
    };
    at_hand.map(unattended).ok_or_else(|| {
        Failure::new(Kind::Locked, "the passphrase opens the vault, nothing else")
            .hint("give it: tokenward unlock, at a terminal or with --passphrase-file FILE")
    })
}

/// What a plugin asks has nobody to answer it: the terminal is another's, or there is none.
fn unattended(key: Key) -> Key {
    match key {
        Key::Identity(file) => Key::Identity(file.unattended()),
        Key::Passphrase(_) | Key::Keyring => key,
    }
}

/// The same failure for whoever asked over the socket.
pub fn refusal(failure: &Failure) -> Refusal {
    let words = gate::words(failure);
    let wait_secs = match failure.source.downcast_ref() {
        Some(VaultError::TooManyTries { wait, .. }) => Some(wait.as_secs().max(1)),
        _ => None,
    };
    Refusal::NotUnlocked {
        message: words.message,
        hint: words.hint,
        wrong_passphrase: words.wrong_passphrase,
        wait_secs,
    }
}
