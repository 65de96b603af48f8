//! Keeps an owner's door: locks its vault when that is wanted, and opens it again.

use crate::agent::door::{Door, Offered, Order, Standing};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::logind::Nap;
use crate::cli::logs;
use crate::cli::opening::{check, open, refusal};
use crate::cli::owner::{self, Role, new_engine};
use crate::cli::sleep::Sleep;
use crate::clock;
use crate::config::changes::Changes;
use crate::config::settings::Config;
use crate::engine::api::{Event, Refusal};
use crate::engine::board::Board;
use crate::engine::carried::Carried;
use crate::engine::farewell::Farewell;
use crate::engine::reconfiguring::Reconfiguration;
use crate::engine::runner::Engine;
use crate::engine::settings::EngineSettings;
use crate::model::event::{Activity, Happening};
use crate::model::lock::{LockOutcome, LockReason, Locked};
use crate::model::program::Program;
use crate::model::reading::Reading;
use crate::vault::store::{Store, Write};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Orders that wait: one after the other is carried out.
const ORDERS: usize = 8;

/// Timers stand still while the machine sleeps: whether anybody uses the vault is looked at this often at least.
const LONGEST_LOOK: Duration = Duration::from_secs(60);

/// Whoever has the engine, and takes it away.
pub struct Warden {
    context: Context,
    role: Role,
    engine: Option<Engine>,
    /// What the last engine handed on.
    carried: Carried,
    standing: watch::Sender<Standing>,
    orders: mpsc::Receiver<Order>,
    /// All engines tell what happens through these.
    events: broadcast::Sender<Event>,
    door: Door,
    board: Board,
    started_with: Config,
    settings: watch::Sender<Config>,
}

impl Warden {
    /// A warden of an engine that waits for its beginning; what belongs into the owner's status is posted on the board.
    pub fn new(context: &Context, role: Role, engine: Engine, board: Board) -> Self {
        let link = engine.link();
        let events = link.events().clone();
        let (standing, seen) = watch::channel(Standing::Open(link));
        let (order, orders) = mpsc::channel(ORDERS);
        let place = context.vault.display().to_string();
        Self {
            door: Door::new(seen, order, events.clone(), &place).with_board(board.clone()),
            events,
            board,
            started_with: context.config.clone(),
            settings: watch::Sender::new(context.config.clone()),
            context: context.clone(),
            role,
            engine: Some(engine),
            carried: Carried::default(),
            standing,
            orders,
        }
    }

    /// Its door.
    pub fn door(&self) -> &Door {
        &self.door
    }

    /// The settings that count, whatever they come to be; closed when it leaves.
    pub fn settings(&self) -> watch::Receiver<Config> {
        self.settings.subscribe()
    }

    /// Lets the engine begin and keeps the door until it is told to leave; then ends the engine in order.
    pub async fn keep(mut self, leave: CancellationToken) {
        if let Some(engine) = &mut self.engine {
            engine.begin();
        }
        let mut sleep = None;
        loop {
            let sleeps = self.context.config.lock.on_suspend && self.role != Role::ForAMoment;
            if sleeps != sleep.is_some() {
                sleep = sleeps.then(Sleep::listen);
            }
            let (idles, rest) = (self.may_idle(), self.idle_rest());
            tokio::select! {
                () = leave.cancelled() => break,
                Some(order) = self.orders.recv() => self.carry_out(order, &leave).await,
                nap = next(&mut sleep) => {
                    self.lock(nap.reason, None, &leave).await;
                }
                () = tokio::time::sleep(rest), if idles => {
                    self.lock_when_idle(&leave).await;
                }
            }
        }
        match self.engine.take() {
            Some(engine) => engine.shutdown().await,
            None => self.tell(Event::Stopped),
        }
    }

    /// Tells everyone, if anyone listens.
    fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }

    /// Whether it is for this one to see that nobody uses the vault: behind a terminal UI that one does.
    fn may_idle(&self) -> bool {
        let settings = &self.context.config.lock;
        let may = settings.idle_minutes > 0 && !settings.screen_only;
        may && self.role == Role::ToStay && self.engine.is_some()
    }

    /// How long nobody has to use the vault yet, by a clock that nobody sets: a night's sleep counts.
    fn idle_rest(&self) -> Duration {
        let minutes = self.context.config.lock.idle_minutes;
        let allowed = Duration::from_secs(minutes.saturating_mul(60));
        let rest = allowed.saturating_sub(self.door.idle());
        rest.min(LONGEST_LOOK)
    }

    async fn lock_when_idle(&mut self, leave: &CancellationToken) {
        if self.idle_rest().is_zero() {
            let minutes = self.context.config.lock.idle_minutes;
            self.lock(LockReason::Idle { minutes }, None, leave).await;
        }
    }

    async fn carry_out(&mut self, order: Order, leave: &CancellationToken) {
        match order {
            Order::Lock { reason, by, reply } => {
                let outcome = self.lock(reason, by, leave).await;
                // Who does not wait for it sees it in the events.
                let _ = reply.send(Ok(outcome));
            }
            Order::Unlock { offered, by, reply } => {
                let opened = self.unlock(offered, by, leave).await;
                let _ = reply.send(opened);
            }
            Order::Reconfigure { read, reply } => {
                match read {
                    Ok(config) => self.reconfigure(*config).await,
                    Err(why) => self.refuse_settings(why).await,
                }
                let _ = reply.send(Ok(()));
            }
            Order::Tell { line, reply } => {
                self.log(None, *line).await;
                let _ = reply.send(Ok(()));
            }
        }
    }

    /// Goes by these settings from now on.
    async fn reconfigure(&mut self, config: Config) {
        let changes = Changes::between(&self.context.config, &config);
        let at_the_next_start = Changes::between(&self.started_with, &config).at_the_next_start;
        let before = self.board.reading().unwrap_or_default();
        self.board.post_reading(Reading {
            file: before.file,
            read_at: clock::now(),
            trouble: None,
            at_the_next_start,
        });
        if changes.is_empty() && before.trouble.is_none() {
            tracing::info!("the settings were read anew: nothing has changed");
            return;
        }
        self.settings.send_replace(config.clone());
        self.context.config = config;
        let settings = owner::settings(&self.context, self.role, &self.board);
        let line = Happening::SettingsChanged {
            changed: changes.now,
            at_the_next_start: changes.at_the_next_start,
        };
        self.log(Some(Box::new(settings)), now(line)).await;
    }

    /// Keeps those of before, and tells why.
    async fn refuse_settings(&self, why: String) {
        let mut reading = self.board.reading().unwrap_or_default();
        if reading.trouble.as_ref() == Some(&why) {
            return;
        }
        reading.trouble = Some(why.clone());
        self.board.post_reading(reading);
        self.log(None, now(Happening::SettingsRefused { why }))
            .await;
    }

    /// Has the engine go by new settings, if any, and write a line into the activity log.
    async fn log(&self, settings: Option<Box<EngineSettings>>, line: Activity) {
        match &self.engine {
            Some(engine) => engine.reconfigure(Reconfiguration { settings, line }).await,
            // There is no activity log while the vault is locked.
            None => logs::write(&Event::Happened { activity: line }),
        }
    }

    async fn lock(
        &mut self,
        reason: LockReason,
        by: Option<Arc<Program>>,
        leave: &CancellationToken,
    ) -> LockOutcome {
        let now = Locked {
            since: clock::now(),
            reason,
        };
        if self.context.config.lock.screen_only {
            self.tell(Event::ScreenLocked { lock: now });
            return LockOutcome {
                locked: None,
                was_locked: false,
            };
        }
        let Some(engine) = self.engine.take() else {
            return LockOutcome {
                locked: self.door.locked(),
                was_locked: true,
            };
        };
        // First nobody is let in any more, then what is under way ends.
        self.standing.send_replace(Standing::Locked(now));
        let hurry = engine.hurry();
        let mut ending = std::pin::pin!(engine.lock(Farewell::Locked { lock: now, by }));
        self.carried = tokio::select! {
            carried = &mut ending => carried,
            () = leave.cancelled() => {
                hurry.cancel();
                ending.await
            }
        };
        LockOutcome {
            locked: Some(now),
            was_locked: false,
        }
    }

    async fn unlock(
        &mut self,
        offered: Offered,
        by: Option<Arc<Program>>,
        leave: &CancellationToken,
    ) -> Result<bool, Refusal> {
        let context = self.context.clone();
        if self.engine.is_some() {
            let checked = tokio::task::spawn_blocking(move || check(&context, offered));
            return in_time(checked, leave).await.map(|()| false);
        }
        let opening = tokio::task::spawn_blocking(move || open(&context, offered));
        let mut vault = in_time(opening, leave).await?;
        let line = Activity::new(clock::now(), None, Happening::Unlocked).by(by);
        if let Err(error) = vault.apply(vec![Write::Activity(line)]) {
            tracing::error!(%error, "the unlocking could not be written to the activity log");
        }
        let carried = std::mem::take(&mut self.carried);
        let events = self.events.clone();
        let (context, board) = (&self.context, &self.board);
        let mut engine = new_engine(context, self.role, vault, board, carried, events);
        // In this order: whoever comes in between hears of the unlocking or finds it open, and then the first event.
        self.standing.send_replace(Standing::Open(engine.link()));
        self.tell(Event::Unlocked);
        engine.begin();
        self.engine = Some(engine);
        self.door.touch(Duration::ZERO);
        Ok(true)
    }
}

fn now(what: Happening) -> Activity {
    Activity::new(clock::now(), None, what)
}

/// Waits for the machine's sleep, where that is asked for.
async fn next(sleep: &mut Option<Sleep>) -> Nap {
    match sleep {
        Some(sleep) => sleep.next().await,
        None => std::future::pending().await,
    }
}

/// Waits for what takes its time, unless the owner is told to leave: what comes of it all the same is dropped.
async fn in_time<T>(
    work: JoinHandle<Result<T, Failure>>,
    leave: &CancellationToken,
) -> Result<T, Refusal> {
    tokio::select! {
        done = work => done
            .map_err(|_| Refusal::Stopped)?
            .map_err(|failure| refusal(&failure)),
        () = leave.cancelled() => Err(Refusal::Stopped),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Globals;
    use crate::engine::api::Command;
    use crate::secret::Passphrase;
    use crate::vault::file::VaultFile;
    use crate::vault::slot::NewSlot;

    struct Kept {
        door: Door,
        leave: CancellationToken,
        warden: tokio::task::JoinHandle<()>,
        _folder: tempfile::TempDir,
    }

    impl Kept {
        async fn unlock(&self, passphrase: &str) -> Result<bool, Refusal> {
            let offered = Offered::Passphrase(Passphrase::new(passphrase.to_owned()));
            self.door.unlock(offered, None).await
        }
    }

    fn is_refused_as_wrong(unlocked: Result<bool, Refusal>) -> bool {
        matches!(
            unlocked,
            Err(Refusal::NotUnlocked {
                wrong_passphrase: true,
                ..
            })
        )
    }

    /// A daemon's warden that locks after ten minutes without use.
    fn kept(role: Role) -> Kept {
        let folder = tempfile::tempdir().unwrap();
        let globals = Globals {
            vault: Some(folder.path().join("vault.db")),
            ..Globals::default()
        };
        let mut context = Context::without_settings(globals).unwrap();
        context.config.lock.idle_minutes = 10;
        let slot = NewSlot::Passphrase(Passphrase::new("word".to_owned()));
        let vault = VaultFile::create(&context.vault, slot, 2).unwrap();
        let board = Board::default();
        let (events, _) = broadcast::channel(64);
        let engine = new_engine(&context, role, vault, &board, Carried::default(), events);
        let warden = Warden::new(&context, role, engine, board);
        let door = warden.door().clone();
        let leave = CancellationToken::new();
        Kept {
            warden: tokio::spawn(warden.keep(leave.clone())),
            door,
            leave,
            _folder: folder,
        }
    }

    #[tokio::test]
    async fn a_daemon_that_nobody_asks_for_anything_locks_its_vault() {
        let kept = kept(Role::ToStay);
        let mut events = kept.door.listen();
        kept.door.touch(Duration::from_secs(599));
        loop {
            let event = events.next().await.unwrap();
            if let Event::Locked { lock } = event {
                assert_eq!(lock.reason, LockReason::Idle { minutes: 10 });
                break;
            }
        }
        assert!(is_refused_as_wrong(kept.unlock("other").await));
        assert_eq!(kept.unlock("word").await, Ok(true));
        assert_eq!(kept.door.locked(), None, "and now it is in use again");
        assert!(is_refused_as_wrong(kept.unlock("other").await));
        assert_eq!(kept.unlock("word").await, Ok(false));
        kept.leave.cancel();
        kept.warden.await.unwrap();
    }

    #[tokio::test]
    async fn who_listens_hears_every_engine_from_its_first_event_on() {
        let kept = kept(Role::ToStay);
        let mut slow = kept.door.listen();
        kept.door.lock(LockReason::Asked, None).await.unwrap();
        let right = Offered::Passphrase(Passphrase::new("word".to_owned()));
        kept.door.unlock(right, None).await.unwrap();
        // It is long at work when somebody listens again.
        let link = kept.door.link().unwrap();
        let is_loading = || async {
            let status = link.ask(|reply| Command::Status { reply }).await;
            status.unwrap().loading
        };
        while is_loading().await {}
        let mut heard = Vec::new();
        while heard.last() != Some(&Event::Unlocked) {
            heard.push(slow.next().await.unwrap());
        }
        let lock = heard.len() - 2;
        assert!(matches!(heard[lock], Event::Locked { .. }), "{heard:?}");
        let first = heard[0].clone();
        assert!(matches!(first, Event::Loaded { .. }), "{heard:?}");
        assert_eq!(slow.next().await, Some(first), "the next engine's");
        kept.leave.cancel();
        kept.warden.await.unwrap();
    }
}
