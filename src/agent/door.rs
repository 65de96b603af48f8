//! An owner's door: open to an engine, or locked; it can be both in turn without anybody leaving.

use crate::agent::listener::Listener;
use crate::clock;
use crate::config::settings::Config;
use crate::engine::api::{EngineStatus, Event, Refusal};
use crate::engine::board::Board;
use crate::engine::book::Book;
use crate::engine::link::{Asked, Link};
use crate::engine::shelf::Shelf;
use crate::model::event::Activity;
use crate::model::lock::{LockOutcome, LockReason, Locked};
use crate::model::program::Program;
use crate::secret::{Passphrase, VaultIdentity};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// Commands of one follower that wait to be passed on.
const COMMANDS: usize = 256;
/// Events a slow follower may be behind.
pub const EVENTS: usize = 4096;

/// How a door stands.
#[derive(Debug, Clone)]
pub enum Standing {
    /// The way to the engine.
    Open(Link),
    /// There is no engine.
    Locked(Locked),
}

/// What shall open a vault.
#[derive(Debug)]
pub enum Offered {
    /// Whatever the owner's own settings name, a key file or the keyring, where the vault has no passphrase.
    Nothing,
    /// A passphrase.
    Passphrase(Passphrase),
    /// The text of an age identity file.
    Identity(VaultIdentity),
    /// The vault's own identity, unwrapped by somebody who could ask the person what a plugin wanted to know.
    Unwrapped(VaultIdentity),
}

/// What can be wished of whoever keeps the door.
#[derive(Debug)]
pub enum Order {
    /// To be locked.
    Lock {
        /// Why.
        reason: LockReason,
        /// Who wants it, where somebody does.
        by: Option<Arc<Program>>,
        /// The answer: what was locked. It comes when nothing of the vault is left in memory.
        reply: oneshot::Sender<Result<LockOutcome, Refusal>>,
    },
    /// To be opened.
    Unlock {
        /// With what.
        offered: Offered,
        /// Who wants it.
        by: Option<Arc<Program>>,
        /// The answer: whether it was locked before, or why it still is.
        reply: oneshot::Sender<Result<bool, Refusal>>,
    },
    /// To go by settings that were read anew, or to tell why they cannot be used.
    Reconfigure {
        /// They, or what is wrong with them.
        read: Result<Box<Config>, String>,
        /// The answer: it is done.
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    /// To write a line into the activity log.
    Tell {
        /// The line.
        line: Box<Activity>,
        /// The answer: it was passed on.
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
}

/// The door. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Door {
    standing: watch::Receiver<Standing>,
    orders: mpsc::Sender<Order>,
    events: broadcast::Sender<Event>,
    vault: Arc<str>,
    /// In milliseconds since the machine started.
    used_at: Arc<AtomicI64>,
    board: Board,
}

impl Door {
    /// A door that stands as `standing` tells; whoever holds the other end of `orders` opens and closes it. All engines
    /// behind it tell what happens through `events`, one after the other. `vault` is where the vault is.
    pub fn new(
        standing: watch::Receiver<Standing>,
        orders: mpsc::Sender<Order>,
        events: broadcast::Sender<Event>,
        vault: &str,
    ) -> Self {
        Self {
            standing,
            orders,
            events,
            vault: vault.into(),
            used_at: Arc::new(AtomicI64::new(millis(clock::since_boot()))),
            board: Board::default(),
        }
    }

    /// The same, with what is posted for everybody who asks how its owner is.
    pub fn with_board(self, board: Board) -> Self {
        Self { board, ..self }
    }

    /// What is posted for everybody.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// The way to the engine, as it is now.
    pub fn link(&self) -> Result<Link, Locked> {
        match &*self.standing.borrow() {
            Standing::Open(link) => Ok(link.clone()),
            Standing::Locked(locked) => Err(*locked),
        }
    }

    /// The lock, if it is locked.
    pub fn locked(&self) -> Option<Locked> {
        match &*self.standing.borrow() {
            Standing::Open(_) => None,
            Standing::Locked(locked) => Some(*locked),
        }
    }

    /// Notes that somebody used what is behind it, so long ago.
    pub fn touch(&self, ago: Duration) {
        let used_at = millis(clock::since_boot()).saturating_sub(millis(ago));
        self.used_at.store(used_at, Ordering::Relaxed);
    }

    /// For how long nobody has used what is behind it; a night's sleep of the machine counts, and no set clock does.
    pub fn idle(&self) -> Duration {
        let idle = millis(clock::since_boot()).saturating_sub(self.used_at.load(Ordering::Relaxed));
        Duration::from_millis(u64::try_from(idle).unwrap_or(0))
    }

    /// Locks it; comes back when nothing of the vault is left in memory.
    pub async fn lock(
        &self,
        reason: LockReason,
        by: Option<Arc<Program>>,
    ) -> Result<LockOutcome, Refusal> {
        self.order(|reply| Order::Lock { reason, by, reply }).await
    }

    /// Unlocks it; gives whether it was locked. What is offered is checked also where it was not.
    pub async fn unlock(
        &self,
        offered: Offered,
        by: Option<Arc<Program>>,
    ) -> Result<bool, Refusal> {
        self.order(|reply| Order::Unlock { offered, by, reply })
            .await
    }

    /// Has its owner go by other settings, or tell why those that were read cannot be used.
    pub async fn reconfigure(&self, read: Result<Config, String>) -> Result<(), Refusal> {
        let read = read.map(Box::new);
        self.order(|reply| Order::Reconfigure { read, reply }).await
    }

    /// Has its owner write a line into the activity log, or, while the vault is locked, into its own.
    pub async fn tell(&self, line: Activity) -> Result<(), Refusal> {
        let line = Box::new(line);
        self.order(|reply| Order::Tell { line, reply }).await
    }

    async fn order<T>(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<T, Refusal>>) -> Order + Send,
    ) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        let sent = self.orders.send(order(reply)).await;
        sent.map_err(|_| Refusal::Stopped)?;
        answer.await.unwrap_or(Err(Refusal::Stopped))
    }

    /// The events of whichever engine there is, each from its first on, with those of the door itself; a locked one is
    /// told at once.
    pub fn listen(&self) -> Listener {
        // Subscribed before it is looked how the door stands: what comes in between is heard.
        let events = self.events.subscribe();
        Listener::new(self.standing.clone(), events)
    }

    /// A way to whichever engine there is: it stays one when the door is locked and opened again. Has to be called inside
    /// a tokio runtime; it ends with the door.
    pub fn lasting_link(&self) -> Link {
        let (commands, wishes) = mpsc::channel(COMMANDS);
        tokio::spawn(carry(self.clone(), wishes));
        let events = self.events.clone();
        Link::new(commands, events, Shelf::default(), Book::default())
    }

    /// How an owner is whose vault is locked.
    pub fn status(&self, locked: Locked) -> EngineStatus {
        let mut status = EngineStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            started_at: locked.since,
            vault: self.vault.to_string(),
            locked: Some(locked),
            ..EngineStatus::default()
        };
        self.board.tell(&mut status);
        status
    }
}

/// A door that nobody can lock.
impl From<Link> for Door {
    fn from(link: Link) -> Self {
        let events = link.events().clone();
        let (_, standing) = watch::channel(Standing::Open(link));
        let (orders, _) = mpsc::channel(1);
        Self::new(standing, orders, events, "")
    }
}

async fn carry(door: Door, mut wishes: mpsc::Receiver<Asked>) {
    while let Some(asked) = wishes.recv().await {
        // What comes while it is locked is dropped: its asker reads that as `Stopped`.
        if let Ok(link) = door.link() {
            let _ = link.commands().send(asked).await;
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
