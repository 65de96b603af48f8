//! An engine over a real vault in a temporary folder, against the built-in provider.

use crate::vault_fixture::new_vault;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokenward::demo::control::Control;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::Quirks;
use tokenward::demo::record;
use tokenward::demo::settings::DemoSettings;
use tokenward::engine::api::{Command, Event, Refusal, RevokeOutcome};
use tokenward::engine::hand;
use tokenward::engine::link::Link;
use tokenward::engine::minting::Minted;
use tokenward::engine::runner::Engine;
use tokenward::engine::settings::EngineSettings;
use tokenward::model::client::ClientView;
use tokenward::model::credential::{
    CredentialId, CredentialView, Flow, Generation, KEPT_ATTEMPTS, Profile, Secret,
};
use tokenward::model::event::{Activity, Entry, Purpose};
use tokenward::model::extent::Extent;
use tokenward::model::fingerprint::Fingerprint;
use tokenward::model::identity::Trace;
use tokenward::model::kept::Past;
use tokenward::model::name::CredentialName;
use tokenward::model::policy::Policy;
use tokenward::model::provenance::Provenance;
use tokenward::model::provider::Provider;
use tokenward::model::token::IssuedToken;
use tokenward::oauth::http::{Http, HttpSettings};
use tokenward::vault::error::VaultError;
use tokenward::vault::file::VaultFile;
use tokenward::vault::generation::Kept;
use tokenward::vault::open::OpenVault;
use tokenward::vault::slot::Key;
use tokenward::vault::store::{
    Spending, Store, StoredClient, StoredGrant, StoredProfile, Write, Written,
};
use tokio::sync::broadcast;
use zeroize::Zeroizing;

/// Nothing here takes long; what takes this long will never come.
const NEVER: Duration = Duration::from_secs(30);

pub(crate) struct Rig {
    folder: TempDir,
    pub(crate) key: Key,
    provider: DemoProvider,
    /// Which writes the vault refuses; see [`Faulty`].
    pub(crate) refusing: Arc<AtomicU8>,
    /// How many it refused.
    pub(crate) refused: Arc<AtomicUsize>,
    /// Held: no secret is read until it is let go.
    pub(crate) reading: Arc<Mutex<()>>,
    /// Held: nothing is written until it is let go.
    pub(crate) writing: Arc<Mutex<()>>,
    /// How many writes that bring a credential have come as far as that.
    pub(crate) arriving: Arc<AtomicUsize>,
}

/// A held gate.
pub(crate) struct Gate {
    release: Option<std::sync::mpsc::Sender<()>>,
    holder: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Gate {
    fn drop(&mut self) {
        drop(self.release.take());
        if let Some(holder) = self.holder.take() {
            let _ = holder.join();
        }
    }
}

/// Tokens that the provider gave somebody, and the credential that holds them.
pub(crate) struct Brought {
    pub(crate) profile: Box<Profile>,
    pub(crate) secret: Box<Secret>,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

pub(crate) const REFUSES_NOTHING: u8 = 0;
pub(crate) const REFUSES_ALL: u8 = 1;
pub(crate) const REFUSES_ROTATIONS: u8 = 2;

impl Rig {
    pub(crate) async fn new(quirks: Quirks, credentials: &[(&str, u64)]) -> Self {
        Self::with_record(quirks, credentials, |_| {}).await
    }

    /// The same with the provider's record changed.
    pub(crate) async fn with_record(
        quirks: Quirks,
        credentials: &[(&str, u64)],
        change: fn(&mut Provider),
    ) -> Self {
        let provider = DemoProvider::start(DemoSettings::with_quirks(quirks))
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (mut vault, key) = new_vault(&folder.path().join("v/vault.db"));
        let writes = credentials
            .iter()
            .map(|(account, age)| seed(&vault, &provider, account, *age, change))
            .collect();
        vault.apply(writes).unwrap();
        Self {
            folder,
            key,
            provider,
            refusing: Arc::new(AtomicU8::new(REFUSES_NOTHING)),
            refused: Arc::default(),
            reading: Arc::default(),
            writing: Arc::default(),
            arriving: Arc::default(),
        }
    }

    pub(crate) fn control(&self) -> Control {
        self.provider.control()
    }

    pub(crate) fn issuer(&self) -> String {
        self.provider.issuer()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("v/vault.db")
    }

    pub(crate) fn vault(&self) -> OpenVault {
        VaultFile::open(&self.path())
            .unwrap()
            .unlock(&self.key)
            .unwrap()
    }

    pub(crate) fn start(&self, settings: EngineSettings) -> Engine {
        let http = Http::new(HttpSettings::default());
        Engine::start(self.store(), http, settings)
    }

    /// The vault, with the faults that are asked for.
    pub(crate) fn store(&self) -> Box<dyn Store> {
        Box::new(Faulty {
            vault: self.vault(),
            refusing: Arc::clone(&self.refusing),
            refused: Arc::clone(&self.refused),
            reading: Arc::clone(&self.reading),
            writing: Arc::clone(&self.writing),
            arriving: Arc::clone(&self.arriving),
        })
    }

    /// A credential with tokens of its own, as it comes from elsewhere.
    pub(crate) fn brought(&self, account: &str, change: fn(&mut Provider)) -> Brought {
        let write = seed(&self.vault(), &self.provider, account, 0, change);
        let Write::SignIn {
            mut profile,
            secret,
        } = write
        else {
            panic!("{write:?}")
        };
        profile.provenance = Some(Provenance {
            from: "a test".to_owned(),
            file: None,
            at: profile.issued_at,
        });
        Brought {
            profile,
            access: secret.access.expose_secret().to_owned(),
            refresh: secret.refresh.as_ref().unwrap().expose_secret().to_owned(),
            secret,
        }
    }

    /// The present tokens of a credential, access and refresh, and its generation.
    pub(crate) fn tokens(&self, account: &str) -> (String, String, Generation) {
        let mut vault = self.vault();
        let mut found = None;
        let is_it = |one: &StoredProfile| one.profile.name == name(account);
        vault
            .profiles(&mut |portion| {
                found = portion.into_iter().flatten().find(is_it).or(found.take());
            })
            .unwrap();
        let (generation, secret) = vault.secret(found.unwrap().id).unwrap();
        let access = secret.access.expose_secret().to_owned();
        let refresh = secret.refresh.unwrap().expose_secret().to_owned();
        (access, refresh, generation)
    }

    /// Lets nothing be written until it is dropped.
    pub(crate) async fn hold_writes(&self) -> Gate {
        let writing = Arc::clone(&self.writing);
        let (release, released) = std::sync::mpsc::channel::<()>();
        let (is_held, told) = tokio::sync::oneshot::channel();
        let holder = std::thread::spawn(move || {
            let _gate = writing.lock().unwrap();
            is_held.send(()).unwrap();
            let _ = released.recv();
        });
        told.await.unwrap();
        Gate {
            release: Some(release),
            holder: Some(holder),
        }
    }

    pub(crate) fn refuse(&self, what: u8) {
        self.refusing.store(what, Ordering::SeqCst);
    }
}

fn seed(
    vault: &OpenVault,
    provider: &DemoProvider,
    account: &str,
    age: u64,
    change: fn(&mut Provider),
) -> Write {
    let mut known = record::provider(&provider.issuer());
    change(&mut known);
    let minted =
        provider
            .control()
            .mint_aged("demo-cli", account, &["read"], Duration::from_secs(age));
    let minted = Minted {
        certainty: tokenward::engine::naming::Certainty::Asked,
        claims: None,
        apart: None,
        aside: None,
        before: std::sync::OnceLock::new(),
        resources: Vec::new(),
        bound_to: None,
        name: name(account),
        provider: known,
        client: record::client(),
        flow: Flow::Device,
        scopes: vec!["read".to_owned()],
        set: minted.tokens,
        at: minted.issued_at,
    };
    let secret = Box::new(minted.secret());
    let prints = hand::fingerprints(vault, &secret);
    let profile = hand::marked(&minted.profile(None), prints);
    assert!(profile.attempts.len() <= KEPT_ATTEMPTS);
    Write::SignIn { profile, secret }
}

/// Nothing is refreshed but on demand.
pub(crate) fn on_demand() -> EngineSettings {
    EngineSettings {
        policy: Policy {
            background: false,
            ..Policy::default()
        },
        ..EngineSettings::default()
    }
}

pub(crate) fn name(account: &str) -> CredentialName {
    CredentialName::new("demo", account).unwrap()
}

pub(crate) async fn token(link: &Link, account: &str) -> Result<IssuedToken, Refusal> {
    token_for(link, account, Duration::ZERO).await
}

pub(crate) async fn token_for(
    link: &Link,
    account: &str,
    min_ttl: Duration,
) -> Result<IssuedToken, Refusal> {
    link.ask(|reply| Command::Token {
        purpose: Purpose::Get,
        name: name(account),
        min_ttl,
        timeout: NEVER,
        reply,
    })
    .await
}

pub(crate) async fn refresh(link: &Link, account: &str) -> Result<CredentialView, Refusal> {
    link.ask(|reply| Command::Refresh {
        name: name(account),
        timeout: NEVER,
        reply,
    })
    .await
}

pub(crate) async fn revoke(link: &Link, account: &str) -> Result<RevokeOutcome, Refusal> {
    let name = name(account);
    link.ask(|reply| Command::Revoke { name, reply }).await
}

pub(crate) async fn remove(link: &Link, account: &str) -> Result<(), Refusal> {
    let name = name(account);
    link.ask(|reply| Command::Remove {
        name,
        only: None,
        reply,
    })
    .await
}

pub(crate) async fn show(link: &Link, account: &str) -> Result<CredentialView, Refusal> {
    link.ask(|reply| Command::Show {
        name: name(account),
        reply,
    })
    .await
}

/// Takes a credential in that comes from elsewhere; in the place of the one of its name if there is one.
pub(crate) async fn import(link: &Link, brought: Brought) -> Result<CredentialView, Refusal> {
    let (profile, secret) = (brought.profile, brought.secret);
    link.ask(|reply| Command::Import {
        profile,
        secret,
        replaces: true,
        reply,
    })
    .await
}

/// Waits for an event that says what is wanted.
pub(crate) async fn until<T>(
    events: &mut broadcast::Receiver<Event>,
    mut wanted: impl FnMut(&Event) -> Option<T>,
) -> T {
    let waiting = async {
        loop {
            if let Some(found) = wanted(&events.recv().await.unwrap()) {
                return found;
            }
        }
    };
    tokio::time::timeout(NEVER, waiting)
        .await
        .expect("the event came")
}

/// Waits for a condition of something that sends no events.
pub(crate) async fn eventually(mut holds: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !holds() {
        assert!(begun.elapsed() < NEVER, "it never came true");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A vault that refuses to be written when told so.
struct Faulty {
    vault: OpenVault,
    refusing: Arc<AtomicU8>,
    refused: Arc<AtomicUsize>,
    reading: Arc<Mutex<()>>,
    writing: Arc<Mutex<()>>,
    arriving: Arc<AtomicUsize>,
}

impl Store for Faulty {
    fn count(&mut self) -> Result<u64, VaultError> {
        self.vault.count()
    }

    fn profiles(
        &mut self,
        portion: &mut dyn FnMut(Vec<Result<StoredProfile, VaultError>>),
    ) -> Result<(), VaultError> {
        self.vault.profiles(portion)
    }

    fn secret(&mut self, id: CredentialId) -> Result<(Generation, Secret), VaultError> {
        let _gate = self.reading.lock().unwrap();
        self.vault.secret(id)
    }

    fn generations(&mut self, id: CredentialId) -> Result<Vec<Kept>, VaultError> {
        self.vault.generations(id)
    }

    fn apply(&mut self, writes: Vec<Write>) -> Result<Vec<Written>, VaultError> {
        let brings = |it: &Write| matches!(it, Write::Admit { .. } | Write::SignIn { .. });
        let arriving = writes.iter().filter(|it| brings(it)).count();
        self.arriving.fetch_add(arriving, Ordering::SeqCst);
        let _gate = self.writing.lock().unwrap();
        let has_rotation = writes.iter().any(|it| matches!(it, Write::Rotate { .. }));
        let refuses = match self.refusing.load(Ordering::SeqCst) {
            REFUSES_ALL => true,
            REFUSES_ROTATIONS => has_rotation,
            _ => false,
        };
        if refuses {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(VaultError::Missing {
                path: PathBuf::from("disk-full"),
            });
        }
        self.vault.apply(writes)
    }

    fn open_spendings(&mut self) -> Result<Vec<Spending>, VaultError> {
        self.vault.open_spendings()
    }

    fn client(&mut self, provider: &str) -> Result<Option<StoredClient>, VaultError> {
        self.vault.client(provider)
    }

    fn clients(&mut self) -> Result<Vec<ClientView>, VaultError> {
        self.vault.clients()
    }

    fn activity(
        &mut self,
        name: Option<&CredentialName>,
        limit: usize,
    ) -> Result<Vec<Activity>, VaultError> {
        self.vault.activity(name, limit)
    }

    fn log_after(&mut self, after: u64, limit: usize) -> Result<Vec<Entry>, VaultError> {
        self.vault.log_after(after, limit)
    }

    fn log_before(&mut self, before: u64, limit: usize) -> Result<Vec<Entry>, VaultError> {
        self.vault.log_before(before, limit)
    }

    fn pseudonym(&self, name: &CredentialName) -> String {
        self.vault.pseudonym(name)
    }

    fn check_log_ends(&mut self) -> Result<(), VaultError> {
        self.vault.check_log_ends()
    }

    fn fingerprint(&self, token: &str) -> Fingerprint {
        self.vault.fingerprint(token)
    }

    fn find_fingerprint(&mut self, fingerprint: Fingerprint) -> Result<Option<Trace>, VaultError> {
        self.vault.find_fingerprint(fingerprint)
    }

    fn past(&mut self, fingerprint: Fingerprint) -> Result<Option<Past>, VaultError> {
        self.vault.past(fingerprint)
    }

    fn grants(&mut self) -> Result<Vec<StoredGrant>, VaultError> {
        self.vault.grants()
    }

    fn grant_key(&self) -> Zeroizing<[u8; 32]> {
        self.vault.grant_key()
    }

    fn place(&self) -> String {
        self.vault.place()
    }

    fn extent(&self) -> Option<Extent> {
        self.vault.extent()
    }
}
