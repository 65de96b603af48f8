//! Listens to an owner's engines for as long as it runs, and has hooks run for what happens.

use crate::agent::door::Door;
use crate::agent::listener::Listener;
use crate::cli::follower::{Follower, Told};
use crate::cli::hooks::occasion::Occasions;
use crate::cli::hooks::worker::{self, Worker};
use crate::config::hooks::HookSettings;
use crate::config::settings::Config;
use crate::engine::board::Board;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long hooks have to come to their end when the owner leaves.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// Keeps the hooks.
pub struct Keeper {
    door: Door,
    board: Board,
    vault: PathBuf,
    settings: watch::Receiver<Config>,
    hooks: Vec<HookSettings>,
    workers: Vec<Worker>,
    occasions: Occasions,
    leave: CancellationToken,
}

impl Keeper {
    /// Keeps those of the settings, whatever they come to be.
    pub fn new(
        door: Door,
        board: Board,
        vault: PathBuf,
        settings: watch::Receiver<Config>,
    ) -> Self {
        Self {
            door,
            board,
            vault,
            settings,
            hooks: Vec::new(),
            workers: Vec::new(),
            occasions: Occasions::default(),
            leave: CancellationToken::new(),
        }
    }

    /// Goes on until the engine's events end; then gives what runs a moment, and kills what takes longer.
    pub async fn keep(mut self, events: Listener) {
        let _end = self.leave.clone().drop_guard();
        let mut follower = Follower::new(self.door.clone(), events);
        self.take_settings();
        let mut is_settled = false;
        loop {
            tokio::select! {
                told = follower.next() => match told {
                    Some(told) => self.heard(told),
                    None => break,
                },
                changed = self.settings.changed(), if !is_settled => match changed {
                    Ok(()) => self.take_settings(),
                    // The owner is leaving: its last events are still to come.
                    Err(_) => is_settled = true,
                },
            }
        }
        let finishing = async {
            for worker in std::mem::take(&mut self.workers) {
                worker.finish().await;
            }
        };
        if tokio::time::timeout(LAST_WAIT, finishing).await.is_err() {
            tracing::warn!("hooks that had not come to their end were killed");
        }
    }

    fn take_settings(&mut self) {
        let hooks = self.settings.borrow_and_update().hooks.clone();
        if hooks == self.hooks {
            return;
        }
        // What waits for the old ones is still done, beside the new ones.
        for worker in std::mem::take(&mut self.workers) {
            tokio::spawn(worker.finish());
        }
        self.board
            .post_hooks(hooks.iter().map(worker::state).collect());
        let start = |(at, hook): (usize, &HookSettings)| {
            let ours = (self.door.clone(), self.vault.clone());
            Worker::start(hook, (&self.board, at), ours, self.leave.clone())
        };
        self.workers = hooks.iter().enumerate().map(start).collect();
        self.hooks = hooks;
    }

    fn heard(&mut self, told: Told) {
        let occasions = match told {
            Told::All(views) => self.occasions.learn(&views),
            Told::Event(event) => self.occasions.of(&event).into_iter().collect(),
        };
        for occasion in &occasions {
            for worker in &self.workers {
                worker.offer(occasion);
            }
        }
    }
}
