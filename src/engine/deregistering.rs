//! Deletes a client that was registered from here: at its provider first, then in the vault.

use crate::engine::api::{Refusal, Reply};
use crate::engine::fact::Fact;
use crate::engine::operations::Begun;
use crate::engine::runner::Runner;
use crate::engine::vault_thread::{Job, trouble};
use crate::model::client::ClientRegistration;
use crate::model::event::{Activity, Happening};
use crate::model::operation::OperationId;
use crate::oauth::http::Http;
use crate::oauth::registration;
use crate::vault::store::Write;

impl Runner {
    /// Deletes it, unless credentials of it are left: their tokens would end with it.
    pub(in crate::engine) fn delete_client(&mut self, begun: Begun, reply: Reply<()>) {
        let (provider, operation) = (begun.provider, begun.operation);
        let left = self.core.by_provider().get(&provider).copied().unwrap_or(0);
        if left > 0 {
            let refusal = Refusal::Invalid {
                message: format!("{left} credentials of {provider} are still here"),
                hint: "Remove them first: the provider ends their tokens with the client."
                    .to_owned(),
            };
            return drop(reply.send(Err(refusal)));
        }
        let (http, facts) = (self.http.clone(), self.facts.clone());
        let (runtime, errands) = (tokio::runtime::Handle::current(), self.errands.clone());
        let wanted = provider.clone();
        self.vault.ask(Job::Read(Box::new(move |store| {
            let kept = store
                .client(&wanted)
                .map_err(|error| trouble(&error).refusal());
            let client = match kept {
                Ok(kept) => kept.map(|stored| stored.client),
                Err(refusal) => return drop(reply.send(Err(refusal))),
            };
            let client = client.and_then(|client| Some((client.id, client.registration?)));
            let Some((client_id, kept)) = client else {
                return drop(reply.send(Err(not_ours(&wanted))));
            };
            errands.start_on(&runtime, async move {
                let deleted = delete(&http, &kept).await;
                if deleted.is_ok() {
                    let _ = facts
                        .send(Fact::ClientDeleted {
                            provider,
                            client_id,
                            operation,
                        })
                        .await;
                }
                drop(reply.send(deleted));
            });
        })));
    }

    /// The provider has deleted it: it is forgotten here too.
    pub(in crate::engine) fn client_deleted(
        &mut self,
        provider: String,
        client_id: String,
        operation: OperationId,
    ) {
        let wanted = provider.clone();
        self.vault
            .ask(Job::Lazy(Box::new(move |_| Write::ForgetClient {
                provider: wanted.clone(),
                client_id: client_id.clone(),
            })));
        let deleted = Activity::new(self.now, None, Happening::ClientDeleted { provider });
        self.happened(deleted.within(Some(operation)));
    }
}

async fn delete(http: &Http, kept: &ClientRegistration) -> Result<(), Refusal> {
    registration::delete(http, kept)
        .await
        .map_err(|error| Refusal::Failed {
            failure: error.failure(),
        })
}

fn not_ours(provider: &str) -> Refusal {
    Refusal::Invalid {
        message: format!("no client of {provider} was registered from here"),
        hint: "Delete the client on the provider's own page.".to_owned(),
    }
}
