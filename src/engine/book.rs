//! Notes of tokens that were handed out, gathered for a moment: the same again is counted, not repeated.

use crate::clock::{self, Timestamp};
use crate::engine::api::Refusal;
use crate::engine::handouts::Handouts;
use crate::engine::tally::Tally;
use crate::model::event::{Activity, Happening, Purpose};
use crate::model::name::CredentialName;
use crate::model::operation::OperationId;
use crate::model::program::Program;
use crate::vault::store::Store;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How long notes are gathered before they are written. With the vault's own wait for a transaction to go along with,
/// a hand-out is on disk within a second.
pub const GATHERED_FOR: Duration = Duration::from_millis(400);
/// Different notes that are gathered at the most: beyond, they are only counted.
const MOST: usize = 10_000;

/// A limit that one program exceeds again and again is noted that often.
const NOTED_EVERY: Duration = Duration::from_secs(60);
/// The span that hand-outs are counted over.
const HOUR: Duration = Duration::from_secs(3600);
/// Lines of the log that are read at once, and in all, to know what programs got before this engine was.
const PORTION: usize = 200;
const MOST_RECALLED: usize = 10_000;

/// The book; cheap to clone, all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Book {
    pages: Arc<Mutex<Pages>>,
    written: Arc<Notify>,
    tally: Tally,
}

#[derive(Debug, Default)]
struct Pages {
    notes: HashMap<Note, Count>,
    lost: u64,
    /// What programs got; `None`: nothing limits them here.
    handouts: Option<Handouts>,
    /// Limits that were exceeded.
    exceeded: Vec<Activity>,
    /// When it was noted last that a limit was exceeded, by the limit and who exceeded it.
    noted: HashMap<(String, Arc<Program>), Instant>,
}

impl Pages {
    fn is_empty(&self) -> bool {
        self.notes.is_empty() && self.exceeded.is_empty()
    }
}

/// What makes two hand-outs the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Note {
    name: CredentialName,
    purpose: Purpose,
    operation: Option<OperationId>,
    by: Arc<Program>,
}

#[derive(Debug)]
struct Count {
    first: Timestamp,
    count: u64,
}

impl Book {
    /// An empty book that lets each program have so many tokens an hour; what it notes is counted there.
    pub fn limited(handouts_per_hour: u64, tally: &Tally) -> Self {
        let book = Self {
            tally: tally.clone(),
            ..Self::default()
        };
        book.pages().handouts = Some(Handouts::new(handouts_per_hour));
        book
    }

    /// Lets each program have so many tokens an hour from now on.
    pub fn limit(&self, handouts_per_hour: u64) {
        if let Some(handouts) = &mut self.pages().handouts {
            handouts.set_most(handouts_per_hour);
        }
    }

    /// Opens it for another engine: what was noted since the last one ended is written by this one.
    pub fn reopen(&self) {
        if !self.pages().is_empty() {
            self.written.notify_one();
        }
    }

    /// Whether a program may have one more token now; that it may not is noted once a minute.
    pub fn allows(&self, name: &CredentialName, by: &Arc<Program>) -> Result<(), Refusal> {
        let mut pages = self.pages();
        let allowed = match &mut pages.handouts {
            Some(handouts) => handouts.check(by, Instant::now()),
            None => Ok(()),
        };
        let Err(too_many) = allowed else {
            return Ok(());
        };
        drop(pages);
        if too_many.is_news {
            self.note_limit(too_many.limit(), Some(name.clone()), by);
        }
        Err(too_many.refusal())
    }

    /// Notes that a program exceeded a limit that is counted elsewhere: once a minute for each limit and program.
    pub fn exceeded(&self, limit: &str, name: Option<&CredentialName>, by: &Arc<Program>) {
        let now = Instant::now();
        let is_old = |at: &Instant| now.saturating_duration_since(*at) >= NOTED_EVERY;
        let key = (limit.to_owned(), Arc::clone(by));
        let mut pages = self.pages();
        if pages.noted.get(&key).is_some_and(|at| !is_old(at)) {
            return;
        }
        if pages.noted.len() >= MOST {
            pages.noted.retain(|_, at| !is_old(at));
        }
        if pages.noted.len() < MOST {
            pages.noted.insert(key, now);
            drop(pages);
            self.note_limit(limit.to_owned(), name.cloned(), by);
        }
    }

    fn note_limit(&self, limit: String, name: Option<CredentialName>, by: &Arc<Program>) {
        let what = Happening::LimitExceeded { limit };
        let line = Activity::new(clock::now(), name, what).by(Some(Arc::clone(by)));
        let mut pages = self.pages();
        let was_empty = pages.is_empty();
        pages.exceeded.push(line);
        drop(pages);
        if was_empty {
            self.written.notify_one();
        }
    }

    /// How many tokens a program may have an hour, and the one that had the most lately; `None`: nothing limits them.
    pub fn handouts(&self) -> Option<(u64, Option<(String, u64)>)> {
        let pages = self.pages();
        let handouts = pages.handouts.as_ref()?;
        Some((handouts.most(), handouts.busiest(Instant::now())))
    }

    /// Reads in the activity log what programs got in the last hour, so that neither a restart nor an owner for the moment
    /// of a command forgives it. A log that cannot be read forgives it: what it lacks is told elsewhere.
    pub fn recall(&self, store: &mut dyn Store, now: Timestamp) {
        let (since, instant) = (now.minus(HOUR), Instant::now());
        let mut lately: Vec<Activity> = Vec::new();
        let mut before = u64::MAX;
        while lately.len() < MOST_RECALLED
            && let Ok(lines) = store.log_before(before, PORTION)
            && let Some(first) = lines.first()
        {
            before = first.number;
            let is_older = first.activity.at <= since;
            let lines = lines.into_iter().map(|entry| entry.activity);
            lately.extend(lines.rev().filter(|line| line.at > since));
            if is_older {
                break;
            }
        }
        let mut pages = self.pages();
        let Some(handouts) = &mut pages.handouts else {
            return;
        };
        for line in lately.iter().rev() {
            let at = instant.checked_sub(now.since(line.at)).unwrap_or(instant);
            handouts.recall(line, at);
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a token was handed out.
    pub fn handed_out(
        &self,
        name: &CredentialName,
        purpose: Purpose,
        operation: Option<OperationId>,
        by: &Arc<Program>,
    ) {
        let note = Note {
            name: name.clone(),
            purpose,
            operation,
            by: Arc::clone(by),
        };
        self.tally.count_hand_out(purpose);
        let mut pages = self.pages();
        if let Some(handouts) = &mut pages.handouts {
            handouts.count(by, Instant::now());
        }
        let was_empty = pages.is_empty();
        if let Some(count) = pages.notes.get_mut(&note) {
            count.count += 1;
        } else if pages.notes.len() < MOST {
            let first = clock::now();
            pages.notes.insert(note, Count { first, count: 1 });
        } else {
            pages.lost += 1;
            self.tally.count_lost_line();
        }
        drop(pages);
        if was_empty {
            self.written.notify_one();
        }
    }

    /// Waits until the first note stands in an empty book.
    pub async fn opened(&self) {
        self.written.notified().await;
    }

    /// Takes all notes out as lines of the activity log, in the order in which they began.
    pub fn take(&self) -> Vec<Activity> {
        let mut pages = self.pages();
        let notes = std::mem::take(&mut pages.notes);
        let (exceeded, lost) = (
            std::mem::take(&mut pages.exceeded),
            std::mem::take(&mut pages.lost),
        );
        drop(pages);
        let mut lines: Vec<Activity> = notes.into_iter().map(line).chain(exceeded).collect();
        lines.sort_by_key(|line| line.at);
        if lost > 0 {
            let lost = Happening::LinesLost { count: lost };
            lines.push(Activity::new(clock::now(), None, lost));
        }
        lines
    }
}

fn line((note, count): (Note, Count)) -> Activity {
    let what = Happening::HandedOut {
        purpose: note.purpose,
        count: count.count,
    };
    Activity::new(count.first, Some(note.name), what)
        .within(note.operation)
        .by(Some(note.by))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(pid: u32) -> Arc<Program> {
        Arc::new(Program {
            pid: Some(pid),
            ..Program::default()
        })
    }

    #[test]
    fn the_same_again_is_counted_and_another_program_is_another_line() {
        let (book, name) = (Book::default(), "demo/a".parse().unwrap());
        for pid in [1, 2, 1, 1] {
            book.handed_out(&name, Purpose::Get, None, &program(pid));
        }
        let counts = |lines: &[Activity]| {
            let mut counts: Vec<_> = lines
                .iter()
                .map(|line| match &line.what {
                    Happening::HandedOut { count, .. } => *count,
                    other => panic!("{other:?}"),
                })
                .collect();
            counts.sort_unstable();
            counts
        };
        assert_eq!(counts(&book.take()), [1, 3]);
        assert!(book.take().is_empty());
    }

    #[test]
    fn what_is_too_much_to_note_is_counted_as_lost() {
        let (book, name) = (Book::default(), "demo/a".parse().unwrap());
        for pid in 0..u32::try_from(MOST).unwrap() + 3 {
            book.handed_out(&name, Purpose::Get, None, &program(pid));
        }
        let lines = book.take();
        assert_eq!(lines.len(), MOST + 1);
        assert_eq!(lines[MOST].what, Happening::LinesLost { count: 3 });
    }
}
