//! Who asks, and how far that reaches: the owner everywhere, a grant to what it names, nobody to the rest.

use crate::agent::grant_route::GrantRoute;
use crate::agent::route::Route;
use crate::engine::grants::registry::Admitted;
use crate::model::grant_fault::GrantFault;
use crate::model::name::CredentialName;
use crate::secret::GrantToken;
use hyper::header::{AUTHORIZATION, HeaderMap};

/// Who asks.
#[derive(Debug, Clone)]
pub enum Caller {
    /// The user who owns the vault, on the socket and without a grant's token.
    Owner,
    /// A program with a grant's token.
    Holder(Box<Admitted>),
    /// A program without one, on the port.
    Nobody,
}

/// What a grant is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach<'a> {
    /// For everybody who reaches the port.
    Everybody,
    /// For whoever has a good token.
    AnyHolder,
    /// For who may fetch that credential.
    Named(&'a CredentialName),
    /// For the owner.
    Owner,
}

impl Caller {
    /// Whether it may ask that.
    pub fn may(&self, route: &Route) -> Result<(), GrantFault> {
        match (self, reach(route)) {
            (Self::Owner, _) | (_, Reach::Everybody) | (Self::Holder(_), Reach::AnyHolder) => {
                Ok(())
            }
            (Self::Nobody, _) => Err(GrantFault::Missing),
            (Self::Holder(_), Reach::Owner) => Err(GrantFault::OwnerOnly),
            (Self::Holder(holder), Reach::Named(name)) => match holder.names(name) {
                true => Ok(()),
                false => Err(GrantFault::NotGranted {
                    grant: holder.grant.clone(),
                    name: name.clone(),
                }),
            },
        }
    }

    /// The grant, where there is one.
    pub fn holder(&self) -> Option<&Admitted> {
        match self {
            Self::Holder(holder) => Some(holder),
            Self::Owner | Self::Nobody => None,
        }
    }
}

fn reach(route: &Route) -> Reach<'_> {
    match route {
        Route::Health | Route::OpenApi => Reach::Everybody,
        Route::Grant(grant) => match grant {
            // What is shown there stands in the body.
            GrantRoute::Token
            | GrantRoute::Refresh
            | GrantRoute::Verify
            | GrantRoute::RevokeToken => Reach::Everybody,
            GrantRoute::RevokeAll | GrantRoute::Stats => Reach::AnyHolder,
            GrantRoute::List
            | GrantRoute::Make { .. }
            | GrantRoute::Revoke(_)
            | GrantRoute::Questions
            | GrantRoute::Answer { .. } => Reach::Owner,
        },
        Route::List => Reach::AnyHolder,
        Route::Show(name) | Route::Token { name, .. } => Reach::Named(name),
        Route::Why(_)
        | Route::Generations(_)
        | Route::Refresh { .. }
        | Route::Revoke(_)
        | Route::RevokeAll
        | Route::Remove { .. }
        | Route::NoteExport
        | Route::NoteBackup
        | Route::Import
        | Route::Inquire { .. }
        | Route::DeleteClient(_)
        | Route::Events
        | Route::Status
        | Route::Metrics
        | Route::Activity { .. }
        | Route::Parcel(_)
        | Route::Lock
        | Route::Unlock
        | Route::Identify
        | Route::Audit(_)
        | Route::Providers
        | Route::Clients
        | Route::SignIn
        | Route::CancelSignIn(_)
        | Route::PasteCallback(_) => Reach::Owner,
    }
}

/// The token in `Authorization` (RFC 6750 2.1); `None`: there is no such header. What is no bearer token is an empty one,
/// which is never good: whoever sends that header wants to be known by it.
pub fn bearer(headers: &HeaderMap) -> Option<GrantToken> {
    let value = headers.get(AUTHORIZATION)?;
    let text = value.to_str().unwrap_or_default();
    let token = match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) | None => "",
    };
    Some(GrantToken::new(token.to_owned()))
}
