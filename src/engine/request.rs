//! Requests to providers, each in a task of its own that answers whatever happens.

use crate::engine::doomed::Doomed;
use crate::engine::errands::Errands;
use crate::engine::fact::Fact;
use crate::engine::hand::token_to_send;
use crate::engine::proving;
use crate::engine::step::{FlightId, Input, TokenChoice};
use crate::jose::key::SigningKey;
use crate::model::credential::{CredentialId, Flow, Generation, Profile, Secret};
use crate::model::failure::{Failure, FailureClass};
use crate::model::token::TokenSet;
use crate::oauth::caller::Caller;
use crate::oauth::error::OAuthError;
use crate::oauth::http::Http;
use crate::oauth::token::{self, Wish};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Sends a refresh token; the answer comes as [`Fact::Answered`].
pub fn refresh(
    http: Http,
    (facts, errands): (mpsc::Sender<Fact>, &Errands),
    flight: FlightId,
    choice: TokenChoice,
    (secret, profile, narrow): (Arc<Secret>, Arc<Profile>, Vec<String>),
) {
    let mut promise = Promise::new(facts, flight, (choice, narrow.clone()));
    errands.start(async move {
        let outcome = newer(&http, &secret, (&profile, &narrow), choice).await;
        promise.keep(outcome.map(Box::new)).await;
    });
}

/// Gets newer tokens the way the ones before were got: by the same client, bound to the same key.
async fn newer(
    http: &Http,
    secret: &Secret,
    (profile, narrow): (&Profile, &[String]),
    choice: TokenChoice,
) -> Result<TokenSet, Failure> {
    let failed = |error: OAuthError| error.failure();
    if !narrow.is_empty() && secret.provider.refresh_ends_access {
        return Err(Failure::new(
            FailureClass::Misconfigured,
            "no_narrowing",
            format!(
                "At {} a refresh ends the access token before it, so there is no other one beside it.",
                secret.provider.display_name
            ),
            "Sign in under another account name with fewer scopes instead.",
        )
        .unsent());
    }
    let key = secret.bound_to.as_ref().map(SigningKey::read).transpose();
    let key = key.map_err(|why| failed(OAuthError::Key(why)))?;
    let caller = Caller::new(http, &secret.provider, &secret.client).bound_to(key.as_ref());
    let answer = match token_to_send(secret, choice) {
        Some(refresh) => {
            let wish = Wish {
                scopes: narrow,
                ..Wish::default()
            };
            token::refresh(&caller, refresh, wish).await
        }
        None if secret.provider.refresh_by.is_some() => token::renew(&caller, &secret.access).await,
        None if profile.flow == Flow::ClientCredentials => {
            let wish = Wish {
                scopes: &profile.scopes,
                resources: &profile.resources,
            };
            token::client_credentials(&caller, wish).await
        }
        None => return Err(internal("there is no refresh token to send")),
    };
    answer.map_err(failed)
}

/// Sees to it that a flight gets an answer even when its task dies.
struct Promise {
    facts: Option<mpsc::Sender<Fact>>,
    flight: FlightId,
    choice: TokenChoice,
    narrow: Vec<String>,
    begun: Instant,
}

impl Promise {
    fn new(
        facts: mpsc::Sender<Fact>,
        flight: FlightId,
        (choice, narrow): (TokenChoice, Vec<String>),
    ) -> Self {
        Self {
            facts: Some(facts),
            flight,
            choice,
            narrow,
            begun: Instant::now(),
        }
    }

    async fn keep(&mut self, outcome: Result<Box<crate::model::token::TokenSet>, Failure>) {
        let fact = self.fact(outcome);
        if let Some(facts) = self.facts.take() {
            let _ = facts.send(fact).await;
        }
    }

    fn fact(&self, outcome: Result<Box<crate::model::token::TokenSet>, Failure>) -> Fact {
        Fact::Answered {
            flight: self.flight,
            choice: self.choice,
            narrow: self.narrow.clone(),
            took: self.took(),
            outcome,
        }
    }

    fn took(&self) -> Duration {
        self.begun.elapsed()
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if let Some(facts) = self.facts.take() {
            let _ = facts.try_send(self.fact(Err(internal("the request broke off"))));
        }
    }
}

/// Asks the provider to revoke; the answer comes as [`Input::RevokeEnded`].
pub async fn revoke(
    http: Http,
    facts: mpsc::Sender<Fact>,
    (id, generation): (CredentialId, Generation),
    doomed: Doomed,
) {
    let outcome = proving::all_revoked(&http, &doomed).await;
    let _ = facts
        .send(Fact::Known(Input::RevokeEnded {
            id,
            generation,
            outcome,
        }))
        .await;
}

fn internal(cause: &str) -> Failure {
    Failure::new(
        FailureClass::Transient,
        "internal",
        cause,
        "Please report it if it stays.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_whose_task_dies_is_answered_all_the_same() {
        let (facts, mut told) = mpsc::channel(1);
        let asked = (TokenChoice::Previous, Vec::new());
        drop(Promise::new(facts, FlightId(7), asked));
        let Some(Fact::Answered {
            flight,
            choice,
            outcome: Err(failure),
            ..
        }) = told.recv().await
        else {
            panic!("no refusal came");
        };
        assert_eq!((flight, choice), (FlightId(7), TokenChoice::Previous));
        // Nobody knows whether it was sent: the journal's entry has to stay open.
        assert!(failure.class == FailureClass::Transient && !failure.unsent);
    }
}
