//! `tokenward init`: creates the vault.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::new_passphrase::Sealing;
use crate::cli::output::Output;
use crate::cli::seat::nobody_answers;
use crate::vault::error::VaultError;
use crate::vault::file::VaultFile;
use crate::vault::owner::OwnerLock;
use crate::vault::slot::NewSlot;
use clap::Args;
use serde_json::json;

/// Arguments of `tokenward init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without --keyring and --recipient the vault gets a passphrase: from --passphrase-file, or asked for twice.
A weak passphrase is explained and needs a second yes: at the terminal a y, for a file --accept-weak.
More ways to unlock it are added later: tokenward vault add-slot.
With --json: one object with vault and slot (passphrase, keyring, recipient).")]
pub struct InitArgs {
    /// How it will be unlocked.
    #[command(flatten)]
    way: Way,
}

/// The way a new slot is unlocked.
#[derive(Debug, Args)]
pub struct Way {
    /// By the keyring of the operating system: no question while you are logged in.
    #[arg(long, conflicts_with = "recipient")]
    keyring: bool,
    /// By the identity of this age recipient (age1...), given with --identity-file.
    #[arg(long, value_name = "RECIPIENT")]
    recipient: Option<String>,
    /// How a passphrase is judged and sealed with.
    #[command(flatten)]
    pub sealing: Sealing,
}

impl Way {
    /// The slot to be made; a passphrase comes from `file` or is asked for.
    pub fn slot(&self, file: Option<&std::path::Path>, output: Output) -> Result<NewSlot, Failure> {
        if self.keyring {
            return Ok(NewSlot::Keyring);
        }
        if let Some(recipient) = &self.recipient {
            return Ok(NewSlot::Recipient(recipient.clone()));
        }
        let new = self.sealing.new_passphrase(file, output)?;
        new.map(NewSlot::Passphrase).ok_or_else(|| {
            Failure::usage("there is no passphrase and nobody to ask for one")
                .hint("give one in a file: --passphrase-file FILE")
                .hint("or use another way to unlock: --keyring, or --recipient age1...")
        })
    }
}

/// Creates the vault.
pub fn run(args: &InitArgs, context: &Context) -> Result<(), Failure> {
    let path = &context.vault;
    if path.exists() {
        return Err(VaultError::Exists { path: path.clone() }.into());
    }
    let file = context.globals.passphrase_file.as_deref();
    let slot = args.way.slot(file, context.output)?;
    let kind = slot.kind();
    let _lock = OwnerLock::acquire(path).map_err(|error| match error {
        VaultError::Owned { .. } => nobody_answers(context),
        other => other.into(),
    })?;
    VaultFile::create(path, slot, args.way.sealing.work_factor(context))?;
    if context.output.json {
        return context
            .output
            .json_line(&json!({ "vault": path, "slot": kind }));
    }
    let place = path.display();
    context.output.say(&format!(
        "Created the vault {place}.\nNext, sign in: tokenward login PROVIDER (see: tokenward provider list)"
    ));
    Ok(())
}
