//! `tokenward unlock`: opens the vault of an owner that is locked.

use crate::agent::call::Caller;
use crate::agent::door::Offered;
use crate::agent::error::CallError;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::passphrase;
use crate::cli::seat::has_left;
use crate::cli::unlock;
use crate::engine::api::Refusal;
use crate::vault::slot::Key;
use clap::Args;
use serde_json::json;

/// How often a person may mistype.
const TRIES: usize = 3;

/// Arguments of `tokenward unlock`.
#[derive(Debug, Args)]
#[command(after_help = "\
The passphrase comes from where it always comes from (--passphrase-file, systemd, the settings), or you are asked. A
vault without one is opened by the owner's own key file or keyring. It goes to the owner over its socket and nowhere else.
With --json: one object with was_locked.")]
pub struct UnlockArgs {}

/// Unlocks it.
pub fn run(_: &UnlockArgs, context: &Context) -> Result<(), Failure> {
    let caller = Caller::new(context.socket());
    let was_locked = match caller.status() {
        Ok(status) if status.locked.is_none() => false,
        Ok(_) => open(context, &caller)?,
        Err(error) if has_left(&error) => {
            return Err(
                Failure::new(Kind::Unavailable, "no owner runs that could be unlocked")
                    .hint("start one: tokenward, or tokenward --daemon"),
            );
        }
        Err(error) => return Err(error.into()),
    };
    if context.output.json {
        let said = json!({ "was_locked": was_locked });
        return context.output.json_line(&said);
    }
    context.output.say(match was_locked {
        true => "Unlocked.",
        false => "The vault is open.",
    });
    Ok(())
}

fn open(context: &Context, caller: &Caller) -> Result<bool, Failure> {
    if let Some(key) = unlock::named(context)? {
        return Ok(caller.unlock(&offered(key))?);
    }
    match caller.unlock(&Offered::Nothing) {
        Err(CallError::Refused(Refusal::NotUnlocked {
            wait_secs: None, ..
        })) if context.output.can_ask() => ask(context, caller),
        answer => Ok(answer?),
    }
}

fn ask(context: &Context, caller: &Caller) -> Result<bool, Failure> {
    let question = format!("Passphrase of {}: ", context.vault.display());
    for _ in 1..TRIES {
        let passphrase = Offered::Passphrase(passphrase::ask(&question)?);
        match caller.unlock(&passphrase) {
            Err(CallError::Refused(Refusal::NotUnlocked {
                wrong_passphrase: true,
                ..
            })) => context.output.say("That passphrase opens nothing here."),
            answer => return Ok(answer?),
        }
    }
    let passphrase = Offered::Passphrase(passphrase::ask(&question)?);
    Ok(caller.unlock(&passphrase)?)
}

fn offered(key: Key) -> Offered {
    match key {
        Key::Passphrase(passphrase) => Offered::Passphrase(passphrase),
        Key::Identity(file) => Offered::Identity(file.text().duplicate()),
        Key::Keyring => Offered::Nothing,
    }
}
