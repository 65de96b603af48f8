//! What each floor's errors mean at the command line: their kind, their hint.

use crate::agent::error::CallError;
use crate::agent::socket::SocketError;
use crate::cli::failure::{Failure, Kind};
use crate::config::error::ConfigError;
use crate::demo::seed::SeedError;
use crate::engine::api::Refusal;
use crate::model::name::{CredentialName, NameError};
use crate::paths::NoHome;
use crate::tui::run::TuiError;
use crate::vault::error::VaultError;

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::BrokenPipe => Kind::ReaderGone,
            _ => Kind::Failed,
        };
        Self {
            kind,
            source: Box::new(error),
            hints: Vec::new(),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let hint = error.hint();
        Self::from_error(Kind::Usage, error).hint(hint)
    }
}

impl From<NoHome> for Failure {
    fn from(error: NoHome) -> Self {
        Self::new(Kind::Failed, error.to_string()).hint("set HOME")
    }
}

impl From<NameError> for Failure {
    fn from(error: NameError) -> Self {
        Self::usage(error.to_string()).hint("the names there are: tokenward list")
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        let refusal_hint = refusal.hint();
        match refusal {
            Refusal::NoSuchCredential { similar, name } => {
                let failure = Self::new(Kind::NoSuchCredential, text);
                match similar.first() {
                    Some(near) => failure.hint(format!("did you mean {near}?")),
                    None => failure.hint(format!(
                        "sign in: tokenward login {}; the names there are: tokenward list",
                        name.provider()
                    )),
                }
            }
            Refusal::Failed { failure } => Self::of_provider(&failure),
            Refusal::CannotRefresh { name } | Refusal::Revoked { name } => {
                Self::new(Kind::NeedsLogin, text).hint(sign_in_again(&name))
            }
            Refusal::MissingScopes { .. } => Self::new(Kind::NeedsLogin, text).hint(refusal_hint),
            Refusal::LimitExceeded { .. } => Self::new(Kind::Refused, text).hint(refusal_hint),
            Refusal::TimedOut => Self::new(Kind::Unavailable, text)
                .hint("wait longer with --timeout 60s, or look at it: tokenward list"),
            Refusal::Vault { hint, .. } => Self::new(Kind::Failed, text).hint(hint),
            Refusal::Invalid { hint, .. } => Self::new(Kind::Failed, text).hint(hint),
            Refusal::Locked { .. } => Self::new(Kind::Locked, text).hint(refusal_hint),
            Refusal::Grant { .. } => Self::new(Kind::Refused, text).hint(refusal_hint),
            Refusal::NotUnlocked {
                hint, wait_secs, ..
            } => {
                let kind = match wait_secs {
                    Some(_) => Kind::Refused,
                    None => Kind::Locked,
                };
                Self::new(kind, text).hint(hint)
            }
            Refusal::Stopped => Self::new(Kind::OwnerLeft, text)
                .hint("the owner of the vault was just leaving: try again"),
        }
    }
}

/// The command that mints a credential anew.
pub fn sign_in_again(name: &CredentialName) -> String {
    format!(
        "sign in again: tokenward login {} --account {}",
        name.provider(),
        name.account()
    )
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        let hint = error.hint();
        let kind = match error {
            VaultError::WrongPassphrase
            | VaultError::WrongIdentity
            | VaultError::NotAnIdentity
            | VaultError::NoSlot { .. }
            | VaultError::PluginMissing { .. }
            | VaultError::PluginRefused { .. }
            | VaultError::KeyringLocked { .. }
            | VaultError::NoKeyring
            | VaultError::NoDefaultKeyring
            | VaultError::KeyringEntryMissing
            | VaultError::Keyring { .. } => Kind::Locked,
            VaultError::ExportNotOpened { .. } => Kind::Locked,
            VaultError::TooManyTries { .. } => Kind::Refused,
            VaultError::Owned { .. } | VaultError::Busy { .. } => Kind::Unavailable,
            VaultError::NotARecipient { .. } | VaultError::WorkFactor { .. } => Kind::Usage,
            _ => Kind::Failed,
        };
        Self::from_error(kind, error).hint(hint)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let hint = error.hint();
        let kind = match error {
            CallError::Refused(refusal) => return refusal.into(),
            CallError::NoOwner { .. } | CallError::Gone => Kind::OwnerLeft,
            CallError::Timeout => Kind::Unavailable,
            CallError::NotAllowed { .. } => Kind::Refused,
            CallError::Protocol { .. } | CallError::Io { .. } => Kind::Failed,
        };
        Self::from_error(kind, error).hint(hint)
    }
}

impl From<SocketError> for Failure {
    fn from(error: SocketError) -> Self {
        let hint = error.hint();
        Self::from_error(Kind::Failed, error).hint(hint)
    }
}

impl From<TuiError> for Failure {
    fn from(error: TuiError) -> Self {
        Self::from_error(Kind::Failed, error)
    }
}

impl From<SeedError> for Failure {
    fn from(error: SeedError) -> Self {
        Self::from_error(Kind::Failed, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyring_that_does_not_help_leaves_the_vault_locked_whatever_its_reason() {
        for error in [
            VaultError::NoKeyring,
            VaultError::NoDefaultKeyring,
            VaultError::KeyringEntryMissing,
            VaultError::KeyringLocked { source: "x".into() },
            VaultError::Keyring { source: "x".into() },
        ] {
            assert_eq!(Failure::from(error).kind, Kind::Locked);
        }
    }
}
