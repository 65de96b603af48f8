//! Who is connected: where no place is left, who has rested longest makes room for who comes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Who was asked to leave has left within that time, or has begun to ask something.
const PATIENCE: Duration = Duration::from_secs(1);

/// Everybody who is connected, and so many places.
#[derive(Debug)]
pub struct Guests {
    places: Arc<Semaphore>,
    most: u32,
    present: Mutex<HashMap<u64, Arc<Guest>>>,
    next: AtomicU64,
}

/// One connection, as the others see it.
#[derive(Debug)]
struct Guest {
    /// Since when nothing of it is being answered; `None`: something is.
    rests_since: Mutex<Option<Instant>>,
    leave: CancellationToken,
}

impl Guest {
    fn since(&self) -> Option<Instant> {
        *lock(&self.rests_since)
    }
}

/// A place that is taken; free again when this is dropped.
#[derive(Debug)]
pub struct Stay {
    guests: Arc<Guests>,
    number: u64,
    guest: Arc<Guest>,
    _place: OwnedSemaphorePermit,
}

/// While this lives, the connection is being answered and keeps its place.
#[derive(Debug)]
pub struct Attention(Arc<Guest>);

impl Guests {
    /// Room for that many.
    pub fn new(most: usize) -> Arc<Self> {
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        Arc::new(Self {
            places: Arc::new(Semaphore::new(most as usize)),
            most,
            present: Mutex::default(),
            next: AtomicU64::new(0),
        })
    }

    /// Takes a free place.
    pub fn enter(self: &Arc<Self>) -> Option<Stay> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(self.seat(place))
    }

    /// Takes the place of who has rested longest, and at least `rest`; `None`: nobody has, or nobody left.
    pub async fn enter_instead(self: &Arc<Self>, rest: Duration) -> Option<Stay> {
        self.send_one_away(rest)?;
        let place = Arc::clone(&self.places).acquire_owned();
        let place = tokio::time::timeout(PATIENCE, place).await.ok()?.ok()?;
        Some(self.seat(place))
    }

    /// Waits until nobody is left.
    pub async fn all_gone(&self) {
        // Never closed: when all places are free again, all have left.
        let _ = self.places.acquire_many(self.most).await;
    }

    fn seat(self: &Arc<Self>, place: OwnedSemaphorePermit) -> Stay {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let guest = Arc::new(Guest {
            rests_since: Mutex::new(Some(Instant::now())),
            leave: CancellationToken::new(),
        });
        lock(&self.present).insert(number, Arc::clone(&guest));
        Stay {
            guests: Arc::clone(self),
            number,
            guest,
            _place: place,
        }
    }

    fn send_one_away(&self, rest: Duration) -> Option<()> {
        let present = lock(&self.present);
        let now = Instant::now();
        let staying = present
            .iter()
            .filter(|(_, guest)| !guest.leave.is_cancelled());
        let resting = staying.filter_map(|(number, guest)| Some((guest.since()?, number, guest)));
        let (_, _, longest) = resting
            .filter(|(since, ..)| now.duration_since(*since) >= rest)
            .min_by_key(|(since, number, _)| (*since, *number))?;
        longest.leave.cancel();
        Some(())
    }
}

impl Stay {
    /// Begins to answer.
    pub fn attend(&self) -> Attention {
        *lock(&self.guest.rests_since) = None;
        Attention(Arc::clone(&self.guest))
    }

    /// Waits until it is asked to leave.
    pub async fn sent_away(&self) {
        self.guest.leave.cancelled().await;
    }

    /// Whether nothing of it is being answered.
    pub fn rests(&self) -> bool {
        self.guest.since().is_some()
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        lock(&self.guests.present).remove(&self.number);
    }
}

impl Drop for Attention {
    fn drop(&mut self) {
        *lock(&self.0.rests_since) = Some(Instant::now());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn newcomer(guests: &Arc<Guests>) -> tokio::task::JoinHandle<Option<Stay>> {
        let guests = Arc::clone(guests);
        tokio::spawn(async move { guests.enter_instead(Duration::ZERO).await })
    }

    #[tokio::test]
    async fn who_rests_longest_makes_room_and_who_is_being_answered_does_not() {
        let guests = Guests::new(3);
        let busy = guests.enter().unwrap();
        let attention = busy.attend();
        let (first, second) = (guests.enter().unwrap(), guests.enter().unwrap());
        assert!(guests.enter().is_none(), "all places are taken");
        assert!(guests.enter_instead(LONG).await.is_none(), "too early");
        let third = newcomer(&guests);
        first.sent_away().await;
        assert!(first.rests());
        drop(first);
        let third = third.await.unwrap();
        assert!(third.is_some());
        // Once it was answered it rests anew, and so less long than the second.
        drop(attention);
        assert!(busy.rests());
        let fourth = newcomer(&guests);
        second.sent_away().await;
        assert!(!busy.guest.leave.is_cancelled());
        drop(second);
        assert!(fourth.await.unwrap().is_some());
    }

    #[tokio::test]
    async fn who_was_sent_away_and_does_not_go_is_not_waited_for_for_ever() {
        let guests = Guests::new(1);
        let stays = guests.enter().unwrap();
        assert!(guests.enter_instead(Duration::ZERO).await.is_none());
        assert!(stays.guest.leave.is_cancelled());
        let nobody_else = guests.enter_instead(Duration::ZERO).await;
        assert!(nobody_else.is_none());
        drop(stays);
        assert!(guests.enter().is_some());
        guests.all_gone().await;
    }
}
