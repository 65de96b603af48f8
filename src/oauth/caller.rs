//! Who sends a request to a provider: the client, how it proves itself, and the key its tokens are bound to.

use crate::jose::key::SigningKey;
use crate::model::client::Client;
use crate::model::provider::{BodyFormat, Provider};
use crate::oauth::client_auth;
use crate::oauth::dpop;
use crate::oauth::endpoint;
use crate::oauth::error::OAuthError;
use crate::oauth::fields::Fields;
use crate::oauth::form::Form;
use crate::oauth::http::Http;
use crate::oauth::reply;
use crate::oauth::step::Step;
use crate::oauth::wire::{Reply, Request};
use reqwest::Method;

/// A client at a provider, with the transport to reach it by.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The transport.
    pub http: &'a Http,
    /// The provider.
    pub provider: &'a Provider,
    /// The client.
    pub client: &'a Client,
    /// The key that tokens are bound to, if they are (RFC 9449).
    pub key: Option<&'a SigningKey>,
}

impl<'a> Caller<'a> {
    /// A client whose tokens are bearer tokens.
    pub fn new(http: &'a Http, provider: &'a Provider, client: &'a Client) -> Self {
        Self {
            http,
            provider,
            client,
            key: None,
        }
    }

    /// The same client, its tokens bound to this key.
    pub fn bound_to(self, key: Option<&'a SigningKey>) -> Self {
        Self { key, ..self }
    }

    /// Posts a form to the token endpoint; what was added to the form stands in it afterwards.
    pub async fn ask_for_token(&self, step: Step, form: &mut Form) -> Result<Reply, OAuthError> {
        self.ask(step, self.provider.endpoints.token.as_deref(), form)
            .await
    }

    /// The same, to another address that answers with tokens.
    pub async fn ask(
        &self,
        step: Step,
        url: Option<&str>,
        form: &mut Form,
    ) -> Result<Reply, OAuthError> {
        let what = "token endpoint";
        let url = endpoint::needed(url, what, self.provider)?;
        let to = Target {
            step,
            url,
            what,
            format: self.provider.body_format,
        };
        self.post(to, form).await
    }

    /// Posts a form as the client. A provider that wants its nonce in the proof gets a second request with it (RFC 9449
    /// 8): the first one spent nothing.
    pub async fn post(&self, to: Target<'_>, form: &mut Form) -> Result<Reply, OAuthError> {
        let bare = form.clone();
        let (reply, brought_nonce) = self.post_once(to, form).await?;
        if self.key.is_none() || !wants_nonce(&reply) || !brought_nonce {
            return Ok(reply);
        }
        *form = bare;
        let (reply, _) = self.post_once(to, form).await?;
        Ok(reply)
    }

    /// The answer, and whether it brought a nonce that was not known before.
    async fn post_once(
        &self,
        to: Target<'_>,
        form: &mut Form,
    ) -> Result<(Reply, bool), OAuthError> {
        let authorization = client_auth::apply(self.client, self.provider, to.url, form)?;
        let proof = match self.key {
            Some(key) => Some(dpop::proof(self.http, key, "POST", to.url, None)?),
            None => None,
        };
        let request = Request {
            authorization,
            proof,
            body: Some(form.body(to.format)),
            ..Request::new(Method::POST, to.url, to.what)
        };
        let reply = self.http.send(to.step, request).await?;
        let brought_nonce = dpop::remember(self.http, to.url, &reply);
        Ok((reply, brought_nonce))
    }
}

/// Where a form goes.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// What is being done.
    pub step: Step,
    /// The address.
    pub url: &'a str,
    /// What the address is, for errors.
    pub what: &'static str,
    /// Format of the body.
    pub format: BodyFormat,
}

/// RFC 9449 8: 400 with `use_dpop_nonce`.
fn wants_nonce(reply: &Reply) -> bool {
    !reply.is_success()
        && Fields::read(reply.body.bytes())
            .is_ok_and(|fields| fields.text("error") == Some(reply::USE_DPOP_NONCE))
}
