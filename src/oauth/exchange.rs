//! Token exchange (RFC 8693): a narrower access token, or one for another audience, for a single program.

use crate::model::token::TokenSet;
use crate::oauth::caller::Caller;
use crate::oauth::error::OAuthError;
use crate::oauth::form::Form;
use crate::oauth::reply;
use crate::oauth::step::Step;
use crate::secret::AccessToken;

/// `grant_type` of a token exchange (RFC 8693 2.1).
pub const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// What the new token shall be for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Target<'a> {
    /// `audience`: names of services.
    pub audiences: &'a [String],
    /// `resource`: addresses of services (RFC 8707).
    pub resources: &'a [String],
    /// Scopes; empty: the provider decides.
    pub scopes: &'a [String],
}

/// Exchanges. The token that is exchanged stays as it is.
pub async fn exchange(
    caller: &Caller<'_>,
    subject: &AccessToken,
    target: Target<'_>,
) -> Result<TokenSet, OAuthError> {
    let (provider, step) = (caller.provider, Step::TokenExchange);
    let mut form = Form::new();
    form.add("grant_type", GRANT)
        .add_secret("subject_token", subject.expose_secret())
        .add("subject_token_type", ACCESS_TOKEN)
        .add("requested_token_type", ACCESS_TOKEN);
    for audience in target.audiences {
        form.add("audience", audience);
    }
    for resource in target.resources {
        form.add("resource", resource);
    }
    if !target.scopes.is_empty() {
        let separator = provider.scope_separator.to_string();
        form.add("scope", &target.scopes.join(&separator));
    }
    let reply = caller.ask_for_token(step, &mut form).await?;
    reply::token_set(step, &reply, provider, &form.secrets())
}
