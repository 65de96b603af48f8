//! What kind of service a provider is, for lists that are grouped by it.

use serde::{Deserialize, Serialize};

/// What kind of service a provider is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Repositories.
    CodeHost,
    /// Mail and calendars.
    Mail,
    /// Machines, hosting, networks.
    Cloud,
    /// Sign-in for other services.
    Identity,
    /// Issues, tasks, projects.
    IssueTracker,
    /// Messages and meetings.
    Chat,
    /// Files.
    Storage,
    /// Music, films, books.
    Music,
    /// Models.
    Ai,
    /// Money.
    Finance,
    /// Networks of people.
    Social,
    /// Documents, forms, notes.
    Productivity,
    /// Shops and customers.
    Commerce,
    /// Registries, monitoring, builds.
    Developer,
    /// Bodies and homes.
    Fitness,
}

impl Category {
    /// The words people read.
    pub fn words(self) -> &'static str {
        match self {
            Self::CodeHost => "code host",
            Self::Mail => "mail",
            Self::Cloud => "cloud",
            Self::Identity => "identity",
            Self::IssueTracker => "issue tracker",
            Self::Chat => "chat",
            Self::Storage => "storage",
            Self::Music => "music and media",
            Self::Ai => "AI",
            Self::Finance => "finance",
            Self::Social => "social",
            Self::Productivity => "productivity",
            Self::Commerce => "commerce",
            Self::Developer => "developer",
            Self::Fitness => "fitness and home",
        }
    }
}
