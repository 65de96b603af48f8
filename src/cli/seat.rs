//! The owner's seat: whoever holds the vault's lock and listens on its socket.

use crate::agent::error::CallError;
use crate::agent::socket::{self, BoundSocket};
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::engine::api::Refusal;
use crate::vault::error::VaultError;
use crate::vault::owner::OwnerLock;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

/// How long a living owner may take to begin to listen, or to leave.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How long somebody at a terminal waits for an owner to leave before being attached to it.
const A_MOMENT: Duration = Duration::from_secs(3);

/// The lock and the socket of a vault's owner. The socket listens from the start: who asks while the vault is still
/// being unlocked waits for the answer instead of finding nobody.
#[derive(Debug)]
pub struct Seat {
    // Fields are dropped in this order: the socket's file goes before the lock does.
    /// The listening socket.
    pub socket: BoundSocket,
    /// The lock.
    pub lock: OwnerLock,
}

impl Seat {
    /// Takes the seat; `None` when somebody sits there.
    pub fn take(context: &Context) -> Result<Option<Self>, Failure> {
        Self::take_on(context, &mut None)
    }

    /// The same on the socket that a service manager handed over, if it did.
    fn take_on(
        context: &Context,
        given: &mut Option<UnixListener>,
    ) -> Result<Option<Self>, Failure> {
        let lock = match OwnerLock::acquire(&context.vault) {
            Ok(lock) => lock,
            Err(VaultError::Owned { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let socket = match given.take() {
            Some(listener) => socket::adopt(listener, &context.socket())?,
            None => socket::bind(&context.socket())?,
        };
        Ok(Some(Self { socket, lock }))
    }

    /// The same for an owner that means to stay: waits for one that owns the vault for the moment of a command.
    pub fn take_to_stay(context: &Context) -> Result<Option<Self>, Failure> {
        Self::take_to_stay_on(context, None)
    }

    /// The same on the socket that a service manager handed over, if it did.
    pub fn take_to_stay_on(
        context: &Context,
        mut given: Option<UnixListener>,
    ) -> Result<Option<Self>, Failure> {
        let mut waiting = Waiting::new(PATIENCE);
        loop {
            if let Some(mut seat) = Self::take_on(context, &mut given)? {
                seat.lock.stay();
                return Ok(Some(seat));
            }
            if stays(context) || !waiting.pause() {
                return Ok(None);
            }
        }
    }
}

/// Whether the vault has an owner that means to stay.
pub fn stays(context: &Context) -> bool {
    OwnerLock::holder(&context.vault).is_some_and(|holder| holder.stays)
}

/// Waits a little for an owner that holds the vault for the moment of a command, so that nobody counts on it.
pub fn let_a_moments_owner_leave(context: &Context) {
    let mut waiting = Waiting::new(A_MOMENT);
    while OwnerLock::holder(&context.vault).is_some_and(|holder| !holder.stays) && waiting.pause() {
    }
}

/// Looks again and again, less and less often, and not for ever.
#[derive(Debug)]
pub struct Waiting {
    until: Instant,
    next: Duration,
}

impl Waiting {
    /// Waits that long in all.
    pub fn new(patience: Duration) -> Self {
        Self {
            until: Instant::now() + patience,
            next: Duration::from_millis(2),
        }
    }

    /// Waits a little; false when it was long enough.
    pub fn pause(&mut self) -> bool {
        if Instant::now() > self.until {
            return false;
        }
        std::thread::sleep(self.next);
        self.next = (self.next * 2).min(Duration::from_millis(50));
        true
    }
}

/// The process that owns the vault, in words, as far as it is known: ` (pid 7)`.
pub fn holder(context: &Context) -> String {
    let pid = OwnerLock::holder(&context.vault).and_then(|holder| holder.pid);
    pid.map_or_else(String::new, |pid| format!(" (pid {pid})"))
}

/// Somebody holds the lock and is not to be reached.
pub fn nobody_answers(context: &Context) -> Failure {
    let (who, place) = (holder(context), context.socket());
    let text = format!(
        "another process{who} owns the vault and does not answer at {}",
        place.display()
    );
    Failure::new(Kind::Unavailable, text)
        .hint("if it was started with another XDG_RUNTIME_DIR, use the same; otherwise stop it")
}

/// Whether the failure means that there is no owner, or soon none.
pub fn has_left(error: &CallError) -> bool {
    matches!(
        error,
        CallError::NoOwner { .. } | CallError::Gone | CallError::Refused(Refusal::Stopped)
    )
}
