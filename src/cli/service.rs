//! What a service manager is told: ready, reloading, stopping, and that we are alive.

use sd_notify::NotifyState;
use std::time::Duration;

/// Begins to work, or goes on after reading its settings anew.
pub fn ready() {
    notify(&[NotifyState::Ready]);
}

/// Reads its settings anew; [`ready`] ends that.
pub fn reloading() {
    // The time tells which of two reloads is meant (sd_notify(3), MONOTONIC_USEC=).
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(_) => notify(&[NotifyState::Reloading]),
    }
}

/// Leaves.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Says in a few words how it is.
pub fn status(words: &str) {
    notify(&[NotifyState::Status(words)]);
}

fn notify(states: &[NotifyState<'_>]) {
    // Without a service manager there is nobody to tell.
    let _ = sd_notify::notify(states);
}

/// The service manager's watchdog, fed twice as often as it asks for.
#[derive(Debug)]
pub struct Watchdog {
    every: Option<tokio::time::Interval>,
}

impl Watchdog {
    /// Looks whether there is one. Has to be called inside a tokio runtime.
    pub fn start() -> Self {
        let limit = sd_notify::watchdog_enabled().filter(|limit| *limit > Duration::ZERO);
        Self {
            every: limit.map(|limit| tokio::time::interval(limit / 2)),
        }
    }

    /// Comes back when it wants to be fed; never without one.
    pub async fn due(&mut self) {
        match &mut self.every {
            Some(every) => {
                every.tick().await;
            }
            None => std::future::pending().await,
        }
    }

    /// Feeds it.
    pub fn feed(&self) {
        notify(&[NotifyState::Watchdog]);
    }
}
