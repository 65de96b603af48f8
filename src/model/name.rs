//! The name of a credential: `provider/account`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How a credential is called everywhere: `provider/account`, unique in a vault.
///
/// The provider is one to 64 of `a-z 0-9 . _ -`; the account is one to 128 characters without white space, control
/// characters and `/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CredentialName {
    text: String,
    slash: usize,
}

/// Why a text is no credential name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is no `/`, or more than one.
    #[error("a credential is named provider/account, with one slash")]
    Shape,
    /// The provider part has a character outside `a-z 0-9 . _ -`, is empty or over 64 long.
    #[error("the provider part is one to 64 of a-z, 0-9, dot, underscore and dash")]
    Provider,
    /// The account part is empty, over 128 characters, or has white space or control characters.
    #[error("the account part is one to 128 characters without spaces and control characters")]
    Account,
}

impl CredentialName {
    /// Joins the two parts after checking both.
    pub fn new(provider: &str, account: &str) -> Result<Self, NameError> {
        if !is_provider_name(provider) {
            return Err(NameError::Provider);
        }
        if !is_account(account) {
            return Err(NameError::Account);
        }
        Ok(Self {
            text: format!("{provider}/{account}"),
            slash: provider.len(),
        })
    }

    /// The part before the slash.
    pub fn provider(&self) -> &str {
        &self.text[..self.slash]
    }

    /// The part after the slash.
    pub fn account(&self) -> &str {
        &self.text[self.slash + 1..]
    }

    /// The account part that a person means who types it alone, or the whole name at the same provider.
    pub fn account_meant<'a>(&self, typed: &'a str) -> &'a str {
        match typed.split_once('/') {
            Some((provider, account)) if provider == self.provider() => account,
            Some(_) | None => typed,
        }
    }

    /// Both parts with the slash.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Whether the text may stand before the slash.
pub fn is_provider_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-')
        })
}

/// Whether the text may stand after the slash.
pub fn is_account(text: &str) -> bool {
    (1..=128).contains(&text.chars().count())
        && !text
            .chars()
            .any(|c| c == '/' || c.is_whitespace() || c.is_control())
}

impl FromStr for CredentialName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (provider, account) = text.split_once('/').ok_or(NameError::Shape)?;
        if account.contains('/') {
            return Err(NameError::Shape);
        }
        Self::new(provider, account)
    }
}

impl TryFrom<String> for CredentialName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<CredentialName> for String {
    fn from(name: CredentialName) -> Self {
        name.text
    }
}

impl fmt::Display for CredentialName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_splits_at_its_slash() {
        let name: CredentialName = "github/alice@example.com".parse().unwrap();
        assert_eq!(
            (name.provider(), name.account()),
            ("github", "alice@example.com")
        );
    }

    #[test]
    fn a_new_account_may_be_typed_alone_or_with_its_own_provider() {
        let name: CredentialName = "github/alice".parse().unwrap();
        for (typed, meant) in [
            ("work", "work"),
            ("github/work", "work"),
            ("gitlab/work", "gitlab/work"),
        ] {
            assert_eq!(name.account_meant(typed), meant);
        }
    }

    #[test]
    fn texts_that_are_no_names_say_what_is_wrong() {
        for (text, error) in [
            ("github", NameError::Shape),
            ("a/b/c", NameError::Shape),
            ("/x", NameError::Provider),
            ("GitHub/x", NameError::Provider),
            ("github/", NameError::Account),
            ("github/a b", NameError::Account),
            ("github/a\u{7}", NameError::Account),
        ] {
            assert_eq!(text.parse::<CredentialName>(), Err(error), "{text}");
        }
    }
}
