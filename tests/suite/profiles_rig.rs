//! One credential of a provider with a quirk, in a real vault under a real engine, and what became of it.

use crate::engine_rig::{name, on_demand, refresh, show, until};
use crate::raw_http::{self, FORM, form};
use crate::vault_fixture::new_vault;
use std::collections::BTreeMap;
use std::time::Duration;
use tempfile::TempDir;
use tokenward::demo::control::Control;
use tokenward::demo::profiles::Profile;
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::quirks::{Consent, Quirks, RequestKind};
use tokenward::demo::record;
use tokenward::demo::settings::DemoSettings;
use tokenward::engine::api::{Command, Event, Refusal};
use tokenward::engine::hand;
use tokenward::engine::minting::Minted;
use tokenward::engine::naming::Certainty;
use tokenward::engine::runner::Engine;
use tokenward::model::client::Client;
use tokenward::model::credential::{CredentialId, CredentialView, Flow, Generation, Secret};
use tokenward::model::failure::Failure;
use tokenward::model::health::HealthKind;
use tokenward::model::provider::Provider;
use tokenward::model::signin::{ProviderChoice, SignInId, SignInRequest, SignInStep};
use tokenward::oauth::http::{Http, HttpSettings};
use tokenward::vault::file::VaultFile;
use tokenward::vault::open::OpenVault;
use tokenward::vault::slot::Key;
use tokenward::vault::store::{Store, Write};
use tokio::sync::broadcast::Receiver;

const ID: SignInId = SignInId(9);

/// What there is at first.
pub struct Scene {
    quirks: Quirks,
    change: Vec<fn(&mut Provider)>,
    like: Option<&'static Profile>,
    client: Client,
    has_client: bool,
    scopes: Vec<String>,
    age: Duration,
    seeded: bool,
}

impl Scene {
    /// A provider with a quirk, and one credential of it, `demo/alice`, whose access token has expired.
    pub fn new(quirk: impl FnOnce(&mut Quirks)) -> Self {
        let mut quirks = Quirks::default();
        quirk(&mut quirks);
        Self {
            quirks,
            change: Vec::new(),
            like: None,
            client: record::client(),
            has_client: true,
            scopes: vec!["read".to_owned()],
            age: Duration::from_secs(200),
            seeded: true,
        }
    }

    /// A provider that resembles this one, with the record and the client that fit.
    pub fn like(profile: &'static Profile) -> Self {
        Self {
            like: Some(profile),
            client: profile.registered_client(),
            ..Self::new(|quirks| *quirks = profile.quirks())
        }
    }

    /// The user's record says so.
    pub fn record(mut self, change: fn(&mut Provider)) -> Self {
        self.change.push(change);
        self
    }

    /// With this client.
    pub fn client(mut self, client: Client) -> Self {
        self.client = client;
        self
    }

    /// The access token was issued that long ago.
    pub fn aged(mut self, seconds: u64) -> Self {
        self.age = Duration::from_secs(seconds);
        self
    }

    /// With these scopes.
    pub fn scopes(mut self, scopes: &[&str]) -> Self {
        self.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self
    }

    /// No client is known: only the provider's record is.
    pub fn without_client(mut self) -> Self {
        self.has_client = false;
        self
    }

    /// Nobody has signed in yet.
    pub fn empty(mut self) -> Self {
        self.seeded = false;
        self
    }

    /// Sets everything up and starts the engine, which does nothing by itself.
    pub async fn start(self) -> Stage {
        let mut settings = DemoSettings::with_quirks(self.quirks.clone());
        settings.quirks.device_interval = Duration::from_secs(1);
        let provider = DemoProvider::start(settings).await.unwrap();
        let issuer = provider.issuer();
        let known = self.like.map(|profile| profile.provider(&issuer));
        let mut record = known.unwrap_or_else(|| record::provider(&issuer));
        record.name = "demo".to_owned();
        for change in &self.change {
            change(&mut record);
        }
        let folder = tempfile::tempdir().unwrap();
        let (mut vault, key) = new_vault(&folder.path().join("v/vault.db"));
        let mut writes = Vec::new();
        if self.has_client {
            writes.push(Write::Client {
                provider: Box::new(record.clone()),
                client: self.client.duplicate(),
            });
        }
        if self.seeded {
            writes.push(self.sign_in(&vault, &provider, record.clone()));
        }
        vault.apply(writes).unwrap();
        drop(vault);
        let mut stage = Stage {
            folder,
            key,
            provider,
            record,
            has_client: self.has_client,
            engine: None,
        };
        stage.start_engine();
        stage
    }

    fn sign_in(&self, vault: &OpenVault, provider: &DemoProvider, record: Provider) -> Write {
        let scopes: Vec<&str> = self.scopes.iter().map(String::as_str).collect();
        let control = provider.control();
        let minted = control.mint_aged(&self.client.id, "alice", &scopes, self.age);
        let minted = Minted {
            before: std::sync::OnceLock::new(),
            certainty: Certainty::Asked,
            claims: None,
            apart: None,
            aside: None,
            name: name("alice"),
            provider: record,
            client: self.client.duplicate(),
            flow: Flow::Loopback,
            scopes: self.scopes.clone(),
            resources: Vec::new(),
            bound_to: None,
            set: minted.tokens,
            at: minted.issued_at,
        };
        let secret = Box::new(minted.secret());
        let prints = hand::fingerprints(vault, &secret);
        let profile = hand::marked(&minted.profile(None), prints);
        Write::SignIn { profile, secret }
    }
}

/// A provider, a vault and an engine.
pub struct Stage {
    folder: TempDir,
    key: Key,
    provider: DemoProvider,
    record: Provider,
    has_client: bool,
    engine: Option<Engine>,
}

impl Stage {
    pub fn control(&self) -> Control {
        self.provider.control()
    }

    /// What the user's record of the provider says.
    pub fn record(&self) -> &Provider {
        &self.record
    }

    pub fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    fn vault(&self) -> OpenVault {
        VaultFile::open(&self.folder.path().join("v/vault.db"))
            .unwrap()
            .unlock(&self.key)
            .unwrap()
    }

    /// Whoever never gets an answer is not waited for long.
    fn start_engine(&mut self) {
        let http = Http::new(HttpSettings {
            whole: Duration::from_millis(700),
            ..HttpSettings::default()
        });
        let vault = Box::new(self.vault());
        self.engine = Some(Engine::start(vault, http, on_demand()));
    }

    /// Asks for a refresh.
    pub async fn try_refresh(&self) -> Result<CredentialView, Refusal> {
        refresh(&self.engine().link(), "alice").await
    }

    /// Asks for a refresh; gives how the credential is then, and the failure if there was one.
    pub async fn refresh(&self) -> (CredentialView, Option<Failure>) {
        let failure = match self.try_refresh().await {
            Ok(_) => None,
            Err(Refusal::Failed { failure }) => Some(failure),
            Err(other) => panic!("{other:?}"),
        };
        (self.view().await, failure)
    }

    /// Somebody else, with a copy of the refresh token, spends it.
    pub async fn spend_behind(&self) {
        let (_, secret) = self.vault().secret(CredentialId(1)).unwrap();
        let fields = form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", secret.refresh.unwrap().expose_secret()),
            ("client_id", &secret.client.id),
        ]);
        let issuer = self.provider.issuer();
        let answer = tokio::task::spawn_blocking(move || {
            raw_http::send(&issuer, "POST", "/token", &[FORM], &fields)
        });
        assert_eq!(answer.await.unwrap().unwrap().status, 200);
        self.control().reset_counts();
    }

    /// Ends the engine and gives what is in the vault.
    pub async fn stored(&mut self) -> (Generation, Secret) {
        self.engine.take().unwrap().shutdown().await;
        self.vault().secret(CredentialId(1)).unwrap()
    }

    /// Signs in by the record and the client that the vault knows; gives the failure if it came to nothing.
    pub async fn sign_in(&self, flow: Flow) -> Option<Failure> {
        let mut events = self.begin(flow).await;
        self.finish(flow, &mut events).await
    }

    /// The same, asked for otherwise.
    pub async fn sign_in_with(&self, change: impl FnOnce(&mut SignInRequest)) -> Option<Failure> {
        let mut events = self.begin_with(Flow::Loopback, change).await;
        self.finish(Flow::Loopback, &mut events).await
    }

    async fn finish(&self, flow: Flow, events: &mut Receiver<Event>) -> Option<Failure> {
        if flow == Flow::Loopback {
            match self.to_open(events).await {
                Ok(url) => self.visit(&url),
                Err(failure) => return Some(failure),
            }
        }
        self.ended(events).await
    }

    fn visit(&self, url: &str) {
        let answer = match self.control().quirks().consent {
            Consent::Ask => Consent::Allow("alice".to_owned()),
            other => other,
        };
        assert!(self.control().visit(url, &answer), "refused: {url}");
    }

    /// Begins a sign-in; what happens is told.
    pub async fn begin(&self, flow: Flow) -> Receiver<Event> {
        self.begin_with(flow, |request| request.account = Some("alice".to_owned()))
            .await
    }

    /// The same, asked for otherwise.
    pub async fn begin_with(
        &self,
        flow: Flow,
        change: impl FnOnce(&mut SignInRequest),
    ) -> Receiver<Event> {
        let link = self.engine().link();
        let events = link.subscribe();
        let provider = if self.has_client {
            ProviderChoice::Known {
                name: "demo".to_owned(),
                parameters: BTreeMap::new(),
            }
        } else {
            ProviderChoice::Issuer {
                name: "demo".to_owned(),
                issuer: self.provider.issuer(),
                endpoints: Box::default(),
            }
        };
        let mut request = Box::new(SignInRequest {
            flow: Some(flow),
            ..SignInRequest::new(ID, provider)
        });
        change(&mut request);
        let begun = link.ask(|reply| Command::SignIn { request, reply }).await;
        begun.unwrap();
        events
    }

    /// The address that a browser shall open.
    pub async fn to_open(&self, events: &mut Receiver<Event>) -> Result<String, Failure> {
        until(events, |event| match event {
            Event::SignIn { id: ID, step } => match step {
                SignInStep::Authorize { url, .. } => Some(Ok(url.clone())),
                SignInStep::Failed { failure } => Some(Err(failure.clone())),
                _ => None,
            },
            _ => None,
        })
        .await
    }

    /// Waits for the end of a sign-in.
    pub async fn ended(&self, events: &mut Receiver<Event>) -> Option<Failure> {
        until(events, |event| match event {
            Event::SignIn { id: ID, step } => match step {
                SignInStep::SignedIn { .. } => Some(None),
                SignInStep::Failed { failure } => Some(Some(failure.clone())),
                _ => None,
            },
            _ => None,
        })
        .await
    }

    /// How the credential is.
    pub async fn view(&self) -> CredentialView {
        show(&self.engine().link(), "alice").await.unwrap()
    }

    /// The names of all credentials.
    pub async fn names(&self) -> Vec<String> {
        let link = self.engine().link();
        let found = link.ask(|reply| Command::List { reply }).await.unwrap();
        found
            .iter()
            .map(|view| view.profile.name.to_string())
            .collect()
    }

    /// Whether there is one.
    pub async fn has_credential(&self) -> bool {
        show(&self.engine().link(), "alice").await.is_ok()
    }

    /// A refresh that works: one request, new tokens that are alive, and nothing spent twice.
    pub async fn refreshes_well(mut self) -> CredentialView {
        let (view, failure) = self.refresh().await;
        assert_eq!(failure, None);
        let counts = self.control().counts();
        assert_eq!((counts.refreshes, counts.replays), (1, 0));
        let control = self.control();
        let (generation, secret) = self.stored().await;
        assert_eq!(
            (generation, view.generation),
            (Generation(2), Generation(2))
        );
        assert!(control.is_live(secret.access.expose_secret()));
        if let Some(refresh) = &secret.refresh {
            assert!(control.is_live_refresh(refresh.expose_secret()));
        }
        view
    }

    /// A refresh that fails like this; the tokens from before are kept, and only so many requests went out.
    pub async fn fails(
        mut self,
        (kind, code): (HealthKind, &str),
        words: &str,
        requests: u64,
    ) -> Failure {
        let (view, failure) = self.refresh().await;
        let failure = failure.expect("the refresh failed");
        assert_eq!(
            (view.health.kind(), failure.code.as_str()),
            (kind, code),
            "{failure:?}"
        );
        let said = format!("{} {}", failure.cause, failure.advice());
        assert!(said.contains(words), "`{words}` is not in: {said}");
        assert_eq!(self.control().counts().of(RequestKind::Refresh), requests);
        assert_eq!(self.control().counts().of(RequestKind::Elsewhere), 0);
        let control = self.control();
        let (generation, secret) = self.stored().await;
        assert_eq!(generation, Generation(1), "nothing new is stored");
        assert!(control.grant_of(secret.access.expose_secret()).is_some());
        assert!(secret.refresh.is_some(), "nothing is thrown away");
        failure
    }
}
