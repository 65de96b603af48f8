//! Ends the tokens of the sign-in before, once those of the new one are kept, where that ends nothing else.

use crate::clock;
use crate::engine::fact::Fact;
use crate::model::credential::Secret;
use crate::model::event::{Activity, Happening};
use crate::model::failure::Failure;
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
