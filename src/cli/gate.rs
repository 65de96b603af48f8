//! Opens vaults for the terminal UI: that takes a second, so it happens on a thread of its own.

use crate::agent::call::Caller;
use crate::agent::client;
use crate::agent::door::{Door, Offered};
use crate::agent::peer;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::owner::{Owner, Role};
use crate::cli::seat::{Seat, nobody_answers};
use crate::cli::unlock;
use crate::engine::gate::{Gate, GateError, GateRequest, Place};
use crate::engine::link::Link;
use crate::model::lock::LockReason;
use crate::secret::Passphrase;
use crate::vault::confirm::confirm;
use crate::vault::error::VaultError;
use crate::vault::file::VaultFile;
use crate::vault::open::OpenVault;
use crate::vault::slot::{Key, NewSlot};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// How often it is looked whether the gates have closed.
const LOOK: Duration = Duration::from_millis(5);

/// Where the owner is kept that came to be while the UI ran, and the gates.
#[derive(Clone, Default)]
pub struct Keeper {
    owner: Arc<Mutex<Option<Owner>>>,
    gates: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Keeper {
    /// Keeps it.
    pub fn keep(&self, owner: Owner) {
        *self.owner.lock().unwrap_or_else(PoisonError::into_inner) = Some(owner);
    }

    /// Its door and the way to its engines.
    fn way(&self) -> Option<(Door, Link)> {
        let kept = self.owner.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref()
            .map(|owner| (owner.door().clone(), owner.link()))
    }

    /// Waits until what was asked of the gates is done, for so long: a wish to lock is not lost by leaving at once.
    pub fn settle(&self, most: Duration) {
        let until = Instant::now() + most;
        let gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        while !gates.iter().all(JoinHandle::is_finished) && Instant::now() < until {
            std::thread::sleep(LOOK);
        }
    }

    /// Takes it out, to be stopped.
    pub fn take(&self) -> Option<Owner> {
        self.owner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// Starts the thread; it ends when nobody holds the gate any more.
pub fn open(context: Context, runtime: Handle, keeper: Keeper) -> Gate {
    let (requests, mut asked) = mpsc::channel(1);
    let gates = Arc::clone(&keeper.gates);
    let gate = std::thread::spawn(move || {
        while let Some(request) = asked.blocking_recv() {
            let context = context.renewed();
            // Who left meanwhile needs no answer.
            match request {
                GateRequest::Create { passphrase, reply } => {
                    let created = create(&context, &runtime, &keeper, passphrase);
                    let _ = reply.send(created.map_err(|failure| words(&failure)));
                }
                GateRequest::Unlock { passphrase, reply } => {
                    let opened = unlock(&context, &runtime, &keeper, passphrase);
                    let _ = reply.send(opened.map_err(|failure| words(&failure)));
                }
                GateRequest::Lock { reason, reply } => {
                    let locked = lock(&context, &runtime, &keeper, reason);
                    let _ = reply.send(locked.map_err(|failure| words(&failure)));
                }
                GateRequest::Prove { passphrase, reply } => {
                    let proved = confirm(&context.vault, passphrase, context.config.patience());
                    let _ = reply.send(proved.map_err(|error| words(&error.into())));
                }
            }
        }
    });
    let mut gates = gates.lock().unwrap_or_else(PoisonError::into_inner);
    gates.push(gate);
    Gate { requests }
}

fn create(
    context: &Context,
    runtime: &Handle,
    keeper: &Keeper,
    passphrase: Passphrase,
) -> Result<(Link, Place), Failure> {
    if context.vault.exists() {
        let path = context.vault.clone();
        return Err(VaultError::Exists { path }.into());
    }
    let Some(seat) = Seat::take_to_stay(context)? else {
        return Err(nobody_answers(context));
    };
    let slot = NewSlot::Passphrase(passphrase);
    let vault = VaultFile::create(&context.vault, slot, context.config.vault.work_factor)?;
    own(context, runtime, keeper, seat, vault)
}

fn unlock(
    context: &Context,
    runtime: &Handle,
    keeper: &Keeper,
    passphrase: Option<Passphrase>,
) -> Result<(Link, Place), Failure> {
    if let Some((door, link)) = keeper.way() {
        let unlocking = door.unlock(offered(passphrase), Some(peer::at_the_screen()));
        runtime.block_on(unlocking)?;
        return Ok((link, Place::Owner));
    }
    let Some(seat) = Seat::take_to_stay(context)? else {
        return attach(context, runtime, passphrase);
    };
    let key = match passphrase {
        Some(passphrase) => Some(Key::Passphrase(passphrase)),
        None => unlock::without_question(context)?,
    };
    let key = key.ok_or_else(|| Failure::new(Kind::Locked, "only a passphrase opens the vault"))?;
    let vault = unlock::open_with(context, &key)?;
    own(context, runtime, keeper, seat, vault)
}

fn offered(passphrase: Option<Passphrase>) -> Offered {
    passphrase.map_or(Offered::Nothing, Offered::Passphrase)
}

/// Somebody else is the owner, perhaps since the person began to type: then that one it is. A passphrase that was typed is
/// checked by it, whether or not its vault is locked.
fn attach(
    context: &Context,
    runtime: &Handle,
    passphrase: Option<Passphrase>,
) -> Result<(Link, Place), Failure> {
    let owner = Caller::new(context.socket());
    if passphrase.is_some() || owner.status()?.locked.is_some() {
        owner.unlock(&offered(passphrase))?;
    }
    let link = runtime.block_on(client::connect(&context.socket()))?;
    Ok((link, Place::Attached))
}

/// Locks our own vault or the owner's; tells whether it was, or only the screens.
fn lock(
    context: &Context,
    runtime: &Handle,
    keeper: &Keeper,
    reason: LockReason,
) -> Result<bool, Failure> {
    let outcome = match keeper.way() {
        Some((door, _)) => runtime.block_on(door.lock(reason, Some(peer::at_the_screen())))?,
        None => Caller::new(context.socket()).lock()?,
    };
    Ok(outcome.locked.is_some())
}

fn own(
    context: &Context,
    runtime: &Handle,
    keeper: &Keeper,
    seat: Seat,
    vault: OpenVault,
) -> Result<(Link, Place), Failure> {
    let _inside = runtime.enter();
    let owner = Owner::start(context, seat, vault, Role::AtAScreen)?;
    let link = owner.link();
    keeper.keep(owner);
    Ok((link, Place::Owner))
}

/// A failure as the UI shows it.
pub fn words(failure: &Failure) -> GateError {
    let mut message = failure.source.to_string();
    for cause in failure.causes() {
        message.push_str(": ");
        message.push_str(&cause);
    }
    let wrong = failure.source.downcast_ref::<VaultError>();
    GateError {
        message,
        hint: failure.hints.join("; "),
        wrong_passphrase: matches!(wrong, Some(VaultError::WrongPassphrase)),
    }
}
