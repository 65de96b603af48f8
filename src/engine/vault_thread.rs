//! The one thread that owns the vault: groups writes into transactions, new tokens before everything else.

use crate::clock;
use crate::engine::api::Refusal;
use crate::engine::step::VaultTrouble;
use crate::engine::tally::Tally;
use crate::model::event::{Activity, Happening};
use crate::vault::error::VaultError;
use crate::vault::store::{Store, Write, Written};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Writes in one transaction at most: small, so that an answer of a provider is on disk within milliseconds.
const LARGEST_GROUP: usize = 16;
/// Reads between two looks at what else there is to do.
const READS_IN_A_ROW: usize = 4;
/// Lines of the activity log wait that long for a transaction to go along with.
const LAZY_FOR: Duration = Duration::from_millis(400);
/// Lazy writes in one transaction: nothing urgent waits longer than for these.
const LAZY_GROUP: usize = 128;
/// Lazy writes that are kept while the vault cannot be written; older ones are given up, and how many is told.
const MOST_LAZY: usize = 20_000;
/// Pause after a lazy write failed.
const LAZY_PAUSE: Duration = Duration::from_secs(10);

/// Makes a write, again each time it has to be tried.
pub type Maker = Box<dyn Fn(&dyn Store) -> Write + Send>;
/// What is done with a write's outcome, on the vault's thread.
pub type Done = Box<dyn FnOnce(&mut dyn Store, Result<Written, VaultTrouble>) + Send>;
/// Something that only reads.
pub type Reading = Box<dyn FnOnce(&mut dyn Store) + Send>;

/// What the thread is asked for.
pub enum Job {
    /// A write that carries an outcome or a profile: first, and in order.
    Urgent(Maker, Done),
    /// An intent to refresh.
    Spend(Maker, Done),
    /// A line for the log, which may wait a little.
    Lazy(Maker),
    /// A write that belongs to recurring work: alone, after everything else.
    Routine(Maker, Done),
    /// A reading.
    Read(Reading),
    /// A reading that has to see the lazy writes.
    ReadLog(Reading),
    /// Nothing follows: the thread ends when all is written.
    Leave,
}

/// The thread; it ends when the last sender is gone and all is written.
#[derive(Debug)]
pub struct VaultThread {
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
}

impl VaultThread {
    /// Hands the store to a thread of its own.
    pub fn start(store: Box<dyn Store>) -> Self {
        Self::counting(store, &Tally::default())
    }

    /// The same; lines of the log that there is no room for are counted there.
    pub fn counting(store: Box<dyn Store>, tally: &Tally) -> Self {
        let tally = tally.clone();
        // Not bounded by the channel but by who sends: caps of refreshes, of callers, of commands.
        let (jobs, inbox) = channel();
        let thread = thread::Builder::new()
            .name("vault".to_owned())
            .spawn(move || Desk::new(store, inbox, tally).work())
            .expect("a system without room for one thread runs nothing else either");
        Self { jobs, thread }
    }

    /// Asks for something. After the thread has ended nothing happens: whoever waits sees its channel closed.
    pub fn ask(&self, job: Job) {
        let _ = self.jobs.send(job);
    }

    /// Another way to the same thread.
    pub fn desk(&self) -> VaultDesk {
        VaultDesk(self.jobs.clone())
    }

    /// Lets the thread write all it was asked for, and waits for its end.
    pub fn finish(self) {
        let _ = self.jobs.send(Job::Leave);
        let _ = self.thread.join();
    }
}

/// A way to the vault's thread for those who only read.
#[derive(Debug, Clone)]
pub struct VaultDesk(Sender<Job>);

impl VaultDesk {
    /// Reads on the vault's thread; `None`: the thread has ended.
    pub async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut dyn Store) -> T + Send + 'static,
    ) -> Option<T> {
        self.ask(Job::Read, question).await
    }

    /// The same after all lines of the log were written that wait for it.
    pub async fn read_log<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut dyn Store) -> T + Send + 'static,
    ) -> Option<T> {
        self.ask(Job::ReadLog, question).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        job: fn(Reading) -> Job,
        question: impl FnOnce(&mut dyn Store) -> T + Send + 'static,
    ) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        let reading: Reading = Box::new(move |store| drop(reply.send(question(store))));
        self.0.send(job(reading)).ok()?;
        answer.await.ok()
    }
}

struct Desk {
    store: Box<dyn Store>,
    inbox: Receiver<Job>,
    is_open: bool,
    urgent: VecDeque<(Maker, Done)>,
    spends: VecDeque<(Maker, Done)>,
    routine: VecDeque<(Maker, Done)>,
    reads: VecDeque<Reading>,
    log_reads: VecDeque<Reading>,
    lazy: VecDeque<Maker>,
    lazy_at: Option<Instant>,
    lost: u64,
    tally: Tally,
}

impl Desk {
    fn new(store: Box<dyn Store>, inbox: Receiver<Job>, tally: Tally) -> Self {
        Self {
            store,
            inbox,
            is_open: true,
            urgent: VecDeque::new(),
            spends: VecDeque::new(),
            routine: VecDeque::new(),
            reads: VecDeque::new(),
            log_reads: VecDeque::new(),
            lazy: VecDeque::new(),
            lazy_at: None,
            lost: 0,
            tally,
        }
    }

    fn work(mut self) {
        while self.is_open || self.has_work() {
            self.gather();
            let urgent = take(&mut self.urgent);
            if !urgent.is_empty() {
                self.write(urgent);
                continue;
            }
            for reading in self.reads.drain(..READS_IN_A_ROW.min(self.reads.len())) {
                reading(self.store.as_mut());
            }
            self.gather_quickly();
            if self.urgent.is_empty() {
                let spends = take(&mut self.spends);
                if !spends.is_empty() {
                    self.write(spends);
                }
            }
            if !self.has_pressing_work()
                && let Some(routine) = self.routine.pop_front()
            {
                self.write(vec![routine]);
            }
            if self.lazy_at.is_some_and(|at| at <= Instant::now()) || !self.is_open {
                self.write_lazy();
            }
            if self.lazy_at.is_none_or(|at| at > Instant::now()) {
                // All is written that can be.
                self.reads.append(&mut self.log_reads);
            }
        }
        self.write_lazy();
    }

    fn has_pressing_work(&self) -> bool {
        !(self.urgent.is_empty() && self.spends.is_empty() && self.reads.is_empty())
    }

    fn has_work(&self) -> bool {
        !(self.urgent.is_empty()
            && self.spends.is_empty()
            && self.routine.is_empty()
            && self.reads.is_empty()
            && self.log_reads.is_empty())
    }

    /// Waits for something to do, then takes all there is.
    fn gather(&mut self) {
        if !self.has_work() && self.is_open {
            let next = match self.lazy_at {
                None => self
                    .inbox
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => self
                    .inbox
                    .recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            match next {
                Ok(job) => self.sort_in(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.is_open = false,
            }
        }
        self.gather_quickly();
    }

    fn gather_quickly(&mut self) {
        while let Ok(job) = self.inbox.try_recv() {
            self.sort_in(job);
        }
    }

    fn sort_in(&mut self, job: Job) {
        match job {
            Job::Leave => self.is_open = false,
            Job::Urgent(make, done) => self.urgent.push_back((make, done)),
            Job::Spend(make, done) => self.spends.push_back((make, done)),
            Job::Routine(make, done) => self.routine.push_back((make, done)),
            Job::Read(reading) => self.reads.push_back(reading),
            Job::ReadLog(reading) => {
                self.log_reads.push_back(reading);
                self.lazy_at = self.lazy_at.map(|_| Instant::now());
            }
            Job::Lazy(make) => {
                if self.lazy.len() >= MOST_LAZY {
                    self.lazy.pop_front();
                    self.lost += 1;
                    self.tally.count_lost_line();
                }
                self.lazy.push_back(make);
                self.lazy_at = self.lazy_at.or(Some(Instant::now() + LAZY_FOR));
            }
        }
    }

    /// Writes a group in one transaction, lazy ones along with it; when that fails, each on its own, so that one bad
    /// write does not stop the others.
    fn write(&mut self, group: Vec<(Maker, Done)>) {
        let along = self.lazy.len().min(LARGEST_GROUP);
        let mut writes: Vec<Write> = group.iter().map(|(make, _)| make(&*self.store)).collect();
        writes.extend(self.lazy.iter().take(along).map(|make| make(&*self.store)));
        match self.store.apply(writes) {
            Ok(written) => {
                self.lazy.drain(..along);
                self.lazy_at = self.lazy_at.filter(|_| !self.lazy.is_empty());
                for ((_, done), written) in group.into_iter().zip(written) {
                    done(self.store.as_mut(), Ok(written));
                }
            }
            Err(error) if group.len() == 1 && along == 0 => {
                for (_, done) in group {
                    done(self.store.as_mut(), Err(trouble(&error)));
                }
            }
            Err(_) => self.write_apart(group),
        }
    }

    fn write_apart(&mut self, group: Vec<(Maker, Done)>) {
        for (make, done) in group {
            let write = make(&*self.store);
            let outcome = self.store.apply(vec![write]);
            let outcome = match outcome.as_deref() {
                Ok([written, ..]) => Ok(*written),
                Ok([]) => Err(VaultTrouble {
                    message: "it did not say what became of a write".to_owned(),
                    hint: "Check it with: tokenward vault verify".to_owned(),
                }),
                Err(error) => Err(trouble(error)),
            };
            done(self.store.as_mut(), outcome);
        }
    }

    /// Writes what could wait, as long as nothing urgent comes.
    fn write_lazy(&mut self) {
        while !self.lazy.is_empty() {
            let count = self.lazy.len().min(LAZY_GROUP);
            let writes = self.lazy.iter().take(count);
            let mut writes: Vec<Write> = writes.map(|make| make(&*self.store)).collect();
            writes.extend(self.lost_lines());
            if self.store.apply(writes).is_err() {
                self.lazy_at = Some(Instant::now() + LAZY_PAUSE);
                return;
            }
            self.lost = 0;
            self.lazy.drain(..count);
            self.gather_quickly();
            if !self.urgent.is_empty() && !self.lazy.is_empty() {
                self.lazy_at = Some(Instant::now());
                return;
            }
        }
        self.lazy_at = None;
    }

    fn lost_lines(&self) -> Option<Write> {
        let lost = Happening::LinesLost { count: self.lost };
        (self.lost > 0).then(|| Write::Activity(Activity::new(clock::now(), None, lost)))
    }
}

fn take(queue: &mut VecDeque<(Maker, Done)>) -> Vec<(Maker, Done)> {
    queue.drain(..LARGEST_GROUP.min(queue.len())).collect()
}

/// What somebody is told who asked about an item of the inbox: that there is none of its number is no trouble of the vault.
pub fn item_refusal(error: &VaultError) -> Refusal {
    if let VaultError::NoSuchParcel { .. } = error {
        return Refusal::Invalid {
            message: error.to_string(),
            hint: error.hint(),
        };
    }
    trouble(error).refusal()
}

/// A vault's error in words, its causes included.
pub fn trouble(error: &VaultError) -> VaultTrouble {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        message.push_str(": ");
        message.push_str(&inner.to_string());
        cause = inner.source();
    }
    VaultTrouble {
        message,
        hint: error.hint(),
    }
}
