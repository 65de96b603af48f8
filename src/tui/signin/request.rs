//! What the wizard's pages ask of the engine.

use crate::model::client::{Client, ClientAuth};
use crate::model::credential::Flow;
use crate::model::name::is_account;
use crate::model::provider::Endpoints;
use crate::model::signin::{ProviderChoice, SignInId, SignInRequest};
use crate::secret::ClientSecret;
use crate::tui::signin::wizard::Wizard;
use std::collections::BTreeMap;

impl Wizard {
    /// What is asked of the engine.
    pub fn request(&self, id: SignInId) -> SignInRequest {
        let account = Some(self.scopes.account.text().trim()).filter(|account| is_account(account));
        SignInRequest {
            id,
            provider: self.choice(),
            account: account.map(str::to_owned),
            client: (!self.kept_client).then(|| self.new_client()),
            scopes: Some(self.scopes.ticked()).filter(|scopes| !scopes.is_empty()),
            flow: self.flows().get(self.flow).copied(),
            redirect_port: None,
            resources: Vec::new(),
            dpop: false,
            register: None,
        }
    }

    fn choice(&self) -> ProviderChoice {
        let known = self.provider().map(|provider| provider.name.clone());
        let again = self.again.as_ref().map(|name| name.provider().to_owned());
        match known.or(again) {
            Some(name) => {
                let parameters: BTreeMap<String, String> = self
                    .parameters
                    .fields
                    .iter()
                    .map(|labelled| {
                        (
                            labelled.label.clone(),
                            labelled.field.text().trim().to_owned(),
                        )
                    })
                    .collect();
                ProviderChoice::Known { name, parameters }
            }
            None => {
                let by_hand =
                    |at| Some(self.issuer.text(at).trim().to_owned()).filter(|url| !url.is_empty());
                ProviderChoice::Issuer {
                    name: self.issuer.text(0).trim().to_owned(),
                    issuer: self.issuer.text(1).trim().to_owned(),
                    endpoints: Box::new(Endpoints {
                        authorization: by_hand(2),
                        token: by_hand(3),
                        device_authorization: by_hand(4),
                        revocation: by_hand(5),
                        ..Endpoints::default()
                    }),
                }
            }
        }
    }

    fn new_client(&self) -> Client {
        let secret = Some(self.client.text(1).to_owned()).filter(|secret| !secret.is_empty());
        let known = self
            .provider()
            .and_then(|provider| match self.flows().get(self.flow) {
                Some(Flow::Device) => provider.device_client_auth.or(provider.client_auth),
                Some(Flow::Loopback | Flow::ClientCredentials | Flow::ApiKey) | None => {
                    provider.client_auth
                }
            });
        let auth = match (&secret, known) {
            (None, _) => ClientAuth::None,
            (Some(_), Some(auth)) if auth != ClientAuth::None => auth,
            (Some(_), _) => ClientAuth::ClientSecretBasic,
        };
        Client::new(
            self.client.text(0).trim(),
            secret.map(ClientSecret::new),
            auth,
        )
    }
}
