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
What the plugin of a key file asks is asked here: the owner then gets the vault's key. A passphrase or key file that is named
is checked also where the vault is open already; a plugin is not troubled for that.
With --json: one object with was_locked, and checked: whether a key was looked at.")]
pub struct UnlockArgs {}

/// Unlocks it.
pub fn run(_: &UnlockArgs, context: &Context) -> Result<(), Failure> {
    let caller = Caller::new(context.socket());
    let unlocked = match caller.status() {
        Ok(status) if status.locked.is_none() => check(context, &caller)?,
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
        let Unlocked {
            was_locked,
            checked,
        } = unlocked;
        let said = json!({ "was_locked": was_locked, "checked": checked });
        return context.output.json_line(&said);
    }
    context
        .output
        .say(match (unlocked.was_locked, unlocked.checked) {
            (true, _) => "Unlocked.",
            (false, true) => "The vault was open already; the key that was given opens it.",
            (false, false) => "The vault was open already; no key was checked.",
        });
    Ok(())
}

/// What came of it.
#[derive(Clone, Copy)]
struct Unlocked {
    was_locked: bool,
    checked: bool,
}

/// The vault is open already: a key that is named is checked all the same, unless that troubles a person.
fn check(context: &Context, caller: &Caller) -> Result<Unlocked, Failure> {
    let key = unlock::named(context)?.filter(|key| !asks(key));
    let offered = key.map_or(Ok(Offered::Nothing), |key| offered(context, key))?;
    let checked = !matches!(offered, Offered::Nothing);
    let was_locked = checked && caller.unlock(&offered)?;
    Ok(Unlocked {
        was_locked,
        checked,
    })
}

fn open(context: &Context, caller: &Caller) -> Result<Unlocked, Failure> {
    let unlocked = |was_locked| Unlocked {
        was_locked,
        checked: true,
    };
    if let Some(key) = unlock::named(context)? {
        return Ok(caller.unlock(&offered(context, key)?).map(unlocked)?);
    }
    open_unnamed(context, caller).map(unlocked)
}

fn open_unnamed(context: &Context, caller: &Caller) -> Result<bool, Failure> {
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

/// What goes to the owner. It has nobody who could answer a plugin, so that this one is started here.
fn offered(context: &Context, key: Key) -> Result<Offered, Failure> {
    let by_plugin = asks(&key);
    Ok(match key {
        Key::Passphrase(passphrase) => Offered::Passphrase(passphrase),
        key @ Key::Identity(_) if by_plugin => {
            Offered::Unwrapped(unlock::look_at(context)?.unwrapped(&key)?)
        }
        Key::Identity(file) => Offered::Identity(file.text().duplicate()),
        Key::Keyring => Offered::Nothing,
    })
}

/// Whether a plugin may ask a person for it.
fn asks(key: &Key) -> bool {
    match key {
        Key::Identity(file) => file.keys().is_ok_and(|keys| keys.has_plugins()),
        Key::Passphrase(_) | Key::Keyring => false,
    }
}
