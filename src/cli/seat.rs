//! The owner's seat: whoever holds the vault's lock and listens on its socket.

use crate::agent::error::CallError;
use crate::agent::socket::{self, BoundSocket};
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::engine::api::Refusal;
use crate::vault::error::VaultError;
use crate::vault::owner::OwnerLock;

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
        let lock = match OwnerLock::acquire(&context.vault) {
            Ok(lock) => lock,
            Err(VaultError::Owned { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let socket = socket::bind(&context.socket())?;
        Ok(Some(Self { socket, lock }))
    }
}

/// Somebody holds the lock and is not to be reached.
pub fn nobody_answers(context: &Context) -> Failure {
    let holder = OwnerLock::holder(&context.vault).flatten();
    let who = holder.map_or_else(String::new, |pid| format!(" (pid {pid})"));
    let place = context.socket();
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
