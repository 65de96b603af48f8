//! Signals that the UI answers to: leave, go to the background, come back.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What is listened to.
pub struct Signals {
    /// SIGINT, SIGTERM, SIGHUP: leave.
    pub leave: [Signal; 3],
    /// SIGTSTP: go to the background.
    pub stop: Signal,
    /// SIGCONT: somebody else may have had the terminal.
    pub go_on: Signal,
}

impl Signals {
    /// Starts listening; from now on none of them ends the process by itself.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            leave: [
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
                signal(SignalKind::hangup())?,
            ],
            stop: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            go_on: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        })
    }

    /// Waits for one that asks to leave.
    pub async fn leave(leave: &mut [Signal; 3]) {
        let [interrupt, terminate, hangup] = leave;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// Stops this job until `fg`: the whole group, as the terminal's own Ctrl-Z does.
pub fn stop_here() {
    // Stopped for certain: TSTP is listened to here, and would only come back as a message.
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::STOP);
}
