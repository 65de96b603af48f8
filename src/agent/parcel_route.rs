//! The addresses of what came in while the vault was locked.

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
