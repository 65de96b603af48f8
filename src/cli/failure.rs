//! Why a command failed: a kind that gives the exit code, the error, its causes, what to type next.

use crate::agent::error::CallError;
use crate::agent::socket::SocketError;
use crate::config::error::ConfigError;
use crate::engine::api::Refusal;
use crate::engine::gate::GateError;
use crate::model::failure::{Failure as ProviderFailure, FailureClass};
use crate::model::name::NameError;
use crate::paths::NoHome;
use crate::vault::error::VaultError;
use std::error::Error;
use std::fmt;

/// What kind of failure it is; scripts see it as the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whoever read our output went away: no failure at all.
    ReaderGone,
    /// None of the others.
    Failed,
    /// The command line or the settings make no sense.
    Usage,
    /// There is no credential of that name.
    NoSuchCredential,
    /// The vault is locked, or the passphrase is wrong.
    Locked,
    /// A person has to sign in again.
    NeedsLogin,
    /// It may work later.
    Unavailable,
    /// The owner of the vault left before it had answered.
    OwnerLeft,
    /// Refused: a limit, a grant, or a person who said no.
    Refused,
}

impl Kind {
    /// The exit code. These numbers are part of the interface.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::ReaderGone => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NoSuchCredential => 3,
            Self::Locked => 4,
            Self::NeedsLogin => 5,
            Self::Unavailable | Self::OwnerLeft => 6,
            Self::Refused => 7,
        }
    }

    /// The word for it in `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::ReaderGone => "done",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::NoSuchCredential => "no_such_credential",
            Self::Locked => "locked",
            Self::NeedsLogin => "needs_login",
            Self::Unavailable | Self::OwnerLeft => "unavailable",
            Self::Refused => "refused",
        }
    }
}

/// A failed command, as it is printed at the very end and nowhere else.
#[derive(Debug)]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: Kind,
    /// The error; its sources are printed as causes.
    pub source: Box<dyn Error + Send + Sync>,
    /// What to do, each a sentence or a command to type.
    pub hints: Vec<String>,
}

/// An error that is only words.
#[derive(Debug)]
struct Words {
    text: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Words {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_ref()
            .map(|source| &**source as &(dyn Error + 'static))
    }
}

impl Failure {
    /// A failure in words alone.
    pub fn new(kind: Kind, text: impl Into<String>) -> Self {
        let words = Words {
            text: text.into(),
            source: None,
        };
        Self {
            kind,
            source: Box::new(words),
            hints: Vec::new(),
        }
    }

    /// A wrong use of the command line.
    pub fn usage(text: impl Into<String>) -> Self {
        Self::new(Kind::Usage, text)
    }

    /// The same failure as the cause of one said in other words.
    pub fn within(self, text: impl Into<String>) -> Self {
        let words = Words {
            text: text.into(),
            source: Some(self.source),
        };
        Self {
            kind: self.kind,
            source: Box::new(words),
            hints: self.hints,
        }
    }

    /// The same failure with one more hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        if !hint.is_empty() && !self.hints.contains(&hint) {
            self.hints.push(hint);
        }
        self
    }

    /// The causes below the error itself, outermost first.
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut next = self.source.source();
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        causes
    }

    /// What is printed, for people.
    pub fn for_people(&self) -> String {
        let mut text = format!("error: {}\n", self.source);
        for cause in self.causes() {
            text.push_str(&format!("caused by: {cause}\n"));
        }
        for hint in &self.hints {
            text.push_str(&format!("hint: {hint}\n"));
        }
        text
    }

    /// What is printed, for machines: one JSON object, on one line.
    pub fn for_machines(&self) -> String {
        let object = serde_json::json!({
            "error": self.source.to_string(),
            "causes": self.causes(),
            "code": self.kind.word(),
            "exit": self.kind.exit_code(),
            "hint": self.hints.join("; "),
        });
        format!("{object}\n")
    }

    /// A provider's failure: its class gives the kind, its fix the hint.
    pub fn of_provider(failure: &ProviderFailure) -> Self {
        let kind = match failure.class {
            FailureClass::Transient => Kind::Unavailable,
            FailureClass::NeedsLogin => Kind::NeedsLogin,
            FailureClass::Misconfigured => Kind::Failed,
        };
        let mut text = failure.cause.trim_end_matches('.').to_owned();
        if let Some(words) = &failure.provider_words {
            text = format!("{text} (the provider says: {words})");
        }
        Self::new(kind, text).hint(failure.fix.clone())
    }
}

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
        let failure = Self {
            kind: Kind::Usage,
            source: Box::new(error),
            hints: Vec::new(),
        };
        failure.hint(hint)
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

impl From<GateError> for Failure {
    fn from(error: GateError) -> Self {
        let kind = if error.wrong_passphrase {
            Kind::Locked
        } else {
            Kind::Failed
        };
        Self::new(kind, error.message).hint(error.hint)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
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
            Refusal::TimedOut => Self::new(Kind::Unavailable, text)
                .hint("wait longer with --timeout 60s, or look at it: tokenward list"),
            Refusal::Vault { hint, .. } => Self::new(Kind::Failed, text).hint(hint),
            Refusal::Invalid { hint, .. } => Self::new(Kind::Failed, text).hint(hint),
            Refusal::Stopped => Self::new(Kind::OwnerLeft, text)
                .hint("the owner of the vault was just leaving: try again"),
        }
    }
}

/// The command that mints a credential anew.
pub fn sign_in_again(name: &crate::model::name::CredentialName) -> String {
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
            | VaultError::KeyringLocked { .. }
            | VaultError::NoKeyring
            | VaultError::KeyringEntryMissing
            | VaultError::Keyring { .. } => Kind::Locked,
            VaultError::Owned { .. } | VaultError::Busy { .. } => Kind::Unavailable,
            VaultError::NotARecipient { .. } | VaultError::WorkFactor { .. } => Kind::Usage,
            _ => Kind::Failed,
        };
        let source = Box::new(error);
        let hints = Vec::new();
        Self {
            kind,
            source,
            hints,
        }
        .hint(hint)
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
        let source = Box::new(error);
        let hints = Vec::new();
        Self {
            kind,
            source,
            hints,
        }
        .hint(hint)
    }
}

impl From<SocketError> for Failure {
    fn from(error: SocketError) -> Self {
        let hint = error.hint();
        Self {
            kind: Kind::Failed,
            source: Box::new(error),
            hints: Vec::new(),
        }
        .hint(hint)
    }
}
