//! The core's async shell: takes facts and commands in, has effects performed, and sleeps between.

use crate::clock::{self, Timestamp};
use crate::engine::api::Event;
use crate::engine::board::Board;
use crate::engine::book::{Book, GATHERED_FOR};
use crate::engine::callers::Callers;
use crate::engine::carried::Carried;
use crate::engine::condemned::Condemned;
use crate::engine::core::{Core, Totals};
use crate::engine::errands::Errands;
use crate::engine::exceeding::Noted;
use crate::engine::fact::Fact;
use crate::engine::farewell::Farewell;
use crate::engine::gauge::Gauge;
use crate::engine::grants::desk::GrantDesk;
use crate::engine::grants::handle::Grants;
use crate::engine::hand::Hand;
use crate::engine::jumps::Jumps;
use crate::engine::link::{Asked, Link};
use crate::engine::operations::Operations;
use crate::engine::reconfiguring::Reconfiguration;
use crate::engine::serving::Fetcher;
use crate::engine::sessions::Sessions;
use crate::engine::settings::{CoreSettings, EngineSettings, Patience};
use crate::engine::shelf::Shelf;
use crate::engine::step::{FlightId, Input};
use crate::engine::vault_thread::{Job, VaultThread, trouble};
use crate::engine::watch::Watch;
use crate::engine::watching::Alerts;
use crate::model::alert::Thresholds;
use crate::model::chore::Chore;
use crate::model::credential::CredentialId;
use crate::model::event::{Activity, Happening};
use crate::model::name::CredentialName;
use crate::model::policy::LogKeeping;
use crate::oauth::http::Http;
use crate::vault::daily::Daily;
use crate::vault::store::Store;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Commands that wait to be taken in.
const COMMANDS: usize = 256;
/// Facts that wait to be taken in.
const FACTS: usize = 1024;
/// New settings that wait to be taken in.
const NEWS: usize = 4;
/// Events a slow reader may be behind.
const EVENTS: usize = 1024;
/// Longest sleep where the system tells of a clock that jumped.
const LONGEST_SLEEP: Duration = Duration::from_secs(300);
/// Longest sleep where it does not: timers stand still while the machine sleeps, and so it is noticed within this.
const LONGEST_DEAF_SLEEP: Duration = Duration::from_secs(45);

/// A running engine. Dropping it lets it leave on its own; [`Engine::shutdown`] waits for that.
#[derive(Debug)]
pub struct Engine {
    link: Link,
    leave: DropGuard,
    hurry: CancellationToken,
    farewell: Arc<OnceLock<Farewell>>,
    news: mpsc::Sender<Reconfiguration>,
    /// As long as this is there it has not begun.
    waiting: Option<oneshot::Sender<()>>,
    task: JoinHandle<Carried>,
}

impl Engine {
    /// Starts the engine over an unlocked store. Has to be called inside a tokio runtime.
    pub fn start(store: Box<dyn Store>, http: Http, settings: EngineSettings) -> Self {
        let (events, _) = broadcast::channel(EVENTS);
        let mut engine = Self::waiting(store, http, &settings, events);
        engine.begin();
        engine
    }

    /// The same, telling what happens through `events`, and waiting for [`Engine::begin`]: whoever shall hear the first
    /// event listens before.
    pub fn waiting(
        store: Box<dyn Store>,
        http: Http,
        settings: &EngineSettings,
        events: broadcast::Sender<Event>,
    ) -> Self {
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let shelf = Shelf::default();
        let handouts = settings.limits.handouts_per_program_hour;
        let carried = settings.carried.book.clone();
        let book = carried.unwrap_or_else(|| Book::limited(handouts, settings.board.tally()));
        // The settings may have changed since.
        book.limit(handouts);
        book.reopen();
        let grants = Grants::unread();
        grants.take_up(settings.carried.grants.clone());
        let link = Link::new(commands, events.clone(), shelf.clone(), book.clone());
        let link = link.with_grants(grants.clone());
        let leave = CancellationToken::new();
        let farewell = Arc::default();
        let hurry = CancellationToken::new();
        let ending = (leave.clone(), Arc::clone(&farewell), hurry.clone());
        let runner = Runner::new(store, http, settings, events, (shelf, book, grants), ending);
        let (news, told) = mpsc::channel(NEWS);
        let (waiting, begun) = oneshot::channel();
        let task = tokio::spawn(async {
            // Nothing is ever sent: it begins when the other end is dropped.
            let _ = begun.await;
            runner.run(inbox, told).await
        });
        Self {
            link,
            leave: leave.drop_guard(),
            hurry,
            farewell,
            news,
            waiting: Some(waiting),
            task,
        }
    }

    /// Lets one that waits begin.
    pub fn begin(&mut self) {
        self.waiting = None;
    }

    /// The way to it.
    pub fn link(&self) -> Link {
        self.link.clone()
    }

    /// Has it work by other settings from now on; nothing that is under way is lost.
    pub async fn reconfigure(&self, news: Reconfiguration) {
        // One that is leaving needs them no more.
        let _ = self.news.send(news).await;
    }

    /// A way to let it give up, while it ends, what cannot be written.
    pub fn hurry(&self) -> CancellationToken {
        self.hurry.clone()
    }

    /// The same as [`Engine::shutdown`], told as a lock: afterwards nothing of the vault is left in memory. New tokens that
    /// cannot be written are not given up for it: it ends when they are on disk, or when it is hurried. Gives what the next
    /// engine has to know.
    pub async fn lock(self, farewell: Farewell) -> Carried {
        // Set once: an engine is locked by whoever came first.
        let _ = self.farewell.set(farewell);
        self.ended().await
    }

    /// Finishes the refreshes under way, begins no other, writes everything, says so, and leaves.
    pub async fn shutdown(self) {
        self.ended().await;
    }

    async fn ended(self) -> Carried {
        drop((self.leave, self.waiting));
        // It fails only by a defect: then nothing is known, and nobody was told.
        self.task.await.unwrap_or_else(|_| {
            let farewell = self.farewell.get().cloned().unwrap_or_default();
            let _ = self.link.events().send(farewell.event());
            Carried::default()
        })
    }
}

/// The shell's state.
pub(in crate::engine) struct Runner {
    pub(in crate::engine) core: Core,
    pub(in crate::engine) vault: VaultThread,
    pub(in crate::engine) http: Http,
    pub(in crate::engine) events: broadcast::Sender<Event>,
    pub(in crate::engine) shelf: Shelf,
    pub(in crate::engine) callers: Callers,
    pub(in crate::engine) operations: Operations,
    pub(in crate::engine) hands: HashMap<FlightId, Hand>,
    pub(in crate::engine) sessions: Sessions,
    pub(in crate::engine) condemned: Condemned,
    pub(in crate::engine) errands: Errands,
    pub(in crate::engine) facts: mpsc::Sender<Fact>,
    pub(in crate::engine) now: Timestamp,
    pub(in crate::engine) started_at: Timestamp,
    pub(in crate::engine) place: String,
    pub(in crate::engine) gauge: Gauge,
    /// Who waits for an access token that is being read.
    pub(in crate::engine) fetching: HashMap<CredentialId, Vec<Fetcher>>,
    /// What was asked about a credential while others were still being loaded.
    pub(in crate::engine) early: Vec<Asked>,
    pub(in crate::engine) book: Book,
    pub(in crate::engine) grants: Grants,
    pub(in crate::engine) grant_desk: GrantDesk,
    /// Tokens that one program gets in an hour.
    pub(in crate::engine) handouts_per_hour: u64,
    /// The port at which programs ask, to be told to whoever asks.
    /// When what stands in the book is written.
    notes_at: Option<Instant>,
    pub(in crate::engine) keeping: LogKeeping,
    incoming: mpsc::Receiver<Fact>,
    watch: Watch,
    jumps: Jumps,
    leave: CancellationToken,
    farewell: Arc<OnceLock<Farewell>>,
    hurry: CancellationToken,
    is_hurried: bool,
    left_at: Option<Instant>,
    patience: Patience,
    /// Recurring work that the core wishes done.
    pub(in crate::engine) chores: VecDeque<Chore>,
    pub(in crate::engine) backups: Option<Daily>,
    pub(in crate::engine) alerts: Alerts,
    pub(in crate::engine) exceeding: Noted,
    /// Whether a line was added to the log since the core was told so.
    pub(in crate::engine) has_grown: AtomicBool,
    pub(in crate::engine) thresholds: Thresholds,
    pub(in crate::engine) board: Board,
    /// Refreshes that stand in the owner's tally already.
    counted: Totals,
}

impl Runner {
    fn new(
        mut store: Box<dyn Store>,
        http: Http,
        settings: &EngineSettings,
        events: broadcast::Sender<Event>,
        (shelf, book, grants): (Shelf, Book, Grants),
        (leave, farewell, hurry): (
            CancellationToken,
            Arc<OnceLock<Farewell>>,
            CancellationToken,
        ),
    ) -> Self {
        let (facts, incoming) = mpsc::channel(FACTS);
        let now = clock::now();
        store.keep(settings.generations);
        let seed = rand::random();
        if settings.carried.book.is_none() {
            book.recall(&mut *store, now);
        }
        let place = store.place();
        let vault = VaultThread::counting(store, settings.board.tally());
        let grant_desk = GrantDesk::new(
            grants.clone(),
            vault.desk(),
            facts.clone(),
            events.clone(),
            settings.grants.bcrypt_cost,
        );
        let mut core = Core::new(CoreSettings::new(settings, seed));
        core.take_up(&settings.carried.hosts);
        Self {
            core,
            operations: Operations::new(seed),
            place,
            gauge: Gauge::default(),
            vault,
            http,
            events,
            shelf,
            callers: Callers::default(),
            hands: HashMap::new(),
            sessions: Sessions::default(),
            condemned: Condemned::default(),
            errands: Errands::default(),
            facts,
            now,
            started_at: now,
            fetching: HashMap::new(),
            early: Vec::new(),
            book,
            grants,
            grant_desk,
            handouts_per_hour: settings.limits.handouts_per_program_hour,
            notes_at: None,
            keeping: settings.log,
            incoming,
            watch: Watch::start(),
            jumps: Jumps::listen(),
            leave,
            farewell,
            hurry,
            is_hurried: false,
            left_at: None,
            patience: settings.patience,
            chores: VecDeque::new(),
            backups: settings.backups.clone(),
            alerts: Alerts::default(),
            exceeding: Noted::default(),
            has_grown: AtomicBool::new(false),
            thresholds: settings.thresholds,
            board: settings.board.clone(),
            counted: Totals::default(),
        }
    }

    async fn run(
        mut self,
        mut commands: mpsc::Receiver<Asked>,
        mut news: mpsc::Receiver<Reconfiguration>,
    ) -> Carried {
        let book = self.book.clone();
        // First: what they name is looked at when the credentials have been read.
        self.load_grants();
        self.load();
        while !self.may_go() {
            let pause = self.pause();
            let is_leaving = self.left_at.is_some();
            tokio::select! {
                Some(fact) = self.incoming.recv() => self.take_fact(fact),
                Some(command) = commands.recv(), if !is_leaving => self.take_command(command),
                Some(news) = news.recv(), if !is_leaving => self.reconfigure(news),
                () = self.leave.cancelled(), if !is_leaving => self.begin_leaving(),
                () = self.hurry.cancelled(), if is_leaving && !self.is_hurried => self.is_hurried = true,
                () = self.jumps.next() => self.step(Input::Woke),
                () = book.opened(), if self.notes_at.is_none() => {
                    self.notes_at = Some(Instant::now() + GATHERED_FOR);
                }
                () = sleep(pause) => self.step(Input::Woke),
            }
            self.show_early_asked();
            self.do_chores();
            self.tell_of_the_log();
            self.write_notes_when_due();
        }
        commands.close();
        self.finish().await
    }

    /// Gives the core a fact and performs what it wishes.
    pub(in crate::engine) fn step(&mut self, input: Input) {
        let (now, jump) = self.watch.look();
        self.now = now;
        if let Some(by_ms) = jump {
            let effects = self.core.step(Input::ClockJumped { by_ms }, now);
            self.perform_all(effects);
        }
        let effects = self.core.step(input, now);
        self.count_refreshes();
        self.perform_all(effects);
    }

    /// Counts those that have ended since it was last asked.
    fn count_refreshes(&mut self) {
        let (now, before) = (self.core.totals(), self.counted);
        if now != before {
            let done = now.refreshed - before.refreshed;
            let tally = self.board.tally();
            tally.count_refreshes(done, now.failed - before.failed);
            self.counted = now;
        }
    }

    /// Tells everyone, if anyone listens.
    pub(in crate::engine) fn tell(&self, event: impl FnOnce() -> Event) {
        if self.events.receiver_count() > 0 {
            let _ = self.events.send(event());
        }
    }

    fn take_fact(&mut self, fact: Fact) {
        self.accept(fact);
        // What came along with it: fewer rounds in a storm.
        for _ in 0..64 {
            match self.incoming.try_recv() {
                Ok(fact) => self.accept(fact),
                Err(_) => break,
            }
        }
    }

    fn pause(&self) -> Duration {
        let longest = self.longest_sleep();
        let until = self.core.next_wake();
        let pause = until.map_or(longest, |at| self.now.until(at).min(longest));
        let pause = match self.notes_at {
            Some(at) => pause.min(at.saturating_duration_since(Instant::now())),
            None => pause,
        };
        match self.left_at {
            // A little more, because timers are rounded down and waking too early means waking twice.
            None => pause + Duration::from_millis(1),
            Some(_) => pause.min(Duration::from_millis(250)),
        }
    }

    fn longest_sleep(&self) -> Duration {
        match self.jumps.are_told() {
            true => LONGEST_SLEEP,
            false => LONGEST_DEAF_SLEEP,
        }
    }

    /// Reads the journal and all profiles; commands are taken in meanwhile.
    fn load(&self) {
        let facts = self.facts.clone();
        self.vault.ask(Job::Read(Box::new(move |store| {
            match store.open_spendings() {
                Ok(open) => drop(facts.blocking_send(Fact::Known(Input::FoundOpen(open)))),
                Err(error) => {
                    tracing::error!(error = %trouble(&error).message, "the journal cannot be read");
                }
            }
            let mut unreadable = 0;
            let total = store.count().unwrap_or(0);
            let loaded = store.profiles(&mut |portion| {
                let (profiles, bad): (Vec<_>, Vec<_>) =
                    portion.into_iter().partition(Result::is_ok);
                unreadable += bad.len() as u64;
                for error in bad.into_iter().filter_map(Result::err) {
                    tracing::error!(error = %trouble(&error).message, "a credential cannot be opened");
                }
                let profiles = profiles.into_iter().flatten().collect();
                let _ = facts.blocking_send(Fact::Known(Input::Loaded { profiles, total }));
            });
            if let Err(error) = loaded {
                tracing::error!(error = %trouble(&error).message, "the vault cannot be read");
            }
            let _ = facts.blocking_send(Fact::Known(Input::LoadEnded { unreadable }));
        })));
    }

    fn tell_of_the_log(&mut self) {
        if self.has_grown.swap(false, Ordering::Relaxed) {
            self.step(Input::LogGrew);
        }
    }

    fn write_notes_when_due(&mut self) {
        if self.notes_at.is_some_and(|at| at <= Instant::now()) {
            self.notes_at = None;
            self.write_notes();
        }
    }

    /// Has all hand-outs written that were noted so far.
    pub(in crate::engine) fn write_notes(&self) {
        for line in self.book.take() {
            self.happened(line);
        }
    }

    fn begin_leaving(&mut self) {
        self.left_at = Some(Instant::now());
        self.note_uses();
        self.sessions.cancel_all();
        self.step(Input::Leaving);
    }

    fn may_go(&self) -> bool {
        let Some(left_at) = self.left_at else {
            return false;
        };
        let limit = if self.core.is_stuck() {
            self.patience.writes
        } else {
            self.patience.requests
        };
        let unsaved = self.unsaved();
        let is_quiet = self.core.is_quiet() && unsaved.is_empty() && self.errands.are_done();
        if is_quiet && self.incoming.is_empty() {
            return true;
        }
        // A lock is a choice: nobody's tokens are lost by it.
        let must_stay = self.is_a_lock() && !self.is_hurried && !unsaved.is_empty();
        left_at.elapsed() > limit && !must_stay
    }

    fn is_a_lock(&self) -> bool {
        matches!(self.farewell.get(), Some(Farewell::Locked { .. }))
    }

    /// Whose new tokens are in hand and not on disk.
    fn unsaved(&self) -> Vec<CredentialName> {
        let mut names = self.core.unsaved();
        names.extend(self.sessions.unsaved().cloned());
        names
    }

    /// Ends the work beside the engine, and takes in what the vault's thread was asked for and has not answered yet.
    async fn gather_in(&mut self) {
        self.errands.cut_off();
        let errands = self.errands.clone();
        let mut over = std::pin::pin!(errands.over());
        loop {
            tokio::select! {
                biased;
                Some(fact) = self.incoming.recv() => self.take_fact(fact),
                () = &mut over => break,
            }
        }
        let (told, mut answered) = oneshot::channel();
        self.vault.ask(Job::Read(Box::new(move |_| {
            let _ = told.send(());
        })));
        loop {
            tokio::select! {
                biased;
                Some(fact) = self.incoming.recv() => self.take_fact(fact),
                _ = &mut answered => break,
            }
        }
        while let Ok(fact) = self.incoming.try_recv() {
            self.accept(fact);
        }
    }

    async fn finish(mut self) -> Carried {
        self.shelf.clear();
        self.gather_in().await;
        self.shelf.clear();
        let grants = self.grants.close();
        self.write_notes();
        for name in self.unsaved() {
            self.happened(Activity::new(self.now, Some(name), Happening::TokensLost));
        }
        let farewell = self.farewell.get().cloned().unwrap_or_default();
        if let Some(line) = farewell.line(self.now) {
            self.happened(line);
        }
        // Nobody takes facts in any more: the vault's thread must not wait for room among them.
        self.incoming.close();
        let vault = self.vault;
        let _ = tokio::task::spawn_blocking(move || vault.finish()).await;
        let _ = self.events.send(farewell.event());
        Carried {
            hosts: self.core.hosts(),
            book: Some(self.book),
            grants,
        }
    }
}
