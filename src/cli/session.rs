//! A way to an engine for the length of one command: a living owner's, or one of our own.

use crate::agent::client;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::owner::{Owner, Role, settings};
use crate::cli::seat::{PATIENCE, Seat, Waiting, has_left, nobody_answers};
use crate::cli::unlock::{self, Answered};
use crate::engine::api::{Command, Event, Refusal, Reply};
use crate::engine::board::Board;
use crate::engine::link::Link;
use crate::engine::runner::Engine;
use crate::model::credential::CredentialView;
use crate::oauth::http::{Http, HttpSettings};
use crate::vault::error::VaultError;
use crate::vault::store::Store;
use std::time::Instant;
use tokio::runtime::Runtime;
use tokio::sync::broadcast::Receiver;

/// How often a person may mistype.
const TRIES: usize = 3;

/// A way to an engine, and the runtime that its asynchronous half runs on.
pub struct Session {
    runtime: Runtime,
    link: Link,
    owner: Option<Owner>,
    shown: bool,
    asked: bool,
}

impl Session {
    /// Does some work with an engine; one of our own is put away again afterwards, whatever became of the work. When a
    /// living owner leaves in the middle of it, it is done again with the next one.
    pub fn with<T>(
        context: &Context,
        work: impl FnMut(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        Self::with_key(context, None, work)
    }

    /// The same for who has a key already, so that nobody is asked a second time.
    pub fn with_key<T>(
        context: &Context,
        key: Option<&Answered>,
        mut work: impl FnMut(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let session = Self::open(context, key.map(Answered::duplicate))?;
            let result = work(&session);
            let ours = session.owner.is_some();
            session.close();
            match result {
                Err(failure)
                    if failure.kind == Kind::OwnerLeft && !ours && Instant::now() < give_up => {}
                result => return result,
            }
        }
    }

    /// Does some work with an engine that has no vault: what it keeps goes into that store.
    pub fn apart<T>(
        context: &Context,
        store: Box<dyn Store>,
        work: impl FnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let runtime = runtime()?;
        let engine = {
            let _inside = runtime.enter();
            let settings = settings(context, Role::ForAMoment, &Board::default());
            Engine::start(store, Http::new(HttpSettings::default()), settings)
        };
        let session = Self {
            runtime,
            link: engine.link(),
            owner: None,
            shown: false,
            asked: false,
        };
        let result = work(&session);
        session.block_on(engine.shutdown());
        session.close();
        result
    }

    /// Attaches to the living owner, or becomes the owner. Of two that start at the same moment one gets the seat; the
    /// other finds it listening.
    fn open(context: &Context, known: Option<Answered>) -> Result<Self, Failure> {
        let runtime = runtime()?;
        let mut waiting = Waiting::new(PATIENCE);
        let mut answered = known;
        for tries in 1.. {
            let seat = match find(context, &runtime, &mut waiting, &mut answered)? {
                Found::Link(link) => {
                    return Ok(Self {
                        runtime,
                        link,
                        owner: None,
                        shown: false,
                        asked: false,
                    });
                }
                Found::Seat(seat) => seat,
            };
            let Some(answer) = answered.take() else {
                continue;
            };
            let (asked, shown) = (answer.by_a_person(), answer.is_knowledge());
            match unlock::open(context, answer).and_then(|vault| {
                let _inside = runtime.enter();
                Owner::start(context, seat, vault, Role::ForAMoment)
            }) {
                Ok(owner) => {
                    return Ok(Self {
                        runtime,
                        link: owner.link(),
                        owner: Some(owner),
                        shown,
                        asked,
                    });
                }
                Err(failure) if asked && failure.kind == Kind::Locked && tries < TRIES => {
                    context.output.say("That passphrase opens nothing here.");
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(nobody_answers(context))
    }

    /// The way to the engine.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Whether the engine is one of our own, for the length of this command.
    pub const fn is_ours(&self) -> bool {
        self.owner.is_some()
    }

    /// Whether this command showed that a secret of the vault is known.
    pub const fn was_shown_a_secret(&self) -> bool {
        self.shown
    }

    /// Whether a person typed what opened the vault for this command: nobody can open it again without them.
    pub const fn was_opened_by_a_person(&self) -> bool {
        self.asked
    }

    /// Asks the engine and waits for its answer.
    pub fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command + Send) -> Result<T, Failure> {
        let answer: Result<T, Refusal> = self.runtime.block_on(self.link.ask(command));
        answer.map_err(Failure::from)
    }

    /// All credentials, also right after the start of an engine that is still loading them.
    pub fn all(&self) -> Result<Vec<CredentialView>, Failure> {
        let mut events = self.link.subscribe();
        if self.ask(|reply| Command::Status { reply })?.loading {
            self.runtime.block_on(loaded(&mut events));
        }
        self.ask(|reply| Command::List { reply })
    }

    /// Runs asynchronous work to its end.
    pub fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    fn close(self) {
        if let Some(owner) = self.owner {
            self.runtime.block_on(owner.stop());
        }
        // A thread that still waits for a line on stdin must not hold up the end of the program.
        self.runtime.shutdown_background();
    }
}

/// Waits for the end of the loading, or of the engine.
async fn loaded(events: &mut Receiver<Event>) {
    loop {
        match events.recv().await {
            Ok(Event::Loaded { loaded, total }) if loaded == total => break,
            Ok(Event::Stopped | Event::Locked { .. }) | Err(_) => break,
            Ok(_) => {}
        }
    }
}

enum Found {
    Link(Link),
    Seat(Seat),
}

/// Looks for an owner; where there is none, gets ready to be it: first the passphrase, so that nobody waits for a
/// person who types, then the seat.
fn find(
    context: &Context,
    runtime: &Runtime,
    waiting: &mut Waiting,
    answered: &mut Option<Answered>,
) -> Result<Found, Failure> {
    let socket = context.socket();
    loop {
        match runtime.block_on(client::connect(&socket)) {
            Ok(link) => return Ok(Found::Link(link)),
            Err(error) if has_left(&error) => {}
            Err(error) => return Err(error.into()),
        }
        if !context.vault.exists() {
            let path = context.vault.clone();
            return Err(VaultError::Missing { path }.into());
        }
        if answered.is_none() {
            *answered = Some(unlock::answer(context)?);
        }
        if let Some(seat) = Seat::take(context)? {
            return Ok(Found::Seat(seat));
        }
        if !waiting.pause() {
            return Err(nobody_answers(context));
        }
    }
}

/// A small runtime: everything of one command runs on this thread.
pub fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}
