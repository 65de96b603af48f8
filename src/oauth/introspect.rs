//! Token introspection (RFC 7662): what the provider says about a token that it issued.

use crate::clock::Timestamp;
use crate::model::provider::BodyFormat;
use crate::oauth::caller::{Caller, Target};
use crate::oauth::endpoint;
use crate::oauth::error::{OAuthError, Unreadable};
use crate::oauth::fields::Fields;
use crate::oauth::form::Form;
use crate::oauth::reply::{self, shown};
use crate::oauth::step::Step;
use crate::secret::{AccessToken, RefreshToken};
use serde_json::Value;

/// Which token is asked about.
#[derive(Debug, Clone, Copy)]
pub enum Asked<'a> {
    /// The access token.
    Access(&'a AccessToken),
    /// The refresh token.
    Refresh(&'a RefreshToken),
}

/// What the provider says (RFC 7662 2.2). A dead token's answer tells nothing but that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Introspection {
    /// `active`: it is alive.
    pub active: bool,
    /// `scope`; `None`: not said.
    pub scopes: Option<Vec<String>>,
    /// `exp`.
    pub expires_at: Option<Timestamp>,
    /// `username`, else `sub`.
    pub subject: Option<String>,
    /// `client_id`.
    pub client_id: Option<String>,
}

/// Asks. The client authenticates as it does at the token endpoint; some providers let only others ask.
pub async fn introspect(
    caller: &Caller<'_>,
    asked: Asked<'_>,
) -> Result<Introspection, OAuthError> {
    let (provider, step) = (caller.provider, Step::Introspection);
    let what = "introspection endpoint";
    let url = provider.endpoints.introspection.as_deref();
    let url = endpoint::needed(url, what, provider)?;
    let mut form = Form::new();
    let (token, hint) = match asked {
        Asked::Access(token) => (token.expose_secret(), "access_token"),
        Asked::Refresh(token) => (token.expose_secret(), "refresh_token"),
    };
    form.add_secret("token", token).add("token_type_hint", hint);
    let to = Target {
        step,
        url,
        what,
        format: BodyFormat::Form,
    };
    // Whoever asks about a token does not use it: no proof goes with it.
    let reply = caller.bound_to(None).post(to, &mut form).await?;
    let fields = reply::fields(step, &reply, provider, &form.secrets())?;
    read(&fields).map_err(|why| OAuthError::Unreadable {
        step,
        host: reply.host.clone(),
        status: reply.status,
        why,
    })
}

/// Reads what the provider said (RFC 7662 2.2).
pub fn read(fields: &Fields) -> Result<Introspection, Unreadable> {
    let active = match fields.value("active") {
        Some(Value::Bool(active)) => *active,
        Some(_) => return Err(Unreadable::Malformed("active")),
        None => return Err(Unreadable::Missing("active")),
    };
    if !active {
        return Ok(Introspection::default());
    }
    let text = |name: &str| fields.value(name).and_then(shown);
    Ok(Introspection {
        active,
        scopes: fields.value("scope").and_then(reply::scopes),
        // Some write it with a fraction.
        expires_at: fields
            .value("exp")
            .and_then(Value::as_f64)
            .map(|secs| Timestamp::from_secs(secs as i64)),
        subject: text("username").or_else(|| text("sub")),
        client_id: text("client_id"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(json: &str) -> Result<Introspection, Unreadable> {
        read(&Fields::read(json.as_bytes()).unwrap())
    }

    #[test]
    fn a_living_token_tells_what_it_is_and_a_dead_one_nothing() {
        let alive =
            said(r#"{"active":true,"scope":"a b","exp":1900000000.5,"sub":"1","client_id":"me"}"#)
                .unwrap();
        assert!(alive.active);
        assert_eq!(alive.scopes.unwrap(), ["a", "b"]);
        assert_eq!(alive.expires_at, Some(Timestamp::from_secs(1_900_000_000)));
        assert_eq!(alive.subject.as_deref(), Some("1"));
        let dead = said(r#"{"active":false,"sub":"1"}"#).unwrap();
        assert_eq!(dead, Introspection::default());
    }

    #[test]
    fn an_answer_that_does_not_say_whether_it_lives_is_none() {
        assert_eq!(said("{}"), Err(Unreadable::Missing("active")));
        assert_eq!(
            said(r#"{"active":"true"}"#),
            Err(Unreadable::Malformed("active"))
        );
    }
}
