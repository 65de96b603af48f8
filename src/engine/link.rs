//! The only door to an engine, in this process or behind the agent's socket.

use crate::engine::api::{Command, Event, Refusal, Reply};
use crate::engine::book::Book;
use crate::engine::grants::handle::Grants;
use crate::engine::shelf::Shelf;
use crate::model::program::Program;
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc, oneshot};

/// A way to one engine. Cheap to clone; every clone sees every event from the moment it subscribes.
#[derive(Debug, Clone)]
pub struct Link {
    commands: mpsc::Sender<Asked>,
    events: broadcast::Sender<Event>,
    shelf: Shelf,
    book: Book,
    grants: Grants,
    by: Arc<Program>,
}

/// A command with who gave it.
#[derive(Debug)]
pub struct Asked {
    /// The program.
    pub by: Arc<Program>,
    /// What it wishes for.
    pub command: Command,
}

impl Link {
    /// Joins the ends that an engine, the socket's client or a test holds.
    pub fn new(
        commands: mpsc::Sender<Asked>,
        events: broadcast::Sender<Event>,
        shelf: Shelf,
        book: Book,
    ) -> Self {
        Self {
            commands,
            events,
            shelf,
            book,
            grants: Grants::default(),
            by: Arc::default(),
        }
    }

    /// The same way, with what is known of grants.
    pub fn with_grants(mut self, grants: Grants) -> Self {
        self.grants = grants;
        self
    }

    /// What is known of grants. Empty behind a socket.
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// The same way, walked by that program.
    pub fn on_behalf_of(&self, by: Arc<Program>) -> Self {
        Self { by, ..self.clone() }
    }

    /// A command, as this link's program gives it.
    pub fn asked(&self, command: Command) -> Asked {
        Asked {
            by: Arc::clone(&self.by),
            command,
        }
    }

    /// Who walks this way.
    pub fn program(&self) -> &Arc<Program> {
        &self.by
    }

    /// Where it is noted what was served without the engine's help.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Where commands go. The channel is bounded: `try_send` for those who must not wait.
    pub fn commands(&self) -> &mpsc::Sender<Asked> {
        &self.commands
    }

    /// Events from now on. A reader that falls behind gets `RecvError::Lagged` and must ask for the list again.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Where events go.
    pub fn events(&self) -> &broadcast::Sender<Event> {
        &self.events
    }

    /// Access tokens that can be served at once, without the engine's help. Empty behind a socket.
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Sends a command and waits for its answer.
    pub async fn ask<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command + Send,
    ) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.commands
            .send(self.asked(command(reply)))
            .await
            .map_err(|_| Refusal::Stopped)?;
        answer.await.unwrap_or(Err(Refusal::Stopped))
    }
}
