//! The shell's part of recurring work: what needs the vault, a provider, or a thread of its own.

use crate::clock;
use crate::engine::chores::PRUNED_AT_ONCE;
use crate::engine::fact::Fact;
use crate::engine::inquiry::validation;
use crate::engine::runner::Runner;
use crate::engine::step::Input;
use crate::engine::vault_thread::{Job, trouble};
use crate::model::chore::{Chore, Ended};
use crate::model::credential::{CredentialId, Generation, Standing};
use crate::model::event::{Activity, Happening};
use crate::model::inquiry::Liveness;
use crate::vault::store::{Pruning, Write, Written};
use std::time::Duration;

/// An access token that nobody fetched for so long leaves the memory.
const UNUSED: Duration = Duration::from_secs(3600);
const NOTHING: Ended = Ended::Done { count: 0 };

impl Runner {
    /// Does what the core wishes done, now that it is not in the middle of something.
    pub(in crate::engine) fn do_chores(&mut self) {
        while let Some(chore) = self.chores.pop_front() {
            match chore {
                Chore::Alerts => self.watch_log(),
                Chore::Uses => self.note_uses_and_tidy(),
                Chore::Pruning => self.prune(),
                Chore::Checks => self.check_one(),
                Chore::Backup => self.back_up(),
                Chore::Grants => self.tidy_grants(),
                // These the core does itself.
                Chore::Revocations | Chore::Forecast => {}
            }
        }
    }

    fn chore_ended(&mut self, chore: Chore, ended: Ended) {
        self.step(Input::ChoreEnded { chore, ended });
    }

    /// Notes what was fetched from the shelf, and takes away what nobody fetches.
    fn note_uses_and_tidy(&mut self) {
        let count = self.note_uses();
        self.shelf.tidy(UNUSED);
        self.chore_ended(Chore::Uses, Ended::Done { count });
    }

    /// Has the core told who was served from the shelf; says how many credentials that were.
    pub(in crate::engine) fn note_uses(&mut self) -> u64 {
        let uses = self.shelf.take_uses();
        let count = uses.len() as u64;
        if count > 0 {
            self.step(Input::Used { uses });
        }
        count
    }

    /// Lets lines of the log go that are too old or too many, some at a time.
    fn prune(&self) {
        let pruning = Pruning {
            before: self.now.minus(self.keeping.keep),
            most: self.keeping.most,
            portion: PRUNED_AT_ONCE,
        };
        let facts = self.facts.clone();
        self.vault.ask(Job::Routine(
            Box::new(move |_| Write::Prune(pruning)),
            Box::new(move |_, written| {
                let ended = match written {
                    Ok(Written::Pruned(gone)) => Ended::Done { count: gone as u64 },
                    Ok(Written::Done | Written::Stale | Written::Saved(..)) => NOTHING,
                    Err(trouble) => Ended::Failed {
                        why: trouble.message,
                    },
                };
                let chore = Chore::Pruning;
                let _ = facts.blocking_send(Fact::Known(Input::ChoreEnded { chore, ended }));
            }),
        ));
    }

    /// Has today's backup made, on a thread and a connection of its own: no write waits for it.
    fn back_up(&mut self) {
        let Some(daily) = self.backups.clone() else {
            return self.chore_ended(Chore::Backup, NOTHING);
        };
        let (now, facts) = (self.now, self.facts.clone());
        std::thread::spawn(move || {
            let ended = match daily.make(now) {
                Ok(Some(copied)) => {
                    let credentials = copied.credentials;
                    let what = Happening::BackedUp { credentials };
                    let line = Activity::new(clock::now(), None, what);
                    // An engine that has left meanwhile has its backup all the same.
                    let _ = facts.blocking_send(Fact::Happened(line));
                    Ended::Done { count: credentials }
                }
                Ok(None) => NOTHING,
                Err(error) => {
                    let (why, folder) = (trouble(&error).message, daily.folder.display());
                    tracing::error!(error = %why, %folder, "the daily backup could not be made");
                    Ended::Failed { why }
                }
            };
            let chore = Chore::Backup;
            let _ = facts.blocking_send(Fact::Known(Input::ChoreEnded { chore, ended }));
        });
    }

    /// Asks the provider of one credential, whichever, whether its access token lives.
    fn check_one(&mut self) {
        let living = self.core.living();
        if living.is_empty() {
            return self.chore_ended(Chore::Checks, NOTHING);
        }
        let (id, generation) = living[rand::random_range(0..living.len())];
        let (http, facts) = (self.http.clone(), self.facts.clone());
        let (runtime, errands) = (tokio::runtime::Handle::current(), self.errands.clone());
        self.vault.ask(Job::Read(Box::new(move |store| {
            let chore = Chore::Checks;
            // A credential that is gone or damaged is no matter of this.
            let secret = store.secret(id).ok().map(|(_, secret)| secret);
            let asked = secret.filter(|it| it.provider.endpoints.introspection.is_some());
            let Some(secret) = asked else {
                let ended = NOTHING;
                let _ = facts.blocking_send(Fact::Known(Input::ChoreEnded { chore, ended }));
                return;
            };
            errands.start_on(&runtime, async move {
                let liveness = validation(&http, &secret, true).await.liveness;
                let checked = Fact::Checked {
                    id,
                    generation,
                    liveness,
                };
                let _ = facts.send(checked).await;
                let ended = Ended::Done { count: 1 };
                let ended = Fact::Known(Input::ChoreEnded { chore, ended });
                let _ = facts.send(ended).await;
            });
        })));
    }

    /// What the provider said; of a token that has been replaced since it says nothing.
    pub(in crate::engine) fn checked(
        &mut self,
        id: CredentialId,
        generation: Generation,
        liveness: Liveness,
    ) {
        let view = self.core.view(id, self.now);
        let view = view.filter(|view| view.generation == generation);
        let Some(view) = view.filter(|_| liveness != Liveness::Unknown) else {
            return;
        };
        let is_active = view.profile.standing == Standing::Active;
        self.happened(Activity::new(
            self.now,
            Some(view.profile.name.clone()),
            Happening::Checked { liveness },
        ));
        if liveness == Liveness::Dead && is_active {
            self.step(Input::FoundDead { id, generation });
        }
    }
}
