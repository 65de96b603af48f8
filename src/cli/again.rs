//! Before a sensitive act: whoever asks for it shows once more that the vault's passphrase is known.
//!
//! It keeps a passer-by at an unlocked screen from what cannot be taken back. Against a program of the same user it is
//! no protection: that one may ask the owner for tokens anyway.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::passphrase;
use crate::cli::unlock::{self, Answered};
use crate::vault::confirm::confirm;
use crate::vault::error::VaultError;
use crate::vault::slot::{Key, SlotKind};

/// How often a person may mistype.
const TRIES: usize = 3;

/// Asks, unless what opened the vault just now was knowledge already.
pub fn unless_shown(answered: &Answered, context: &Context, act: &str) -> Result<(), Failure> {
    if answered.is_knowledge() {
        return Ok(());
    }
    ask(context, act)
}

/// Asks for the passphrase: a person, or the file that is named. A vault without a passphrase has none to ask for.
pub fn ask(context: &Context, act: &str) -> Result<(), Failure> {
    let confirmed = |given| confirm(&context.vault, given, context.config.patience());
    let locked = unlock::look_at(context)?;
    let slots = locked.slots()?;
    if !slots.iter().any(|slot| slot.kind == SlotKind::Passphrase) {
        return Ok(());
    }
    match unlock::named(context)? {
        Some(Key::Passphrase(given)) => return Ok(confirmed(given)?),
        Some(key @ Key::Identity(_)) => {
            drop(locked.unlock(&key)?);
            return Ok(());
        }
        Some(Key::Keyring) | None => {}
    }
    if !context.output.can_ask() {
        let text = format!("{act} needs the passphrase once more, and there is nobody to ask");
        return Err(Failure::new(Kind::Locked, text)
            .hint("give it in a file: --passphrase-file FILE or TOKENWARD_PASSPHRASE_FILE"));
    }
    let question = format!("The passphrase once more ({act} needs it): ");
    for _ in 1..TRIES {
        match confirmed(passphrase::ask(&question)?) {
            Err(VaultError::WrongPassphrase) => {
                context.output.say("That passphrase opens nothing here.");
            }
            outcome => return Ok(outcome?),
        }
    }
    Ok(confirmed(passphrase::ask(&question)?)?)
}
