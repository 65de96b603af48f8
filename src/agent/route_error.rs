//! Why a method and a path are no question that an owner answers.

/// Why a method and a path are no question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteError {
    /// Nothing is there.
    NotFound,
    /// Something is there, for other methods.
    Method {
        /// The methods that are allowed.
        allow: String,
    },
    /// A part of it makes no sense.
    Invalid {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: &'static str,
    },
}

impl RouteError {
    /// A part that makes no sense, and what to do.
    pub fn invalid(message: impl Into<String>, hint: &'static str) -> Self {
        Self::Invalid {
            message: message.into(),
            hint,
        }
    }
}
