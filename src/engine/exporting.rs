//! Notes that credentials leave in a file, before they do and only as they are; and that a backup was made.

use crate::clock;
use crate::engine::api::{Command, Event, Reply};
use crate::engine::link::Asked;
use crate::engine::runner::Runner;
use crate::engine::step::Input;
use crate::engine::vault_thread::Job;
use crate::model::credential::Generation;
use crate::model::event::{Activity, Happening};
use crate::model::name::CredentialName;
use crate::model::program::Program;
use crate::vault::store::Write;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

impl Runner {
    /// Writes a line for each, and answers when the lines are on disk. Where one is of another generation or under way,
    /// what the file would hold is old: then nothing is noted.
    pub(in crate::engine) fn note_export(
        &mut self,
        credentials: Vec<(CredentialName, Generation)>,
        by: Arc<Program>,
        reply: Reply<Vec<CredentialName>>,
    ) {
        self.step(Input::Woke);
        if self.core.is_loading {
            let command = Command::NoteExport { credentials, reply };
            return self.early.push(Asked { by, command });
        }
        let moved: Vec<CredentialName> = credentials
            .iter()
            .filter(|(name, generation)| !self.core.is_at(name, *generation))
            .map(|(name, _)| name.clone())
            .collect();
        if !moved.is_empty() {
            return drop(reply.send(Ok(moved)));
        }
        let operation = self.operations.begin();
        let lines = credentials.into_iter().map(|(name, _)| {
            let what = Happening::Exported { credentials: 1 };
            let line = Activity::new(self.now, Some(name), what);
            line.within(Some(operation)).by(Some(Arc::clone(&by)))
        });
        self.note_now(lines.collect(), Vec::new(), reply);
    }

    /// Writes a line about a backup that was made beside the engine.
    pub(in crate::engine) fn note_backup(
        &self,
        credentials: u64,
        by: Arc<Program>,
        reply: Reply<()>,
    ) {
        let line = Activity::new(clock::now(), None, Happening::BackedUp { credentials });
        let line = line.within(Some(self.operations.begin())).by(Some(by));
        self.note_now(vec![line], (), reply);
    }

    /// Writes the lines like new tokens, not like other lines: an export without a line on disk is refused, and what of
    /// it stands there already tells of more than left, never of less.
    fn note_now<T: Send + 'static>(&self, lines: Vec<Activity>, done: T, reply: Reply<T>) {
        let trouble = Arc::new(OnceLock::new());
        for line in lines {
            let (events, trouble, kept) = (self.events.clone(), Arc::clone(&trouble), line.clone());
            self.has_grown.store(true, Ordering::Relaxed);
            self.vault.ask(Job::Urgent(
                Box::new(move |_| Write::Activity(kept.clone())),
                Box::new(move |_, written| match written {
                    Ok(_) => drop(events.send(Event::Happened { activity: line })),
                    Err(error) => drop(trouble.set(error)),
                }),
            ));
        }
        // Urgent writes end in their order, and before what is read after them.
        self.vault.ask(Job::ReadLog(Box::new(move |_| {
            let answer = match trouble.get() {
                Some(trouble) => Err(trouble.refusal()),
                None => Ok(done),
            };
            drop(reply.send(answer));
        })));
    }
}
