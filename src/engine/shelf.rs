//! Access tokens in demand, kept ready so that serving one needs neither the engine nor the vault.

use crate::clock::{self, Timestamp};
use crate::model::name::CredentialName;
use crate::model::token::IssuedToken;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// The shelf; cheap to clone, all clones are one. Holds access tokens only, never a refresh token.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    tokens: Arc<RwLock<HashMap<CredentialName, Place>>>,
}

/// One token with when it was last fetched, in milliseconds, and what of that the engine knows.
#[derive(Debug)]
struct Place {
    token: Arc<IssuedToken>,
    fetched_at: AtomicI64,
    told_at: AtomicI64,
}

impl Shelf {
    /// The token, if one lies here that lives beyond `needed_until`.
    pub fn fetch(
        &self,
        name: &CredentialName,
        needed_until: Timestamp,
    ) -> Option<Arc<IssuedToken>> {
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        let place = tokens.get(name)?;
        if place
            .token
            .expires_at
            .is_some_and(|end| end <= needed_until)
        {
            return None;
        }
        place
            .fetched_at
            .store(clock::now().as_millis(), Ordering::Relaxed);
        Some(Arc::clone(&place.token))
    }

    /// Puts a token here in place of an older one.
    pub fn put(&self, name: CredentialName, token: Arc<IssuedToken>) {
        let now = clock::now().as_millis();
        let place = Place {
            token,
            fetched_at: AtomicI64::new(now),
            told_at: AtomicI64::new(now),
        };
        self.tokens
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name, place);
    }

    /// Puts a newer token in the place of one that was fetched lately; nothing else: says whether it did.
    pub fn replace(&self, name: &CredentialName, token: Arc<IssuedToken>) -> bool {
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        match tokens.get_mut(name) {
            Some(place) => {
                place.token = token;
                true
            }
            None => false,
        }
    }

    /// Takes a token away: it was replaced, revoked or removed.
    pub fn discard(&self, name: &CredentialName) {
        self.tokens
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(name);
    }

    /// Takes everything away.
    pub fn clear(&self) {
        self.tokens
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Whether nothing lies here.
    pub fn is_empty(&self) -> bool {
        self.tokens
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
    }

    /// Which tokens were fetched since the last time this was asked, and when.
    pub fn take_uses(&self) -> Vec<(CredentialName, Timestamp)> {
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        tokens
            .iter()
            .filter_map(|(name, place)| {
                let fetched = place.fetched_at.load(Ordering::Relaxed);
                let told = place.told_at.swap(fetched, Ordering::Relaxed);
                (fetched != told).then(|| (name.clone(), Timestamp::from_millis(fetched)))
            })
            .collect()
    }

    /// Takes away what nobody has fetched for that long.
    pub fn tidy(&self, unused_for: Duration) {
        let oldest = clock::now().minus(unused_for).as_millis();
        self.tokens
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, place| place.fetched_at.load(Ordering::Relaxed) >= oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::AccessToken;

    fn token(expires_at: Option<Timestamp>) -> Arc<IssuedToken> {
        Arc::new(IssuedToken {
            access: AccessToken::new("a".to_owned()),
            token_type: "Bearer".to_owned(),
            expires_at,
            scopes: Vec::new(),
        })
    }

    #[test]
    fn only_a_token_that_lives_long_enough_is_handed_out() {
        let (shelf, name) = (Shelf::default(), "demo/a".parse().unwrap());
        shelf.put(name, token(Some(Timestamp::from_secs(100))));
        let name = "demo/a".parse().unwrap();
        assert!(shelf.fetch(&name, Timestamp::from_secs(99)).is_some());
        assert!(shelf.fetch(&name, Timestamp::from_secs(100)).is_none());
        shelf.discard(&name);
        assert!(shelf.fetch(&name, Timestamp::from_secs(1)).is_none());
    }

    #[test]
    fn a_replacement_goes_only_where_a_token_lies() {
        let (shelf, name): (_, CredentialName) = (Shelf::default(), "demo/a".parse().unwrap());
        assert!(!shelf.replace(&name, token(None)));
        assert!(shelf.fetch(&name, Timestamp::from_secs(1)).is_none());
        shelf.put(name.clone(), token(None));
        assert!(shelf.replace(&name, token(None)));
    }

    #[test]
    fn a_use_is_told_once_and_the_unused_is_tidied_away() {
        let (shelf, name): (_, CredentialName) = (Shelf::default(), "demo/a".parse().unwrap());
        shelf.put(name.clone(), token(None));
        assert!(shelf.take_uses().is_empty());
        let before = clock::now();
        while clock::now() == before {
            std::thread::yield_now();
        }
        shelf.fetch(&name, Timestamp::from_secs(1)).unwrap();
        assert_eq!(shelf.take_uses().len(), 1);
        assert!(shelf.take_uses().is_empty());
        shelf.tidy(Duration::from_secs(3600));
        assert!(shelf.fetch(&name, Timestamp::from_secs(1)).is_some());
        let fetched = clock::now();
        while clock::now() == fetched {
            std::thread::yield_now();
        }
        shelf.tidy(Duration::ZERO);
        assert!(shelf.fetch(&name, Timestamp::from_secs(1)).is_none());
    }
}
