//! Secrets in hand while a refresh is under way: opened, sent, and not yet written.

use crate::clock::Timestamp;
use crate::engine::step::{Fingerprints, Grant, TokenChoice};
use crate::model::credential::{Generation, PreviousRefresh, Profile, Secret};
use crate::model::provider::Rotation;
use crate::model::token::{IssuedToken, TokenSet};
use crate::oauth::id_token;
use crate::secret::RefreshToken;
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
    pub fn new(old: Arc<Secret>, set: TokenSet, used: TokenChoice, at: Timestamp) -> Self {
        Self { old, set, used, at }
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
            claims: self.set.id_token.as_ref().map(id_token::claims),
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
            access: self.set.access.duplicate(),
            refresh: refresh.map(RefreshToken::duplicate),
            previous_refresh: self.previous(),
            id_token: match &self.set.id_token {
                Some(new) => Some(new.duplicate()),
                None => old.id_token.as_ref().map(crate::secret::IdToken::duplicate),
            },
            client: old.client.duplicate(),
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
