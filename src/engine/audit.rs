//! Reads the activity log for whoever asks: in portions, so that no write waits for more than one of them.

use crate::clock::Timestamp;
use crate::engine::api::{Refusal, Reply};
use crate::engine::hiding;
use crate::engine::runner::Runner;
use crate::engine::vault_thread::{VaultDesk, trouble};
use crate::model::analysis::Analysis;
use crate::model::analyst::Analyst;
use crate::model::audit::{Search, Verdict};
use crate::model::event::Entry;
use crate::model::watcher::Watcher;
use crate::vault::error::VaultError;
use crate::vault::log_check::LogCheck;
use crate::vault::store::Store;
use jiff::tz::TimeZone;
use std::sync::Arc;
use std::time::Duration;

/// Lines that are read at once: some ten milliseconds.
const PORTION: usize = 2000;
/// Where few are wanted, a filter may still leave out some.
const FEW: usize = 100;
/// Lines stand in the order in which they were written. One may tell of a moment so much before its neighbours': it was
/// gathered for a while, or the clock was set.
const LATE: Duration = Duration::from_secs(24 * 3600);

impl Runner {
    /// Looks for lines.
    pub(in crate::engine) fn audit(&self, search: Search, reply: Reply<Vec<Entry>>) {
        let log = self.log();
        tokio::spawn(async move {
            let found = match search.after {
                Some(after) => log.following(search, after).await,
                None => log.newest(search).await,
            };
            drop(reply.send(found));
        });
    }

    /// Adds everything up.
    pub(in crate::engine) fn analyse(
        &self,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        reply: Reply<Box<Analysis>>,
    ) {
        let log = self.log();
        let analyst = Analyst::new(self.thresholds, TimeZone::system(), since, until);
        tokio::spawn(async move {
            let analysis = log.analysed(analyst, &reply).await;
            drop(reply.send(analysis.map(Box::new)));
        });
    }

    /// Checks everything.
    pub(in crate::engine) fn verify_log(&self, reply: Reply<Verdict>) {
        let log = self.log();
        tokio::spawn(async move {
            let verdict = log.verified().await;
            drop(reply.send(verdict));
        });
    }

    /// The log with all that happened before this moment in it.
    pub(in crate::engine) fn log(&self) -> Log {
        self.write_notes();
        Log {
            desk: self.vault.desk(),
        }
    }
}

/// The log, from beside the engine.
pub(in crate::engine) struct Log {
    desk: VaultDesk,
}

/// What was looked for in some lines.
struct Found {
    /// The first and the last number that was looked at; `None`: there was no line.
    span: Option<(u64, u64)>,
    /// When the newest of them was.
    newest: Option<Timestamp>,
    /// Those that fit.
    fitting: Vec<Entry>,
}

impl Log {
    async fn following(&self, search: Search, after: u64) -> Result<Vec<Entry>, Refusal> {
        self.settle().await?;
        let (search, mut after, mut found) = (Arc::new(search), after, Vec::new());
        while found.len() < search.limit {
            let wanted = Arc::clone(&search);
            let read = move |store: &mut dyn Store| {
                let portion = store.log_after(after, PORTION)?;
                Ok(Found::among(portion, &wanted, store))
            };
            let portion = self.read(read).await?;
            let Some((_, last)) = portion.span else { break };
            after = last;
            found.extend(portion.fitting);
        }
        found.truncate(search.limit);
        Ok(found)
    }

    async fn newest(&self, search: Search) -> Result<Vec<Entry>, Refusal> {
        self.settle().await?;
        let too_old = search.filter.since.map(|since| since.minus(LATE));
        let (search, mut before, mut found) = (Arc::new(search), u64::MAX, Vec::new());
        while found.len() < search.limit {
            let wanted = Arc::clone(&search);
            let read = move |store: &mut dyn Store| {
                let portion = store.log_before(before, PORTION.min(wanted.limit.max(FEW)))?;
                Ok(Found::among(portion, &wanted, store))
            };
            let portion = self.read(read).await?;
            let Some((first, _)) = portion.span else {
                break;
            };
            before = first;
            found.extend(portion.fitting.into_iter().rev());
            if too_old.is_some() && portion.newest < too_old {
                break;
            }
        }
        found.truncate(search.limit);
        found.reverse();
        Ok(found)
    }

    async fn analysed(
        &self,
        mut analyst: Analyst,
        reply: &Reply<Box<Analysis>>,
    ) -> Result<Analysis, Refusal> {
        self.settle().await?;
        let mut after = 0;
        while !reply.is_closed() {
            let portion = self.read(move |store| store.log_after(after, PORTION));
            let portion = portion.await?;
            let Some(last) = portion.last() else { break };
            after = last.number;
            for entry in &portion {
                analyst.take(&entry.activity);
            }
        }
        Ok(analyst.finish())
    }

    /// Has the watcher read on up to the end; says how many lines that were.
    pub(in crate::engine) async fn watched(&self, watcher: &mut Watcher) -> Result<u64, Refusal> {
        self.settle().await?;
        let mut count = 0;
        loop {
            let after = watcher.last;
            let portion = self.read(move |store| store.log_after(after, PORTION));
            let portion = portion.await?;
            if portion.is_empty() {
                return Ok(count);
            }
            count += portion.len() as u64;
            for entry in &portion {
                watcher.take(entry.number, &entry.activity);
            }
        }
    }

    async fn verified(&self) -> Result<Verdict, Refusal> {
        self.settle().await?;
        let mut check = LogCheck::default();
        loop {
            let step = move |store: &mut dyn Store| {
                let verdict = check.step(store)?;
                Ok((check, verdict))
            };
            let (further, verdict) = self.read(step).await?;
            if let Some(verdict) = verdict {
                return Ok(verdict);
            }
            check = further;
        }
    }

    /// Waits until all lines are written.
    async fn settle(&self) -> Result<(), Refusal> {
        self.desk.read_log(|_| ()).await.ok_or(Refusal::Stopped)
    }

    async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut dyn Store) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let answer = self.desk.read(question).await.ok_or(Refusal::Stopped)?;
        answer.map_err(|error| trouble(&error).refusal())
    }
}

impl Found {
    fn among(lines: Vec<Entry>, search: &Search, store: &dyn Store) -> Self {
        let ends = lines.first().zip(lines.last());
        let span = ends.map(|(first, last)| (first.number, last.number));
        let newest = lines.iter().map(|entry| entry.activity.at).max();
        let mut fitting = lines;
        fitting.retain(|entry| search.filter.fits(&entry.activity));
        if search.hides_accounts {
            hiding::hide_in(store, &mut fitting);
        }
        Self {
            span,
            newest,
            fitting,
        }
    }
}
