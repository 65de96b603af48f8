//! What a newcomer finds in the demo: credentials in every state, so that something happens within seconds.

use crate::clock::Timestamp;
use crate::demo::control::{Control, Minted};
use crate::demo::id_token;
use crate::demo::quirks::{Fault, Quirks, RequestKind};
use crate::demo::record;
use crate::demo::settings::{FLAKY_CLIENT, PUBLIC_CLIENT, RETIRED_CLIENT, STATIC_CLIENT};
use crate::model::client::{Client, ClientAuth};
use crate::model::credential::{Flow, Generation, Profile, Secret, Standing};
use crate::model::event::{Activity, Happening};
use crate::model::fingerprint::Fingerprint;
use crate::model::name::{CredentialName, NameError};
use crate::model::policy::PolicyOverride;
use crate::model::provider::Provider;
use crate::model::token::IdClaims;
use crate::secret::{AccessToken, RefreshToken};
use crate::vault::error::VaultError;
use crate::vault::store::{Store, Write, Written};
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

/// So many refreshes of the flaky client fail before it works again.
const FLAKY_FAILURES: u32 = 6;

/// Why the demo's vault could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The vault did not take them.
    #[error("could not write the demo's credentials")]
    Vault(#[from] VaultError),
    /// A name is none.
    #[error("could not name a demo credential")]
    Name(#[from] NameError),
}

/// One credential of the demo.
struct Seed<'a> {
    provider: &'static str,
    account: &'a str,
    client: &'static str,
    scopes: &'static [&'static str],
    flow: Flow,
    /// How long ago its access token was issued: lifetimes are 60 s (`short`), 120 s, and 180 s (`long`).
    age_secs: u64,
    fate: Fate,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Lives,
    /// Ended behind our back: the next refresh is refused and a person is needed.
    RevokedBehind,
}

/// Made-up providers: name, what people call it, and the host name that the demo server is reached by. Two host names
/// keep what one provider's failures slow down apart from the others.
const PROVIDERS: [(&str, &str, &str); 4] = [
    (record::NAME, "Demo", "127.0.0.1"),
    ("acme-mail", "Acme Mail", "127.0.0.1"),
    ("acme-cloud", "Acme Cloud", "127.0.0.1"),
    ("northwind", "Northwind", "localhost"),
];

const SEEDS: [Seed<'static>; 10] = [
    seed("demo", "alice", &["openid", "email", "read"], 0),
    seed("demo", "bob", &["openid", "read", "long"], 40),
    seed(
        "acme-mail",
        "alice@example.test",
        &["openid", "email", "read", "write"],
        100,
    ),
    seed("acme-mail", "support@example.test", &["read", "short"], 30),
    seed("acme-cloud", "alice", &["openid", "read", "long"], 90),
    seed("acme-cloud", "deploy-bot", &["read", "write"], 150),
    Seed {
        fate: Fate::RevokedBehind,
        ..seed("acme-cloud", "former-admin", &["read"], 90)
    },
    Seed {
        client: STATIC_CLIENT,
        ..seed("northwind", "reports", &["read"], 3_600)
    },
    Seed {
        client: FLAKY_CLIENT,
        flow: Flow::Device,
        ..seed("northwind", "warehouse", &["read", "long"], 150)
    },
    Seed {
        client: RETIRED_CLIENT,
        ..seed("northwind", "old-importer", &["read"], 100)
    },
];

const fn seed<'a>(
    provider: &'static str,
    account: &'a str,
    scopes: &'static [&'static str],
    age_secs: u64,
) -> Seed<'a> {
    Seed {
        provider,
        account,
        client: PUBLIC_CLIENT,
        scopes,
        flow: Flow::Loopback,
        age_secs,
        fate: Fate::Lives,
    }
}

/// Fills a store with credentials of the provider, and the clients to sign in with again. Gives how many credentials.
///
/// Sets quirks for the clients of the demo that misbehave.
pub fn fill(store: &mut dyn Store, control: &Control) -> Result<usize, SeedError> {
    misbehave(control);
    let mut writes: Vec<Write> = PROVIDERS
        .iter()
        .map(|(name, _, _)| Write::Client {
            provider: Box::new(provider(control, name)),
            client: record::client(),
        })
        .collect();
    for seed in &SEEDS {
        let minted = control.mint_aged(
            seed.client,
            seed.account,
            seed.scopes,
            Duration::from_secs(seed.age_secs),
        );
        if seed.fate == Fate::RevokedBehind {
            control.revoke(minted.grant);
        }
        writes.extend(written(store, control, seed, minted)?);
    }
    let saved = store.apply(writes)?;
    let is_credential = |written: &&Written| matches!(written, Written::Saved(..));
    Ok(saved.iter().filter(is_credential).count())
}

/// Fills a store with `count` healthy credentials, `demo/user-00001` and on, whose access tokens were issued `age` ago:
/// for tests and benchmarks. Gives their names.
pub fn fill_plain(
    store: &mut dyn Store,
    control: &Control,
    count: usize,
    age: Duration,
) -> Result<Vec<CredentialName>, SeedError> {
    const SCOPES: &[&str] = &["read"];
    let mut names = Vec::with_capacity(count);
    let mut writes = Vec::with_capacity(count * 2);
    for number in 1..=count {
        let account = format!("user-{number:05}");
        let seed = seed(record::NAME, &account, SCOPES, age.as_secs());
        names.push(CredentialName::new(seed.provider, seed.account)?);
        let minted = control.mint_aged(seed.client, seed.account, SCOPES, age);
        writes.extend(written(store, control, &seed, minted)?);
    }
    store.apply(writes)?;
    Ok(names)
}

fn misbehave(control: &Control) {
    let failed = Fault::Status {
        status: 503,
        retry_after: None,
    };
    let flaky = control
        .quirks()
        .failing(RequestKind::Refresh, FLAKY_FAILURES, failed);
    control.set_client_quirks(FLAKY_CLIENT, flaky);
    let forever = Quirks {
        access_lifetime: None,
        refresh_tokens: false,
        ..control.quirks()
    };
    control.set_client_quirks(STATIC_CLIENT, forever);
}

/// The demo's record under another name.
fn provider(control: &Control, name: &str) -> Provider {
    let issuer = control.issuer();
    let known = PROVIDERS.iter().find(|(known, _, _)| *known == name);
    let (_, display_name, host) = known.unwrap_or(&PROVIDERS[0]);
    Provider {
        name: name.to_owned(),
        display_name: (*display_name).to_owned(),
        endpoints: record::endpoints(&issuer.replace("127.0.0.1", host)),
        ..record::provider(&issuer)
    }
}

fn written(
    store: &dyn Store,
    control: &Control,
    seed: &Seed<'_>,
    minted: Minted,
) -> Result<[Write; 2], NameError> {
    let name = CredentialName::new(seed.provider, seed.account)?;
    let provider = provider(control, seed.provider);
    let profile = profile(store, seed, &name, &provider, &minted);
    let signed_in = Activity::new(
        minted.issued_at,
        Some(name),
        Happening::SignedIn {
            generation: Generation(1),
        },
    );
    let secret = Secret {
        access: minted.tokens.access,
        refresh: minted.tokens.refresh,
        previous_refresh: None,
        id_token: minted.tokens.id_token,
        client: Client::new(seed.client, None, ClientAuth::None),
        provider,
        bound_to: None,
    };
    let credential = Write::SignIn {
        profile: Box::new(profile),
        secret: Box::new(secret),
    };
    Ok([credential, Write::Activity(signed_in)])
}

fn profile(
    store: &dyn Store,
    seed: &Seed<'_>,
    name: &CredentialName,
    provider: &Provider,
    minted: &Minted,
) -> Profile {
    let (tokens, then) = (&minted.tokens, minted.issued_at);
    let scopes: Vec<String> = seed
        .scopes
        .iter()
        .map(|scope| (*scope).to_owned())
        .collect();
    Profile {
        name: name.clone(),
        provider_name: provider.display_name.clone(),
        host: host(provider),
        claims: tokens.id_token.is_some().then(|| claims(seed, provider)),
        scopes,
        token_type: tokens.token_type.clone(),
        flow: seed.flow,
        client_id: seed.client.to_owned(),
        client_auth: ClientAuth::None,
        has_refresh_token: tokens.refresh.is_some(),
        renews_itself: false,
        bound_to: None,
        resources: Vec::new(),
        kept: BTreeMap::new(),
        restored: None,
        provenance: None,
        wanted_scopes: Vec::new(),
        created_at: then,
        signed_in_at: then,
        issued_at: then,
        expires_at: tokens.expires_in.map(|life| then.plus(life)),
        refresh_expires_at: tokens.refresh_expires_in.map(|life| then.plus(life)),
        refresh_idle_life: provider.refresh_idle_life,
        refresh_absolute_life: provider.refresh_absolute_life,
        test_life: provider.test_life,
        refresh_end_moves: None,
        told_end: None,
        seen_lives: Vec::new(),
        asked_at: Vec::new(),
        earliest_refresh: provider.earliest_refresh,
        last_used_at: None::<Timestamp>,
        access_fingerprint: access_fingerprint(store, &tokens.access),
        refresh_fingerprint: tokens
            .refresh
            .as_ref()
            .map(|token| refresh_fingerprint(store, token)),
        standing: Standing::Active,
        last_failure: None,
        failures_in_a_row: 0,
        policy: PolicyOverride::default(),
        attempts: Vec::new(),
    }
}

fn access_fingerprint(store: &dyn Store, token: &AccessToken) -> Fingerprint {
    store.fingerprint(token.expose_secret())
}

fn refresh_fingerprint(store: &dyn Store, token: &RefreshToken) -> Fingerprint {
    store.fingerprint(token.expose_secret())
}

fn claims(seed: &Seed<'_>, provider: &Provider) -> IdClaims {
    let has_email = seed.scopes.contains(&"email");
    IdClaims {
        verified: false,
        issuer: provider.issuer.clone(),
        subject: Some(seed.account.to_owned()),
        email: has_email.then(|| id_token::email(seed.account)),
        email_verified: has_email.then_some(true),
        name: None,
    }
}

/// As the engine names it: the host that refreshes are counted by.
fn host(provider: &Provider) -> String {
    let token = provider.endpoints.token.as_deref().unwrap_or_default();
    let url = Url::parse(token).ok();
    let host = url.as_ref().map(|url| url.authority().to_owned());
    host.unwrap_or_default()
}
