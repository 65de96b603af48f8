//! The addresses of grants: those of their owner, and those of programs (`/api/auth/...`).

use crate::model::grant::GrantName;
use crate::model::question::QuestionId;

/// A question about grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantRoute {
    /// `GET /api/grants`
    List,
    /// `POST /api/grants`, or `PUT` where it may take the place of one of its name
    Make {
        /// It may.
        replaces: bool,
    },
    /// `DELETE /api/grants/{name}`
    Revoke(GrantName),
    /// `GET /api/questions`
    Questions,
    /// `POST /api/questions/{id}/approve`, or `/deny`
    Answer {
        /// Which.
        id: QuestionId,
        /// Yes, or no.
        yes: bool,
    },
    /// `POST /api/auth/token`
    Token,
    /// `POST /api/auth/refresh`
    Refresh,
    /// `POST /api/auth/verify`
    Verify,
    /// `POST /api/auth/revoke`
    RevokeToken,
    /// `POST /api/auth/revoke-all`
    RevokeAll,
    /// `GET /api/auth/stats`
    Stats,
}

impl GrantRoute {
    /// The method it is asked with.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::List | Self::Questions | Self::Stats => "GET",
            Self::Make { replaces: true } => "PUT",
            Self::Make { replaces: false }
            | Self::Answer { .. }
            | Self::Token
            | Self::Refresh
            | Self::Verify
            | Self::RevokeToken
            | Self::RevokeAll => "POST",
            Self::Revoke(_) => "DELETE",
        }
    }

    /// The path it is asked at.
    pub fn target(&self) -> String {
        match self {
            Self::List | Self::Make { .. } => "/api/grants".to_owned(),
            Self::Revoke(name) => format!("/api/grants/{name}"),
            Self::Questions => "/api/questions".to_owned(),
            Self::Answer { id, yes } => {
                let word = if *yes { "approve" } else { "deny" };
                format!("/api/questions/{id}/{word}")
            }
            Self::Token => "/api/auth/token".to_owned(),
            Self::Refresh => "/api/auth/refresh".to_owned(),
            Self::Verify => "/api/auth/verify".to_owned(),
            Self::RevokeToken => "/api/auth/revoke".to_owned(),
            Self::RevokeAll => "/api/auth/revoke-all".to_owned(),
            Self::Stats => "/api/auth/stats".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::route::Route;
    use crate::agent::route_error::RouteError;

    #[test]
    fn a_question_is_read_back_as_it_is_asked() {
        let all = [
            GrantRoute::List,
            GrantRoute::Make { replaces: false },
            GrantRoute::Make { replaces: true },
            GrantRoute::Revoke("ci".parse().unwrap()),
            GrantRoute::Questions,
            GrantRoute::Answer {
                id: QuestionId(7),
                yes: true,
            },
            GrantRoute::Answer {
                id: QuestionId(7),
                yes: false,
            },
            GrantRoute::Token,
            GrantRoute::Refresh,
            GrantRoute::Verify,
            GrantRoute::RevokeToken,
            GrantRoute::RevokeAll,
            GrantRoute::Stats,
        ];
        for route in all {
            let target = route.target();
            assert_eq!(
                Route::read(route.method(), &target, None),
                Ok(Route::Grant(route.clone()))
            );
            let wrong = Route::read("PATCH", &target, None);
            assert!(matches!(wrong, Err(RouteError::Method { .. })), "{target}");
        }
        for nothing in [
            "/api/grants/A%20b",
            "/api/questions/x/approve",
            "/api/questions/1/maybe",
            "/api/auth/what",
        ] {
            let read = Route::read("POST", nothing, None);
            assert!(read.is_err(), "{nothing}");
        }
    }
}
