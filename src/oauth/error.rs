//! What can go wrong with a provider, typed; `failure.rs` puts it in words.

use crate::jose::error::JoseError;
use crate::oauth::step::Step;
use crate::oauth::transport::Transport;
use std::fmt;
use std::time::Duration;

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
    /// By how many seconds this machine's clock ran ahead of the provider's, where its answer told.
    pub clock_ahead: Option<i64>,
    /// Scopes that the token would need (RFC 6750 3).
    pub needed_scopes: Vec<String>,
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
    /// A key cannot be used.
    #[error("{0}")]
    Key(JoseError),
    /// The client authenticates by a key, and none is kept with it.
    #[error("the client authenticates with a private key, and none is kept with it")]
    NoKey,
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
    /// `iss` names another issuer (RFC 9207 2.4): the mark of a mix-up attack.
    Issuer,
    /// `iss` is missing though the provider says that it always sends it (RFC 9207 2.4).
    NoIssuer,
    /// The ID token's `nonce` differs (OpenID Connect Core 3.1.3.7).
    Nonce,
    /// The ID token is for another client.
    Audience,
    /// The ID token is of another issuer.
    TokenIssuer,
    /// The ID token was handed out to another client (`azp`).
    Party,
    /// The ID token's signature is not one of the provider's keys.
    Signature,
    /// The ID token had expired when it came.
    Expired,
}

impl fmt::Display for NotOurs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::State => "its state is not the one that was sent",
            Self::Issuer => "it names another issuer, as in a mix-up attack",
            Self::NoIssuer => "it names no issuer, and this provider always names itself",
            Self::Nonce => "the ID token's nonce is not the one that was sent",
            Self::Audience => "the ID token is for another client",
            Self::TokenIssuer => "the ID token is of another issuer",
            Self::Party => "the ID token was handed out to another client",
            Self::Signature => "the ID token's signature is not the provider's",
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
