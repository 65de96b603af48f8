//! Access tokens in demand, kept ready so that serving one needs neither the engine nor the vault.

use crate::clock::Timestamp;
use crate::model::name::CredentialName;
use crate::model::token::IssuedToken;
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// The shelf; cheap to clone, all clones are one. Holds access tokens only, never a refresh token.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    tokens: Arc<RwLock<HashMap<CredentialName, Arc<IssuedToken>>>>,
}

impl Shelf {
    /// The token, if one lies here that lives beyond `needed_until`.
    pub fn fetch(
        &self,
        name: &CredentialName,
        needed_until: Timestamp,
    ) -> Option<Arc<IssuedToken>> {
        let tokens = self
            .tokens
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let token = tokens.get(name)?;
        token
            .expires_at
            .is_none_or(|end| end > needed_until)
            .then(|| Arc::clone(token))
    }

    /// Puts a token here in place of an older one.
    pub fn put(&self, name: CredentialName, token: Arc<IssuedToken>) {
        self.tokens
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .insert(name, token);
    }

    /// Takes a token away: it was replaced, revoked or removed.
    pub fn discard(&self, name: &CredentialName) {
        self.tokens
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .remove(name);
    }

    /// Takes everything away.
    pub fn clear(&self) {
        self.tokens
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clear();
    }
}
