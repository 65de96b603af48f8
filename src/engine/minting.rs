//! What a sign-in brought, on its way into the vault: profile and secret of a new credential or a new family.

use crate::clock::Timestamp;
use crate::engine::naming::Certainty;
use crate::engine::step::VaultTrouble;
use crate::jose::key::SigningKey;
use crate::model::client::Client;
use crate::model::credential::{Flow, Profile, Secret, Standing};
use crate::model::failure::{Failure, FailureClass};
use crate::model::fingerprint::Fingerprint;
use crate::model::name::CredentialName;
use crate::model::policy::PolicyOverride;
use crate::model::provider::{Provider, RevocationReach};
use crate::model::signin::{Apart, Aside};
use crate::model::token::{IdClaims, TokenSet};
use crate::secret::{IdToken, PrivateKey, RefreshToken};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use url::Url;

/// Tokens of a person who signed in, with all they were got with.
#[derive(Debug)]
pub struct Minted {
    /// The name the credential gets.
    pub name: CredentialName,
    /// How sure that name is.
    pub certainty: Certainty,
    /// What the provider said of the person.
    pub claims: Option<IdClaims>,
    /// Why it is not the name that was meant.
    pub apart: Option<Apart>,
    /// What the credential is called from now on that had the name until now and is still to be revoked.
    pub aside: Option<CredentialName>,
    /// The tokens they replace, where those shall be ended; not looked for yet when it is empty.
    pub before: OnceLock<Option<Arc<Secret>>>,
    /// The provider, endpoints and all.
    pub provider: Provider,
    /// The client.
    pub client: Client,
    /// How the person signed in.
    pub flow: Flow,
    /// Scopes that were asked for.
    pub scopes: Vec<String>,
    /// Resources that were asked for (RFC 8707).
    pub resources: Vec<String>,
    /// The key the tokens are bound to (RFC 9449).
    pub bound_to: Option<PrivateKey>,
    /// The tokens.
    pub set: TokenSet,
    /// When they were issued.
    pub at: Timestamp,
}

impl Minted {
    /// The profile; what is kept of an older credential of that name goes on.
    pub fn profile(&self, old: Option<&Profile>) -> Profile {
        let (set, provider) = (&self.set, &self.provider);
        let assumed = provider.assumed_expires_in.map(Duration::from_secs);
        let life = set.expires_in.or(assumed);
        Profile {
            name: self.name.clone(),
            provider_name: provider.display_name.clone(),
            host: refresh_host(provider),
            scopes: set.scopes.clone().unwrap_or_else(|| self.scopes.clone()),
            token_type: set.token_type.clone(),
            flow: self.flow,
            client_id: self.client.id.clone(),
            client_auth: self.client.auth,
            claims: self.claims.clone(),
            has_refresh_token: set.refresh.is_some(),
            renews_itself: provider.refresh_by.is_some(),
            bound_to: self.bound_to.as_ref().and_then(thumbprint),
            resources: self.resources.clone(),
            kept: set.kept.clone(),
            restored: None,
            provenance: None,
            wanted_scopes: Vec::new(),
            created_at: old.map_or(self.at, |old| old.created_at),
            signed_in_at: self.at,
            issued_at: self.at,
            expires_at: life.map(|life| self.at.plus(life)),
            refresh_expires_at: set.refresh_expires_in.map(|life| self.at.plus(life)),
            refresh_idle_life: provider.refresh_idle_life,
            refresh_absolute_life: provider.refresh_absolute_life,
            test_life: provider.test_life,
            refresh_end_moves: old.and_then(|old| old.refresh_end_moves),
            told_end: None,
            asked_at: old.map_or_else(Vec::new, |old| old.asked_at.clone()),
            seen_lives: old.map_or_else(Vec::new, |old| old.seen_lives.clone()),
            earliest_refresh: provider.earliest_refresh,
            last_used_at: old.and_then(|old| old.last_used_at),
            // The vault's thread knows the keyed hashes and fills them in before it writes.
            access_fingerprint: Fingerprint(0),
            refresh_fingerprint: None,
            standing: Standing::Active,
            last_failure: None,
            failures_in_a_row: 0,
            policy: old.map_or_else(PolicyOverride::default, |old| old.policy.clone()),
            attempts: old.map_or_else(Vec::new, |old| old.attempts.clone()),
        }
    }

    /// What is said of those that had the name until now.
    pub fn told_aside(&self) -> Option<Aside> {
        let may_end_new = self.provider.revocation_reach != RevocationReach::SignIn;
        let name = self.aside.clone()?;
        Some(Aside { name, may_end_new })
    }

    /// Why they, or the key, are not in the vault yet.
    pub fn not_kept(&self, trouble: &VaultTrouble) -> Failure {
        let what = match self.flow {
            Flow::ApiKey => "the key is not kept yet",
            Flow::Device | Flow::Loopback | Flow::ClientCredentials => {
                "the tokens came and are not kept yet"
            }
        };
        let cause = format!(
            "{what}: {}; it waits in memory and is written as soon as it can be",
            trouble.message
        );
        Failure::new(
            FailureClass::Transient,
            "vault",
            cause,
            trouble.hint.clone(),
        )
    }

    /// The secret.
    pub fn secret(&self) -> Secret {
        Secret {
            access: self.set.access.duplicate(),
            refresh: self.set.refresh.as_ref().map(RefreshToken::duplicate),
            previous_refresh: None,
            id_token: self.set.id_token.as_ref().map(IdToken::duplicate),
            client: self.client.duplicate(),
            bound_to: self.bound_to.as_ref().map(PrivateKey::duplicate),
            provider: self.provider.clone(),
        }
    }
}

/// The thumbprint of the key that tokens are bound to.
pub fn thumbprint(key: &PrivateKey) -> Option<String> {
    let key = SigningKey::read(key).ok()?;
    Some(key.public().thumbprint())
}

/// The host that is asked for newer tokens.
pub fn refresh_host(provider: &Provider) -> String {
    let endpoints = &provider.endpoints;
    let url = endpoints.refresh.as_ref().or(endpoints.token.as_ref());
    url.and_then(|url| Url::parse(url).ok())
        .and_then(|url| {
            let host = url.host_str()?.to_owned();
            Some(match url.port() {
                Some(port) => format!("{host}:{port}"),
                None => host,
            })
        })
        .unwrap_or_else(|| provider.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::AccessToken;
    use std::collections::BTreeMap;

    fn set() -> TokenSet {
        TokenSet {
            access: AccessToken::new("a".to_owned()),
            token_type: "Bearer".to_owned(),
            expires_in: None,
            refresh: None,
            refresh_expires_in: None,
            id_token: None,
            scopes: None,
            is_id_verified: false,
            account: None,
            kept: BTreeMap::new(),
        }
    }

    #[test]
    fn a_new_sign_in_keeps_what_was_set_for_the_credential_and_when_it_began() {
        let minted = Minted {
            name: "demo/alice".parse().unwrap(),
            certainty: Certainty::Told,
            claims: None,
            apart: None,
            aside: None,
            before: OnceLock::new(),
            provider: Provider::unknown("demo", "Demo"),
            client: Client::new("demo-cli", None, crate::model::client::ClientAuth::None),
            flow: Flow::Device,
            scopes: vec!["mail".to_owned()],
            resources: Vec::new(),
            bound_to: None,
            set: set(),
            at: Timestamp::from_secs(1_900_000_000),
        };
        let mut old = crate::engine::sample::profile(Some(3600));
        old.policy.before_expiry_secs = Some(77);
        old.failures_in_a_row = 4;
        old.seen_lives = vec![604_800];
        let new = minted.profile(Some(&old));
        assert_eq!(new.seen_lives, old.seen_lives);
        assert_eq!((&new.policy, new.created_at), (&old.policy, old.created_at));
        assert_eq!((new.signed_in_at, new.failures_in_a_row), (minted.at, 0));
        assert_eq!(new.scopes, ["mail"], "as asked for: the answer named none");
    }

    #[test]
    fn a_host_has_its_port_when_that_is_not_the_usual_one() {
        let mut provider = Provider::unknown("demo", "Demo");
        provider.endpoints.token = Some("http://127.0.0.1:4000/token".to_owned());
        assert_eq!(refresh_host(&provider), "127.0.0.1:4000");
        provider.endpoints.refresh = Some("https://id.example/refresh".to_owned());
        assert_eq!(refresh_host(&provider), "id.example");
    }
}
