//! A served agent socket whose engine is the test itself, and values of every kind that cross it.

use crate::sample;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokenward::agent::server::{ServerLimits, serve_within};
use tokenward::agent::socket;
use tokenward::clock::Timestamp;
use tokenward::engine::api::{Command, EngineStatus, Event, Refusal};
use tokenward::engine::book::Book;
use tokenward::engine::link::{Asked, Link};
use tokenward::engine::shelf::Shelf;
use tokenward::model::client::ClientView;
use tokenward::model::credential::{CredentialId, CredentialView, Generation, Profile};
use tokenward::model::event::{Activity, Happening};
use tokenward::model::failure::{Attempt, Errand, Failure, FailureClass};
use tokenward::model::fingerprint::Fingerprint;
use tokenward::model::health::{Forecast, ForecastReason, Health, HealthKind};
use tokenward::model::inquiry::Liveness;
use tokenward::model::lock::{LockReason, Locked};
use tokenward::model::name::CredentialName;
use tokenward::model::provider::{Endpoints, Provider};
use tokenward::model::signin::{ProviderChoice, ProviderView, SignInId};
use tokenward::model::token::{IdClaims, IssuedToken};
use tokenward::model::why::{Decision, Rule, Why};
use tokenward::secret::AccessToken;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A served socket; the test holds the engine's ends.
pub struct Rig {
    pub home: TempDir,
    pub socket: PathBuf,
    pub commands: mpsc::Receiver<Asked>,
    pub events: broadcast::Sender<Event>,
    pub shelf: Shelf,
    pub shutdown: CancellationToken,
    pub server: JoinHandle<std::io::Result<()>>,
}

impl Rig {
    pub fn start() -> Self {
        Self::start_within(ServerLimits::default())
    }

    pub fn start_within(limits: ServerLimits) -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("run/agent.sock");
        let (commands, wishes) = mpsc::channel(64);
        let (events, _) = broadcast::channel(16);
        let shelf = Shelf::default();
        let link = Link::new(commands, events.clone(), shelf.clone(), Book::default());
        let shutdown = CancellationToken::new();
        let bound = socket::bind(&path).unwrap();
        let server = tokio::spawn(serve_within(bound, link, limits, shutdown.clone()));
        Self {
            home,
            socket: path,
            commands: wishes,
            events,
            shelf,
            shutdown,
            server,
        }
    }

    /// The next command that arrives at the engine's end.
    pub async fn next(&mut self) -> Command {
        soon(self.commands.recv()).await.unwrap().command
    }

    pub async fn connect(&self) -> UnixStream {
        UnixStream::connect(&self.socket).await.unwrap()
    }

    /// Sends bytes as they are and reads all that comes back until the end.
    pub async fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect().await;
        // The server may answer and hang up before it has read all.
        let _ = stream.write_all(bytes).await;
        let mut all = Vec::new();
        let _ = soon(stream.read_to_end(&mut all)).await;
        Answer::parse(&all)
    }

    pub async fn ask(&self, method: &str, target: &str) -> Answer {
        self.raw(request(method, target, "", "").as_bytes()).await
    }
}

pub fn request(method: &str, target: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

/// Fails instead of hanging when what should happen does not.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("it did not happen in time")
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn parse(all: &[u8]) -> Self {
        let end = all.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, body) = end.map_or((all, &[][..]), |end| (&all[..end], &all[end + 4..]));
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        let status = head.get(9..12).and_then(|s| s.parse().ok()).unwrap_or(0);
        Self {
            status,
            head,
            body: body.to_vec(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{self:?}: {}", String::from_utf8_lossy(&self.body)))
    }
}

pub fn name(text: &str) -> CredentialName {
    text.parse().unwrap()
}

pub fn token(access: &str, expires_at: Option<Timestamp>) -> IssuedToken {
    IssuedToken {
        access: AccessToken::new(access.to_owned()),
        token_type: "Bearer".to_owned(),
        expires_at,
        scopes: vec!["read".to_owned(), "write".to_owned()],
    }
}

pub fn failure(class: FailureClass, retry_after_secs: Option<u32>) -> Failure {
    Failure {
        retry_after_secs,
        ..Failure::new(class, "some_code", "it went wrong", "make it right")
    }
}

pub fn view(text: &str) -> CredentialView {
    let at = Timestamp::from_secs(1_790_000_000);
    CredentialView {
        id: CredentialId(1),
        generation: Generation(3),
        profile: Arc::new(Profile {
            provider_name: "GitHub".to_owned(),
            scopes: vec!["repo".to_owned()],
            access_fingerprint: Fingerprint(u64::MAX),
            refresh_fingerprint: None,
            ..sample::profile(name(text), at)
        }),
        health: Health::Fresh,
        refresh_at: None,
        forecast: Forecast::new(None, ForecastReason::Unknown),
    }
}

pub fn status() -> EngineStatus {
    EngineStatus {
        version: "0.1.0".to_owned(),
        pid: 7,
        started_at: Timestamp::from_secs(1_790_000_000),
        healths: vec![(HealthKind::Fresh, 3), (HealthKind::NeedsLogin, 1)],
        loading: false,
        unreadable: 0,
        in_flight: 1,
        queued: 2,
        refreshed: 3,
        failed: 4,
        next_refresh: None,
        vault: "/somewhere/vault.db".to_owned(),
        limits: Vec::new(),
        alerts: Vec::new(),
        chores: Vec::new(),
        memory: Some(30_000_000),
        extent: None,
        backups: None,
        ..EngineStatus::default()
    }
}

// Strategies

pub fn texts() -> impl Strategy<Value = String> {
    "\\PC{0,20}"
}

pub fn names() -> impl Strategy<Value = CredentialName> {
    (
        "[a-z0-9._-]{1,12}",
        "[a-zA-Z0-9@+%&?=#:äß€\u{1F511}._-]{1,24}",
    )
        .prop_map(|(provider, account)| CredentialName::new(&provider, &account).unwrap())
}

pub fn moments() -> impl Strategy<Value = Timestamp> {
    (0..4_000_000_000_000_i64).prop_map(Timestamp::from_millis)
}

pub fn durations() -> impl Strategy<Value = Duration> {
    // The timeout bounds the test itself as well: not too short.
    (30..1_000_000_u64, 0..1_000_000_000_u32).prop_map(|(s, n)| Duration::new(s, n))
}

fn maybe<S: Strategy>(inner: S) -> impl Strategy<Value = Option<S::Value>> {
    proptest::option::of(inner)
}

pub fn failures() -> impl Strategy<Value = Failure> {
    let class = prop_oneof![
        Just(FailureClass::Transient),
        Just(FailureClass::NeedsLogin),
        Just(FailureClass::Misconfigured)
    ];
    let errand = prop_oneof![
        Just(Errand::Unsaid),
        Just(Errand::SignIn),
        Just(Errand::Refresh),
        Just(Errand::AskedRefresh),
        Just(Errand::Revocation)
    ];
    let words = (texts(), texts(), texts(), maybe(texts()));
    ((class, errand), words, maybe(any::<u32>()), any::<bool>()).prop_map(
        |((class, errand), (code, cause, fix, provider_words), retry_after_secs, unsent)| Failure {
            errand,
            provider_words,
            retry_after_secs,
            unsent,
            ..Failure::new(class, code, cause, fix)
        },
    )
}

pub fn refusals() -> impl Strategy<Value = Refusal> {
    prop_oneof![
        (names(), proptest::collection::vec(names(), 0..3))
            .prop_map(|(name, similar)| Refusal::NoSuchCredential { name, similar }),
        failures().prop_map(|failure| Refusal::Failed { failure }),
        names().prop_map(|name| Refusal::CannotRefresh { name }),
        names().prop_map(|name| Refusal::Revoked { name }),
        Just(Refusal::TimedOut),
        (texts(), texts()).prop_map(|(message, hint)| Refusal::Vault { message, hint }),
        (texts(), texts()).prop_map(|(message, hint)| Refusal::Invalid { message, hint }),
        (texts(), texts(), any::<bool>(), maybe(any::<u64>())).prop_map(
            |(message, hint, wrong_passphrase, wait_secs)| Refusal::NotUnlocked {
                message,
                hint,
                wrong_passphrase,
                wait_secs,
            }
        ),
        (moments(), any::<u64>()).prop_map(|(since, minutes)| Refusal::Locked {
            lock: Locked {
                since,
                reason: LockReason::Idle { minutes },
            },
        }),
        Just(Refusal::Stopped),
    ]
}

fn healths() -> impl Strategy<Value = Health> {
    prop_oneof![
        Just(Health::Fresh),
        Just(Health::Refreshing),
        Just(Health::Static),
        (any::<u32>(), moments()).prop_map(|(attempt, next)| Health::Retrying { attempt, next }),
        failures().prop_map(|cause| Health::NeedsLogin { cause }),
        failures().prop_map(|cause| Health::Misconfigured { cause }),
        moments().prop_map(|until| Health::RateLimited { until }),
    ]
}

pub fn views() -> impl Strategy<Value = CredentialView> {
    let claims =
        (maybe(texts()), maybe(any::<bool>())).prop_map(|(email, email_verified)| IdClaims {
            email,
            email_verified,
            ..IdClaims::default()
        });
    let attempt =
        (moments(), any::<u64>(), maybe(texts())).prop_map(|(at, took_ms, failed)| Attempt {
            at,
            took_ms,
            failed,
        });
    let parts = (
        names(),
        healths(),
        maybe(moments()),
        any::<u64>(),
        any::<i64>(),
    );
    let attempts = proptest::collection::vec(attempt, 0..4);
    (parts, maybe(claims), attempts, maybe(failures())).prop_map(
        |((name, health, expires_at, generation, id), claims, attempts, last_failure)| {
            let like = view("a/b");
            let profile = Profile {
                name,
                claims,
                attempts,
                last_failure,
                expires_at,
                ..(*like.profile).clone()
            };
            CredentialView {
                id: CredentialId(id),
                generation: Generation(generation),
                profile: Arc::new(profile),
                health,
                refresh_at: expires_at,
                ..like
            }
        },
    )
}

pub fn activities() -> impl Strategy<Value = Activity> {
    let what = prop_oneof![
        Just(Happening::Revoked {
            proof: Liveness::Dead,
            by_hand: true,
        }),
        Just(Happening::VaultCreated),
        any::<u64>().prop_map(|n| Happening::SignedIn {
            generation: Generation(n)
        }),
        (any::<u64>(), any::<bool>()).prop_map(|(took_ms, rotated)| Happening::Refreshed {
            generation: Generation(took_ms),
            took_ms,
            rotated
        }),
        (failures(), maybe(moments()))
            .prop_map(|(failure, next)| Happening::RefreshFailed { failure, next }),
        any::<i64>().prop_map(|by_ms| Happening::ClockJumped { by_ms }),
    ];
    (moments(), maybe(names()), what).prop_map(|(at, name, what)| Activity::new(at, name, what))
}

pub fn whys() -> impl Strategy<Value = Box<Why>> {
    let host = texts().prop_map(|host| Rule::HostPause { host });
    let rule = prop_oneof![
        Just(Rule::PersonFirst),
        any::<u64>().prop_map(|behind| Rule::Overtaken { behind }),
        any::<u32>().prop_map(|failures| Rule::Retry { failures }),
        any::<u64>().prop_map(|life| Rule::Share { share: 0.75, life }),
        any::<u64>().prop_map(|before| Rule::Earliest { before }),
        host,
    ];
    let next = (maybe(moments()), rule, any::<u64>());
    let next = next.prop_map(|(at, rule, earlier_by_ms)| Decision {
        at,
        rule,
        earlier_by_ms,
    });
    let history = proptest::collection::vec(activities(), 0..4);
    (moments(), views(), next, history).prop_map(|(told_at, view, next, history)| {
        Box::new(Why {
            told_at,
            view,
            next,
            history,
        })
    })
}

pub fn provider_views() -> impl Strategy<Value = ProviderView> {
    (texts(), maybe(texts()), any::<u64>()).prop_map(|(display, client_id, credentials)| {
        ProviderView {
            provider: Provider {
                display_name: display,
                ..serde_json::from_str(r#"{"name":"p","display_name":"P"}"#).unwrap()
            },
            client_id,
            credentials,
        }
    })
}

pub fn client_views() -> impl Strategy<Value = ClientView> {
    (texts(), texts(), any::<bool>(), maybe(texts())).prop_map(
        |(provider, client_id, has_secret, issuer)| ClientView {
            has_key: false,
            is_registered: false,
            provider,
            client_id,
            has_secret,
            issuer,
        },
    )
}

pub fn choices() -> impl Strategy<Value = ProviderChoice> {
    let parameters = proptest::collection::btree_map("[a-z]{1,5}", texts(), 0..3);
    prop_oneof![
        (texts(), parameters).prop_map(|(name, parameters)| {
            let parameters: BTreeMap<String, String> = parameters;
            ProviderChoice::Known { name, parameters }
        }),
        (texts(), texts(), maybe(texts())).prop_map(|(name, issuer, token)| {
            ProviderChoice::Issuer {
                name,
                issuer,
                endpoints: Box::new(Endpoints {
                    token,
                    ..Endpoints::default()
                }),
            }
        }),
    ]
}

pub fn sign_in_ids() -> impl Strategy<Value = SignInId> {
    any::<u64>().prop_map(SignInId)
}
