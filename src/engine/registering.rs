//! Registers a client for a sign-in (RFC 7591) where none is kept, or the registered one is gone.

use crate::engine::signin::unusable;
use crate::model::client::Client;
use crate::model::credential::Flow;
use crate::model::failure::Failure;
use crate::model::provider::Provider;
use crate::model::signin::RegisterWish;
use crate::oauth::http::Http;
use crate::oauth::registration::{self, Wish};

/// Ports a registered redirect address may have: some providers match it to the letter.
const PORTS: [u16; 2] = [28_542, 28_543];

/// The client for a sign-in: the kept one if it still exists, else a new one.
pub async fn client(
    http: &Http,
    provider: &mut Provider,
    flow: Flow,
    scopes: &[String],
    (kept, wish): (Option<Client>, Option<RegisterWish>),
) -> Result<Client, Failure> {
    let Some(wish) = wish else {
        return kept.ok_or_else(|| unusable("no client is known, and none shall be registered"));
    };
    if let Some(kept) = kept {
        let is_gone = match &kept.registration {
            Some(registered) => registration::exists(http, registered).await == Ok(false),
            None => false,
        };
        if !is_gone {
            return Ok(kept);
        }
    }
    let rule = &mut provider.redirect;
    let mut redirect_uris = Vec::new();
    let grant = match flow {
        Flow::Loopback => {
            if rule.ports.is_empty() {
                rule.ports = PORTS.to_vec();
            }
            let uri = |port: &u16| format!("http://{}:{port}{}", rule.host, rule.path);
            redirect_uris = rule.ports.iter().map(uri).collect();
            "authorization_code"
        }
        Flow::Device => "urn:ietf:params:oauth:grant-type:device_code",
        Flow::ClientCredentials | Flow::ApiKey => {
            return Err(unusable("such a client cannot be registered from here"));
        }
    };
    let grants = [grant];
    let wanted = Wish {
        name: "tokenward",
        redirect_uris: &redirect_uris,
        grant_types: &grants,
        scopes,
    };
    registration::register(http, provider, &wanted, wish.token.as_ref())
        .await
        .map_err(|error| error.failure())
}
