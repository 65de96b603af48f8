//! Notes who asked for what, for the activity log.

use crate::clock;
use crate::engine::api::Reply;
use crate::engine::errands::Errands;
use crate::engine::fact::Fact;
use crate::engine::operations::Begun;
use crate::engine::runner::Runner;
use crate::model::event::{Act, Activity, Happening, Purpose};
use crate::model::inquiry::Validation;
use crate::model::name::CredentialName;
use crate::model::operation::OperationId;
use crate::model::program::Program;
use std::sync::Arc;
use tokio::sync::oneshot;

impl Runner {
    /// Notes that somebody stepped in; the line belongs to the same operation as what comes of the question.
    pub(in crate::engine) fn note_act(
        &self,
        act: Act,
        name: Option<&CredentialName>,
        operation: OperationId,
        by: Arc<Program>,
    ) {
        let provider = None;
        let what = Happening::Asked { act, provider };
        let activity = Activity::new(clock::now(), name.cloned(), what);
        self.happened(activity.within(Some(operation)).by(Some(by)));
    }

    /// The same for what is done at a provider.
    pub(in crate::engine) fn note_begun(&self, act: Act, begun: Begun) {
        let provider = Some(begun.provider);
        let what = Happening::Asked { act, provider };
        let activity = Activity::new(clock::now(), begun.name, what);
        self.happened(activity.within(Some(begun.operation)).by(Some(begun.by)));
    }

    /// A way for an answer that notes the hand-out when it passes.
    pub(in crate::engine) fn noting<T: Send + 'static>(
        &self,
        name: CredentialName,
        purpose: Purpose,
        by: Arc<Program>,
        reply: Reply<T>,
    ) -> Reply<T> {
        let book = self.book.clone();
        passing(
            reply,
            move |_| {
                book.handed_out(&name, purpose, None, &by);
                None
            },
            self.facts.clone(),
            &self.errands,
        )
    }

    /// A way for an answer that notes what a provider said of a token.
    pub(in crate::engine) fn noting_validation(
        &self,
        name: CredentialName,
        introspected: bool,
        by: Arc<Program>,
        reply: Reply<Validation>,
    ) -> Reply<Validation> {
        let operation = self.operations.begin();
        let note = move |said: &Validation| {
            let liveness = said.liveness;
            let what = Happening::Validated {
                liveness,
                introspected,
            };
            let line = Activity::new(clock::now(), Some(name), what);
            Some(line.within(Some(operation)).by(Some(by)))
        };
        passing(reply, note, self.facts.clone(), &self.errands)
    }
}

/// Passes an answer on; of one that is no refusal a note is made first.
fn passing<T: Send + 'static>(
    reply: Reply<T>,
    note: impl FnOnce(&T) -> Option<Activity> + Send + 'static,
    facts: tokio::sync::mpsc::Sender<Fact>,
    errands: &Errands,
) -> Reply<T> {
    let (first, answer) = oneshot::channel();
    errands.start(async move {
        // Dropped without an answer: so is the other one.
        let Ok(answer) = answer.await else { return };
        if let Ok(said) = &answer
            && let Some(activity) = note(said)
        {
            let _ = facts.send(Fact::Happened(activity)).await;
        }
        let _ = reply.send(answer);
    });
    first
}
