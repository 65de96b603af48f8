//! Takes commands in: questions go to the core, the vault or the sign-ins, whoever knows the answer.

use crate::engine::api::{Command, EngineStatus, Refusal, Reply};
use crate::engine::callers::{Caller, Errand};
use crate::engine::link::Asked;
use crate::engine::operations::Begun;
use crate::engine::parcels::Acceptance;
use crate::engine::runner::Runner;
use crate::engine::step::{CallerId, Input};
use crate::engine::vault_thread::{Job, trouble};
use crate::model::client::ClientView;
use crate::model::credential::CredentialView;
use crate::model::event::{Act, Activity, Purpose};
use crate::model::limit::{Limit, LimitUse};
use crate::model::name::CredentialName;
use crate::model::program::Program;
use crate::model::provider::Provider;
use crate::model::signin::ProviderView;
use crate::model::why::Why;
use crate::oauth::catalogue;
use crate::vault::error::VaultError;
use crate::vault::store::Store;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lines of activity that a story has at the most.
const STORY_LINES: usize = 40;

impl Runner {
    pub(in crate::engine) fn take_command(&mut self, Asked { by, command }: Asked) {
        let Some(command) = self.within_limits(&by, command) else {
            return;
        };
        match command {
            Command::List { reply } => {
                self.step(Input::Woke);
                drop(reply.send(Ok(self.core.list(self.now))));
            }
            Command::Show { name, reply } => self.show(by, name, reply),
            Command::Why { name, reply } => self.why(by, name, reply),
            Command::Token {
                name,
                min_ttl,
                timeout,
                purpose,
                reply,
            } => {
                let caller = self.callers.add(Caller::Token(
                    reply,
                    Errand {
                        by,
                        name: name.clone(),
                        purpose,
                    },
                ));
                self.step(Input::TokenAsked {
                    caller,
                    name,
                    min_ttl,
                    timeout,
                });
            }
            Command::Refresh {
                name,
                timeout,
                reply,
            } => {
                let caller = self.callers.add(Caller::View(reply, Arc::clone(&by)));
                let operation = self.core.operation_of_caller(caller);
                self.note_act(Act::Refresh, Some(&name), operation, by);
                self.step(Input::RefreshAsked {
                    caller,
                    name,
                    timeout,
                });
            }
            Command::Revoke { name, reply } => {
                let caller = self.callers.add(Caller::Revoke(reply));
                let operation = self.core.operation_of_caller(caller);
                self.note_act(Act::Revoke, Some(&name), operation, by);
                self.step(Input::RevokeAsked {
                    caller,
                    name,
                    within: None,
                });
            }
            Command::RevokeAll { reply } => self.revoke_all(by, reply),
            Command::Remove { name, only, reply } => {
                let caller = self.callers.add(Caller::Remove(reply));
                let operation = self.core.operation_of_caller(caller);
                self.note_act(Act::Remove, Some(&name), operation, by);
                self.step(Input::RemoveAsked { caller, name, only });
            }
            Command::NoteExport { credentials, reply } => self.note_export(credentials, by, reply),
            Command::NoteBackup { credentials, reply } => self.note_backup(credentials, by, reply),
            Command::Parcels { reply } => self.read(reply, |store| store.parcels()),
            Command::AcceptParcel {
                id,
                account,
                replaces,
                reply,
            } => self.open_parcel(Acceptance {
                id,
                account,
                replaces,
                by,
                reply,
                asked: self.condemned.epoch(),
            }),
            Command::RefuseParcel { id, reply } => self.refuse_parcel(id, by, reply),
            Command::EndParcel { id, reply } => self.end_parcel(id, by, reply),
            Command::Import {
                profile,
                secret,
                replaces,
                reply,
            } => {
                let asked = (by, self.condemned.epoch());
                self.import((profile, secret), replaces, asked, reply);
            }
            Command::Generations { name, reply } => self.generations(name, by, reply),
            Command::PutBack {
                name,
                generation,
                reply,
            } => self.put_back(name, generation, by, reply),
            Command::Validate {
                name,
                introspect,
                reply,
            } => {
                let reply = self.noting_validation(name.clone(), introspect, by, reply);
                self.validate(&name, introspect, reply);
            }
            Command::Prove {
                name,
                request,
                reply,
            } => {
                let reply = self.noting(name.clone(), Purpose::Proof, by, reply);
                self.prove(&name, request, reply);
            }
            Command::Exchange { name, wish, reply } => {
                let reply = self.noting(name.clone(), Purpose::Exchange, by, reply);
                self.exchange(&name, wish, reply);
            }
            Command::IdToken {
                name,
                purpose,
                reply,
            } => {
                let reply = self.noting(name.clone(), purpose, by, reply);
                self.id_token(&name, reply);
            }
            Command::Identify {
                token,
                verify,
                reply,
            } => self.identify(token, verify, by, reply),
            Command::Need {
                name,
                scopes,
                reply,
            } => {
                let caller = self.callers.add(Caller::View(reply, by));
                self.step(Input::ScopesNeeded {
                    caller,
                    name,
                    scopes,
                });
            }
            Command::Narrow {
                name,
                scopes,
                reply,
            } => {
                let purpose = Purpose::Narrow;
                let caller = self.callers.add(Caller::Token(
                    reply,
                    Errand {
                        by,
                        name: name.clone(),
                        purpose,
                    },
                ));
                self.step(Input::NarrowAsked {
                    caller,
                    name,
                    scopes,
                });
            }
            Command::Rename {
                name,
                account,
                reply,
            } => {
                let caller = self.callers.add(Caller::View(reply, Arc::clone(&by)));
                let operation = self.core.operation_of_caller(caller);
                self.note_act(Act::Rename, Some(&name), operation, by);
                self.rename(caller, name, &account);
            }
            Command::DeleteClient { provider, reply } => {
                let begun = Begun {
                    operation: self.operations.begin(),
                    by,
                    provider,
                    name: None,
                };
                self.note_begun(Act::DeleteClient, begun.clone());
                self.delete_client(begun, reply);
            }
            Command::SignIn { request, reply } => {
                self.begin_sign_in(*request, by, reply);
            }
            Command::PasteCallback { id, url, reply } => self.sessions.paste(id, url, reply),
            Command::CancelSignIn { id } => {
                self.cancel_sign_in(id, by);
            }
            Command::Providers { reply } => self.providers(reply),
            Command::Clients { reply } => self.read(reply, |store| store.clients()),
            Command::Activity { name, limit, reply } => self.activity(name, limit, reply),
            Command::Audit { search, reply } => self.audit(*search, reply),
            Command::AuditAnalysis {
                since,
                until,
                reply,
            } => self.analyse(since, until, reply),
            Command::AuditVerify { reply } => self.verify_log(reply),
            Command::SeeAlert { alert, reply } => self.alert_seen(alert, by, reply),
            Command::Grant(ask) => self.grant_asked(by, ask),
            Command::Status { reply } => {
                self.step(Input::Woke);
                drop(reply.send(Ok(self.status())));
            }
        }
    }

    /// The command, unless it asks for one token more than its program may have: then that was said.
    fn within_limits(&self, by: &Arc<Program>, command: Command) -> Option<Command> {
        let refused = match &command {
            Command::Token { name, .. }
            | Command::Prove { name, .. }
            | Command::Exchange { name, .. }
            | Command::IdToken { name, .. }
            | Command::Narrow { name, .. } => self.book.allows(name, by).err(),
            Command::List { .. }
            | Command::Show { .. }
            | Command::Why { .. }
            | Command::Refresh { .. }
            | Command::Revoke { .. }
            | Command::RevokeAll { .. }
            | Command::Remove { .. }
            | Command::Validate { .. }
            | Command::Identify { .. }
            | Command::Need { .. }
            | Command::Rename { .. }
            | Command::DeleteClient { .. }
            | Command::SignIn { .. }
            | Command::PasteCallback { .. }
            | Command::CancelSignIn { .. }
            | Command::Providers { .. }
            | Command::Clients { .. }
            | Command::Activity { .. }
            | Command::Audit { .. }
            | Command::AuditAnalysis { .. }
            | Command::AuditVerify { .. }
            | Command::SeeAlert { .. }
            | Command::NoteExport { .. }
            | Command::NoteBackup { .. }
            | Command::Import { .. }
            | Command::Generations { .. }
            | Command::PutBack { .. }
            | Command::Parcels { .. }
            | Command::AcceptParcel { .. }
            | Command::RefuseParcel { .. }
            | Command::Grant(_)
            | Command::EndParcel { .. }
            | Command::Status { .. } => None,
        };
        match (refused, command) {
            (
                Some(refusal),
                Command::Token { reply, .. }
                | Command::Exchange { reply, .. }
                | Command::IdToken { reply, .. }
                | Command::Narrow { reply, .. },
            ) => {
                drop(reply.send(Err(refusal)));
                None
            }
            (Some(refusal), Command::Prove { reply, .. }) => {
                drop(reply.send(Err(refusal)));
                None
            }
            (_, command) => Some(command),
        }
    }

    fn rename(&mut self, caller: CallerId, name: CredentialName, account: &str) {
        match CredentialName::new(name.provider(), account) {
            Ok(to) => self.step(Input::RenameAsked { caller, name, to }),
            Err(error) => {
                if let Some(caller) = self.callers.take(caller) {
                    caller.refuse(Refusal::Invalid {
                        message: error.to_string(),
                        hint: "Choose another name.".to_owned(),
                    });
                }
            }
        }
    }

    fn show(&mut self, by: Arc<Program>, name: CredentialName, reply: Reply<CredentialView>) {
        self.step(Input::Woke);
        let view = self
            .core
            .find(&name)
            .and_then(|id| self.core.view(id, self.now));
        if view.is_none() && self.core.is_loading {
            let command = Command::Show { name, reply };
            return self.early.push(Asked { by, command });
        }
        drop(reply.send(view.ok_or_else(|| self.core.no_such(&name))));
    }

    fn why(&mut self, by: Arc<Program>, name: CredentialName, reply: Reply<Box<Why>>) {
        self.step(Input::Woke);
        let told_at = self.now;
        let known = self
            .core
            .find(&name)
            .and_then(|id| self.core.why(id, told_at));
        let Some((view, next)) = known else {
            if self.core.is_loading {
                let command = Command::Why { name, reply };
                return self.early.push(Asked { by, command });
            }
            return drop(reply.send(Err(self.core.no_such(&name))));
        };
        self.vault.ask(Job::ReadLog(Box::new(move |store| {
            let history = store.activity(Some(&name), STORY_LINES);
            let why = history.map(|history| {
                Box::new(Why {
                    told_at,
                    view,
                    next,
                    history,
                })
            });
            drop(reply.send(why.map_err(|error| trouble(&error).refusal())));
        })));
    }

    /// Answers who asked about a credential before it was loaded.
    pub(in crate::engine) fn show_early_asked(&mut self) {
        if self.core.is_loading {
            return;
        }
        for command in std::mem::take(&mut self.early) {
            self.take_command(command);
        }
    }

    fn status(&mut self) -> EngineStatus {
        let (in_flight, queued) = self.core.load();
        let totals = self.core.totals();
        let reading = self.gauge.read(&self.vault, self.backups.as_ref());
        let mut limits = self.core.limits(self.now);
        if let Some((most, busiest)) = self.book.handouts() {
            let (by, used) = busiest.unzip();
            limits.push(LimitUse {
                limit: Limit::HandoutsPerProgramHour,
                most,
                used: used.unwrap_or(0),
                by,
            });
        }
        limits.sort_by_key(|one| one.limit);
        let (grants, questions) = self.grants.with(|state| {
            let open = state.questions.open().len() as u64;
            (state.registry.count() as u64, open)
        });
        let mut status = EngineStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            started_at: self.started_at,
            healths: self.core.healths(self.now),
            loading: self.core.is_loading,
            unreadable: self.core.unreadable(),
            in_flight: in_flight as u64,
            queued: queued as u64,
            refreshed: totals.refreshed,
            failed: totals.failed,
            next_refresh: self.core.next_refresh(self.now),
            soonest_expiry: self.core.soonest_expiry(),
            vault: self.place.clone(),
            limits,
            alerts: self.alerts.open.clone(),
            chores: self.core.chores(),
            memory: reading.memory,
            extent: reading.extent,
            backups: reading.backups,
            grants,
            questions,
            ..EngineStatus::default()
        };
        self.board.tell(&mut status);
        status
    }

    /// Answers from the vault, on its thread.
    fn read<T: Send + 'static>(
        &self,
        reply: Reply<T>,
        question: impl FnOnce(&mut dyn Store) -> Result<T, VaultError> + Send + 'static,
    ) {
        self.vault.ask(Job::Read(Box::new(move |store| {
            let answer = question(store).map_err(|error| trouble(&error).refusal());
            drop(reply.send(answer));
        })));
    }

    fn activity(&self, name: Option<CredentialName>, limit: usize, reply: Reply<Vec<Activity>>) {
        self.vault.ask(Job::ReadLog(Box::new(move |store| {
            let lines = store.activity(name.as_ref(), limit);
            drop(reply.send(lines.map_err(|error| trouble(&error).refusal())));
        })));
    }

    fn providers(&self, reply: Reply<Vec<ProviderView>>) {
        let credentials = self.core.by_provider();
        self.read(reply, move |store| {
            let clients = store.clients()?;
            let mut own = Vec::new();
            for client in &clients {
                if catalogue::find(&client.provider).is_none()
                    && let Some(stored) = store.client(&client.provider)?
                {
                    own.push(stored.provider);
                }
            }
            Ok(offered(own, &clients, &credentials))
        });
    }
}

/// What a wizard can offer: the ones used before first, the most used of them at the top.
fn offered(
    own: Vec<Provider>,
    clients: &[ClientView],
    credentials: &BTreeMap<String, u64>,
) -> Vec<ProviderView> {
    let listed = catalogue::all().into_iter().map(Arc::unwrap_or_clone);
    let all = own.into_iter().chain(listed);
    let mut views: Vec<ProviderView> = all
        .map(|provider| ProviderView {
            client_id: clients
                .iter()
                .find(|client| client.provider == provider.name)
                .map(|client| client.client_id.clone()),
            credentials: credentials.get(&provider.name).copied().unwrap_or(0),
            provider,
        })
        .collect();
    views.sort_by_cached_key(|view| {
        let is_new = view.credentials == 0 && view.client_id.is_none();
        let most_used_first = u64::MAX - view.credentials;
        let name = view.provider.display_name.to_lowercase();
        (is_new, most_used_first, name)
    });
    views.dedup_by(|a, b| a.provider.name == b.provider.name);
    views
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_used_before_come_first_then_those_with_a_client_then_the_rest_by_name() {
        let own = Provider::unknown("corp", "Corp");
        let client = ClientView {
            provider: "gitlab".to_owned(),
            client_id: "id".to_owned(),
            has_secret: false,
            has_key: false,
            is_registered: false,
            issuer: None,
        };
        let used = BTreeMap::from([("corp".to_owned(), 2), ("github".to_owned(), 1)]);
        let views = offered(vec![own], &[client], &used);
        let names: Vec<_> = views.iter().map(|it| it.provider.name.as_str()).collect();
        assert_eq!(names[..3], ["corp", "github", "gitlab"]);
        assert!(names[3..].is_sorted_by_key(|name| {
            catalogue::find(name).map(|it| it.display_name.to_lowercase())
        }));
    }
}
