//! Whether the vault opens: its file, its keyring, and whatever opens it without a question.

use crate::cli::context::Context;
use crate::cli::doctor::finding::Finding;
use crate::cli::failure::Failure;
use crate::cli::unlock;
use crate::vault::error::VaultError;
use crate::vault::file::VaultFile;
use crate::vault::locked::LockedVault;
use crate::vault::open::OpenVault;
use crate::vault::slot::{Key, SlotKind};

const VAULT: &str = "vault";
const KEYRING: &str = "keyring";
const UNLOCKING: &str = "unlocking";

/// What was found, and the vault when it opened without a question.
#[derive(Debug)]
pub struct Tried {
    /// The findings.
    pub findings: Vec<Finding>,
    /// The open vault, or why there is none.
    pub vault: Result<OpenVault, String>,
}

/// Looks at the file and tries what needs no person. `is_owned`: a passphrase is not tried, its owner has it open.
pub fn examine(context: &Context, is_owned: bool) -> Tried {
    match VaultFile::open_read_only(&context.vault) {
        Ok(locked) => Tried::of(&locked, context, is_owned),
        Err(error) => unopened(&error),
    }
}

fn unopened(error: &VaultError) -> Tried {
    let (finding, why) = match error {
        VaultError::Missing { path } => {
            let what = format!("there is none at {}", path.display());
            let finding = Finding::warning(VAULT, what, "tokenward init");
            (finding, "there is no vault")
        }
        VaultError::Older { .. } => {
            let mend = "tokenward list (brings it up to date; the old file is kept)";
            let finding = Finding::warning(VAULT, error.to_string(), mend);
            (finding, "an older version wrote the vault")
        }
        _ => {
            let finding = Finding::problem(VAULT, error.to_string(), error.hint());
            (finding, "the vault cannot be read")
        }
    };
    Tried {
        findings: vec![finding],
        vault: Err(why.to_owned()),
    }
}

impl Tried {
    fn of(locked: &LockedVault, context: &Context, is_owned: bool) -> Self {
        let kinds: Vec<SlotKind> = match locked.slots() {
            Ok(slots) => slots.into_iter().map(|slot| slot.kind).collect(),
            Err(error) => return unopened(&error),
        };
        let mut findings = vec![Finding::ok(VAULT, ways(&kinds))];
        let keyring = kinds
            .contains(&SlotKind::Keyring)
            .then(|| locked.unlock(&Key::Keyring));
        findings.push(of_keyring(keyring.as_ref()));
        let by_name = match unlock::without_question(context) {
            Err(failure) => Some(Err(failure)),
            Ok(None | Some(Key::Keyring)) => None,
            Ok(Some(_)) if is_owned => None,
            Ok(Some(key)) => Some(locked.unlock(&key).map_err(Failure::from)),
        };
        findings.extend(by_name.as_ref().map(of_key));
        let vault = by_name.or(keyring.map(|tried| tried.map_err(Failure::from)));
        Self {
            findings,
            vault: vault
                .and_then(Result::ok)
                .ok_or_else(|| "locked".to_owned()),
        }
    }
}

fn ways(kinds: &[SlotKind]) -> String {
    let mut names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    names.dedup();
    format!("it can be read; opened by {}", names.join(", "))
}

fn of_keyring(tried: Option<&Result<OpenVault, VaultError>>) -> Finding {
    match tried {
        None => Finding::ok(KEYRING, "the vault does not need it"),
        Some(Ok(_)) => Finding::ok(KEYRING, "it opens the vault"),
        Some(Err(error)) => {
            let what = format!("it does not open the vault: {error}");
            Finding::problem(KEYRING, what, error.hint())
        }
    }
}

fn of_key(tried: &Result<OpenVault, Failure>) -> Finding {
    match tried {
        Ok(_) => Finding::ok(UNLOCKING, "the key that is named opens the vault"),
        Err(failure) => {
            let what = format!(
                "the key that is named does not open the vault: {}",
                failure.source
            );
            Finding::problem(UNLOCKING, what, failure.hints.join("; "))
        }
    }
}
