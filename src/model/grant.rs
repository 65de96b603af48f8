//! A grant: what one local program may have, and for how long.

use crate::clock::Timestamp;
use crate::model::credential::CredentialId;
use crate::model::family::FamilyId;
use crate::model::name::CredentialName;
use crate::model::program::Program;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Grants that one vault has at the most.
pub const MOST_GRANTS: usize = 256;
/// Credentials and scopes that one grant names at the most.
pub const MOST_NAMED: usize = 64;
/// An access token of a grant lives so long where nothing else is said.
pub const USUAL_TTL: Duration = Duration::from_secs(15 * 60);
/// A refresh token of a grant lives so long where nothing else is said.
pub const USUAL_REFRESH_TTL: Duration = Duration::from_secs(7 * 24 * 3600);
/// The shortest life of either.
pub const SHORTEST_TTL: Duration = Duration::from_secs(10);
/// The longest life of an access token: it is not looked up anywhere before it is believed but in the owner's memory.
pub const LONGEST_TTL: Duration = Duration::from_secs(24 * 3600);
/// The longest life of a refresh token.
pub const LONGEST_REFRESH_TTL: Duration = Duration::from_secs(366 * 24 * 3600);

/// How a grant is called: one to 64 of `a-z 0-9 . _ -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GrantName(Arc<str>);

/// Why a text is no grant's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a grant is named with one to 64 of a-z, 0-9, dot, underscore and dash")]
pub struct NotAGrantName;

impl GrantName {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GrantName {
    type Err = NotAGrantName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_letter = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
        };
        let is_name = (1..=64).contains(&text.len()) && text.bytes().all(is_letter);
        is_name.then(|| Self(text.into())).ok_or(NotAGrantName)
    }
}

impl TryFrom<String> for GrantName {
    type Error = NotAGrantName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<GrantName> for String {
    fn from(name: GrantName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for GrantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What is wished for: a grant to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantWish {
    /// How it shall be called.
    pub name: GrantName,
    /// Whose tokens it may fetch, one at least.
    pub credentials: Vec<CredentialName>,
    /// It gets tokens with these scopes only (RFC 6749 6); none: as they are.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// An access token of it lives so long, in seconds.
    #[serde(default = "usual_ttl")]
    pub ttl_secs: u64,
    /// A refresh token of it lives so long, in seconds.
    #[serde(default = "usual_refresh_ttl")]
    pub refresh_ttl_secs: u64,
    /// Only a program with this executable may use it; a path from the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executable: Option<String>,
    /// Tokens it may fetch in an hour; `None`: as many as any program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<u64>,
}

fn usual_ttl() -> u64 {
    USUAL_TTL.as_secs()
}

fn usual_refresh_ttl() -> u64 {
    USUAL_REFRESH_TTL.as_secs()
}

impl GrantWish {
    /// A grant for these credentials, with everything else as usual.
    pub fn new(name: GrantName, credentials: Vec<CredentialName>) -> Self {
        Self {
            name,
            credentials,
            scopes: Vec::new(),
            ttl_secs: usual_ttl(),
            refresh_ttl_secs: usual_refresh_ttl(),
            executable: None,
            per_hour: None,
        }
    }

    /// What is wrong with it, a sentence without its full stop.
    pub fn fault(&self) -> Option<String> {
        let (ttl, refresh) = (self.ttl_secs, self.refresh_ttl_secs);
        let within =
            |secs, longest: Duration| (SHORTEST_TTL.as_secs()..=longest.as_secs()).contains(&secs);
        let is_scope = |scope: &String| {
            // The characters of a scope token (RFC 6749 3.3).
            let mut bytes = scope.bytes();
            !scope.is_empty()
                && scope.len() <= 256
                && bytes.all(|b| (0x21..=0x7e).contains(&b) && b != b'"' && b != b'\\')
        };
        if self.credentials.is_empty() {
            Some("it names no credential".to_owned())
        } else if self.credentials.len() > MOST_NAMED || self.scopes.len() > MOST_NAMED {
            Some(format!(
                "it names more than {MOST_NAMED} credentials or scopes"
            ))
        } else if let Some(bad) = self.scopes.iter().find(|scope| !is_scope(scope)) {
            Some(format!("`{}` is no scope", bad.escape_debug()))
        } else if !within(ttl, LONGEST_TTL) {
            Some("its access tokens have to live 10 seconds to 24 hours".to_owned())
        } else if !within(refresh, LONGEST_REFRESH_TTL) || refresh < ttl {
            Some(
                "its refresh tokens have to live as long as its access tokens, and at most 366 days"
                    .to_owned(),
            )
        } else if self
            .per_hour
            .is_some_and(|most| !(1..=1_000_000).contains(&most))
        {
            Some("its rate has to be 1 to 1000000 tokens an hour".to_owned())
        } else if self
            .executable
            .as_ref()
            .is_some_and(|it| !it.starts_with('/'))
        {
            Some("its executable has to be a path from the root".to_owned())
        } else {
            None
        }
    }
}

/// A credential that a grant names. It is known by its number: one that is signed in anew under the old name is another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// Its number.
    pub id: CredentialId,
    /// What it is called now.
    pub name: CredentialName,
}

/// A grant, without what is kept of its tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// How it is called.
    pub name: GrantName,
    /// Whose tokens it may fetch; empty when all of them are gone.
    pub credentials: Vec<Granted>,
    /// It gets tokens with these scopes only; none: as they are.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// An access token of it lives so long, in seconds.
    pub ttl_secs: u64,
    /// A refresh token of it lives so long, in seconds.
    pub refresh_ttl_secs: u64,
    /// Only a program with this executable may use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executable: Option<String>,
    /// Tokens it may fetch in an hour; `None`: as many as any program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<u64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// What was done with it so far.
    #[serde(default)]
    pub counts: GrantCounts,
}

impl Grant {
    /// Whether it may fetch that credential's tokens.
    pub fn names(&self, name: &CredentialName) -> bool {
        self.credentials.iter().any(|granted| granted.name == *name)
    }

    /// How long an access token of it lives.
    pub fn ttl(&self) -> Duration {
        Duration::from_secs(self.ttl_secs)
    }

    /// How long a refresh token of it lives.
    pub fn refresh_ttl(&self) -> Duration {
        Duration::from_secs(self.refresh_ttl_secs)
    }
}

/// What was done with a grant, since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantCounts {
    /// Pairs of tokens that were issued.
    pub issued: u64,
    /// Times that a pair was exchanged for the next one.
    pub rotated: u64,
    /// Used refresh tokens that came back.
    pub replayed: u64,
}

/// A pair of tokens that is out, as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairView {
    /// Its family.
    pub family: FamilyId,
    /// How often it was exchanged for the next one.
    pub rotations: u64,
    /// When the family began.
    pub since: Timestamp,
    /// When it was exchanged last.
    pub rotated_at: Timestamp,
    /// When its refresh token ends.
    pub expires_at: Timestamp,
    /// Who got it.
    pub to: Arc<Program>,
}

/// A grant, as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantView {
    /// The grant.
    #[serde(flatten)]
    pub grant: Grant,
    /// The pairs that are out, the oldest first.
    pub pairs: Vec<PairView>,
    /// When a token was last fetched with it, since the vault was opened.
    #[serde(default)]
    pub used_at: Option<Timestamp>,
    /// Tokens that were fetched with it, since the vault was opened.
    #[serde(default)]
    pub fetched: u64,
    /// How much of its rate is used now.
    #[serde(default)]
    pub rate_used: u64,
    /// Its rate: tokens in an hour.
    pub rate: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish() -> GrantWish {
        GrantWish::new("ci".parse().unwrap(), vec!["github/alice".parse().unwrap()])
    }

    #[test]
    fn names_are_short_and_plain() {
        for good in ["ci", "a", "my-tool_2.x"] {
            assert_eq!(good.parse::<GrantName>().unwrap().as_str(), good);
        }
        for bad in ["", "Ci", "a b", "a/b", "ä", &"x".repeat(65)] {
            assert!(bad.parse::<GrantName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        assert_eq!(wish().fault(), None);
        let faulty = |change: fn(&mut GrantWish)| {
            let mut wish = wish();
            change(&mut wish);
            wish.fault().unwrap()
        };
        assert!(faulty(|it| it.credentials.clear()).contains("no credential"));
        assert!(faulty(|it| it.ttl_secs = 9).contains("10 seconds"));
        assert!(faulty(|it| it.ttl_secs = 24 * 3600 + 1).contains("24 hours"));
        assert!(faulty(|it| it.refresh_ttl_secs = it.ttl_secs - 1).contains("refresh tokens"));
        assert!(faulty(|it| it.per_hour = Some(0)).contains("rate"));
        assert!(faulty(|it| it.executable = Some("ls".to_owned())).contains("path"));
        assert!(faulty(|it| it.scopes = vec!["a b".to_owned()]).contains("scope"));
    }
}
