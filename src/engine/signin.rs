//! One sign-in from the wish to the tokens; never opens a browser, says each step to everyone.

use crate::clock;
use crate::engine::api::{Refusal, Reply};
use crate::engine::fact::Fact;
use crate::engine::minting::Minted;
use crate::engine::naming;
use crate::engine::registering;
use crate::engine::registration::{self, Registration};
use crate::engine::sessions::Pasted;
use crate::engine::vault_thread::VaultDesk;
use crate::engine::{signin_client, signin_device, signin_loopback};
use crate::jose::key::{SigningKey, new_pem};
use crate::model::asked_scopes;
use crate::model::client::{Client, ClientAuth};
use crate::model::credential::Flow;
use crate::model::failure::{Failure, FailureClass};
use crate::model::finding::Intent;
use crate::model::preflight;
use crate::model::provider::{Dpop, Provider};
use crate::model::signin::{SignInId, SignInRequest, SignInStep};
use crate::model::token::TokenSet;
use crate::oauth::caller::Caller;
use crate::oauth::error::OAuthError;
use crate::oauth::http::Http;
use crate::oauth::token::Wish;
use crate::oauth::{client_auth, discovery};
use crate::secret::PrivateKey;
use std::sync::{Arc, OnceLock};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// What a sign-in works with.
#[derive(Debug)]
pub struct Session {
    /// Its number.
    pub id: SignInId,
    /// The transport.
    pub http: Http,
    /// Where the kept clients are read.
    pub vault: VaultDesk,
    /// Where its steps and its tokens go.
    pub facts: mpsc::Sender<Fact>,
    /// Addresses that were pasted.
    pub pasted: mpsc::Receiver<Pasted>,
}

impl Session {
    /// Says how far it is.
    pub async fn say(&self, step: SignInStep) {
        say(&self.facts, self.id, step).await;
    }
}

/// Says how far a sign-in is.
pub async fn say(facts: &mpsc::Sender<Fact>, id: SignInId, step: SignInStep) {
    let _ = facts.send(Fact::Step { id, step }).await;
}

/// Runs a sign-in to its end. `reply` is told whether it was started.
pub async fn run(
    mut session: Session,
    request: SignInRequest,
    reply: Reply<()>,
    cancel: CancellationToken,
) {
    let (id, facts) = (session.id, session.facts.clone());
    let registration = match registration::find(&session.vault, &request).await {
        Ok(registration) => registration,
        Err(refusal) => {
            let _ = facts.send(Fact::NotStarted { id }).await;
            drop(reply.send(Err(refusal)));
            return;
        }
    };
    drop(reply.send(Ok(())));
    let outcome = tokio::select! {
        // A cancelled sign-in ends as cancelled, even when tokens come at the same moment.
        biased;
        () = cancel.cancelled() => None,
        outcome = mint(&mut session, request, registration) => Some(outcome),
    };
    let fact = match outcome {
        None => Fact::Step {
            id,
            step: SignInStep::Cancelled,
        },
        Some(Err(failure)) => Fact::Step {
            id,
            step: SignInStep::Failed { failure },
        },
        Some(Ok(minted)) => Fact::Minted {
            id,
            minted: Arc::new(minted),
            tries: 0,
        },
    };
    let _ = facts.send(fact).await;
}

async fn mint(
    session: &mut Session,
    request: SignInRequest,
    registration: Registration,
) -> Result<Minted, Failure> {
    session.say(SignInStep::Discovering).await;
    let provider = discovery::resolve(&session.http, request.provider, registration.known)
        .await
        .map_err(|error| error.failure())?;
    let mut provider = provider;
    let flow = choose_flow(&provider, request.flow)?;
    let mut scopes = request
        .scopes
        .unwrap_or_else(|| provider.default_scopes.clone());
    if let Some(scope) = asked_scopes::missing_offline(&provider, flow, &scopes) {
        scopes.push(scope.to_owned());
    }
    if request.register.is_some() {
        session.say(SignInStep::Registering).await;
    }
    let given = (registration.client, request.register);
    let client = registering::client(&session.http, &mut provider, flow, &scopes, given).await?;
    let mut client = client;
    client.auth = client_auth::choose(&provider, &client, flow);
    must_be_possible(&Intent {
        provider: &provider,
        flow,
        scopes: &scopes,
        client: Some(&client),
        redirect_port: request.redirect_port,
        dpop: request.dpop,
    })?;
    let bound_to = bound_to(&provider, request.dpop)?;
    let key = bound_to.as_ref().map(SigningKey::read).transpose();
    let key = key.map_err(|why| OAuthError::Key(why).failure())?;
    let wanted = Wanted {
        provider: &provider,
        client: &client,
        scopes: &scopes,
        resources: &request.resources,
        key: key.as_ref(),
        port: request.redirect_port,
    };
    let (set, auth): (TokenSet, ClientAuth) = match flow {
        Flow::Device => signin_device::mint(session, &wanted).await?,
        Flow::Loopback => signin_loopback::mint(session, &wanted).await?,
        Flow::ClientCredentials => signin_client::mint(session, &wanted).await?,
        Flow::ApiKey => return Err(unusable("a key is not signed in with: it is pasted")),
    };
    client.auth = auth;
    let caller = Caller::new(&session.http, &provider, &client).bound_to(key.as_ref());
    let who = naming::who(&caller, request.account.as_deref(), &set).await;
    let name = naming::name(&provider, &who).map_err(|error| unusable(&error.to_string()))?;
    Ok(Minted {
        name,
        certainty: who.certainty,
        claims: who.claims,
        apart: None,
        aside: None,
        before: OnceLock::new(),
        flow,
        resources: request.resources,
        bound_to,
        scopes,
        set,
        at: clock::now(),
        provider,
        client,
    })
}

/// The client with the secret sent the other way, when the provider refused the first one and either may be meant.
pub fn in_the_other_way(provider: &Provider, client: &Client, failure: &Failure) -> Option<Client> {
    let refused = matches!(
        failure.code.as_str(),
        "invalid_client" | "unauthorized_client"
    );
    let auth = client_auth::other(provider, client.auth).filter(|_| refused)?;
    Some(Client {
        auth,
        ..client.duplicate()
    })
}

/// What a flow needs to know.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The provider, endpoints filled in.
    pub provider: &'a Provider,
    /// The client, its authentication chosen.
    pub client: &'a Client,
    /// Scopes to ask for.
    pub scopes: &'a [String],
    /// Resources to ask for (RFC 8707).
    pub resources: &'a [String],
    /// The key that the tokens are bound to, if they are (RFC 9449).
    pub key: Option<&'a SigningKey>,
    /// Port of the loopback redirect, if one is wanted.
    pub port: Option<u16>,
}

impl<'a> Wanted<'a> {
    /// Who asks: this client, which may authenticate another way than was chosen at first.
    pub fn caller(&self, http: &'a Http, client: &'a Client) -> Caller<'a> {
        Caller::new(http, self.provider, client).bound_to(self.key)
    }

    /// What is asked for.
    pub fn wish(&self) -> Wish<'a> {
        Wish {
            scopes: self.scopes,
            resources: self.resources,
        }
    }
}

/// A new key for the tokens of this sign-in, where they shall be bound to one.
fn bound_to(provider: &Provider, asked: bool) -> Result<Option<PrivateKey>, Failure> {
    let algorithms = &provider.metadata.dpop_algorithms;
    let is_possible = algorithms.is_empty() || algorithms.iter().any(|name| name == "ES256");
    match provider.dpop {
        Dpop::Never if asked => Err(unusable("tokens cannot be bound to a key there")),
        Dpop::Never => Ok(None),
        Dpop::Optional if !asked => Ok(None),
        Dpop::Optional | Dpop::Required if !is_possible => Err(unusable(
            "the provider binds tokens by other algorithms than ES256 only",
        )),
        Dpop::Optional | Dpop::Required => new_pem()
            .map(Some)
            .map_err(|why| OAuthError::Key(why).failure()),
    }
}

/// The flow asked for, else the provider's first that its endpoints allow.
fn choose_flow(provider: &Provider, asked: Option<Flow>) -> Result<Flow, Failure> {
    if let Some(flow) = asked {
        return Ok(flow);
    }
    let usual = [Flow::Loopback, Flow::Device];
    let offered = match provider.flows.as_slice() {
        [] => &usual[..],
        flows => flows,
    };
    let endpoints = &provider.endpoints;
    let is_possible = |flow: &&Flow| match flow {
        Flow::Device => endpoints.device_authorization.is_some(),
        Flow::Loopback => endpoints.authorization.is_some(),
        Flow::ClientCredentials => endpoints.token.is_some(),
        Flow::ApiKey => false,
    };
    let found = offered.iter().chain(&usual).find(is_possible);
    found.copied().ok_or_else(|| {
        unusable("the provider has neither an authorization nor a device authorization endpoint")
    })
}

/// Refuses what cannot work, now that the provider's metadata is known and before anybody opens a browser.
fn must_be_possible(intent: &Intent<'_>) -> Result<(), Failure> {
    let Some(found) = preflight::obstacle(intent) else {
        return Ok(());
    };
    let class = FailureClass::Misconfigured;
    Err(Failure::new(class, "unusable", found.what, found.fix).unsent())
}

/// A sign-in that a setting stands in the way of.
pub fn unusable(cause: &str) -> Failure {
    Failure::new(
        FailureClass::Misconfigured,
        "unusable",
        cause,
        "Check the provider's settings, or give its endpoints by hand.",
    )
    .unsent()
}

/// A sign-in that nobody answered.
pub fn nobody_came() -> Failure {
    Failure::new(
        FailureClass::NeedsLogin,
        "expired_token",
        "nobody finished the sign-in in time",
        "Start the sign-in again.",
    )
    .unsent()
}

/// Why a pasted address is of no use.
pub fn bad_paste(failure: Failure) -> Refusal {
    Refusal::Invalid {
        message: failure.cause,
        hint: failure.fix,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ClientSecret;

    #[test]
    fn a_secret_is_sent_the_other_way_only_where_the_client_was_not_accepted() {
        let client = Client::new(
            "me",
            Some(ClientSecret::new("secret".to_owned())),
            ClientAuth::ClientSecretBasic,
        );
        let provider = Provider::unknown("p", "P");
        for (code, is_tried) in [
            ("invalid_client", true),
            ("unauthorized_client", true),
            ("invalid_grant", false),
            ("access_denied", false),
            ("http_503", false),
            ("timeout", false),
        ] {
            let failure = Failure::new(FailureClass::Misconfigured, code, "", "");
            let other = in_the_other_way(&provider, &client, &failure);
            let auth = other.map(|other| other.auth);
            let wanted = is_tried.then_some(ClientAuth::ClientSecretPost);
            assert_eq!(auth, wanted, "{code}");
        }
    }
}
