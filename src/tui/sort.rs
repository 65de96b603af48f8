//! The orders the rows can be in.

use crate::clock::Timestamp;
use crate::model::credential::CredentialView;
use std::cmp::Ordering;

/// What the rows are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// The most urgent health first, then what expires first.
    #[default]
    Urgency,
    /// By name.
    Name,
    /// What expires first.
    Expiry,
    /// What was refreshed last.
    LastRefresh,
}

impl Sort {
    /// The next one in turn.
    pub const fn next(self) -> Self {
        match self {
            Self::Urgency => Self::Name,
            Self::Name => Self::Expiry,
            Self::Expiry => Self::LastRefresh,
            Self::LastRefresh => Self::Urgency,
        }
    }

    /// How it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Urgency => "urgency",
            Self::Name => "name",
            Self::Expiry => "expiry",
            Self::LastRefresh => "last refresh",
        }
    }
}

/// Which of two comes first; two of equal standing go by name.
pub fn compare(a: &CredentialView, b: &CredentialView, sort: Sort) -> Ordering {
    let expiry = |view: &CredentialView| {
        view.profile
            .expires_at
            .unwrap_or(Timestamp::from_millis(i64::MAX))
    };
    let main = match sort {
        Sort::Urgency => a
            .health
            .kind()
            .cmp(&b.health.kind())
            .then_with(|| expiry(a).cmp(&expiry(b))),
        Sort::Name => Ordering::Equal,
        Sort::Expiry => expiry(a).cmp(&expiry(b)),
        Sort::LastRefresh => b.profile.issued_at.cmp(&a.profile.issued_at),
    };
    main.then_with(|| a.profile.name.cmp(&b.profile.name))
}
