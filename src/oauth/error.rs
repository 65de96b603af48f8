//! What can go wrong with a provider, typed; `failure.rs` puts it in words.

use crate::model::failure::Errand;
use std::fmt;
use std::time::Duration;

/// What was being done: the same error code means different things in different places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Reading the metadata documents.
    Discovery,
    /// The person's answer at the authorization endpoint.
    Authorization,
    /// The pushed authorization request (RFC 9126).
    PushedAuthorization,
    /// Exchanging the code (RFC 6749 4.1.3).
    CodeExchange,
    /// Asking for a device code (RFC 8628 3.1).
    DeviceStart,
    /// Asking whether the person has answered (RFC 8628 3.4).
    DevicePoll,
    /// Refreshing (RFC 6749 6).
    Refresh,
    /// Revoking (RFC 7009).
    Revocation,
}

impl Step {
    /// What the step belongs to.
    pub fn errand(self) -> Errand {
        match self {
            Self::Discovery
            | Self::Authorization
            | Self::PushedAuthorization
            | Self::CodeExchange
            | Self::DeviceStart
            | Self::DevicePoll => Errand::SignIn,
            Self::Refresh => Errand::Refresh,
            Self::Revocation => Errand::Revocation,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discovery => "reading the provider's metadata",
            Self::Authorization => "asking for the person's consent",
            Self::PushedAuthorization => "announcing the sign-in",
            Self::CodeExchange => "exchanging the code",
            Self::DeviceStart => "asking for a device code",
            Self::DevicePoll => "asking whether the device code was entered",
            Self::Refresh => "refreshing the token",
            Self::Revocation => "revoking the token",
        })
    }
}

/// What stopped a request or its answer on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// The host name could not be resolved.
    Dns,
    /// Nobody listens, or the network is unreachable.
    Connect,
    /// No connection within the time allowed.
    ConnectTimeout,
    /// The TLS handshake failed: an unknown authority, a wrong name, an old protocol.
    Tls,
    /// This machine has no root certificates to check the provider's against.
    NoRoots,
    /// No whole answer within the time allowed.
    Timeout,
    /// The connection was cut before the whole answer came.
    Cut,
    /// The answer is larger than is taken.
    TooLarge,
    /// The request could not be built.
    Unbuilt,
}

impl Transport {
    /// Whether it is certain that the provider never saw the request.
    pub fn is_unsent(self) -> bool {
        match self {
            Self::Dns
            | Self::Connect
            | Self::ConnectTimeout
            | Self::Tls
            | Self::NoRoots
            | Self::Unbuilt => true,
            Self::Timeout | Self::Cut | Self::TooLarge => false,
        }
    }

    /// A stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "network",
            Self::ConnectTimeout => "connect_timeout",
            Self::Tls => "tls",
            Self::NoRoots => "no_root_certificates",
            Self::Timeout => "timeout",
            Self::Cut => "connection_cut",
            Self::TooLarge => "reply_too_large",
            Self::Unbuilt => "request_not_built",
        }
    }
}

/// An answer that says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What was being done.
    pub step: Step,
    /// Who answered.
    pub host: String,
    /// HTTP status; 0 when the answer came through the browser.
    pub status: u16,
    /// The error code, cleaned; `None` when the answer held none.
    pub code: Option<String>,
    /// The provider's own words, cleaned.
    pub words: Option<String>,
    /// A finer reason some providers give beside the code (`error_subtype`, `suberror`, an AADSTS number), cleaned.
    pub reason: Option<String>,
    /// How long the provider asked not to be called.
    pub retry_after: Option<Duration>,
    /// Whether the answer was a page for people (a proxy's, a firewall's) and none of the protocol.
    pub is_page: bool,
}

/// Why an answer of success could not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unreadable {
    /// There was nothing in it.
    Empty,
    /// It was a page for people.
    Page,
    /// It was neither JSON nor a form.
    Garbage,
    /// It lacked what it must hold.
    Missing(&'static str),
    /// A member held what it must not.
    Malformed(&'static str),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("an empty body"),
            Self::Page => f.write_str("a web page instead of an answer"),
            Self::Garbage => f.write_str("neither JSON nor a form"),
            Self::Missing(what) => write!(f, "an answer without `{what}`"),
            Self::Malformed(what) => write!(f, "an answer whose `{what}` makes no sense"),
        }
    }
}

/// Everything that can go wrong on this floor. Holds no secret, no body, no query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// The request or its answer did not get through.
    #[error("{step} at {host} failed: {detail}")]
    Transport {
        /// What was being done.
        step: Step,
        /// Where.
        host: String,
        /// What stopped it.
        problem: Transport,
        /// The operating system's or TLS library's words.
        detail: String,
    },
    /// The provider said no.
    #[error("{} at {} was refused: {}", .0.step, .0.host, refusal(.0))]
    Refused(Box<Refused>),
    /// The provider said yes in a way that cannot be read.
    #[error("{step}: {host} answered HTTP {status} with {why}")]
    Unreadable {
        /// What was being done.
        step: Step,
        /// Who answered.
        host: String,
        /// HTTP status.
        status: u16,
        /// What is wrong with it.
        why: Unreadable,
    },
    /// An address cannot be used.
    #[error("the {what} {why}")]
    Endpoint {
        /// Which address.
        what: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The provider's record lacks an address.
    #[error("no {what} is known for {provider}")]
    NoEndpoint {
        /// Which.
        what: &'static str,
        /// Whose.
        provider: String,
    },
    /// There is no provider of that name.
    #[error("no provider named {name} is known")]
    UnknownProvider {
        /// As asked for.
        name: String,
    },
    /// A placeholder of the provider's addresses has no value, or one that would change the address's shape.
    #[error("the parameter {name} of {provider} {why}")]
    Parameter {
        /// Whose.
        provider: String,
        /// Which.
        name: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The metadata names another issuer than it was asked of (RFC 8414 3.3).
    #[error("the metadata of {asked} says that its issuer is {said}")]
    IssuerMismatch {
        /// The issuer it was asked of.
        asked: String,
        /// What it says, cleaned.
        said: String,
    },
    /// A callback or an ID token is not for this sign-in.
    #[error("the answer does not belong to this sign-in: {0}")]
    NotOurs(NotOurs),
    /// A pasted address is not one a browser would end at.
    #[error("the pasted text is no callback address: {0}")]
    BadPaste(&'static str),
    /// The loopback listener could not be opened.
    #[error("cannot listen on {address} for the browser's answer: {detail}")]
    Listen {
        /// Where.
        address: String,
        /// The operating system's words.
        detail: String,
    },
}

/// What did not belong to a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotOurs {
    /// `state` differs or is missing (RFC 6749 10.12).
    State,
    /// `iss` differs, or is missing though the provider always sends it (RFC 9207 2.4).
    Issuer,
    /// The ID token's `nonce` differs (OpenID Connect Core 3.1.3.7).
    Nonce,
    /// The ID token is for another client.
    Audience,
    /// The ID token is of another issuer.
    TokenIssuer,
    /// The ID token had expired when it came.
    Expired,
}

impl fmt::Display for NotOurs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::State => "its state is not the one that was sent",
            Self::Issuer => "it names another issuer, or none",
            Self::Nonce => "the ID token's nonce is not the one that was sent",
            Self::Audience => "the ID token is for another client",
            Self::TokenIssuer => "the ID token is of another issuer",
            Self::Expired => "the ID token had expired when it came",
        })
    }
}

fn refusal(refused: &Refused) -> String {
    match &refused.code {
        Some(code) => code.clone(),
        None => format!("HTTP {}", refused.status),
    }
}
