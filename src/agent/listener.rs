//! Events across locks: those of one engine, then that it was locked, then those of the next one.

use crate::agent::door::Standing;
use crate::engine::api::Event;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::watch;

/// Listens at a door.
#[derive(Debug)]
pub struct Listener {
    standing: watch::Receiver<Standing>,
    events: Receiver<Event>,
    known: Known,
    /// What is told before any other event.
    news: Option<Event>,
}

/// How the door stands, as far as it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Open,
    Locked,
    /// Nothing follows.
    Over,
}

impl Listener {
    /// A listener to `events`, which were subscribed to before now.
    pub fn new(standing: watch::Receiver<Standing>, events: Receiver<Event>) -> Self {
        let news = lock_of(&standing);
        let known = news.as_ref().map_or(Known::Open, |_| Known::Locked);
        Self {
            standing,
            events,
            known,
            news,
        }
    }

    /// The next event; `None`: nothing follows. Losing the future loses no event.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(news) = self.news.take() {
                return Some(news);
            }
            let heard = match self.known {
                Known::Over => return None,
                Known::Open => self.events.recv().await,
                Known::Locked => tokio::select! {
                    biased;
                    heard = self.events.recv() => heard,
                    () = gone(&mut self.standing) => Err(RecvError::Closed),
                },
            };
            let told = self.take(heard);
            if told.is_some() {
                return told;
            }
        }
    }

    /// An event that is there already.
    pub fn ready(&mut self) -> Option<Event> {
        loop {
            if let Some(news) = self.news.take() {
                return Some(news);
            }
            if self.known == Known::Over {
                return None;
            }
            let heard = match self.events.try_recv() {
                Ok(event) => Ok(event),
                Err(TryRecvError::Lagged(missed)) => Err(RecvError::Lagged(missed)),
                Err(TryRecvError::Closed) => Err(RecvError::Closed),
                Err(TryRecvError::Empty) => return None,
            };
            let told = self.take(heard);
            if told.is_some() {
                return told;
            }
        }
    }

    /// What is told of what was heard; `None`: nothing.
    fn take(&mut self, heard: Result<Event, RecvError>) -> Option<Event> {
        match heard {
            Ok(event) => self.note(event),
            Err(RecvError::Lagged(_)) => self.look_again(),
            Err(RecvError::Closed) => {
                self.known = Known::Over;
                None
            }
        }
    }

    /// Keeps in mind what an event means for those that follow. Of a locked door, what its engine still does is not told.
    fn note(&mut self, event: Event) -> Option<Event> {
        let was = self.known;
        if event == Event::Stopped {
            self.known = Known::Over;
            return Some(event);
        }
        if event == Event::Unlocked {
            self.known = Known::Open;
            return (was == Known::Locked).then_some(event);
        }
        if matches!(event, Event::Locked { .. }) {
            self.known = Known::Locked;
        }
        (was == Known::Open).then_some(event)
    }

    /// Events were missed: among them may be that the door was locked, or opened.
    fn look_again(&mut self) -> Option<Event> {
        match (self.known, lock_of(&self.standing)) {
            (Known::Locked, None) => {
                self.known = Known::Open;
                self.news = Some(Event::Lagged);
                Some(Event::Unlocked)
            }
            (Known::Open, lock) => {
                if lock.is_some() {
                    self.known = Known::Locked;
                }
                self.news = lock;
                Some(Event::Lagged)
            }
            (Known::Locked, Some(_)) | (Known::Over, _) => None,
        }
    }
}

fn lock_of(standing: &watch::Receiver<Standing>) -> Option<Event> {
    match &*standing.borrow() {
        Standing::Open(_) => None,
        Standing::Locked(lock) => Some(Event::Locked { lock: *lock }),
    }
}

/// Waits until nobody keeps the door any more.
async fn gone(standing: &mut watch::Receiver<Standing>) {
    while standing.changed().await.is_ok() {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::door::Door;
    use crate::clock::Timestamp;
    use crate::engine::book::Book;
    use crate::engine::link::Link;
    use crate::engine::shelf::Shelf;
    use crate::model::lock::{LockReason, Locked};
    use tokio::sync::{broadcast, mpsc};

    /// A door, and whoever keeps it.
    struct Kept {
        door: Door,
        standing: watch::Sender<Standing>,
        events: broadcast::Sender<Event>,
    }

    const LOCK: Locked = Locked {
        since: Timestamp::from_secs(5),
        reason: LockReason::Asked,
    };
    const LOCKED: Event = Event::Locked { lock: LOCK };

    fn said(secs: u64) -> Event {
        Event::Loaded {
            loaded: secs,
            total: 100,
        }
    }

    impl Kept {
        fn new() -> Self {
            let (events, _) = broadcast::channel(8);
            let (standing, seen) = watch::channel(Standing::Locked(LOCK));
            let (orders, _) = mpsc::channel(1);
            Self {
                door: Door::new(seen, orders, events.clone(), ""),
                standing,
                events,
            }
        }

        fn tell(&self, event: Event) {
            // Nobody may listen.
            let _ = self.events.send(event);
        }

        fn begin_lock(&self) {
            self.standing.send_replace(Standing::Locked(LOCK));
        }

        fn begin_unlock(&self) {
            let (commands, _) = mpsc::channel(1);
            let (shelf, book) = (Shelf::default(), Book::default());
            let link = Link::new(commands, self.events.clone(), shelf, book);
            self.standing.send_replace(Standing::Open(link));
        }
    }

    fn all(listener: &mut Listener) -> Vec<Event> {
        std::iter::from_fn(|| listener.ready()).collect()
    }

    #[tokio::test]
    async fn who_listens_hears_of_the_lock_and_the_next_engine_from_its_first_event_on() {
        let kept = Kept::new();
        kept.begin_unlock();
        let mut slow = kept.door.listen();
        kept.tell(said(1));
        kept.begin_lock();
        kept.tell(said(2));
        kept.tell(LOCKED);
        kept.begin_unlock();
        kept.tell(Event::Unlocked);
        kept.tell(said(3));
        let heard = [said(1), said(2), LOCKED, Event::Unlocked, said(3)];
        for event in heard {
            assert_eq!(slow.next().await, Some(event));
        }
        kept.tell(Event::Stopped);
        assert_eq!(slow.next().await, Some(Event::Stopped));
        assert_eq!(slow.next().await, None);
    }

    #[test]
    fn whenever_somebody_comes_lock_and_unlocking_are_told_once_and_no_first_event_is_missed() {
        for moment in 0..5 {
            let kept = Kept::new();
            let mut listener = None;
            let mut at = |when| {
                if when == moment {
                    listener = Some(kept.door.listen());
                }
            };
            kept.begin_unlock();
            kept.begin_lock();
            at(0);
            kept.tell(said(1));
            at(1);
            kept.tell(LOCKED);
            at(2);
            kept.begin_unlock();
            at(3);
            kept.tell(Event::Unlocked);
            at(4);
            kept.tell(said(2));
            let heard = all(&mut listener.unwrap());
            let (full, short) = (vec![LOCKED, Event::Unlocked, said(2)], vec![said(2)]);
            assert_eq!(heard, if moment < 3 { full } else { short }, "{moment}");
        }
    }

    #[test]
    fn who_missed_events_knows_how_the_door_stands() {
        let kept = Kept::new();
        let mut locked = kept.door.listen();
        assert_eq!(all(&mut locked), [LOCKED]);
        kept.begin_unlock();
        let mut open = kept.door.listen();
        kept.tell(Event::Unlocked);
        (0..20).for_each(|at| kept.tell(said(at)));
        let told = all(&mut locked);
        assert_eq!(told[..2], [Event::Unlocked, Event::Lagged]);
        assert_eq!(told.last(), Some(&said(19)));
        kept.begin_lock();
        assert_eq!(all(&mut open), [Event::Lagged, LOCKED]);
    }

    #[tokio::test]
    async fn when_nobody_keeps_a_locked_door_any_more_nothing_follows() {
        let kept = Kept::new();
        let mut listener = kept.door.listen();
        assert_eq!(listener.next().await, Some(LOCKED));
        drop(kept.standing);
        assert_eq!(listener.next().await, None);
    }
}
