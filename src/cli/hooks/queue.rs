//! What waits for one hook: so much and no more; the oldest goes, and that is counted.

use crate::cli::hooks::occasion::Occasion;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Occasions that wait for one hook at the most.
pub const MOST: usize = 64;

/// A queue with one reader.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    occasions: VecDeque<Occasion>,
    is_closed: bool,
}

impl Queue {
    /// Puts one in at the end; gives the one that had to go for it.
    pub fn push(&self, occasion: Occasion) -> Option<Occasion> {
        let mut waiting = self.waiting();
        waiting.occasions.push_back(occasion);
        let gone = match waiting.occasions.len() > MOST {
            true => waiting.occasions.pop_front(),
            false => None,
        };
        drop(waiting);
        self.changed.notify_one();
        gone
    }

    /// Nothing is put in any more.
    pub fn close(&self) {
        self.waiting().is_closed = true;
        self.changed.notify_one();
    }

    /// Takes the oldest, waiting for one; `None`: it is closed and empty.
    pub async fn next(&self) -> Option<Occasion> {
        loop {
            {
                let mut waiting = self.waiting();
                if let Some(occasion) = waiting.occasions.pop_front() {
                    return Some(occasion);
                }
                if waiting.is_closed {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting().occasions.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::model::hook::HookEvent;
    use crate::model::name::CredentialName;

    fn occasion(at: usize) -> Occasion {
        Occasion {
            event: HookEvent::Refreshed,
            name: CredentialName::new("demo", &format!("a{at}")).unwrap(),
            at: Timestamp::from_secs(0),
            failure: None,
        }
    }

    #[tokio::test]
    async fn of_too_many_the_oldest_goes_and_the_rest_keeps_its_order() {
        let queue = Queue::default();
        for at in 0..MOST {
            assert_eq!(queue.push(occasion(at)), None);
        }
        assert_eq!(queue.push(occasion(MOST)), Some(occasion(0)));
        assert_eq!(queue.len(), MOST);
        queue.close();
        for at in 1..=MOST {
            assert_eq!(queue.next().await, Some(occasion(at)));
        }
        assert_eq!(queue.next().await, None);
    }
}
