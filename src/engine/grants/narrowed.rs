//! Access tokens with some of the scopes only, kept for the next time a grant that has no more asks for them.

use crate::clock::Timestamp;
use crate::model::name::CredentialName;
use crate::model::token::IssuedToken;
use std::collections::HashMap;
use std::sync::Arc;

/// Tokens that are kept at the most.
const MOST: usize = 256;

/// The tokens, by credential and scopes.
#[derive(Debug, Default)]
pub struct Narrowed {
    tokens: HashMap<(CredentialName, Vec<String>), Arc<IssuedToken>>,
}

impl Narrowed {
    /// One that lives beyond `needed_until`, if there is one.
    pub fn fetch(
        &self,
        name: &CredentialName,
        scopes: &[String],
        needed_until: Timestamp,
    ) -> Option<Arc<IssuedToken>> {
        let key = (name.clone(), scopes.to_vec());
        let token = self.tokens.get(&key)?;
        let lives = token.expires_at.is_none_or(|end| end > needed_until);
        lives.then(|| Arc::clone(token))
    }

    /// Keeps one. A token without an end is not kept: nobody could tell when to ask for the next one.
    pub fn put(&mut self, name: CredentialName, scopes: Vec<String>, token: &Arc<IssuedToken>) {
        let Some(end) = token.expires_at else {
            return;
        };
        if self.tokens.len() >= MOST {
            self.tokens
                .retain(|_, other| other.expires_at.is_some_and(|it| it > end));
        }
        if self.tokens.len() < MOST {
            self.tokens.insert((name, scopes), Arc::clone(token));
        }
    }

    /// Lets go of a credential's tokens: it was refreshed, revoked or removed.
    pub fn discard(&mut self, name: &CredentialName) {
        self.tokens.retain(|(of, _), _| of != name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::AccessToken;

    #[test]
    fn only_a_token_of_those_scopes_that_lives_long_enough_is_given_again() {
        let (mut kept, at) = (Narrowed::default(), Timestamp::from_secs);
        let (name, other) = ("demo/a".parse().unwrap(), "demo/b".parse().unwrap());
        let scopes = |text: &str| vec![text.to_owned()];
        let token = Arc::new(IssuedToken {
            access: AccessToken::new("t".to_owned()),
            token_type: "Bearer".to_owned(),
            expires_at: Some(at(100)),
            scopes: scopes("read"),
        });
        kept.put(CredentialName::clone(&name), scopes("read"), &token);
        assert!(kept.fetch(&name, &scopes("read"), at(99)).is_some());
        assert!(kept.fetch(&name, &scopes("read"), at(100)).is_none());
        assert!(kept.fetch(&name, &scopes("write"), at(1)).is_none());
        assert!(kept.fetch(&other, &scopes("read"), at(1)).is_none());
        kept.discard(&name);
        assert!(kept.fetch(&name, &scopes("read"), at(1)).is_none());
    }
}
