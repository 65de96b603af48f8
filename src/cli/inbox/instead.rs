//! The inbox instead of the locked vault: whether a person wants that.

use crate::cli::context::Context;
use crate::cli::failure::Failure;

/// Asks whether to go on although the vault is locked; without a terminal that has to be said. `what` begins a sentence that
/// ends with where it waits.
pub fn is_wanted(context: &Context, what: &str) -> Result<bool, Failure> {
    if !context.output.can_ask() || !context.vault.exists() {
        return Ok(false);
    }
    let question =
        format!("The vault is locked. {what} in its inbox, sealed, until you unlock it. [y/N] ");
    let answer = context.output.ask(&question)?;
    Ok(matches!(answer.as_str(), "y" | "Y" | "yes"))
}
