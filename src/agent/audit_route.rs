//! The addresses of the activity log: its lines, what they add up to, whether they are whole.

use crate::agent::query::Query;
use crate::agent::route_error::RouteError;
use crate::agent::search::{SEARCH, of_search, of_times};
use crate::clock::Timestamp;
use crate::model::audit::{Filter, Search};

/// How many lines are told when the caller does not say.
const DEFAULT_LINES: usize = 100;
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
    /// The question at this path below `/api/`, if it is one to the log.
    pub fn of(path: &str) -> Option<Self> {
        match path {
            "audit" => Some(Self::Lines),
            "audit/analysis" => Some(Self::Analysis),
            "audit/verify" => Some(Self::Verify),
            "audit/seen" => Some(Self::Seen),
            _ => None,
        }
    }

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

    /// The whole question.
    pub fn read(self, query: Option<&str>) -> Result<AuditRoute, RouteError> {
        match self {
            Self::Lines => read_lines(query),
            Self::Analysis => {
                let Filter { since, until, .. } = Query::read(query, &["since", "until"])?.filter;
                Ok(AuditRoute::Analysis { since, until })
            }
            Self::Verify => Query::read(query, &[]).map(|_| AuditRoute::Verify),
            Self::Seen => Query::read(query, &[]).map(|_| AuditRoute::Seen),
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

fn read_lines(query: Option<&str>) -> Result<AuditRoute, RouteError> {
    let query = Query::read(query, &SEARCH)?;
    let search = Search {
        filter: Filter {
            credential: query.name,
            ..query.filter
        },
        after: query.after,
        limit: query.limit.unwrap_or(DEFAULT_LINES).min(MOST_LINES),
        hides_accounts: query.hides_accounts,
    };
    Ok(AuditRoute::Lines(Box::new(search)))
}
