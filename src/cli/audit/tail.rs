//! Waits at the end of the activity log for what comes next.

use crate::cli::audit::list::ask;
use crate::cli::failure::{Failure, Kind};
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::engine::api::Event;
use crate::model::audit::Search;
use crate::model::event::Entry;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

/// What comes within that time is read together.
const TOGETHER: Duration = Duration::from_millis(100);

/// The events of a living owner.
pub struct Tail {
    events: Receiver<Event>,
    output: Output,
}

impl Tail {
    /// Listens from now on. An engine of our own would only wait for itself.
    pub fn of(session: &Session, output: Output) -> Result<Self, Failure> {
        if session.is_ours() {
            let text = "nobody owns the vault, so nothing happens that could be followed";
            return Err(Failure::new(Kind::Unavailable, text).hint("start: tokenward --daemon"));
        }
        Ok(Self {
            events: session.link().subscribe(),
            output,
        })
    }

    /// Waits until something happened, then reads.
    pub fn next(&mut self, session: &Session, search: &Search) -> Result<Vec<Entry>, Failure> {
        self.wait(session)?;
        self.read(session, search)
    }

    /// Reads. While the vault is locked nobody can: this waits until it is open again, and loses no line by that.
    pub fn read(&mut self, session: &Session, search: &Search) -> Result<Vec<Entry>, Failure> {
        let mut is_told = false;
        loop {
            match ask(session, search.clone()) {
                Err(failure) if failure.kind == Kind::Locked => {}
                answer => return answer,
            }
            if !is_told {
                self.output
                    .say("The vault is locked: what happened since is shown when it is unlocked.");
                is_told = true;
            }
            // The unlocking comes after the refusal, so that it is not missed.
            self.wait(session)?;
        }
    }

    fn wait(&mut self, session: &Session) -> Result<(), Failure> {
        if session.block_on(self.has_happened()) {
            return Ok(());
        }
        let text = "the owner of the vault has left";
        Err(Failure::new(Kind::Unavailable, text).hint("start it again: tokenward --daemon"))
    }

    async fn has_happened(&mut self) -> bool {
        loop {
            match self.events.recv().await {
                Ok(
                    Event::Happened { .. } | Event::Locked { .. } | Event::Unlocked | Event::Lagged,
                )
                | Err(RecvError::Lagged(_)) => break,
                Ok(Event::Stopped) | Err(RecvError::Closed) => return false,
                Ok(_) => {}
            }
        }
        tokio::time::sleep(TOGETHER).await;
        loop {
            match self.events.try_recv() {
                Ok(Event::Stopped) | Err(TryRecvError::Closed) => return false,
                Ok(_) | Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty) => return true,
            }
        }
    }
}
