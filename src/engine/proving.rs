//! Whether tokens that were revoked are dead at their provider: asked, never guessed.

use crate::engine::api::{Refusal, RevokeOutcome};
use crate::engine::doomed::Doomed;
use crate::engine::inquiry;
use crate::jose::key::SigningKey;
use crate::model::credential::Secret;
use crate::model::failure::{Errand, Failure, FailureClass};
use crate::model::inquiry::Liveness;
use crate::oauth::caller::Caller;
use crate::oauth::error::OAuthError;
use crate::oauth::http::Http;
use crate::oauth::introspect::{self, Asked};
use crate::oauth::revoke::{self, Revoked};
use crate::oauth::token::{self, Wish};
use crate::secret::RefreshToken;
use std::time::Duration;

/// Longest that the proof may take; what is not known by then stays unknown.
const LONGEST_PROOF: Duration = Duration::from_secs(20);

/// Tells the provider, then finds out what became of the tokens.
pub async fn revoked(http: &Http, secret: &Secret) -> Result<RevokeOutcome, Refusal> {
    let told = revoke::revoke(
        http,
        &secret.provider,
        &secret.client,
        &secret.access,
        secret.refresh.as_ref(),
    )
    .await
    .map_err(|error| refusal(&error, secret))?;
    // A token that the provider was not told about must not be spent for a proof.
    let is_told = told == Revoked::Confirmed;
    let proof = tokio::time::timeout(LONGEST_PROOF, proof(http, secret, is_told))
        .await
        .unwrap_or_default();
    Ok(match told {
        Revoked::Confirmed => RevokeOutcome::Confirmed { proof },
        Revoked::ByHand { page } => RevokeOutcome::ByHand { page, proof },
    })
}

/// Tells the provider of all that is to die; of several outcomes the worst is the outcome. As long as it may be told of one
/// yet, nothing is over.
pub async fn all_revoked(http: &Http, doomed: &Doomed) -> Result<RevokeOutcome, Refusal> {
    let mut worst = revoked(http, &doomed.present).await?;
    for earlier in &doomed.earlier {
        let outcome = match revoked(http, earlier).await {
            Err(Refusal::Failed { failure }) if failure.class == FailureClass::Transient => {
                return Err(Refusal::Failed { failure });
            }
            Err(_) => only_by_hand(earlier),
            Ok(outcome) => outcome,
        };
        worst = worse(worst, outcome);
    }
    if !doomed.is_all {
        worst = worse(worst, only_by_hand(&doomed.present));
    }
    Ok(worst)
}

/// What is said of tokens that the provider does not end when it is asked to.
fn only_by_hand(secret: &Secret) -> RevokeOutcome {
    RevokeOutcome::ByHand {
        page: secret.provider.grants_page.clone(),
        proof: Liveness::Unknown,
    }
}

fn worse(one: RevokeOutcome, other: RevokeOutcome) -> RevokeOutcome {
    let rank = |it: Liveness| match it {
        Liveness::Dead => 0,
        Liveness::Unknown => 1,
        Liveness::Alive => 2,
    };
    let proofs = [one.proof(), other.proof()];
    let proof = proofs.into_iter().max_by_key(|it| rank(*it));
    let proof = proof.unwrap_or_default();
    match (one, other) {
        (RevokeOutcome::ByHand { page, .. }, _) | (_, RevokeOutcome::ByHand { page, .. }) => {
            RevokeOutcome::ByHand { page, proof }
        }
        (RevokeOutcome::Confirmed { .. }, RevokeOutcome::Confirmed { .. }) => {
            RevokeOutcome::Confirmed { proof }
        }
    }
}

/// Why it could not be revoked; of a client without a secret it is said that this may be why.
fn refusal(error: &OAuthError, secret: &Secret) -> Refusal {
    let mut failure = error.failure();
    let is_public = secret.client.secret.is_none() && secret.client.key.is_none();
    let is_about_the_client = failure.class == FailureClass::Misconfigured
        && matches!(
            failure.code.as_str(),
            "invalid_client" | "unauthorized_client" | "http_401" | "http_403"
        );
    if is_public && is_about_the_client {
        failure.cause = format!(
            "{} does not let this client revoke tokens: it has no secret (a public client), and the provider wants one.",
            secret.provider.display_name
        );
    }
    if failure.class == FailureClass::Misconfigured
        && let Some(page) = &secret.provider.grants_page
    {
        failure.fix = format!("End the grant on {page}, then remove the credential here.");
    }
    Refusal::Failed { failure }
}

/// The worst that is seen of the two tokens: by introspection, else by a refresh that must be refused, and by using the
/// access token where it can do no harm.
async fn proof(http: &Http, secret: &Secret, is_told: bool) -> Liveness {
    let key = secret.bound_to.as_ref().map(SigningKey::read).transpose();
    let Ok(key) = key else {
        return Liveness::Unknown;
    };
    let caller = Caller::new(http, &secret.provider, &secret.client).bound_to(key.as_ref());
    let refresh = match &secret.refresh {
        Some(token) => by_refresh_token(&caller, token, is_told).await,
        None => None,
    };
    let access = match inquiry::validation(http, secret, true).await.liveness {
        Liveness::Unknown => None,
        known @ (Liveness::Alive | Liveness::Dead) => Some(known),
    };
    match (refresh, access) {
        (Some(Liveness::Alive), _) | (_, Some(Liveness::Alive)) => Liveness::Alive,
        (Some(Liveness::Dead), _) => Liveness::Dead,
        // A dead access token says nothing about the refresh token beside it.
        (_, Some(Liveness::Dead)) if secret.refresh.is_none() => Liveness::Dead,
        (Some(Liveness::Unknown) | None, _) => Liveness::Unknown,
    }
}

async fn by_refresh_token(
    caller: &Caller<'_>,
    token: &RefreshToken,
    is_told: bool,
) -> Option<Liveness> {
    if caller.provider.endpoints.introspection.is_some()
        && let Ok(said) = introspect::introspect(caller, Asked::Refresh(token)).await
    {
        return Some(if said.active {
            Liveness::Alive
        } else {
            Liveness::Dead
        });
    }
    if !is_told {
        return None;
    }
    match token::refresh(caller, token, Wish::default()).await {
        Err(error) => is_refused_token(&error.failure()).then_some(Liveness::Dead),
        Ok(set) => {
            // It lives, and there are newer tokens now: they must not outlive the wish.
            let (provider, client) = (caller.provider, caller.client);
            let newer = set.refresh.as_ref();
            let _ = revoke::revoke(caller.http, provider, client, &set.access, newer).await;
            Some(Liveness::Alive)
        }
    }
}

/// Whether the refusal is about the token itself; a client that is refused proves nothing.
fn is_refused_token(failure: &Failure) -> bool {
    let is_named = failure.evidence.as_ref().is_some_and(|it| it.is_open);
    debug_assert!(failure.errand != Errand::SignIn, "it was a refresh");
    failure.class == FailureClass::NeedsLogin && (is_named || !failure.likely().is_empty())
}
