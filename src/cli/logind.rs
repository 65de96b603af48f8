//! systemd-logind: tells before the machine sleeps, and holds that up (org.freedesktop.login1(5)).

use crate::model::lock::LockReason;
use std::sync::mpsc::SyncSender;
use tokio::sync::mpsc::Sender;

/// That the machine goes to sleep, or has slept. It sleeps no sooner than this is dropped, within what logind allows
/// (five seconds unless it was told otherwise).
#[derive(Debug)]
pub struct Nap {
    /// Which of the two.
    pub reason: LockReason,
    _hold: Option<SyncSender<()>>,
}

impl Nap {
    /// One that nothing can delay any more.
    pub fn over(reason: LockReason) -> Self {
        Self {
            reason,
            _hold: None,
        }
    }
}

/// Follows it until nobody listens; where it is not there nothing is told.
#[cfg(target_os = "linux")]
pub fn follow(tell: &Sender<Nap>) {
    if let Err(error) = listen(tell) {
        tracing::info!(%error, "nobody tells before the machine sleeps: noticed when it wakes");
    }
}

/// There is none here.
#[cfg(not(target_os = "linux"))]
pub fn follow(_: &Sender<Nap>) {}

#[cfg(target_os = "linux")]
fn listen(tell: &Sender<Nap>) -> zbus::Result<()> {
    use zbus::blocking::{Connection, Proxy};
    let bus = Connection::system()?;
    let manager = Proxy::new(
        &bus,
        "org.freedesktop.login1",
        "/org/freedesktop/login1",
        "org.freedesktop.login1.Manager",
    )?;
    let signals = manager.receive_signal("PrepareForSleep")?;
    let mut delay = Some(hold(&manager)?);
    tracing::info!("locked before the machine sleeps");
    for signal in signals {
        if !signal.body().deserialize::<bool>()? {
            delay = Some(hold(&manager)?);
            continue;
        }
        let (held, released) = std::sync::mpsc::sync_channel(0);
        let nap = Nap {
            reason: LockReason::Sleep,
            _hold: Some(held),
        };
        if tell.blocking_send(nap).is_err() {
            return Ok(());
        }
        // It ends with an error when the nap was dropped, which is the word for it.
        let _ = released.recv();
        drop(delay.take());
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn hold(manager: &zbus::blocking::Proxy<'_>) -> zbus::Result<zbus::zvariant::OwnedFd> {
    let wish = ("sleep", "tokenward", "locks its vault", "delay");
    manager.call("Inhibit", &wish)
}
