//! Notes that credentials leave in a file: before they do, and only as they are.

use crate::engine::api::{Command, Reply};
use crate::engine::link::Asked;
use crate::engine::runner::Runner;
use crate::engine::step::Input;
use crate::engine::vault_thread::Job;
use crate::model::credential::Generation;
use crate::model::event::{Activity, Happening};
use crate::model::name::CredentialName;
use crate::model::program::Program;
use std::sync::Arc;

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
        for (name, _) in credentials {
            let what = Happening::Exported { credentials: 1 };
            let line = Activity::new(self.now, Some(name), what);
            self.happened(line.by(Some(Arc::clone(&by))));
        }
        self.vault
            .ask(Job::ReadLog(Box::new(move |_| drop(reply.send(Ok(moved))))));
    }
}
