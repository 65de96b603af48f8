//! Tells whose a found token is, from the fingerprints and the activity log; an unknown one leaves no trace.

use crate::clock;
use crate::engine::api::{Command, Refusal, Reply};
use crate::engine::fact::Fact;
use crate::engine::link::Asked;
use crate::engine::runner::Runner;
use crate::engine::vault_thread::{VaultDesk, trouble};
use crate::jose::error::JoseError;
use crate::jose::jws::Parsed;
use crate::model::credential::{CredentialId, CredentialView, Generation, Standing};
use crate::model::event::{Activity, Happening};
use crate::model::fingerprint::Fingerprint;
use crate::model::identity::{End, Ended, Identity, Jwt, Owner, Signature, TokenKind, Trace};
use crate::model::program::Program;
use crate::oauth::http::Http;
use crate::oauth::keys;
use crate::secret::FoundToken;
use crate::vault::error::VaultError;
use serde_json::Value;
use std::sync::Arc;

/// Lines of a credential's story that are looked through.
const LINES: usize = 10_000;
/// Lines that are read at once when a removed credential is looked for: writes wait no longer than for these.
const PORTION: usize = 1000;

impl Runner {
    /// Tells whose a token is. Only a known one leaves a line; `verify` asks its provider for the keys of a JWT.
    pub(in crate::engine) fn identify(
        &mut self,
        token: FoundToken,
        verify: bool,
        by: Arc<Program>,
        reply: Reply<Box<Identity>>,
    ) {
        if self.core.is_loading {
            let command = Command::Identify {
                token,
                verify,
                reply,
            };
            return self.early.push(Asked { by, command });
        }
        let views = self.core.list(self.now);
        let search = Search {
            desk: self.vault.desk(),
            http: verify.then(|| self.http.clone()),
        };
        let (facts, operation) = (self.facts.clone(), self.operations.begin());
        self.errands.start(async move {
            let found = search.identify(&token, &views).await;
            if let Ok(Identity {
                owner: Some(owner), ..
            }) = &found
            {
                let what = Happening::Identified {
                    generation: owner.generation,
                };
                let line = Activity::new(clock::now(), owner.name.clone(), what);
                let line = line.within(Some(operation)).by(Some(by));
                let _ = facts.send(Fact::Happened(line)).await;
            }
            drop(reply.send(found.map(Box::new)));
        });
    }
}

struct Search {
    desk: VaultDesk,
    http: Option<Http>,
}

impl Search {
    async fn identify(
        &self,
        token: &FoundToken,
        views: &[CredentialView],
    ) -> Result<Identity, Refusal> {
        let sought = token.duplicate();
        let traced = self
            .ask(move |store| {
                let fingerprint = store.fingerprint(sought.expose_secret());
                Ok((fingerprint, store.find_fingerprint(fingerprint)?))
            })
            .await?;
        let (fingerprint, trace) = traced;
        let view = trace.and_then(|trace| views.iter().find(|view| view.id == trace.id));
        let owner = match (trace, view) {
            (None, _) => None,
            (Some(trace), Some(view)) => Some(self.kept(fingerprint, trace, view).await?),
            (Some(trace), None) => Some(self.removed(trace).await?),
        };
        let jwt = self.jwt(token, trace.filter(|_| view.is_some())).await?;
        Ok(Identity { owner, jwt })
    }

    /// Asks the vault, after all lines of the log were written.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut dyn crate::vault::store::Store) -> Result<T, VaultError>
        + Send
        + 'static,
    ) -> Result<T, Refusal> {
        let answer = self.desk.read_log(question).await;
        let answer = answer.ok_or(Refusal::Stopped)?;
        answer.map_err(|error| trouble(&error).refusal())
    }

    async fn kept(
        &self,
        fingerprint: Fingerprint,
        trace: Trace,
        view: &CredentialView,
    ) -> Result<Owner, Refusal> {
        let name = view.profile.name.clone();
        let whose = name.clone();
        let story = self
            .ask(move |store| store.activity(Some(&whose), LINES))
            .await?;
        let present = present_kind(fingerprint, trace, view);
        let ended = match present {
            Some(_) => ended_present(&view.profile.standing),
            None => Some(ended_past(&story, trace.generation)),
        };
        Ok(Owner {
            name: Some(name),
            is_kept: true,
            kind: present.or(trace.kind),
            generation: trace.generation,
            generation_now: Some(view.generation),
            since: since(&story, trace.generation),
            ended,
            expires_at: view
                .profile
                .expires_at
                .filter(|_| present == Some(TokenKind::Access)),
        })
    }

    /// A credential that is gone: the log may still tell what it was called.
    async fn removed(&self, trace: Trace) -> Result<Owner, Refusal> {
        let mut after = 0;
        let mut found = None;
        loop {
            let lines = self
                .ask(move |store| store.log_after(after, PORTION))
                .await?;
            let Some(last) = lines.last() else { break };
            after = last.number;
            let lines = lines.into_iter().map(|entry| entry.activity);
            found = lines
                .filter(|line| is_removal_of(line, trace.id))
                .last()
                .or(found);
        }
        Ok(Owner {
            is_kept: false,
            kind: trace.kind,
            generation: trace.generation,
            generation_now: None,
            since: None,
            ended: Some(Ended {
                how: End::Removed,
                at: found.as_ref().map(|line| line.at),
            }),
            name: found.and_then(|line| line.name),
            expires_at: None,
        })
    }

    async fn jwt(&self, token: &FoundToken, trace: Option<Trace>) -> Result<Option<Jwt>, Refusal> {
        let Ok(parsed) = Parsed::read(token.expose_secret()) else {
            return Ok(None);
        };
        let Some(claims) = parsed.claims() else {
            return Ok(None);
        };
        let algorithm = parsed.header("alg").and_then(Value::as_str);
        Ok(Some(Jwt {
            algorithm: algorithm.map(str::to_owned),
            claims,
            signature: self.signature(token, trace).await?,
        }))
    }

    /// Only a provider of one's own is asked: an unknown token sends nobody anywhere.
    async fn signature(
        &self,
        token: &FoundToken,
        trace: Option<Trace>,
    ) -> Result<Signature, Refusal> {
        let (Some(http), Some(trace)) = (&self.http, trace) else {
            return Ok(Signature::NotChecked);
        };
        let (_, secret) = self.ask(move |store| store.secret(trace.id)).await?;
        let verdict = keys::verify(http, &secret.provider, token.expose_secret()).await;
        Ok(match verdict {
            Some(Ok(())) => Signature::Verified,
            Some(Err(JoseError::Signature)) => Signature::Wrong,
            Some(Err(_)) | None => Signature::NoKeys,
        })
    }
}

/// Which of a credential's present tokens it is, if it is one.
fn present_kind(
    fingerprint: Fingerprint,
    trace: Trace,
    view: &CredentialView,
) -> Option<TokenKind> {
    // The profile holds no fingerprint of it; one that stays moves on with each generation.
    if trace.kind == Some(TokenKind::Id) && trace.generation == view.generation {
        return Some(TokenKind::Id);
    }
    if view.profile.refresh_fingerprint == Some(fingerprint) {
        return Some(TokenKind::Refresh);
    }
    (view.profile.access_fingerprint == fingerprint).then_some(TokenKind::Access)
}

fn ended_present(standing: &Standing) -> Option<Ended> {
    match standing {
        Standing::Revoked { at, .. } => Some(Ended {
            how: End::Revoked,
            at: Some(*at),
        }),
        Standing::Revoking { since, .. } => Some(Ended {
            how: End::BeingRevoked,
            at: Some(*since),
        }),
        Standing::Active | Standing::NeedsLogin { .. } | Standing::Misconfigured { .. } => None,
    }
}

/// What ended a generation, by the line that tells of the next one.
fn ended_past(story: &[Activity], generation: Generation) -> Ended {
    let next = Generation(generation.0.saturating_add(1));
    let line = story.iter().rev().find(|line| came(line) == Some(next));
    let how = match line.map(|line| &line.what) {
        Some(Happening::SignedIn { .. }) => End::SignedInAnew,
        Some(Happening::PutBack { .. }) => End::PutBack,
        Some(Happening::Imported { .. }) => End::Imported,
        Some(_) => End::Replaced,
        None => End::Untold,
    };
    Ended {
        how,
        at: line.map(|line| line.at),
    }
}

fn since(story: &[Activity], generation: Generation) -> Option<crate::clock::Timestamp> {
    let line = story
        .iter()
        .rev()
        .find(|line| came(line) == Some(generation));
    line.map(|line| line.at)
}

/// The generation of which a line tells that it came.
fn came(line: &Activity) -> Option<Generation> {
    match line.what {
        Happening::SignedIn { generation } | Happening::Refreshed { generation, .. } => {
            Some(generation)
        }
        Happening::PutBack { now, .. } | Happening::Imported { now, .. } => now,
        _ => None,
    }
}

fn is_removal_of(line: &Activity, sought: CredentialId) -> bool {
    matches!(line.what, Happening::Removed { id: Some(id) } if id == sought)
}
