//! Pushed authorization requests (RFC 9126): the address holds a reference, and lives no longer than that.

use crate::model::provider::{BodyFormat, ExpiresInUnit};
use crate::oauth::authorize::authorization_endpoint;
use crate::oauth::caller::{Caller, Target};
use crate::oauth::endpoint;
use crate::oauth::error::{OAuthError, Unreadable};
use crate::oauth::form::Form;
use crate::oauth::lifetime::lifetime;
use crate::oauth::reply;
use crate::oauth::step::Step;
use std::time::Duration;
use url::Url;

/// An address that stands for a request the provider knows already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The address to open.
    pub url: String,
    /// How long it can be opened, from now (RFC 9126 2.2); `None`: the provider did not say.
    pub lives: Option<Duration>,
}

/// Announces the request that `full` asks for. The same request may be announced again: each time there is a new
/// address, and the answer to any of them is as good.
pub async fn push(caller: &Caller<'_>, full: &str) -> Result<Pushed, OAuthError> {
    let (provider, client) = (caller.provider, caller.client);
    let (step, what) = (
        Step::PushedAuthorization,
        "pushed authorization request endpoint",
    );
    let place = provider.endpoints.pushed_authorization_request.as_deref();
    let place = endpoint::needed(place, what, provider)?;
    let mut url = authorization_endpoint(provider)?;
    let mut form = request_in(full)?;
    let to = Target {
        step,
        url: place,
        what,
        format: BodyFormat::Form,
    };
    let reply = caller.post(to, &mut form).await?;
    let fields = reply::fields(step, &reply, provider, &form.secrets())?;
    let reference = fields
        .text("request_uri")
        .ok_or_else(|| OAuthError::Unreadable {
            step,
            host: reply.host.clone(),
            status: reply.status,
            why: Unreadable::Missing("request_uri"),
        })?;
    url.query_pairs_mut()
        .append_pair("client_id", &client.id)
        .append_pair("request_uri", reference);
    let lives = fields
        .value("expires_in")
        .and_then(|value| lifetime(value, ExpiresInUnit::Seconds));
    Ok(Pushed {
        url: url.into(),
        lives,
    })
}

/// The parameters of an address; the client's id goes with its authentication.
fn request_in(address: &str) -> Result<Form, OAuthError> {
    let full = Url::parse(address).map_err(|_| OAuthError::Endpoint {
        what: "authorization endpoint",
        why: "is no absolute URL",
    })?;
    let mut form = Form::new();
    for (name, value) in full.query_pairs().filter(|(name, _)| name != "client_id") {
        form.add(&name, &value);
    }
    Ok(form)
}
