//! One hook at work: runs it for what waits, one after the other, and posts how that went.

use crate::agent::door::Door;
use crate::cli::hooks::environment;
use crate::cli::hooks::occasion::Occasion;
use crate::cli::hooks::program;
use crate::cli::hooks::queue::Queue;
use crate::cli::hooks::run::{Ran, Start, run};
use crate::clock;
use crate::config::hooks::HookSettings;
use crate::engine::board::Board;
use crate::model::event::{Activity, Happening};
use crate::model::hook::{HookState, HookTrouble};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A hook with what waits for it.
#[derive(Debug)]
pub struct Worker {
    settings: HookSettings,
    queue: Arc<Queue>,
    board: Board,
    at: usize,
    task: JoinHandle<()>,
}

/// What is posted of a hook before it has run.
pub fn state(settings: &HookSettings) -> HookState {
    HookState {
        program: program_of(settings),
        on: settings.on.clone(),
        ..HookState::default()
    }
}

fn program_of(settings: &HookSettings) -> String {
    settings.command.first().cloned().unwrap_or_default()
}

impl Worker {
    /// Starts one; `at` is its place on the board. `leave` ends the run that is under way.
    pub fn start(
        settings: &HookSettings,
        (board, at): (&Board, usize),
        (door, vault): (Door, PathBuf),
        leave: CancellationToken,
    ) -> Self {
        let queue = Arc::new(Queue::default());
        let work = Work {
            settings: settings.clone(),
            queue: Arc::clone(&queue),
            board: board.clone(),
            at,
            vault,
            door,
            is_failing: false,
        };
        Self {
            settings: settings.clone(),
            queue,
            board: board.clone(),
            at,
            task: tokio::spawn(work.go_on(leave)),
        }
    }

    /// Puts an occasion in front of it, if it is one for this hook; never waits.
    pub fn offer(&self, occasion: &Occasion) {
        if !self.settings.is_for(occasion.event, occasion.name.as_str()) {
            return;
        }
        let gone = self.queue.push(occasion.clone());
        let (waiting, program) = (self.queue.len() as u64, program_of(&self.settings));
        self.board.change_hook(self.at, &program, |state| {
            state.waiting = waiting;
            state.dropped += u64::from(gone.is_some());
        });
        if let Some(gone) = gone {
            let (event, name) = (gone.event.word(), gone.name.as_str());
            tracing::warn!(
                program,
                event,
                name,
                "a hook is too slow: it is not run for this"
            );
        }
    }

    /// Has it end when what waits is done, and waits for that.
    pub async fn finish(self) {
        self.queue.close();
        let _ = self.task.await;
    }
}

struct Work {
    settings: HookSettings,
    queue: Arc<Queue>,
    board: Board,
    at: usize,
    vault: PathBuf,
    door: Door,
    /// It failed the last time: that was told.
    is_failing: bool,
}

impl Work {
    async fn go_on(mut self, leave: CancellationToken) {
        while let Some(occasion) = self.queue.next().await {
            let ran = tokio::select! {
                biased;
                () = leave.cancelled() => return,
                ran = self.run(&occasion) => ran,
            };
            self.tell(&occasion, ran.trouble.as_deref()).await;
            self.post(&occasion, ran);
        }
    }

    async fn run(&self, occasion: &Occasion) -> Ran {
        let program = match program::find(&program_of(&self.settings)) {
            Ok(program) => program,
            Err(why) => {
                return Ran {
                    trouble: Some(why),
                    output: None,
                };
            }
        };
        run(Start {
            program,
            arguments: self.settings.command.iter().skip(1).cloned().collect(),
            variables: environment::variables(occasion, &self.vault, std::env::vars_os()),
            limit: self.settings.timeout(),
        })
        .await
    }

    /// Writes a line into the activity log when it begins to fail; not each time.
    async fn tell(&mut self, occasion: &Occasion, trouble: Option<&str>) {
        let was_failing = std::mem::replace(&mut self.is_failing, trouble.is_some());
        let Some(why) = trouble.filter(|_| !was_failing) else {
            return;
        };
        let what = Happening::HookFailed {
            program: program_of(&self.settings),
            on: occasion.event,
            why: why.to_owned(),
        };
        let name = Some(occasion.name.clone());
        // An owner that is leaving tells no more.
        let _ = self
            .door
            .tell(Activity::new(clock::now(), name, what))
            .await;
    }

    fn post(&self, occasion: &Occasion, ran: Ran) {
        let program = program_of(&self.settings);
        let (event, name) = (occasion.event.word(), occasion.name.as_str());
        match &ran.trouble {
            Some(why) => {
                tracing::warn!(
                    program,
                    event,
                    name,
                    output = ran.output,
                    "a hook failed: {why}"
                );
            }
            None => tracing::debug!(program, event, name, output = ran.output, "a hook ran"),
        }
        let waiting = self.queue.len() as u64;
        self.board.change_hook(self.at, &program, |state| {
            state.waiting = waiting;
            match ran.trouble {
                Some(why) => {
                    state.failed += 1;
                    let at = clock::now();
                    state.trouble = Some(HookTrouble { at, why });
                }
                None => {
                    state.succeeded += 1;
                    state.trouble = None;
                }
            }
        });
    }
}
