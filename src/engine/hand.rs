//! Secrets in hand while a refresh is under way: opened, sent, and not yet written.

use crate::clock::Timestamp;
use crate::engine::step::{Fingerprints, Grant, TokenChoice};
use crate::model::credential::{Generation, PreviousRefresh, Profile, Secret};
use crate::model::provider::Rotation;
use crate::model::token::{IssuedToken, TokenSet};
use crate::oauth::id_token;
use crate::secret::{PrivateKey, RefreshToken};
use crate::vault::store::Store;
use std::sync::Arc;
use std::time::Duration;

/// A replaced refresh token is kept at least so long: a provider's replicas may lag behind its answer.
const SHORTEST_GRACE: Duration = Duration::from_secs(60);
/// For a provider of unknown habits.
const UNKNOWN_GRACE: Duration = Duration::from_secs(10 * 60);
/// For a provider where the old one stays valid.
const LONG_GRACE: Duration = Duration::from_secs(24 * 3600);

/// What one flight has in hand.
#[derive(Debug)]
pub enum Hand {
    /// The secret as the vault holds it.
    Opened(Arc<Secret>),
    /// The provider's answer beside it.
    Granted(Arc<Granted>),
}

/// A provider's answer and the secret it replaces.
#[derive(Debug)]
pub struct Granted {
    old: Arc<Secret>,
    set: TokenSet,
    /// Which refresh token was accepted.
    used: TokenChoice,
    /// Scopes that were asked for; empty: those of the grant.
    narrow: Vec<String>,
    at: Timestamp,
}

/// The refresh token that is to be sent.
pub fn token_to_send(secret: &Secret, choice: TokenChoice) -> Option<&RefreshToken> {
    match choice {
        TokenChoice::Current => secret.refresh.as_ref(),
        TokenChoice::Previous => secret.previous_refresh.as_ref().map(|it| &it.token),
    }
}

impl Granted {
    /// Joins an answer to the secret it replaces.
    pub fn new(
        old: Arc<Secret>,
        set: TokenSet,
        used: TokenChoice,
        narrow: Vec<String>,
        at: Timestamp,
    ) -> Self {
        Self {
            old,
            set,
            used,
            narrow,
            at,
        }
    }

    /// What the core may know of the answer.
    pub fn grant(&self) -> Grant {
        let provider = &self.old.provider;
        let assumed = provider.assumed_expires_in.map(Duration::from_secs);
        Grant {
            expires_in: self.set.expires_in.or(assumed),
            refresh_expires_in: self.set.refresh_expires_in,
            token_type: self.set.token_type.clone(),
            scopes: self.set.scopes.clone(),
            claims: id_token::claims_of(&self.set),
            kept: self.set.kept.clone(),
            rotated: self.has_rotated(),
        }
    }

    fn has_rotated(&self) -> bool {
        match (&self.set.refresh, &self.old.refresh) {
            (Some(new), Some(old)) => !new.matches(old),
            (Some(_), None) => true,
            (None, _) => self.used == TokenChoice::Previous,
        }
    }

    /// The secret as the vault shall hold it now.
    pub fn secret(&self) -> Secret {
        let old = &self.old;
        let sent = token_to_send(old, self.used);
        let refresh = self.set.refresh.as_ref().or(sent);
        Secret {
            // A narrow one is for the program that asked: the one there is stays.
            access: match self.narrow.is_empty() {
                true => self.set.access.duplicate(),
                false => old.access.duplicate(),
            },
            refresh: refresh.map(RefreshToken::duplicate),
            previous_refresh: self.previous(),
            id_token: match &self.set.id_token {
                Some(new) => Some(new.duplicate()),
                None => old.id_token.as_ref().map(crate::secret::IdToken::duplicate),
            },
            client: old.client.duplicate(),
            bound_to: old.bound_to.as_ref().map(PrivateKey::duplicate),
            provider: old.provider.clone(),
        }
    }

    /// The refresh token that was accepted, kept while it may still be of use.
    fn previous(&self) -> Option<PreviousRefresh> {
        if !self.has_rotated() {
            let kept = self.old.previous_refresh.as_ref()?;
            return (kept.kept_until > self.at).then(|| PreviousRefresh {
                token: kept.token.duplicate(),
                kept_until: kept.kept_until,
            });
        }
        self.set.refresh.as_ref()?;
        let token = token_to_send(&self.old, self.used)?.duplicate();
        let provider = &self.old.provider;
        let grace = Duration::from_secs(provider.reuse_grace).max(match provider.rotation {
            Rotation::Always => LONG_GRACE,
            Rotation::Unknown | Rotation::Never => UNKNOWN_GRACE,
            Rotation::SingleUse => SHORTEST_GRACE,
        });
        Some(PreviousRefresh {
            token,
            kept_until: self.at.plus(grace),
        })
    }

    /// The narrow access token, for the program that asked for it.
    pub fn narrow_token(&self) -> IssuedToken {
        let provider = &self.old.provider;
        let assumed = provider.assumed_expires_in.map(Duration::from_secs);
        let life = self.set.expires_in.or(assumed);
        IssuedToken {
            access: self.set.access.duplicate(),
            token_type: self.set.token_type.clone(),
            expires_at: life.map(|life| self.at.plus(life)),
            scopes: self
                .set
                .scopes
                .clone()
                .unwrap_or_else(|| self.narrow.clone()),
        }
    }

    /// The access token for those who ask, with what the profile says of it.
    pub fn issued(&self, profile: &Profile) -> IssuedToken {
        issued(&self.set.access, profile)
    }
}

/// An access token for somebody who asked, with what the profile says of it.
pub fn issued(access: &crate::secret::AccessToken, profile: &Profile) -> IssuedToken {
    IssuedToken {
        access: access.duplicate(),
        token_type: profile.token_type.clone(),
        expires_at: profile.expires_at,
        scopes: profile.scopes.clone(),
    }
}

/// The keyed hashes of a secret's tokens.
pub fn fingerprints(store: &dyn Store, secret: &Secret) -> Fingerprints {
    Fingerprints {
        access: store.fingerprint(secret.access.expose_secret()),
        refresh: secret
            .refresh
            .as_ref()
            .map(|token| store.fingerprint(token.expose_secret())),
    }
}

/// The profile with the keyed hashes of the secret it goes with.
pub fn marked(profile: &Profile, prints: Fingerprints) -> Box<Profile> {
    let mut marked = Box::new(profile.clone());
    marked.access_fingerprint = prints.access;
    marked.refresh_fingerprint = prints.refresh;
    marked
}

/// What the vault opened for a flight.
pub type Opened = (Generation, Secret);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::client::{Client, ClientAuth};
    use crate::model::provider::Provider;
    use crate::secret::AccessToken;
    use std::collections::BTreeMap;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn token(text: &str) -> RefreshToken {
        RefreshToken::new(text.to_owned())
    }

    fn old(change: impl FnOnce(&mut Provider)) -> Arc<Secret> {
        let mut provider = Provider::unknown("demo", "Demo");
        change(&mut provider);
        Arc::new(Secret {
            access: AccessToken::new("access-1".to_owned()),
            refresh: Some(token("refresh-1")),
            previous_refresh: Some(PreviousRefresh {
                token: token("refresh-0"),
                kept_until: NOW.plus(Duration::from_secs(60)),
            }),
            id_token: None,
            client: Client::new("demo-cli", None, ClientAuth::None),
            bound_to: None,
            provider,
        })
    }

    fn granted(old: Arc<Secret>, refresh: Option<&str>, used: TokenChoice) -> Granted {
        let set = TokenSet {
            access: AccessToken::new("access-2".to_owned()),
            token_type: "Bearer".to_owned(),
            expires_in: None,
            refresh: refresh.map(token),
            refresh_expires_in: None,
            id_token: None,
            scopes: None,
            is_id_verified: false,
            account: None,
            kept: BTreeMap::new(),
        };
        Granted::new(old, set, used, Vec::new(), NOW)
    }

    fn is(kept: Option<&RefreshToken>, text: &str) -> bool {
        kept.is_some_and(|kept| kept.matches(&token(text)))
    }

    fn previous(secret: &Secret) -> Option<&RefreshToken> {
        secret.previous_refresh.as_ref().map(|it| &it.token)
    }

    #[test]
    fn an_answer_without_a_refresh_token_keeps_the_one_that_was_accepted() {
        let same = granted(old(|_| {}), None, TokenChoice::Current);
        assert!(!same.grant().rotated);
        let secret = same.secret();
        assert!(is(secret.refresh.as_ref(), "refresh-1"));
        assert!(is(previous(&secret), "refresh-0"), "its grace is not over");
        let older = granted(old(|_| {}), None, TokenChoice::Previous);
        assert!(older.grant().rotated, "the one that was refused is no more");
        assert!(is(older.secret().refresh.as_ref(), "refresh-0"));
    }

    #[test]
    fn a_token_that_was_replaced_is_kept_for_as_long_as_its_provider_may_want_it() {
        for (rotation, reuse_grace, kept) in [
            (Rotation::SingleUse, 0, SHORTEST_GRACE),
            (Rotation::SingleUse, 7200, Duration::from_secs(7200)),
            (Rotation::Unknown, 0, UNKNOWN_GRACE),
            (Rotation::Always, 0, LONG_GRACE),
        ] {
            let old = old(|provider| {
                provider.rotation = rotation;
                provider.reuse_grace = reuse_grace;
            });
            let secret = granted(old, Some("refresh-2"), TokenChoice::Current).secret();
            assert!(is(secret.refresh.as_ref(), "refresh-2"));
            assert!(is(previous(&secret), "refresh-1"));
            let until = secret.previous_refresh.as_ref().map(|it| it.kept_until);
            assert_eq!(until, Some(NOW.plus(kept)), "{rotation:?}");
        }
    }

    #[test]
    fn a_lifetime_the_answer_does_not_name_is_the_providers_usual_one() {
        let usual = old(|provider| provider.assumed_expires_in = Some(7200));
        let grant = granted(usual, None, TokenChoice::Current).grant();
        assert_eq!(grant.expires_in, Some(Duration::from_secs(7200)));
        let unknown = granted(old(|_| {}), None, TokenChoice::Current).grant();
        assert_eq!(unknown.expires_in, None);
    }
}
