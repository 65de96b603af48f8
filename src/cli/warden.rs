//! Keeps an owner's door: locks its vault when that is wanted, and opens it again.

use crate::agent::door::{Door, Offered, Order, Standing};
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::gate;
use crate::cli::owner::{Role, start_engine};
use crate::cli::unlock;
use crate::clock;
use crate::engine::api::Refusal;
use crate::engine::farewell::Farewell;
use crate::engine::runner::Engine;
use crate::model::event::{Activity, Happening};
use crate::model::lock::{LockOutcome, LockReason, Locked};
use crate::model::program::Program;
use crate::vault::error::VaultError;
use crate::vault::open::OpenVault;
use crate::vault::slot::Key;
use crate::vault::store::{Store, Write};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Orders that wait: one after the other is carried out.
const ORDERS: usize = 8;

/// Whoever has the engine, and takes it away.
pub struct Warden {
    context: Context,
    role: Role,
    engine: Option<Engine>,
    standing: watch::Sender<Standing>,
    orders: mpsc::Receiver<Order>,
    door: Door,
}

impl Warden {
    /// A warden of a running engine.
    pub fn new(context: &Context, role: Role, engine: Engine) -> Self {
        let (standing, seen) = watch::channel(Standing::Open(engine.link()));
        let (order, orders) = mpsc::channel(ORDERS);
        Self {
            door: Door::new(seen, order, &context.vault.display().to_string()),
            context: context.clone(),
            role,
            engine: Some(engine),
            standing,
            orders,
        }
    }

    /// Its door.
    pub fn door(&self) -> &Door {
        &self.door
    }

    /// Keeps the door until it is told to leave; then ends the engine in order.
    pub async fn keep(mut self, leave: CancellationToken) {
        loop {
            tokio::select! {
                () = leave.cancelled() => break,
                Some(order) = self.orders.recv() => self.carry_out(order).await,
            }
        }
        if let Some(engine) = self.engine.take() {
            engine.shutdown().await;
        }
    }

    async fn carry_out(&mut self, order: Order) {
        match order {
            Order::Lock { reason, by, reply } => {
                let outcome = self.lock(reason, by).await;
                // Who does not wait for it sees it in the events.
                let _ = reply.send(Ok(outcome));
            }
            Order::Unlock { offered, by, reply } => {
                let opened = self.unlock(offered, by).await;
                let _ = reply.send(opened);
            }
        }
    }

    async fn lock(&mut self, reason: LockReason, by: Option<Arc<Program>>) -> LockOutcome {
        let now = Locked {
            since: clock::now(),
            reason,
        };
        let Some(engine) = self.engine.take() else {
            return LockOutcome {
                locked: self.door.locked(),
                was_locked: true,
            };
        };
        // First nobody is let in any more, then what is under way ends.
        self.standing.send_replace(Standing::Locked(now));
        engine.lock(Farewell::Locked { lock: now, by }).await;
        LockOutcome {
            locked: Some(now),
            was_locked: false,
        }
    }

    async fn unlock(
        &mut self,
        offered: Offered,
        by: Option<Arc<Program>>,
    ) -> Result<bool, Refusal> {
        if self.engine.is_some() {
            return Ok(false);
        }
        let context = self.context.clone();
        let opening = tokio::task::spawn_blocking(move || open(&context, offered));
        let opened = opening.await.map_err(|_| Refusal::Stopped)?;
        let mut vault = opened.map_err(|failure| refusal(&failure))?;
        let line = Activity::new(clock::now(), None, Happening::Unlocked).by(by);
        if let Err(error) = vault.apply(vec![Write::Activity(line)]) {
            tracing::error!(%error, "the unlocking could not be written to the activity log");
        }
        let (engine, _) = start_engine(&self.context, self.role, vault);
        self.standing.send_replace(Standing::Open(engine.link()));
        self.engine = Some(engine);
        self.door.touch();
        Ok(true)
    }
}

fn open(context: &Context, offered: Offered) -> Result<OpenVault, Failure> {
    let key = match offered {
        Offered::Passphrase(passphrase) => Key::Passphrase(passphrase),
        Offered::Identity(text) => Key::Identity(text.into()),
        Offered::Nothing => unlock::without_question(context)?.ok_or_else(|| {
            Failure::new(Kind::Locked, "only a passphrase opens the vault")
                .hint("give it: tokenward unlock, at a terminal or with --passphrase-file FILE")
        })?,
    };
    unlock::open_with(context, &key)
}

fn refusal(failure: &Failure) -> Refusal {
    let words = gate::words(failure);
    let wait_secs = match failure.source.downcast_ref() {
        Some(VaultError::TooManyTries { wait, .. }) => Some(wait.as_secs().max(1)),
        _ => None,
    };
    Refusal::NotUnlocked {
        message: words.message,
        hint: words.hint,
        wrong_passphrase: words.wrong_passphrase,
        wait_secs,
    }
}
