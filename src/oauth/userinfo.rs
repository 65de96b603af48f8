//! Asks who signed in (OpenID Connect Core 5.3), or whoever plays that part at a provider of its own kind.

use crate::model::token::IdClaims;
use crate::oauth::caller::Caller;
use crate::oauth::dpop;
use crate::oauth::endpoint;
use crate::oauth::error::OAuthError;
use crate::oauth::fields::Fields;
use crate::oauth::reply::{self, shown};
use crate::oauth::step::Step;
use crate::oauth::wire::{Reply, Request};
use crate::secret::AccessToken;
use reqwest::Method;
use zeroize::Zeroizing;

/// What the provider says of the person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserInfo {
    /// `sub`.
    pub subject: Option<String>,
    /// The name an account is best known by: what the record points to, else the e-mail address, else a user name.
    pub account: Option<String>,
    /// `email`.
    pub email: Option<String>,
    /// `name`, else `preferred_username`.
    pub name: Option<String>,
}

impl UserInfo {
    /// The same as claims, for a credential without an ID token.
    pub fn claims(&self) -> IdClaims {
        IdClaims {
            subject: self.subject.clone(),
            email: self.email.clone(),
            name: self.name.clone().or_else(|| self.account.clone()),
            ..IdClaims::default()
        }
    }
}

/// Asks with the access token; a bound one goes with its proof (RFC 9449 7.1).
pub async fn ask(caller: &Caller<'_>, token: &AccessToken) -> Result<UserInfo, OAuthError> {
    let (provider, step) = (caller.provider, Step::UserInfo);
    let what = "userinfo endpoint";
    let url = provider.endpoints.userinfo.as_deref();
    let url = endpoint::needed(url, what, provider)?;
    let mut reply = once(caller, url, what, token).await?;
    if caller.key.is_some() && reply.status == 401 && dpop::remember(caller.http, url, &reply) {
        reply = once(caller, url, what, token).await?;
    }
    let secrets = [token.expose_secret()];
    let fields = reply::fields(step, &reply, provider, &secrets)?;
    Ok(read(&fields, &provider.account_at))
}

async fn once(
    caller: &Caller<'_>,
    url: &str,
    what: &'static str,
    token: &AccessToken,
) -> Result<Reply, OAuthError> {
    let how = &caller.provider.userinfo_request;
    let method = how.method.as_deref().unwrap_or("GET");
    let proof = match caller.key {
        Some(key) => Some(dpop::proof(caller.http, key, method, url, Some(token))?),
        None => None,
    };
    let scheme = if proof.is_some() { "DPoP" } else { "Bearer" };
    let headers = how.headers.iter().map(|(name, value)| {
        let value = value.replace("{client_id}", &caller.client.id);
        (name.clone(), value)
    });
    let unknown = |_| OAuthError::Endpoint {
        what: "userinfo endpoint",
        why: "has an HTTP method that does not exist",
    };
    let method = Method::from_bytes(method.as_bytes()).map_err(unknown)?;
    let request = Request {
        authorization: Some(Zeroizing::new(format!(
            "{scheme} {}",
            token.expose_secret()
        ))),
        proof,
        headers: headers.collect(),
        ..Request::new(method, url, what)
    };
    caller.http.send(Step::UserInfo, request).await
}

/// Reads what the provider said; the account stands where one of these pointers points, or where OpenID puts it.
pub fn read(fields: &Fields, account_at: &[String]) -> UserInfo {
    let text = |name: &str| fields.value(name).and_then(shown);
    let pointed = account_at.iter();
    let pointed = pointed.filter_map(|at| fields.pointed(at)).find_map(shown);
    let email = text("email");
    let name = text("name").or_else(|| text("preferred_username"));
    UserInfo {
        subject: text("sub"),
        account: pointed
            .or_else(|| email.clone())
            .or_else(|| text("preferred_username")),
        email,
        name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_says_where_the_account_stands_and_openid_where_it_does_not() {
        let said = |json: &str, at: &[&str]| {
            let at: Vec<String> = at.iter().map(|at| (*at).to_owned()).collect();
            read(&Fields::read(json.as_bytes()).unwrap(), &at).account
        };
        let github = r#"{"login":"ann","id":7,"email":null}"#;
        assert_eq!(said(github, &["/login"]).as_deref(), Some("ann"));
        assert_eq!(said(github, &["/data/name", "/id"]).as_deref(), Some("7"));
        assert_eq!(said(github, &[]), None);
        let openid = r#"{"sub":"1","email":"a@b.example","preferred_username":"ann"}"#;
        assert_eq!(said(openid, &[]).as_deref(), Some("a@b.example"));
    }
}
