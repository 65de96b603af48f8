//! Follows an owner's engines from within: what happens, and how all is where some may have been missed.

use crate::agent::door::Door;
use crate::agent::listener::Listener;
use crate::engine::api::{Command, Event};
use crate::model::credential::CredentialView;

/// What is followed.
#[derive(Debug)]
pub enum Told {
    /// Something happened.
    Event(Event),
    /// All credentials as they are, by name.
    All(Vec<CredentialView>),
}

/// Follows.
#[derive(Debug)]
pub struct Follower {
    door: Door,
    events: Listener,
    wants_all: bool,
}

impl Follower {
    /// Follows these events.
    pub fn new(door: Door, events: Listener) -> Self {
        // An engine that had loaded everything before anybody listened does not tell of it again.
        let wants_all = true;
        Self {
            door,
            events,
            wants_all,
        }
    }

    /// What is told next; `None`: nothing follows. Losing the future loses nothing.
    pub async fn next(&mut self) -> Option<Told> {
        loop {
            if self.wants_all {
                let all = self.all().await;
                self.wants_all = false;
                if let Some(all) = all {
                    return Some(Told::All(all));
                }
            }
            match self.events.next().await? {
                Event::Loaded { loaded, total } if loaded == total => self.wants_all = true,
                Event::Lagged => self.wants_all = true,
                event => return Some(Told::Event(event)),
            }
        }
    }

    /// All credentials, once they are loaded.
    async fn all(&self) -> Option<Vec<CredentialView>> {
        let link = self.door.link().ok()?;
        let status = link.ask(|reply| Command::Status { reply }).await.ok()?;
        if status.loading {
            return None;
        }
        link.ask(|reply| Command::List { reply }).await.ok()
    }
}
