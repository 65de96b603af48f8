//! Why the settings cannot be used, and where.

use std::path::PathBuf;

/// Why the settings cannot be used. Each text names the place, so that it can be found.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is there and cannot be read.
    #[error("cannot read the settings {path}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file named by hand is not there.
    #[error("there are no settings at {path}")]
    Missing {
        /// Which file.
        path: PathBuf,
    },
    /// The file does not say what it should.
    #[error("{place}: {message}")]
    Wrong {
        /// File and line, or the environment variable.
        place: String,
        /// What is wrong there.
        message: String,
        /// What may have been meant.
        suggestion: Option<String>,
    },
}

impl ConfigError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Unreadable { path, .. } => format!("look at it: ls -l {}", path.display()),
            Self::Missing { .. } => {
                "leave --config out to use the defaults, or write that file".to_owned()
            }
            Self::Wrong {
                suggestion: Some(meant),
                ..
            } => format!("did you mean `{meant}`?"),
            Self::Wrong { .. } => {
                "the README lists every setting with its default and its range".to_owned()
            }
        }
    }
}
