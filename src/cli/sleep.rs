//! Tells when the machine goes to sleep: before, where systemd-logind runs; else when it has woken.

use crate::engine::jumps::Jumps;
use crate::model::lock::LockReason;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use tokio::sync::mpsc;

/// Looked for so often where no jump of the clock is told.
const LOOK: Duration = Duration::from_secs(45);
/// So much longer than the steady clock the other one ran: the machine slept.
const SLEPT: Duration = Duration::from_secs(2);

/// That the machine goes to sleep, or has slept. It sleeps no sooner than this is dropped, within what logind allows
/// (five seconds unless it was told otherwise).
#[derive(Debug)]
pub struct Nap {
    /// Which of the two.
    pub reason: LockReason,
    _hold: Option<SyncSender<()>>,
}

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
                return Nap {
                    reason: LockReason::Woke,
                    _hold: None,
                };
            }
        }
    }
}

/// How long the machine has slept since it started: the clock that goes on then, less the one that stands still.
#[cfg(target_os = "linux")]
fn asleep() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let since_start = |clock| {
        let time = clock_gettime(clock);
        Duration::new(
            time.tv_sec.try_into().unwrap_or(0),
            time.tv_nsec.try_into().unwrap_or(0),
        )
    };
    since_start(ClockId::Boottime).saturating_sub(since_start(ClockId::Monotonic))
}

/// Elsewhere no clock tells.
#[cfg(not(target_os = "linux"))]
fn asleep() -> Duration {
    Duration::ZERO
}

/// A nap that is over when it is dropped, and how that is noticed.
fn nap(reason: LockReason) -> (Nap, Receiver<()>) {
    let (hold, released) = sync_channel(0);
    let nap = Nap {
        reason,
        _hold: Some(hold),
    };
    (nap, released)
}

#[cfg(target_os = "linux")]
mod logind {
    //! systemd-logind on the system's bus: `PrepareForSleep`, and a lock that delays it (org.freedesktop.login1(5)).

    use super::{Nap, nap};
    use crate::model::lock::LockReason;
    use tokio::sync::mpsc::Sender;
    use zbus::blocking::{Connection, Proxy};
    use zbus::zvariant::OwnedFd;

    const NAME: &str = "org.freedesktop.login1";
    const PATH: &str = "/org/freedesktop/login1";
    const MANAGER: &str = "org.freedesktop.login1.Manager";

    /// Follows it until nobody listens; where it is not there nothing is told.
    pub(super) fn follow(tell: &Sender<Nap>) {
        if let Err(error) = listen(tell) {
            tracing::info!(%error, "nobody tells before the machine sleeps: noticed when it wakes");
        }
    }

    fn listen(tell: &Sender<Nap>) -> zbus::Result<()> {
        let bus = Connection::system()?;
        let manager = Proxy::new(&bus, NAME, PATH, MANAGER)?;
        let signals = manager.receive_signal("PrepareForSleep")?;
        let mut delay = Some(hold(&manager)?);
        tracing::info!("locked before the machine sleeps");
        for signal in signals {
            if !signal.body().deserialize::<bool>()? {
                delay = Some(hold(&manager)?);
                continue;
            }
            let (nap, released) = nap(LockReason::Sleep);
            if tell.blocking_send(nap).is_err() {
                return Ok(());
            }
            // It ends with an error when the nap was dropped, which is the word for it.
            let _ = released.recv();
            drop(delay.take());
        }
        Ok(())
    }

    fn hold(manager: &Proxy<'_>) -> zbus::Result<OwnedFd> {
        let wish = ("sleep", "tokenward", "locks its vault", "delay");
        manager.call("Inhibit", &wish)
    }
}

#[cfg(not(target_os = "linux"))]
mod logind {
    //! There is none here.

    use super::Nap;
    use tokio::sync::mpsc::Sender;

    pub(super) fn follow(_: &Sender<Nap>) {}
}
