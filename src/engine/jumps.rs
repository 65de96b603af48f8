//! Tells at once that the wall clock jumped: somebody set it, or the machine slept and woke.

/// Waits for jumps of the wall clock, where the system tells of them (Linux: `timerfd_create(2)`,
/// `TFD_TIMER_CANCEL_ON_SET`). Elsewhere nothing is told, and only looking shows a jump.
#[derive(Debug)]
pub struct Jumps {
    #[cfg(target_os = "linux")]
    timer: Option<tokio::io::unix::AsyncFd<rustix::fd::OwnedFd>>,
}

#[cfg(target_os = "linux")]
impl Jumps {
    /// Begins to listen. Has to be called inside a tokio runtime.
    #[allow(
        deprecated,
        reason = "unsound for descriptors that may be closed behind its back, which an owned one is not; what takes its \
                  place is `unsafe` for all"
    )]
    pub fn listen() -> Self {
        let timer = far_timer().and_then(|timer| {
            let interest = tokio::io::Interest::READABLE;
            tokio::io::unix::AsyncFd::with_interest(timer, interest)
        });
        Self { timer: timer.ok() }
    }

    /// Whether the system tells of jumps.
    pub fn are_told(&self) -> bool {
        self.timer.is_some()
    }

    /// Comes back when the clock jumped; never where that is not told.
    pub async fn next(&mut self) {
        if let Some(timer) = &self.timer {
            while let Ok(mut ready) = timer.readable().await {
                // A jump makes it fail with ECANCELED; what has not jumped has nothing to read.
                match rustix::io::read(timer, &mut [0; 8]) {
                    Err(rustix::io::Errno::AGAIN) => ready.clear_ready(),
                    _ => return,
                }
            }
        }
        std::future::pending().await
    }
}

/// A timer on the wall clock that is cancelled when that clock is set, and never runs out by itself.
#[cfg(target_os = "linux")]
fn far_timer() -> std::io::Result<rustix::fd::OwnedFd> {
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    /// The year 2286; a timer that runs out then is one wake-up.
    const FAR: i64 = 9_999_999_999;
    let nothing = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let timer = timerfd_create(
        TimerfdClockId::Realtime,
        TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
    )?;
    let until = Itimerspec {
        it_interval: nothing,
        it_value: Timespec {
            tv_sec: FAR,
            ..nothing
        },
    };
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    timerfd_settime(&timer, flags, &until)?;
    Ok(timer)
}

#[cfg(not(target_os = "linux"))]
impl Jumps {
    /// Listens to nothing.
    pub fn listen() -> Self {
        Self {}
    }

    /// Whether the system tells of jumps.
    pub fn are_told(&self) -> bool {
        false
    }

    /// Never comes back.
    pub async fn next(&mut self) {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_system_takes_the_timer_and_says_nothing_while_the_clock_runs_on() {
        let mut jumps = Jumps::listen();
        assert!(jumps.are_told());
        // Told without a jump, the engine would never sleep again.
        let soon = std::time::Duration::from_millis(50);
        let told = tokio::time::timeout(soon, jumps.next()).await;
        assert!(told.is_err());
    }
}
