//! Tells when the machine goes to sleep: before, where systemd-logind runs; else when it has woken.

use crate::cli::logind::{self, Nap};
use crate::clock::asleep;
use crate::engine::jumps::Jumps;
use crate::model::lock::LockReason;
use std::time::Duration;
use tokio::sync::mpsc;

/// Looked for so often where no jump of the clock is told.
const LOOK: Duration = Duration::from_secs(45);
/// So much longer than the steady clock the other one ran: the machine slept.
const SLEPT: Duration = Duration::from_secs(2);

/// Waits for the machine's sleep.
#[derive(Debug)]
pub struct Sleep {
    told: mpsc::Receiver<Nap>,
    jumps: Jumps,
    asleep: Duration,
}

impl Sleep {
    /// Begins to listen. Has to be called inside a tokio runtime.
    pub fn listen() -> Self {
        let (tell, told) = mpsc::channel(1);
        // Ends with the program: a wait for the bus cannot be called off.
        std::thread::spawn(move || logind::follow(&tell));
        Self {
            told,
            jumps: Jumps::listen(),
            asleep: asleep(),
        }
    }

    /// Comes back when the machine is about to sleep, or has slept and nobody told before.
    pub async fn next(&mut self) -> Nap {
        loop {
            tokio::select! {
                biased;
                Some(nap) = self.told.recv() => return nap,
                () = self.jumps.next() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
            let before = std::mem::replace(&mut self.asleep, asleep());
            if self.asleep.saturating_sub(before) > SLEPT {
                return Nap::over(LockReason::Woke);
            }
        }
    }
}
