//! The agent's addresses: which question is asked with which method, at which path.

use crate::agent::audit_route::AuditRoute;
use crate::agent::grant_route::GrantRoute;
use crate::agent::parcel_route::ParcelRoute;
use crate::agent::query::{of_purpose, seconds};
use crate::model::credential::Generation;
use crate::model::event::Purpose;
use crate::model::name::CredentialName;
use crate::model::signin::SignInId;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::time::Duration;

/// A question that can be put to an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `GET /api/credentials`
    List,
    /// `GET /api/credentials/{provider}/{account}`
    Show(CredentialName),
    /// `GET /api/credentials/{provider}/{account}/why`
    Why(CredentialName),
    /// `GET /api/credentials/{provider}/{account}/generations`
    Generations(CredentialName),
    /// `GET /api/credentials/{provider}/{account}/token?min_ttl=60&timeout=30`
    Token {
        /// Whose.
        name: CredentialName,
        /// How long it must live yet.
        min_ttl: Duration,
        /// How long the caller waits.
        timeout: Duration,
        /// What becomes of it: `for=reveal`, `copy` or `exec`; a program fetches it if nothing is said.
        purpose: Purpose,
    },
    /// `POST /api/credentials/{provider}/{account}/refresh?timeout=30`
    Refresh {
        /// Whose.
        name: CredentialName,
        /// How long the caller waits.
        timeout: Duration,
    },
    /// `POST /api/credentials/{provider}/{account}/revoke`
    Revoke(CredentialName),
    /// `POST /api/panic`
    RevokeAll,
    /// `DELETE /api/credentials/{provider}/{account}?generation=7`
    Remove {
        /// Which.
        name: CredentialName,
        /// Only while it is of this generation.
        only: Option<Generation>,
    },
    /// `POST /api/exports`
    NoteExport,
    /// `POST /api/backups`
    NoteBackup,
    /// `POST /api/imports`
    Import,
    /// `POST /api/credentials/{provider}/{account}/validate`, and the like; what is wanted stands in the body.
    Inquire {
        /// Whose.
        name: CredentialName,
        /// What is asked.
        question: Question,
    },
    /// `DELETE /api/clients/{provider}`
    DeleteClient(String),
    /// `GET /api/events`
    Events,
    /// `GET /api/openapi.json`
    OpenApi,
    /// `GET /metrics`
    Metrics,
    /// `GET /api/health`
    Health,
    /// `GET /api/status`
    Status,
    /// `GET /api/activity?name=&limit=100`
    Activity {
        /// Of one credential, or of all.
        name: Option<CredentialName>,
        /// At most so many of the newest.
        limit: usize,
    },
    /// A question about what came in while the vault was locked.
    Parcel(ParcelRoute),
    /// `POST /api/lock`
    Lock,
    /// `POST /api/unlock`
    Unlock,
    /// `POST /api/identify`
    Identify,
    /// A question to the activity log.
    Audit(AuditRoute),
    /// A question about grants.
    Grant(GrantRoute),
    /// `GET /api/providers`
    Providers,
    /// `GET /api/clients`
    Clients,
    /// `POST /api/sign-ins`
    SignIn,
    /// `DELETE /api/sign-ins/{id}`
    CancelSignIn(SignInId),
    /// `POST /api/sign-ins/{id}/callback`
    PasteCallback(SignInId),
}

/// A question about one credential whose details stand in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Does the access token live?
    Validate,
    /// A proof for one request.
    Proof,
    /// Another token for one program.
    Exchange,
    /// The ID token.
    IdToken,
    /// A token with these scopes only.
    Narrow,
    /// Are these scopes there?
    Need,
    /// Another name.
    Rename,
    /// An earlier generation.
    PutBack,
}

impl Question {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::IdToken,
        Self::Narrow,
        Self::Validate,
        Self::Proof,
        Self::Exchange,
        Self::Need,
        Self::Rename,
        Self::PutBack,
    ];

    /// Its part of the path.
    pub fn word(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Proof => "proof",
            Self::Exchange => "exchange",
            Self::IdToken => "id-token",
            Self::Narrow => "narrow",
            Self::Need => "need",
            Self::Rename => "rename",
            Self::PutBack => "put-back",
        }
    }
}

/// What may stand in a path segment as it is (RFC 3986 3.3), narrowed to what needs no thought.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');

impl Route {
    /// The method this question is asked with.
    pub fn method(&self) -> &'static str {
        match self {
            Self::List
            | Self::Show(_)
            | Self::Why(_)
            | Self::Generations(_)
            | Self::Token { .. }
            | Self::Events
            | Self::OpenApi
            | Self::Metrics
            | Self::Health
            | Self::Status
            | Self::Activity { .. }
            | Self::Providers
            | Self::Clients => "GET",
            Self::Grant(grant) => grant.method(),
            Self::Audit(audit) => audit.path().method(),
            Self::Parcel(parcel) => parcel.method(),
            Self::Refresh { .. }
            | Self::Revoke(_)
            | Self::Inquire { .. }
            | Self::Lock
            | Self::RevokeAll
            | Self::Unlock
            | Self::Identify
            | Self::NoteExport
            | Self::NoteBackup
            | Self::Import
            | Self::SignIn
            | Self::PasteCallback(_) => "POST",
            Self::Remove { .. } | Self::DeleteClient(_) | Self::CancelSignIn(_) => "DELETE",
        }
    }

    /// Path and query this question is asked at; [`Route::read`] reads it back.
    pub fn target(&self) -> String {
        match self {
            Self::List => "/api/credentials".to_owned(),
            Self::Show(name) => of(name, ""),
            Self::Remove { name, only } => match only {
                None => of(name, ""),
                Some(only) => format!("{}?generation={}", of(name, ""), only.0),
            },
            Self::NoteExport => "/api/exports".to_owned(),
            Self::NoteBackup => "/api/backups".to_owned(),
            Self::Import => "/api/imports".to_owned(),
            Self::Why(name) => of(name, "/why"),
            Self::Generations(name) => of(name, "/generations"),
            Self::Token {
                name,
                min_ttl,
                timeout,
                purpose,
            } => format!(
                "{}?min_ttl={}&timeout={}{}",
                of(name, "/token"),
                seconds(*min_ttl),
                seconds(*timeout),
                of_purpose(*purpose)
            ),
            Self::Refresh { name, timeout } => {
                format!("{}?timeout={}", of(name, "/refresh"), seconds(*timeout))
            }
            Self::Revoke(name) => of(name, "/revoke"),
            Self::Inquire { name, question } => {
                let mut target = of(name, "/");
                target.push_str(question.word());
                target
            }
            Self::DeleteClient(provider) => {
                let mut target = "/api/clients/".to_owned();
                target.extend(utf8_percent_encode(provider, SEGMENT));
                target
            }
            Self::Events => "/api/events".to_owned(),
            Self::OpenApi => "/api/openapi.json".to_owned(),
            Self::Metrics => "/metrics".to_owned(),
            Self::Health => "/api/health".to_owned(),
            Self::Status => "/api/status".to_owned(),
            Self::Activity { name, limit } => {
                let mut target = format!("/api/activity?limit={limit}");
                if let Some(name) = name {
                    target.push_str("&name=");
                    target.extend(utf8_percent_encode(name.as_str(), SEGMENT));
                }
                target
            }
            Self::Lock => "/api/lock".to_owned(),
            Self::RevokeAll => "/api/panic".to_owned(),
            Self::Unlock => "/api/unlock".to_owned(),
            Self::Identify => "/api/identify".to_owned(),
            Self::Audit(audit) => audit.target(),
            Self::Parcel(parcel) => parcel.target(),
            Self::Grant(grant) => grant.target(),
            Self::Providers => "/api/providers".to_owned(),
            Self::Clients => "/api/clients".to_owned(),
            Self::SignIn => "/api/sign-ins".to_owned(),
            Self::CancelSignIn(id) => format!("/api/sign-ins/{}", id.0),
            Self::PasteCallback(id) => format!("/api/sign-ins/{}/callback", id.0),
        }
    }

    /// Whether it uses what is in the vault: an owner that is asked nothing of this kind is idle. Who only looks how it is,
    /// or listens, does not use it.
    pub fn is_use(&self) -> bool {
        !matches!(
            self,
            Self::Events
                | Self::OpenApi
                | Self::Metrics
                | Self::Health
                | Self::Status
                | Self::Lock
                | Self::Unlock
        )
    }

    /// How long an owner that is well takes at the most to answer.
    pub fn patience(&self) -> Duration {
        match self {
            Self::Token { timeout, .. } | Self::Refresh { timeout, .. } => {
                timeout.saturating_add(Duration::from_secs(5))
            }
            // The provider is told up to twice, 20 s each, and the proof takes 20 s; so of each earlier token that is kept.
            Self::Revoke(_) | Self::Parcel(ParcelRoute::End(_)) => Duration::from_secs(400),
            // As many at once as there may be refreshes, each as long as one.
            Self::RevokeAll => Duration::from_secs(1800),
            // The provider is asked up to twice, 20 s each.
            Self::Inquire { .. } | Self::Identify | Self::DeleteClient(_) => {
                Duration::from_secs(60)
            }
            // The refreshes under way end first; a passphrase takes up to ten seconds.
            Self::Lock | Self::Unlock | Self::Parcel(_) => Duration::from_secs(60),
            // Ten million lines are kept at the most, and a quarter of a million take a second.
            Self::Audit(_) => Duration::from_secs(120),
            Self::List
            | Self::Show(_)
            | Self::Why(_)
            | Self::Generations(_)
            | Self::Remove { .. }
            | Self::NoteExport
            | Self::NoteBackup
            | Self::Import
            | Self::Events
            | Self::OpenApi
            | Self::Metrics
            | Self::Health
            | Self::Status
            | Self::Activity { .. }
            | Self::Providers
            | Self::Clients
            | Self::Grant(_)
            | Self::SignIn
            | Self::CancelSignIn(_)
            | Self::PasteCallback(_) => Duration::from_secs(15),
        }
    }
}

fn of(name: &CredentialName, what: &str) -> String {
    let mut path = String::with_capacity(24 + name.as_str().len() + what.len());
    path.push_str("/api/credentials/");
    path.extend(utf8_percent_encode(name.provider(), SEGMENT));
    path.push('/');
    path.extend(utf8_percent_encode(name.account(), SEGMENT));
    path.push_str(what);
    path
}
