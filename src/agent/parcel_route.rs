//! The addresses of what came in while the vault was locked.

use crate::agent::route_error::RouteError;

/// A question about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParcelRoute {
    /// `GET /api/parcels`
    List,
    /// `POST /api/parcels/{id}`
    Accept(i64),
    /// `DELETE /api/parcels/{id}`
    Refuse(i64),
    /// `POST /api/parcels/{id}/revoke`
    End(i64),
}

impl ParcelRoute {
    /// The question that a method asks at this path below `/api/`; `None`: another one.
    pub fn read(method: &str, path: &str) -> Option<Result<Self, RouteError>> {
        let rest = path.strip_prefix("parcels")?;
        if rest.is_empty() {
            return Some(match method {
                "GET" => Ok(Self::List),
                _ => Err(RouteError::Method { allow: "GET" }),
            });
        }
        let rest = rest.strip_prefix('/')?;
        if let Some(id) = rest.strip_suffix("/revoke").and_then(|id| id.parse().ok()) {
            return Some(match method {
                "POST" => Ok(Self::End(id)),
                _ => Err(RouteError::Method { allow: "POST" }),
            });
        }
        let id = rest.parse();
        Some(match (method, id) {
            (_, Err(_)) => Err(RouteError::invalid(
                "the number of an item is a whole number",
                "GET /api/parcels tells them",
            )),
            ("POST", Ok(id)) => Ok(Self::Accept(id)),
            ("DELETE", Ok(id)) => Ok(Self::Refuse(id)),
            (_, Ok(_)) => Err(RouteError::Method {
                allow: "POST, DELETE",
            }),
        })
    }

    /// The method it is asked with.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::List => "GET",
            Self::Accept(_) | Self::End(_) => "POST",
            Self::Refuse(_) => "DELETE",
        }
    }

    /// The path it is asked at.
    pub fn target(&self) -> String {
        match self {
            Self::List => "/api/parcels".to_owned(),
            Self::Accept(id) | Self::Refuse(id) => format!("/api/parcels/{id}"),
            Self::End(id) => format!("/api/parcels/{id}/revoke"),
        }
    }
}
