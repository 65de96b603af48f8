//! The way to what is known of grants, for the agent and the engine: cheap to clone, and all clones are one.

use crate::clock;
use crate::engine::api::Refusal;
use crate::engine::bucket::{Bucket, Left, whole_secs};
use crate::engine::grants::narrowed::Narrowed;
use crate::engine::grants::questions::Questions;
use crate::engine::grants::registry::{Admitted, Registry};
use crate::model::grant::{GrantName, GrantView};
use crate::model::grant_fault::GrantFault;
use crate::model::name::CredentialName;
use crate::model::program::Program;
use crate::secret::GrantToken;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// Tokens that are no good and questions, of one address in an hour.
pub const MOST_GUESSES: u64 = 20;
/// Addresses that are remembered; the port takes only those of this machine.
const MOST_ADDRESSES: usize = 256;

/// The grants of one engine. Empty behind a socket, and before they were read.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    state: Arc<Mutex<State>>,
    /// Told when they were read; `None`: there is nothing to read.
    read: Option<CancellationToken>,
}

/// What is known.
#[derive(Debug, Default)]
pub struct State {
    /// The grants.
    pub registry: Registry,
    /// The questions.
    pub questions: Questions,
    /// Tokens with some of the scopes only.
    pub narrowed: Narrowed,
    guesses: HashMap<IpAddr, Bucket>,
}

/// What was used of the limits of grants and addresses: a lock resets none.
#[derive(Debug, Clone, Default)]
pub struct Used {
    rates: BTreeMap<GrantName, Bucket>,
    guesses: HashMap<IpAddr, Bucket>,
}

impl Grants {
    /// The grants of an engine that has yet to read them.
    pub fn unread() -> Self {
        Self {
            state: Arc::default(),
            read: Some(CancellationToken::new()),
        }
    }

    /// They were read, or cannot be.
    pub fn were_read(&self) {
        if let Some(read) = &self.read {
            read.cancel();
        }
    }

    /// Waits until they were read: before that a good token looks like one that nobody knows.
    pub async fn until_read(&self) {
        if let Some(read) = &self.read {
            read.cancelled().await;
        }
    }

    /// Looks at it, or changes it, while nobody else does. Nothing slow belongs in here.
    pub fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state())
    }

    /// Whether an access token is good now, for that program.
    pub fn admit(&self, token: &GrantToken, by: &Program) -> Result<Admitted, GrantFault> {
        self.state().registry.admit(token, by, clock::now())
    }

    /// Whether a grant may fetch a credential's token now; that it does is counted.
    pub fn fetch(&self, grant: &GrantName, name: &CredentialName) -> Result<Left, Refusal> {
        let mut state = self.state();
        state
            .registry
            .fetch(grant, name, clock::now(), Instant::now())
    }

    /// Notes that somebody at that address showed a token that is no good, or asked a question: past
    /// [`MOST_GUESSES`] an hour it is told to wait. A good token is taken from everywhere, however many bad ones came.
    pub fn guessed(&self, address: IpAddr) -> Result<Left, Refusal> {
        let (mut state, now) = (self.state(), Instant::now());
        if state.guesses.len() >= MOST_ADDRESSES && !state.guesses.contains_key(&address) {
            state.guesses.retain(|_, bucket| !bucket.is_even(now));
        }
        let bucket = state.guesses.entry(address).or_default();
        bucket
            .take(MOST_GUESSES, now)
            .map_err(|wait| Refusal::LimitExceeded {
                limit: format!("{MOST_GUESSES} tokens that are no good, from one address an hour"),
                most: MOST_GUESSES,
                wait_secs: whole_secs(wait),
            })
    }

    /// All grants, by name.
    pub fn views(&self) -> Vec<GrantView> {
        self.state().registry.views(Instant::now())
    }

    /// Forgets everything but what was used of the limits.
    pub fn close(&self) -> Used {
        self.were_read();
        let state = std::mem::take(&mut *self.state());
        Used {
            rates: state.registry.used(),
            guesses: state.guesses,
        }
    }

    /// Goes on with what was used of the limits before.
    pub fn take_up(&self, used: Used) {
        let mut state = self.state();
        state.registry.take_up(used.rates);
        state.guesses = used.guesses;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
