//! Runs a provider's record against the built-in provider that behaves like the one it resembles most.

use crate::cli::provider_check::{Report, Verdict};
use crate::demo::control::Control;
use crate::demo::demands::Demands;
use crate::demo::profiles::{ClientKind, Profile};
use crate::demo::provider::DemoProvider;
use crate::demo::quirks::Consent;
use crate::demo::resemblance::resembling;
use crate::demo::settings::DemoSettings;
use crate::model::client::{Client, ClientAuth};
use crate::model::credential::Flow;
use crate::model::provider::{Provider, Revocation};
use crate::model::token::TokenSet;
use crate::oauth::authorize::AuthorizationRequest;
use crate::oauth::callback::Listener;
use crate::oauth::caller::Caller;
use crate::oauth::client_auth;
use crate::oauth::error::OAuthError;
use crate::oauth::http::{Http, HttpSettings};
use crate::oauth::revoke::{self, Revoked};
use crate::oauth::token::{self, Wish};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout;

/// The account that says yes to everything.
const ACCOUNT: &str = "alice";
/// The built-in provider answers within this, or something is wrong with the record.
const PATIENCE: Duration = Duration::from_secs(10);

/// Signs in, refreshes and revokes, a point each. Nothing leaves this machine.
pub async fn rehearse(record: &Provider, report: &mut Report) {
    if !record.flows.is_empty() && !record.flows.contains(&Flow::Loopback) {
        return report.ok(
            "rehearsal",
            "only records with the browser flow are rehearsed",
        );
    }
    let profile = resembling(record);
    let mut settings = DemoSettings::with_quirks(profile.quirks());
    settings.quirks.demands.any_scope = true;
    let name = record.name.as_str();
    let is_named = profile.name == name || profile.aliases.contains(&name);
    if !is_named {
        // What only that provider wants of requests is no fault of another one's record.
        settings.quirks.refresh_tokens = true;
        settings.quirks.demands = Demands {
            any_scope: true,
            scope_separator: record.scope_separator,
            scope_parameter: record
                .scope_parameter
                .clone()
                .unwrap_or_else(|| "scope".to_owned()),
            ..Demands::default()
        };
    }
    // The rehearsal refreshes at once; the engine waits as long as the record says.
    settings.quirks.refuse_early = None;
    settings.quirks.consent = Consent::Allow(ACCOUNT.to_owned());
    let provider = match DemoProvider::start(settings).await {
        Ok(provider) => provider,
        Err(error) => {
            let detail = format!("the built-in provider cannot listen: {error}");
            return report.finds("rehearsal", Verdict::Warning, detail, "");
        }
    };
    let like = profile.display_name.trim_end_matches(" (like)");
    report.ok(
        "rehearsal",
        format!("against the built-in provider as {like}"),
    );
    let stage = Stage {
        http: Http::new(HttpSettings::default()),
        record: moved(record, profile, &provider.issuer()),
        client: client(record, profile, is_named),
        control: provider.control(),
    };
    stage.play(report).await;
}

/// Values for the placeholders that nobody gave one for: where things are does not matter here.
pub fn fill_in(record: &Provider, given: &mut BTreeMap<String, String>) {
    for (name, default) in &record.parameters {
        if default.is_empty() && !given.contains_key(name) {
            given.insert(name.clone(), "rehearsal.example".to_owned());
        }
    }
}

/// The record at the built-in provider's addresses: what it says of habits stays, where things are does not.
fn moved(record: &Provider, profile: &Profile, issuer: &str) -> Provider {
    let there = profile.provider(issuer);
    let mut moved = record.clone();
    moved.issuer = record.issuer.as_ref().and(there.issuer);
    moved.metadata = there.metadata;
    let own_refresh = record.endpoints.refresh.is_some();
    moved.endpoints = there.endpoints;
    moved.endpoints.refresh = moved.endpoints.refresh.filter(|_| own_refresh);
    moved.redirect = there.redirect;
    match (&mut moved.revocation, there.revocation) {
        (Revocation::Request { url, .. }, Revocation::Request { url: theirs, .. }) => *url = theirs,
        // A recipe that the built-in provider has no counterpart of: nobody else is asked.
        (own @ Revocation::Request { .. }, theirs) => *own = theirs,
        (Revocation::Standard | Revocation::Page { .. }, _) => {}
    }
    moved
}

/// The built-in client that authenticates as the record says.
fn client(record: &Provider, profile: &Profile, is_named: bool) -> Client {
    if is_named {
        return profile.registered_client();
    }
    let kind = match record.client_auth {
        Some(ClientAuth::ClientSecretBasic) => ClientKind::Basic,
        Some(ClientAuth::ClientSecretPost) => ClientKind::Post,
        Some(ClientAuth::None | ClientAuth::PrivateKeyJwt) => ClientKind::Public,
        None if record.setup.needs_secret => ClientKind::Basic,
        None => ClientKind::Public,
    };
    kind.client()
}

struct Stage {
    http: Http,
    record: Provider,
    client: Client,
    control: Control,
}

impl Stage {
    async fn play(mut self, report: &mut Report) {
        self.client.auth = client_auth::choose(&self.record, &self.client, Flow::Loopback);
        let set = match timeout(PATIENCE, self.sign_in()).await {
            Ok(Ok(set)) => set,
            Ok(Err(error)) => return failed(report, "  sign-in", &error),
            Err(_) => {
                let detail = "the sign-in did not come back in time";
                let fix =
                    "Compare redirect rule and extra parameters with the provider's documentation.";
                return report.finds("  sign-in", Verdict::Failed, detail, fix);
            }
        };
        report.ok("  sign-in", told(&set));
        let newest = match self.refresh(&set).await {
            Some(Ok(newer)) => {
                report.ok("  refresh", told(&newer));
                Some(newer)
            }
            Some(Err(error)) => {
                failed(report, "  refresh", &error);
                None
            }
            None if set.expires_in.is_none() => {
                report.ok("  refresh", "there is none, and the token has no end");
                None
            }
            None => {
                let detail =
                    "no refresh token came: it would have to be signed in to again and again";
                let fix = "Name the scope that brings one (offline_scope), or the parameter (extra.authorize).";
                report.finds("  refresh", Verdict::Warning, detail, fix);
                None
            }
        };
        self.revoke(newest.as_ref().unwrap_or(&set), report).await;
    }

    fn caller(&self) -> Caller<'_> {
        Caller::new(&self.http, &self.record, &self.client)
    }

    async fn sign_in(&self) -> Result<TokenSet, OAuthError> {
        let listener = Listener::bind(&self.record.redirect, None)?;
        let redirect_uri = listener.redirect_uri();
        let wish = Wish {
            scopes: &self.record.default_scopes,
            ..Wish::default()
        };
        let request = AuthorizationRequest::start(&self.caller(), &redirect_uri, wish).await?;
        let (control, url) = (self.control.clone(), request.url.clone());
        let visit = move || control.visit(&url, &Consent::Allow(ACCOUNT.to_owned()));
        let visited = tokio::task::spawn_blocking(visit);
        let callback = listener.wait(&request).await?;
        drop(visited.await);
        token::exchange_code(&self.caller(), &request, &redirect_uri, callback.code).await
    }

    async fn refresh(&self, set: &TokenSet) -> Option<Result<TokenSet, OAuthError>> {
        if let Some(refresh) = &set.refresh {
            return Some(token::refresh(&self.caller(), refresh, Wish::default()).await);
        }
        self.record.refresh_by.as_ref()?;
        Some(token::renew(&self.caller(), &set.access).await)
    }

    async fn revoke(&self, set: &TokenSet, report: &mut Report) {
        let (record, client) = (&self.record, &self.client);
        let refresh = set.refresh.as_ref();
        match revoke::revoke(&self.http, record, client, &set.access, refresh).await {
            Ok(Revoked::Confirmed) => report.ok("  revocation", "confirmed"),
            Ok(Revoked::ByHand { .. }) => {
                report.ok("  revocation", "by hand, on the provider's page")
            }
            Err(error) => failed(report, "  revocation", &error),
        }
    }
}

fn told(set: &TokenSet) -> String {
    let life = match set.expires_in {
        Some(life) => format!("a token for {} s", life.as_secs()),
        None => "a token without an end".to_owned(),
    };
    let refresh = if set.refresh.is_some() {
        "with a refresh token"
    } else {
        "without a refresh token"
    };
    format!("{life}, {refresh}")
}

fn failed(report: &mut Report, check: &str, error: &OAuthError) {
    let failure = error.failure();
    let said = failure.provider_words.as_deref();
    let detail = match said {
        Some(words) => format!("{} It says: {words}", failure.cause),
        None => failure.cause.clone(),
    };
    report.finds(check, Verdict::Failed, detail, &failure.fix);
}
