//! The shell's part of grants: reads them, names what they name, hands what is wished to their desk.

use crate::clock;
use crate::engine::api::{Command, Refusal, Reply};
use crate::engine::fact::Fact;
use crate::engine::grants::ask::GrantAsk;
use crate::engine::grants::token::Signer;
use crate::engine::link::Asked;
use crate::engine::runner::Runner;
use crate::engine::step::Input;
use crate::engine::vault_thread::{Job, trouble};
use crate::model::chore::{Chore, Ended};
use crate::model::grant::{Grant, GrantCounts, GrantWish, Granted};
use crate::model::program::Program;
use std::future::Future;
use std::sync::Arc;

impl Runner {
    /// Reads the grants. Those that cannot be read are good for nothing, and nothing else is worse for it.
    pub(in crate::engine) fn load_grants(&self) {
        let (grants, rate) = (self.grants.clone(), self.handouts_per_hour);
        self.vault.ask(Job::Read(Box::new(move |store| {
            match store.grants() {
                Ok(stored) => {
                    let signer = Signer::new(store.grant_key());
                    grants.with(|state| state.registry.load(signer, stored, rate));
                }
                Err(error) => {
                    tracing::error!(error = %trouble(&error).message, "the grants cannot be read");
                }
            }
            grants.were_read();
        })));
    }

    /// Has the grants learn what credentials are called, after one was renamed or has gone, and once all were loaded.
    pub(in crate::engine) fn teach_grants(&mut self) {
        if self.core.is_loading {
            return;
        }
        let name_of = |id| self.core.name_of(id);
        let changed = self.grants.with(|state| state.registry.learn(name_of));
        if self.grants.with(|state| state.registry.count()) > 0 {
            self.core.tidy_grants();
        }
        if !changed.is_empty() {
            let desk = self.grant_desk.clone();
            self.errands.start(async move {
                if let Err(refusal) = desk.keep_all(changed).await {
                    tracing::error!(%refusal, "grants could not be kept");
                }
            });
        }
    }

    /// Lets go of what has expired.
    pub(in crate::engine) fn tidy_grants(&self) {
        let (desk, facts) = (self.grant_desk.clone(), self.facts.clone());
        self.errands.start(async move {
            let ended = match desk.tidy().await {
                Ok(count) => Ended::Done { count },
                Err(refusal) => Ended::Failed {
                    why: refusal.to_string(),
                },
            };
            let chore = Chore::Grants;
            let ended = Input::ChoreEnded { chore, ended };
            let _ = facts.send(Fact::Known(ended)).await;
        });
    }

    /// Takes a wish in.
    pub(in crate::engine) fn grant_asked(&mut self, by: Arc<Program>, ask: GrantAsk) {
        let desk = self.grant_desk.clone();
        // Who only looks makes nothing that would expire; all others may.
        if !matches!(ask, GrantAsk::List { .. } | GrantAsk::Questions { .. }) {
            self.core.tidy_grants();
        }
        match ask {
            GrantAsk::List { reply } => drop(reply.send(Ok(self.grants.views()))),
            GrantAsk::Questions { reply } => {
                let open = self.grants.with(|state| state.questions.open());
                drop(reply.send(Ok(open)));
            }
            GrantAsk::Make {
                wish,
                replaces,
                reply,
            } => self.make_grant(by, wish, replaces, reply),
            GrantAsk::Revoke { name, reply } => {
                self.granting(reply, async move { desk.revoke(name, by).await });
            }
            GrantAsk::Issue { name, reply } => {
                self.granting(reply, async move { desk.issue(name, by).await });
            }
            GrantAsk::Rotate { token, reply } => {
                self.granting(reply, async move { desk.rotate(token, by).await });
            }
            GrantAsk::End { token, reply } => {
                self.granting(reply, async move { desk.end(token, by).await });
            }
            GrantAsk::EndAll { name, reply } => {
                self.granting(reply, async move { desk.end_all(name, by).await });
            }
            GrantAsk::Ask {
                grant,
                credentials,
                reply,
            } => self.granting(reply, async move { desk.ask(grant, credentials, by).await }),
            GrantAsk::Look { handle, reply } => {
                self.granting(reply, async move { desk.look(handle, by).await });
            }
            GrantAsk::Answer { id, yes, reply } => {
                let found = self.grants.with(|state| {
                    let question = state.questions.find(id)?.clone();
                    let is_new = state.registry.grant(&question.grant).is_none();
                    Ok::<_, Refusal>((yes && is_new).then(|| {
                        GrantWish::new(question.grant.clone(), question.credentials.clone())
                    }))
                });
                let made = found.and_then(|wish| wish.map(|wish| self.named(wish)).transpose());
                match made {
                    Ok(grant) => {
                        self.granting(reply, async move { desk.answer(id, yes, grant, by).await })
                    }
                    Err(refusal) => drop(reply.send(Err(refusal))),
                }
            }
        }
    }

    fn make_grant(
        &mut self,
        by: Arc<Program>,
        wish: Box<GrantWish>,
        replaces: bool,
        reply: Reply<crate::model::grant::GrantView>,
    ) {
        if self.core.is_loading {
            let command = Command::Grant(GrantAsk::Make {
                wish,
                replaces,
                reply,
            });
            return self.early.push(Asked { by, command });
        }
        let desk = self.grant_desk.clone();
        match self.named(*wish) {
            Ok(grant) => {
                self.granting(reply, async move { desk.make(grant, replaces, by).await });
            }
            Err(refusal) => drop(reply.send(Err(refusal))),
        }
    }

    /// A grant out of a wish, with the credentials it names.
    fn named(&self, wish: GrantWish) -> Result<Grant, Refusal> {
        if let Some(fault) = wish.fault() {
            return Err(Refusal::Invalid {
                message: format!("the grant {}: {fault}", wish.name),
                hint: "tokenward grant create --help says what it takes".to_owned(),
            });
        }
        let mut credentials = Vec::with_capacity(wish.credentials.len());
        for name in wish.credentials {
            let id = self.core.find(&name);
            let id = id.ok_or_else(|| self.core.no_such(&name))?;
            if !credentials.iter().any(|granted: &Granted| granted.id == id) {
                credentials.push(Granted { id, name });
            }
        }
        Ok(Grant {
            name: wish.name,
            credentials,
            scopes: wish.scopes,
            ttl_secs: wish.ttl_secs,
            refresh_ttl_secs: wish.refresh_ttl_secs,
            executable: wish.executable,
            per_hour: wish.per_hour,
            created_at: clock::now(),
            counts: GrantCounts::default(),
        })
    }

    /// Has the desk do something; an engine that ends waits for it.
    fn granting<T: Send + 'static>(
        &self,
        reply: Reply<T>,
        work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
    ) {
        self.errands.start(async move {
            let outcome = work.await;
            drop(reply.send(outcome));
        });
    }
}
