//! The addresses of the activity log: its lines, what they add up to, whether they are whole.

use crate::agent::search::{of_search, of_times};
use crate::clock::Timestamp;
use crate::model::audit::Search;

/// How many lines are told when the caller does not say.
pub const DEFAULT_LINES: usize = 100;
/// How many lines one answer holds at the most.
pub const MOST_LINES: usize = 10_000;

/// A question to the activity log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditRoute {
    /// `GET /api/audit?name=&kind=&outcome=&program=&since=&until=&operation=&after=&limit=100&accounts=hidden`
    Lines(Box<Search>),
    /// `GET /api/audit/analysis?since=&until=`
    Analysis {
        /// Not before this moment.
        since: Option<Timestamp>,
        /// Before this moment.
        until: Option<Timestamp>,
    },
    /// `GET /api/audit/verify`
    Verify,
    /// `POST /api/audit/seen`; which alert stands in the body.
    Seen,
}

/// Which of the questions an address asks, before what stands behind the question mark was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditPath {
    /// Its lines.
    Lines,
    /// What they add up to.
    Analysis,
    /// Whether they are whole.
    Verify,
    /// That somebody has looked at an alert.
    Seen,
}

impl AuditPath {
    /// The method it is asked with.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Lines | Self::Analysis | Self::Verify => "GET",
            Self::Seen => "POST",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Lines => "/api/audit",
            Self::Analysis => "/api/audit/analysis",
            Self::Verify => "/api/audit/verify",
            Self::Seen => "/api/audit/seen",
        }
    }
}

impl AuditRoute {
    /// Where it is asked.
    pub const fn path(&self) -> AuditPath {
        match self {
            Self::Lines(_) => AuditPath::Lines,
            Self::Analysis { .. } => AuditPath::Analysis,
            Self::Verify => AuditPath::Verify,
            Self::Seen => AuditPath::Seen,
        }
    }

    /// Path and query it is asked at.
    pub fn target(&self) -> String {
        let path = self.path().path();
        match self {
            Self::Lines(search) => format!("{path}?{}", of_search(search)),
            Self::Analysis { since, until } => format!("{path}?{}", of_times(*since, *until)),
            Self::Verify | Self::Seen => path.to_owned(),
        }
    }
}
