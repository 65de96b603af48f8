//! The registered clients: built-in ones, and those that registered themselves.

use crate::demo::settings::DemoClient;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many clients may register themselves; one more drops the oldest.
const MOST_REGISTERED: usize = 1_000;

/// All clients. Its lock is held for a look only, and nothing else is locked meanwhile.
#[derive(Debug)]
pub struct Clients(Mutex<Vec<Arc<DemoClient>>>);

impl Clients {
    /// With these built in.
    pub fn new(built_in: Vec<DemoClient>) -> Self {
        Self(Mutex::new(built_in.into_iter().map(Arc::new).collect()))
    }

    fn list(&self) -> MutexGuard<'_, Vec<Arc<DemoClient>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client of that id.
    pub fn get(&self, id: &str) -> Option<Arc<DemoClient>> {
        let list = self.list();
        list.iter().find(|client| client.id == id).cloned()
    }

    /// Adds one that registered itself.
    pub fn register(&self, client: DemoClient) {
        let mut list = self.list();
        let registered = |client: &Arc<DemoClient>| client.registration.is_some();
        if list.iter().filter(|client| registered(client)).count() >= MOST_REGISTERED
            && let Some(oldest) = list.iter().position(registered)
        {
            list.remove(oldest);
        }
        list.push(Arc::new(client));
    }

    /// Forgets one.
    pub fn remove(&self, id: &str) {
        self.list().retain(|client| client.id != id);
    }

    /// How many registered themselves.
    pub fn registered(&self) -> usize {
        let list = self.list();
        list.iter().filter(|one| one.registration.is_some()).count()
    }
}
