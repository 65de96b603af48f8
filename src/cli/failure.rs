//! Why a command failed: a kind that gives the exit code, the error, its causes, what to type next.

use crate::model::failure::{Failure as ProviderFailure, FailureClass};
use std::error::Error;
use std::fmt;

/// What kind of failure it is; scripts see it as the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whoever read our output went away: no failure at all.
    ReaderGone,
    /// The program that was run ended with this exit code; it has said itself what went wrong.
    Program(u8),
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
            Self::Program(code) => code,
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
            Self::Program(_) => "program_failed",
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

    /// Another floor's error as it is.
    pub fn from_error(kind: Kind, source: impl Error + Send + Sync + 'static) -> Self {
        Self {
            kind,
            source: Box::new(source),
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

    /// A provider's failure: its class gives the kind, its advice the hint.
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
        let said = Self::new(kind, text);
        let said = match failure.likely().first() {
            Some(likely) => said.hint(format!(
                "likely: {} {}",
                likely.cause.sentence(),
                likely.evidence
            )),
            None => said,
        };
        said.hint(failure.advice())
    }
}
