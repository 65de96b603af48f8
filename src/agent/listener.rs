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
    heard: Heard,
}

#[derive(Debug)]
enum Heard {
    /// An engine's events.
    Engine(Receiver<Event>),
    /// The lock has to be told yet.
    News(Event),
    /// It is locked.
    Locked,
    /// Nothing follows.
    Over,
}

impl Listener {
    /// A listener; `heard` are the events of the engine there is, from earlier than now.
    pub fn new(mut standing: watch::Receiver<Standing>, heard: Option<Receiver<Event>>) -> Self {
        let heard = heard.map_or_else(|| look(&mut standing), Heard::Engine);
        Self { standing, heard }
    }

    /// The next event; `None`: nothing follows. Losing the future loses no event.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let told = match &self.heard {
                Heard::Over => return None,
                Heard::News(_) => self.of_news(),
                Heard::Engine(_) => self.of_engine().await,
                Heard::Locked => self.of_door().await,
            };
            if told.is_some() {
                return told;
            }
        }
    }

    fn of_news(&mut self) -> Option<Event> {
        match std::mem::replace(&mut self.heard, Heard::Locked) {
            Heard::News(event) => Some(event),
            Heard::Engine(_) | Heard::Locked | Heard::Over => None,
        }
    }

    /// An event that is there already.
    pub fn ready(&mut self) -> Option<Event> {
        let Heard::Engine(events) = &mut self.heard else {
            return None;
        };
        match events.try_recv() {
            Ok(event) => Some(self.note(event)),
            Err(TryRecvError::Lagged(_)) => Some(Event::Lagged),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }

    async fn of_engine(&mut self) -> Option<Event> {
        let Heard::Engine(events) = &mut self.heard else {
            return None;
        };
        match events.recv().await {
            Ok(event) => Some(self.note(event)),
            Err(RecvError::Lagged(_)) => Some(Event::Lagged),
            // It ended without a word.
            Err(RecvError::Closed) => {
                self.heard = match look(&mut self.standing) {
                    Heard::Engine(_) | Heard::Over => Heard::Over,
                    locked => locked,
                };
                None
            }
        }
    }

    /// Keeps in mind what an event means for those that follow.
    fn note(&mut self, event: Event) -> Event {
        if event == Event::Stopped {
            self.heard = Heard::Over;
        } else if matches!(event, Event::Locked { .. }) {
            self.heard = Heard::Locked;
        }
        event
    }

    /// Waits until the door is open, or gone.
    async fn of_door(&mut self) -> Option<Event> {
        if let Standing::Open(link) = &*self.standing.borrow_and_update() {
            self.heard = Heard::Engine(link.subscribe());
            return Some(Event::Unlocked);
        }
        if self.standing.changed().await.is_err() {
            self.heard = Heard::Over;
        }
        None
    }
}

fn look(standing: &mut watch::Receiver<Standing>) -> Heard {
    match &*standing.borrow_and_update() {
        Standing::Open(link) => Heard::Engine(link.subscribe()),
        Standing::Locked(lock) => Heard::News(Event::Locked { lock: *lock }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::engine::book::Book;
    use crate::engine::link::Link;
    use crate::engine::shelf::Shelf;
    use crate::model::lock::{LockReason, Locked};
    use tokio::sync::{broadcast, mpsc};

    fn engine() -> (Link, broadcast::Sender<Event>) {
        let (events, _) = broadcast::channel(8);
        let (commands, _) = mpsc::channel(1);
        let link = Link::new(commands, events.clone(), Shelf::default(), Book::default());
        (link, events)
    }

    fn lock() -> Locked {
        Locked {
            since: Timestamp::from_secs(5),
            reason: LockReason::Asked,
        }
    }

    #[tokio::test]
    async fn who_listens_hears_of_the_lock_and_then_the_next_engine() {
        let (first, told) = engine();
        let (standing, seen) = watch::channel(Standing::Open(first));
        let mut listener = Listener::new(seen, None);
        told.send(Event::Lagged).unwrap();
        assert_eq!(listener.next().await, Some(Event::Lagged));

        let locked = Event::Locked { lock: lock() };
        standing.send_replace(Standing::Locked(lock()));
        told.send(locked.clone()).unwrap();
        drop(told);
        assert_eq!(listener.next().await, Some(locked));
        assert_eq!(listener.ready(), None);

        let (second, told) = engine();
        standing.send_replace(Standing::Open(second));
        assert_eq!(listener.next().await, Some(Event::Unlocked));
        told.send(Event::Lagged).unwrap();
        assert_eq!(listener.ready(), Some(Event::Lagged));
        told.send(Event::Stopped).unwrap();
        assert_eq!(listener.next().await, Some(Event::Stopped));
        assert_eq!(listener.next().await, None);
    }

    #[tokio::test]
    async fn who_comes_while_it_is_locked_is_told_first_and_no_word_is_needed_at_the_end() {
        let (standing, seen) = watch::channel(Standing::Locked(lock()));
        let mut listener = Listener::new(seen, None);
        let locked = Event::Locked { lock: lock() };
        assert_eq!(listener.next().await, Some(locked));
        drop(standing);
        assert_eq!(listener.next().await, None);
    }

    #[tokio::test]
    async fn an_engine_that_ends_without_a_word_ends_the_listening_or_is_locked() {
        let (first, told) = engine();
        let (standing, seen) = watch::channel(Standing::Locked(lock()));
        let heard = told.subscribe();
        let mut listener = Listener::new(seen, Some(heard));
        drop((told, first));
        let locked = Event::Locked { lock: lock() };
        assert_eq!(listener.next().await, Some(locked));
        let (second, told) = engine();
        standing.send_replace(Standing::Open(second));
        assert_eq!(listener.next().await, Some(Event::Unlocked));
        standing.send_replace(Standing::Locked(lock()));
        drop(standing);
        drop(told);
        assert_eq!(listener.next().await, Some(Event::Locked { lock: lock() }));
        assert_eq!(listener.next().await, None);
    }
}
