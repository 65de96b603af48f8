//! What whoever runs an engine posts for everybody who asks how it is; it outlives a lock.

use crate::engine::api::EngineStatus;
use crate::model::reading::Reading;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The board; cheap to clone, all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Board(Arc<Mutex<Posted>>);

/// What is posted.
#[derive(Debug, Clone, Default)]
struct Posted {
    reading: Option<Reading>,
    port: Option<SocketAddr>,
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

    /// How the settings were read.
    pub fn reading(&self) -> Option<Reading> {
        self.posted().reading.clone()
    }

    /// Adds what is posted to what an engine tells of itself.
    pub fn tell(&self, status: &mut EngineStatus) {
        let posted = self.posted();
        status.settings.clone_from(&posted.reading);
        status.port = posted.port;
    }

    fn posted(&self) -> MutexGuard<'_, Posted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
