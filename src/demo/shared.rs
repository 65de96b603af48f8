//! What all endpoints and the control share: one state behind one lock, never held across a wait.

use crate::clock::{self, Timestamp};
use crate::demo::bounded::Bounded;
use crate::demo::clients::Clients;
use crate::demo::codes::{Codes, PendingId};
use crate::demo::csrf::Guard;
use crate::demo::device_codes::DeviceCodes;
use crate::demo::dpop::Proofs;
use crate::demo::grants::Grants;
use crate::demo::keys::Keys;
use crate::demo::log::Log;
use crate::demo::pushed::PushedRequests;
use crate::demo::quirks::{Fault, Quirks, RequestKind};
use crate::demo::settings::{ASSERTING_CLIENT, DemoClient, DemoSettings};
use crate::demo::tokens::{self, Digest};
use crate::model::client::ClientAuth;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// So many assertions of clients are remembered.
const MOST_ASSERTIONS: usize = 10_000;

/// What the endpoints change.
#[derive(Debug)]
pub struct State {
    /// Grants and tokens.
    pub grants: Grants,
    /// Browser sign-ins and authorization codes.
    pub codes: Codes,
    /// Authorization requests that were pushed.
    pub pushed: PushedRequests,
    /// Proofs of keys that were seen.
    pub proofs: Proofs,
    /// Assertions that were used, by `jti`, each with its expiry.
    pub assertions: Bounded<Digest, Timestamp>,
    /// Device sign-ins.
    pub devices: DeviceCodes,
    /// What was asked.
    pub log: Log,
    /// How it behaves to everyone.
    pub quirks: Quirks,
    /// How it behaves to some clients instead.
    pub client_quirks: BTreeMap<String, Quirks>,
    /// How far its clock is ahead of the machine's.
    pub ahead: Duration,
    /// User codes that were tried and unknown, newest last (RFC 8628 5.1: guessing is limited).
    pub wrong_codes: Vec<Timestamp>,
    next_pending: u64,
}

/// The state and what never changes.
#[derive(Debug)]
pub struct Inner {
    /// Issuer identifier, `http://127.0.0.1:PORT`.
    pub issuer: String,
    /// Registered clients.
    pub clients: Clients,
    /// What ID tokens are signed with.
    pub keys: Keys,
    /// Guards the pages against forged forms.
    pub guard: Guard,
    /// Ends the server.
    pub shutdown: CancellationToken,
    state: Mutex<State>,
}

/// A handle to it all.
pub type Shared = Arc<Inner>;

impl Inner {
    /// Everything in its first state.
    pub fn new(issuer: String, settings: DemoSettings) -> Shared {
        let keys = Keys::default();
        let mut clients = settings.clients;
        clients.push(DemoClient {
            key: keys.asserting_public(),
            ..DemoClient::new(ASSERTING_CLIENT, None, ClientAuth::PrivateKeyJwt)
        });
        Arc::new(Self {
            issuer,
            clients: Clients::new(clients),
            keys,
            guard: Guard::new(tokens::random_bytes()),
            shutdown: CancellationToken::new(),
            state: Mutex::new(State {
                grants: Grants::default(),
                codes: Codes::default(),
                pushed: PushedRequests::default(),
                proofs: Proofs::default(),
                assertions: Bounded::new(MOST_ASSERTIONS),
                devices: DeviceCodes::default(),
                log: Log::default(),
                quirks: settings.quirks,
                client_quirks: settings.client_quirks,
                ahead: Duration::ZERO,
                wrong_codes: Vec::new(),
                next_pending: 1,
            }),
        })
    }

    /// The state. A panic elsewhere does not make it unusable: each change is complete in itself.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A registered client.
    pub fn client(&self, id: &str) -> Option<Arc<DemoClient>> {
        self.clients.get(id)
    }

    /// An address of this server.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }
}

impl State {
    /// The provider's time.
    pub fn now(&self) -> Timestamp {
        clock::now().plus(self.ahead)
    }

    /// How it behaves to a client.
    pub fn quirks_for(&self, client: Option<&str>) -> &Quirks {
        client
            .and_then(|id| self.client_quirks.get(id))
            .unwrap_or(&self.quirks)
    }

    /// Takes one of the failures to come for a client.
    pub fn take_fault(&mut self, client: Option<&str>, kind: RequestKind) -> Option<Fault> {
        client
            .and_then(|id| self.client_quirks.get_mut(id))
            .unwrap_or(&mut self.quirks)
            .take_fault(kind)
    }

    /// A number for a sign-in that waits.
    pub fn next_pending(&mut self) -> PendingId {
        self.next_pending += 1;
        PendingId(self.next_pending - 1)
    }
}
