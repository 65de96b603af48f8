//! What a service manager is told: ready, reloading, stopping, and that we are alive.

use crate::cli::failure::Failure;
use listenfd::ListenFd;
use sd_notify::NotifyState;
use std::os::unix::net::UnixListener;
use std::time::Duration;

/// The socket that the service manager listens on for us (sd_listen_fds(3)), if it handed one over to this very process.
/// Has to be asked before there are threads: it takes the variables out of the environment.
pub fn given_socket() -> Result<Option<UnixListener>, Failure> {
    let pid = std::env::var("LISTEN_PID").ok();
    if pid.and_then(|pid| pid.parse().ok()) != Some(std::process::id()) {
        return Ok(None);
    }
    let mut given = ListenFd::from_env();
    if given.len() > 1 {
        let text = format!("{} sockets were handed over; one is taken", given.len());
        return Err(Failure::usage(text).hint("one ListenStream= in the socket's unit"));
    }
    given.take_unix_listener(0).map_err(|error| {
        Failure::from(error).within("cannot take the socket that was handed over".to_owned())
    })
}

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
