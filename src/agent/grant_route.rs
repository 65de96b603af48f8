//! The addresses of grants: those of their owner, and those of programs (`/api/auth/...`).

use crate::agent::route_error::RouteError;
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
    /// The question that a method asks at this path below `/api/`; `None`: another one.
    pub fn read(method: &str, path: &str) -> Option<Result<Self, RouteError>> {
        let (head, rest) = path.split_once('/').unwrap_or((path, ""));
        match head {
            "grants" => Some(read_grant(method, rest)),
            "questions" => Some(read_question(method, rest)),
            "auth" => Some(read_auth(method, rest)),
            _ => None,
        }
    }

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

fn read_grant(method: &str, name: &str) -> Result<GrantRoute, RouteError> {
    if name.is_empty() {
        return match method {
            "GET" => Ok(GrantRoute::List),
            "POST" => Ok(GrantRoute::Make { replaces: false }),
            "PUT" => Ok(GrantRoute::Make { replaces: true }),
            _ => Err(RouteError::Method {
                allow: "GET, POST, PUT",
            }),
        };
    }
    if method != "DELETE" {
        return Err(RouteError::Method { allow: "DELETE" });
    }
    let name = name.parse::<GrantName>();
    name.map(GrantRoute::Revoke)
        .map_err(|error| RouteError::invalid(error.to_string(), "GET /api/grants tells the names"))
}

fn read_question(method: &str, rest: &str) -> Result<GrantRoute, RouteError> {
    if rest.is_empty() {
        return match method {
            "GET" => Ok(GrantRoute::Questions),
            _ => Err(RouteError::Method { allow: "GET" }),
        };
    }
    let (id, word) = rest.split_once('/').ok_or(RouteError::NotFound)?;
    let yes = match word {
        "approve" => true,
        "deny" => false,
        _ => return Err(RouteError::NotFound),
    };
    if method != "POST" {
        return Err(RouteError::Method { allow: "POST" });
    }
    let id = id.parse().map(QuestionId).map_err(|_| {
        RouteError::invalid(
            "the number of a question is a whole number",
            "GET /api/questions tells them",
        )
    })?;
    Ok(GrantRoute::Answer { id, yes })
}

fn read_auth(method: &str, rest: &str) -> Result<GrantRoute, RouteError> {
    let route = match rest {
        "token" => GrantRoute::Token,
        "refresh" => GrantRoute::Refresh,
        "verify" => GrantRoute::Verify,
        "revoke" => GrantRoute::RevokeToken,
        "revoke-all" => GrantRoute::RevokeAll,
        "stats" => GrantRoute::Stats,
        _ => return Err(RouteError::NotFound),
    };
    let allow = route.method();
    if method == allow {
        Ok(route)
    } else {
        Err(RouteError::Method { allow })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let path = target.strip_prefix("/api/").unwrap();
            assert_eq!(
                GrantRoute::read(route.method(), path),
                Some(Ok(route.clone()))
            );
            let wrong = GrantRoute::read("PATCH", path);
            assert!(
                matches!(wrong, Some(Err(RouteError::Method { .. }))),
                "{target}"
            );
        }
        for nothing in [
            "grants/A b",
            "questions/x/approve",
            "questions/1/maybe",
            "auth/what",
        ] {
            let read = GrantRoute::read("POST", nothing).unwrap();
            assert!(read.is_err(), "{nothing}");
        }
        assert_eq!(GrantRoute::read("GET", "credentials"), None);
    }
}
