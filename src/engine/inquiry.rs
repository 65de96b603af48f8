//! Questions to a provider about one credential, beside its refreshes: each in a task of its own.

use crate::clock;
use crate::engine::api::{Refusal, Reply};
use crate::engine::fact::Fact;
use crate::engine::hand;
use crate::engine::runner::Runner;
use crate::engine::step::{CallerId, Input};
use crate::engine::vault_thread::{Job, trouble};
use crate::jose::key::SigningKey;
use crate::model::credential::{CredentialView, Profile, Secret, Standing};
use crate::model::failure::{Failure, FailureClass};
use crate::model::inquiry::{
    CheckedBy, ExchangeWish, Liveness, ProofRequest, ProvenToken, Validation,
};
use crate::model::name::CredentialName;
use crate::model::token::IssuedToken;
use crate::oauth::caller::Caller;
use crate::oauth::dpop;
use crate::oauth::error::OAuthError;
use crate::oauth::exchange::{self, Target};
use crate::oauth::http::Http;
use crate::oauth::id_token;
use crate::oauth::introspect::{self, Asked};
use crate::oauth::userinfo;
use crate::secret::Proof;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Who asks when nobody waits for the answer: callers are numbered from one.
const NOBODY: CallerId = CallerId(0);

impl Runner {
    /// Asks the provider whether an access token lives.
    pub(in crate::engine) fn validate(
        &self,
        name: &CredentialName,
        introspect: bool,
        reply: Reply<Validation>,
    ) {
        let facts = self.facts.clone();
        self.inquire(name, reply, move |http, secret, profile| async move {
            let said = validation(&http, &secret, introspect).await;
            let needed = said.failure.as_ref().map(Failure::needed_scopes);
            if let Some(needed) = needed.filter(|needed| !needed.is_empty()) {
                // What the provider misses waits for a person, as if a program had asked for it.
                let missed = Input::ScopesNeeded {
                    caller: NOBODY,
                    name: profile.name.clone(),
                    scopes: needed.to_vec(),
                };
                let _ = facts.send(Fact::Known(missed)).await;
            }
            Ok(said)
        });
    }

    /// Makes the proof that goes with an access token.
    pub(in crate::engine) fn prove(
        &self,
        name: &CredentialName,
        request: ProofRequest,
        reply: Reply<ProvenToken>,
    ) {
        self.inquire(name, reply, move |http, secret, profile| async move {
            proven(&http, &secret, &profile, &request)
        });
    }

    /// Exchanges an access token for another one.
    pub(in crate::engine) fn exchange(
        &self,
        name: &CredentialName,
        wish: ExchangeWish,
        reply: Reply<IssuedToken>,
    ) {
        self.inquire(name, reply, move |http, secret, _| async move {
            exchanged(&http, &secret, &wish).await
        });
    }

    /// Hands out the ID token of a credential.
    pub(in crate::engine) fn id_token(&self, name: &CredentialName, reply: Reply<IssuedToken>) {
        self.inquire(name, reply, move |_, secret, profile| async move {
            let token = secret
                .id_token
                .as_ref()
                .ok_or_else(|| no_id_token(&profile))?;
            let (access, expires_at) = id_token::as_bearer(token);
            Ok(IssuedToken {
                access,
                token_type: "Bearer".to_owned(),
                expires_at,
                scopes: Vec::new(),
            })
        });
    }

    /// Opens a credential's secret and has `work` done with it.
    fn inquire<T, F>(
        &self,
        name: &CredentialName,
        reply: Reply<T>,
        work: impl FnOnce(Http, Secret, Arc<Profile>) -> F + Send + 'static,
    ) where
        T: Send + 'static,
        F: Future<Output = Result<T, Refusal>> + Send + 'static,
    {
        let view = match self.usable(name) {
            Ok(view) => view,
            Err(refusal) => return drop(reply.send(Err(refusal))),
        };
        let (http, runtime) = (self.http.clone(), tokio::runtime::Handle::current());
        let errands = self.errands.clone();
        self.vault.ask(Job::Read(Box::new(move |store| {
            match store.secret(view.id) {
                Ok((_, secret)) => {
                    errands.start_on(&runtime, async move {
                        drop(reply.send(work(http, secret, view.profile).await));
                    });
                }
                Err(error) => drop(reply.send(Err(trouble(&error).refusal()))),
            }
        })));
    }

    fn usable(&self, name: &CredentialName) -> Result<CredentialView, Refusal> {
        let id = self.core.find(name);
        let view = id.and_then(|id| self.core.view(id, self.now));
        let view = view.ok_or_else(|| self.core.no_such(name))?;
        match view.profile.standing {
            Standing::Revoked { .. } | Standing::Revoking { .. } => {
                Err(Refusal::Revoked { name: name.clone() })
            }
            Standing::Active | Standing::NeedsLogin { .. } | Standing::Misconfigured { .. } => {
                Ok(view)
            }
        }
    }
}

/// A key that tokens are bound to, read for use.
fn key_of(secret: &Secret) -> Result<Option<SigningKey>, OAuthError> {
    let key = secret.bound_to.as_ref().map(SigningKey::read);
    key.transpose().map_err(OAuthError::Key)
}

fn no_id_token(profile: &Profile) -> Refusal {
    let failure = Failure::new(
        FailureClass::Misconfigured,
        "no_id_token",
        format!("{} has no ID token.", profile.name),
        "Sign in again with the scope openid: login PROVIDER --scope openid; or use the access token.",
    );
    Refusal::Failed {
        failure: failure.unsent(),
    }
}

fn failed(error: &OAuthError) -> Refusal {
    Refusal::Failed {
        failure: error.failure(),
    }
}

/// By introspection if that is wanted and possible, else by using the token where it can do no harm.
pub(in crate::engine) async fn validation(
    http: &Http,
    secret: &Secret,
    introspect: bool,
) -> Validation {
    let nobody = Validation {
        liveness: Liveness::Unknown,
        by: None,
        scopes: None,
        expires_at: None,
        subject: None,
        failure: None,
    };
    let key = match key_of(secret) {
        Ok(key) => key,
        Err(error) => {
            return Validation {
                failure: Some(error.failure()),
                ..nobody
            };
        }
    };
    let caller = Caller::new(http, &secret.provider, &secret.client).bound_to(key.as_ref());
    let endpoints = &secret.provider.endpoints;
    let said = match introspect {
        true => Some(by_introspection(&caller, secret, nobody.clone()).await),
        false => None,
    };
    match said {
        Some(said) if said.liveness != Liveness::Unknown => return said,
        // Many let only confidential clients ask: the token itself may tell then.
        said if endpoints.userinfo.is_none() => return said.unwrap_or(nobody),
        _ => {}
    }
    let asked = userinfo::ask(&caller, &secret.access).await;
    let by = Some(CheckedBy::Userinfo);
    match asked {
        Ok(said) => Validation {
            liveness: Liveness::Alive,
            by,
            subject: said.account.or(said.subject),
            ..nobody
        },
        Err(error) => Validation {
            liveness: liveness_of(&error),
            by,
            failure: Some(error.failure()),
            ..nobody
        },
    }
}

async fn by_introspection(caller: &Caller<'_>, secret: &Secret, nobody: Validation) -> Validation {
    match introspect::introspect(caller, Asked::Access(&secret.access)).await {
        Ok(said) => Validation {
            liveness: if said.active {
                Liveness::Alive
            } else {
                Liveness::Dead
            },
            by: Some(CheckedBy::Introspection),
            scopes: said.scopes,
            expires_at: said.expires_at,
            subject: said.subject,
            failure: None,
        },
        Err(error) => Validation {
            by: secret
                .provider
                .endpoints
                .introspection
                .as_ref()
                .map(|_| CheckedBy::Introspection),
            failure: Some(error.failure()),
            ..nobody
        },
    }
}

/// What a refusal of the token itself says about it (RFC 6750 3.1): a missing scope is no death.
fn liveness_of(error: &OAuthError) -> Liveness {
    match error {
        OAuthError::Refused(refused) => match (refused.status, refused.code.as_deref()) {
            (_, Some("insufficient_scope")) => Liveness::Alive,
            (_, Some("invalid_token" | "token_revoked" | "token_expired" | "invalid_auth"))
            | (401, _) => Liveness::Dead,
            _ => Liveness::Unknown,
        },
        _ => Liveness::Unknown,
    }
}

fn proven(
    http: &Http,
    secret: &Secret,
    profile: &Profile,
    request: &ProofRequest,
) -> Result<ProvenToken, Refusal> {
    let key = key_of(secret).map_err(|error| failed(&error))?;
    let Some(key) = key else {
        return Err(Refusal::Invalid {
            message: format!("the tokens of {} are bound to no key", profile.name),
            hint: format!(
                "Sign in again with --dpop: tokenward login {} --account {} --dpop",
                profile.name.provider(),
                profile.name.account()
            ),
        });
    };
    let method = request.method.to_ascii_uppercase();
    let is_method =
        (1..=20).contains(&method.len()) && method.bytes().all(|b| b.is_ascii_uppercase());
    if !is_method {
        return Err(Refusal::Invalid {
            message: "that is no HTTP method".to_owned(),
            hint: "Give the request's method and address: --dpop GET https://...".to_owned(),
        });
    }
    if let (Some(nonce), Ok(url)) = (&request.nonce, Url::parse(&request.url)) {
        dpop::keep(http, &url, nonce);
    }
    let proof = dpop::proof(http, &key, &method, &request.url, Some(&secret.access));
    let proof = proof.map_err(|error| failed(&error))?;
    Ok(ProvenToken {
        token: hand::issued(&secret.access, profile),
        proof: Proof::new(proof.as_str().to_owned()),
    })
}

async fn exchanged(
    http: &Http,
    secret: &Secret,
    wish: &ExchangeWish,
) -> Result<IssuedToken, Refusal> {
    let grants = &secret.provider.metadata.grant_types;
    if !grants.is_empty() && !grants.iter().any(|grant| grant == exchange::GRANT) {
        let failure = Failure::new(
            FailureClass::Misconfigured,
            "no_token_exchange",
            format!(
                "{} does not offer token exchange (RFC 8693).",
                secret.provider.display_name
            ),
            "Sign in for the other audience or scopes instead: login NAME --resource URL --scope S.",
        );
        return Err(Refusal::Failed {
            failure: failure.unsent(),
        });
    }
    let key = key_of(secret).map_err(|error| failed(&error))?;
    let caller = Caller::new(http, &secret.provider, &secret.client).bound_to(key.as_ref());
    let target = Target {
        audiences: &wish.audiences,
        resources: &wish.resources,
        scopes: &wish.scopes,
    };
    let begun = clock::now();
    let set = exchange::exchange(&caller, &secret.access, target).await;
    let set = set.map_err(|error| failed(&error))?;
    let assumed = secret.provider.assumed_expires_in.map(Duration::from_secs);
    let life = set.expires_in.or(assumed);
    Ok(IssuedToken {
        access: set.access,
        token_type: set.token_type,
        expires_at: life.map(|life| begun.plus(life)),
        scopes: set.scopes.unwrap_or_else(|| wish.scopes.clone()),
    })
}
