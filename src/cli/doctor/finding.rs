//! What a check found: how it is, in words, and what to type when it is not as it should be.

use crate::cli::doctor::repair::Repair;
use serde::Serialize;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It was not as it should be, and is now.
    Mended,
    /// Nobody could look.
    NotLookedAt,
    /// It may do harm.
    Warning,
    /// It does harm.
    Problem,
}

impl Verdict {
    /// The word people read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Mended => "mended",
            Self::NotLookedAt => "not looked at",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// One finding. These fields are part of the interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at; the same word in every version.
    pub check: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What was found. Never a secret, never the value of a variable.
    pub what: String,
    /// What mends it, a command where there is one; `None`: nothing has to be mended.
    pub mend: Option<String>,
    /// What `--fix` does about it.
    #[serde(skip)]
    pub repair: Option<Repair>,
}

impl Finding {
    /// As it should be.
    pub fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(check, Verdict::Ok, what.into(), None)
    }

    /// Nobody could look, and why.
    pub fn not_looked_at(check: &'static str, why: &str) -> Self {
        Self::new(check, Verdict::NotLookedAt, why.to_owned(), None)
    }

    /// It may do harm.
    pub fn warning(check: &'static str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(check, Verdict::Warning, what.into(), Some(mend.into()))
    }

    /// It does harm.
    pub fn problem(check: &'static str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(check, Verdict::Problem, what.into(), Some(mend.into()))
    }

    /// The same, which `--fix` can mend by itself.
    pub fn repaired_by(mut self, repair: Repair) -> Self {
        self.repair = Some(repair);
        self
    }

    /// Mends what can be mended safely, and says what was done.
    pub fn mended(self) -> Self {
        let Some(repair) = &self.repair else {
            return self;
        };
        match repair.make() {
            Ok(done) => Self::new(self.check, Verdict::Mended, done, None),
            Err(error) => Self {
                what: format!("{}; it could not be mended: {error}", self.what),
                ..self
            },
        }
    }

    fn new(check: &'static str, verdict: Verdict, what: String, mend: Option<String>) -> Self {
        Self {
            check,
            verdict,
            what,
            mend,
            repair: None,
        }
    }
}
