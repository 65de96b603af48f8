//! What whoever runs an engine posts for everybody who asks how it is; it outlives a lock.

use crate::engine::api::EngineStatus;
use crate::engine::tally::Tally;
use crate::model::hook::HookState;
use crate::model::reading::Reading;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The board; cheap to clone, all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Board {
    posted: Arc<Mutex<Posted>>,
    tally: Tally,
}

/// What is posted.
#[derive(Debug, Clone, Default)]
struct Posted {
    reading: Option<Reading>,
    port: Option<SocketAddr>,
    hooks: Vec<HookState>,
    shows_metrics: bool,
}

impl Board {
    /// Posts how the settings were read.
    pub fn post_reading(&self, reading: Reading) {
        self.posted().reading = Some(reading);
    }

    /// Posts where programs with a grant ask.
    pub fn post_port(&self, port: SocketAddr) {
        self.posted().port = Some(port);
    }

    /// Posts whether everybody who reaches the port may read the figures.
    pub fn post_metrics(&self, shown: bool) {
        self.posted().shows_metrics = shown;
    }

    /// Whether everybody who reaches the port may read the figures.
    pub fn shows_metrics(&self) -> bool {
        self.posted().shows_metrics
    }

    /// What was counted since the owner began.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How the settings were read.
    pub fn reading(&self) -> Option<Reading> {
        self.posted().reading.clone()
    }

    /// Posts other hooks in place of those there were.
    pub fn post_hooks(&self, hooks: Vec<HookState>) {
        self.posted().hooks = hooks;
    }

    /// Changes what is posted of one hook, if it is still that one.
    pub fn change_hook(&self, at: usize, program: &str, change: impl FnOnce(&mut HookState)) {
        let mut posted = self.posted();
        if let Some(state) = posted.hooks.get_mut(at).filter(|it| it.program == program) {
            change(state);
        }
    }

    /// Adds what is posted to what an engine tells of itself.
    pub fn tell(&self, status: &mut EngineStatus) {
        let posted = self.posted();
        status.settings.clone_from(&posted.reading);
        status.port = posted.port;
        status.hooks.clone_from(&posted.hooks);
    }

    fn posted(&self) -> MutexGuard<'_, Posted> {
        self.posted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
