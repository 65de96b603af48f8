//! What the wizard's pages ask of the engine.

use crate::clock::Timestamp;
use crate::model::client::{Client, ClientAuth};
use crate::model::credential::Flow;
use crate::model::key_end;
use crate::model::name::is_account;
use crate::model::provider::Endpoints;
use crate::model::signin::{KeyWish, ProviderChoice, RegisterWish, SignInId, SignInRequest};
use crate::secret::{ApiKey, ClientSecret};
use crate::tui::signin::wizard::Wizard;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

impl Wizard {
    /// What is asked of the engine.
    pub fn request(&self, id: SignInId, now: Timestamp, zone: &TimeZone) -> SignInRequest {
        if self.is_key() {
            return self.key_request(id, now, zone);
        }
        let account = Some(self.scopes.account.text().trim()).filter(|account| is_account(account));
        let registers = !self.kept_client && self.may_register() && !self.has_client_id();
        SignInRequest {
            id,
            provider: self.choice(),
            account: account.map(str::to_owned),
            client: (!self.kept_client && !registers).then(|| self.new_client()),
            scopes: Some(self.scopes.ticked()).filter(|scopes| !scopes.is_empty()),
            flow: self.flows().get(self.flow).copied(),
            redirect_port: None,
            resources: Vec::new(),
            dpop: false,
            register: registers.then(RegisterWish::default),
            key: None,
        }
    }

    fn key_request(&self, id: SignInId, now: Timestamp, zone: &TimeZone) -> SignInRequest {
        let (key, account, ends) = (self.key.text(0), self.key.text(1), self.key.text(2));
        let mut request = SignInRequest::new(id, self.choice());
        request.account = Some(account.trim().to_owned()).filter(|account| !account.is_empty());
        request.key = Some(KeyWish {
            key: ApiKey::new(key.trim().to_owned()),
            // What cannot be read does not leave its page.
            expires_at: key_end::read(ends.trim(), now, zone).ok(),
        });
        request
    }

    fn choice(&self) -> ProviderChoice {
        let known = self.provider().map(|provider| provider.name.clone());
        let again = self.again.as_ref().map(|name| name.provider().to_owned());
        let named = self.is_key().then(|| self.issuer.text(0).trim().to_owned());
        match known.or(again).or(named) {
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

    /// Whether the provider may be asked to register a client: one that is in no catalogue, or whose record says where.
    pub fn may_register(&self) -> bool {
        self.provider()
            .is_none_or(|provider| provider.endpoints.registration.is_some())
    }

    fn has_client_id(&self) -> bool {
        !self.client.text(0).trim().is_empty()
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
