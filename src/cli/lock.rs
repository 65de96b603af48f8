//! `tokenward lock`: takes the vault out of the owner's memory, until somebody unlocks it.

use crate::agent::call::Caller;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::seat::{has_left, let_a_moments_owner_leave};
use clap::Args;
use serde_json::json;

/// Arguments of `tokenward lock`.
#[derive(Debug, Args)]
#[command(after_help = "\
Refreshes under way end first and are kept; then identity, keys and tokens leave the memory of the owner, which stays and
refreshes nothing until: tokenward unlock. Programs that ask meanwhile are refused at once (exit code 4). With
[lock] screen_only in the settings the terminal UIs ask for the passphrase and everything else goes on.
Without an owner nothing is open: that is said, and is no failure.
With --json: one object with locked (false without an owner or with screen_only), screens, since and was_locked.")]
pub struct LockArgs {}

/// Locks it.
pub fn run(_: &LockArgs, context: &Context) -> Result<(), Failure> {
    let_a_moments_owner_leave(context);
    let output = context.output;
    let outcome = match Caller::new(context.socket()).lock() {
        Ok(outcome) => outcome,
        Err(error) if has_left(&error) => {
            if output.json {
                let nothing = json!({ "locked": false, "screens": false, "since": null, "was_locked": false });
                return output.json_line(&nothing);
            }
            output.say("No owner runs: nothing is open.");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    if output.json {
        return output.json_line(&json!({
            "locked": outcome.locked.is_some(),
            "screens": outcome.locked.is_none(),
            "since": outcome.locked.map(|lock| lock.since),
            "was_locked": outcome.was_locked,
        }));
    }
    output.say(match (outcome.locked, outcome.was_locked) {
        (Some(_), true) => "It was locked already.",
        (Some(_), false) => "Locked. Nothing is refreshed until: tokenward unlock",
        (None, _) => "The screens are locked; everything else goes on ([lock] screen_only).",
    });
    Ok(())
}
