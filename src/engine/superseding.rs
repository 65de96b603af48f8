//! Ends tokens that nobody keeps: those of the sign-in before, and those of one that was given up unwritten.

use crate::clock;
use crate::engine::fact::Fact;
use crate::engine::operations::Begun;
use crate::model::credential::Secret;
use crate::model::event::{Activity, Happening};
use crate::model::failure::{Failure, FailureClass};
use crate::model::name::CredentialName;
use crate::model::operation::OperationId;
use crate::model::provider::RevocationReach;
use crate::oauth::http::Http;
use crate::oauth::revoke::{self, Revoked};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Whether the old tokens can be ended without the new ones: the provider's record has to say so.
pub fn is_safe(old: &Secret) -> bool {
    old.provider.revocation_reach == RevocationReach::SignIn
}

/// Ends them. That it cannot be done is said, and is no reason to doubt the new ones.
pub async fn end(
    http: Http,
    facts: mpsc::Sender<Fact>,
    (name, operation): (CredentialName, Option<OperationId>),
    old: Arc<Secret>,
) {
    let revoked = revoke::revoke(
        &http,
        &old.provider,
        &old.client,
        &old.access,
        old.refresh.as_ref(),
    )
    .await;
    let what = match revoked {
        Ok(Revoked::Confirmed) => Happening::Superseded { failure: None },
        // Nobody can be asked: they end by themselves.
        Ok(Revoked::ByHand { .. }) => return,
        Err(error) => Happening::Superseded {
            failure: Some(Failure {
                // Nobody tries it again: the credential goes on without them.
                fix: "They end by themselves; whoever wants them gone now ends the grant on the provider's page.".to_owned(),
                ..error.failure()
            }),
        },
    };
    let activity = Activity::new(clock::now(), Some(name), what).within(operation);
    let _ = facts.send(Fact::Happened(activity)).await;
}

/// Ends tokens that were given up before they could be written, and says what became of them.
pub async fn end_unkept(
    http: Http,
    facts: mpsc::Sender<Fact>,
    (name, begun): (CredentialName, Option<Begun>),
    secret: Arc<Secret>,
) {
    let revoked = revoke::revoke(
        &http,
        &secret.provider,
        &secret.client,
        &secret.access,
        secret.refresh.as_ref(),
    )
    .await;
    let (became, fix) = match revoked {
        Ok(Revoked::Confirmed) => ("its tokens were revoked at the provider", "Start it again."),
        Ok(Revoked::ByHand { .. }) => (
            "its tokens were dropped here, and the provider revokes none",
            "They end by themselves; whoever wants them gone now ends the grant on the provider's page.",
        ),
        Err(_) => (
            "its tokens were dropped here, and the provider could not be told",
            "They end by themselves; whoever wants them gone now ends the grant on the provider's page.",
        ),
    };
    let cause = format!("the sign-in was given up before the vault could be written; {became}");
    let failure = Failure::new(FailureClass::NeedsLogin, "given_up", cause, fix);
    let provider = Some(name.provider().to_owned());
    let what = Happening::SignInFailed { failure, provider };
    let activity = Activity::new(clock::now(), Some(name), what);
    let activity = match begun {
        Some(begun) => activity.within(Some(begun.operation)).by(Some(begun.by)),
        None => activity,
    };
    let _ = facts.send(Fact::Happened(activity)).await;
}
