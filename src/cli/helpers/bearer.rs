//! What most helpers want: one credential's bearer token, fresh, with its purpose in the activity log.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::session::Session;
use crate::cli::span;
use crate::clock;
use crate::engine::api::Command;
use crate::model::event::Purpose;
use crate::model::name::CredentialName;
use crate::model::token::IssuedToken;
use clap::Args;
use std::time::Duration;

/// Longest token that is taken for one, in bytes.
const LONGEST: usize = 64 * 1024;

/// Which of a credential's tokens.
#[derive(Debug, Clone, Args)]
pub struct Chosen {
    /// Whose token, provider/account.
    pub name: CredentialName,
    /// The ID token (OpenID Connect) instead of the access token.
    #[arg(long)]
    pub id_token: bool,
}

/// How fresh, and how long it may take.
#[derive(Debug, Clone, Copy, Args)]
pub struct Freshness {
    /// The token lives at least that long yet.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span::parse)]
    pub min_ttl: Duration,
    /// Wait that long for a refresh.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = span::parse)]
    pub timeout: Duration,
}

/// Fetches it.
pub fn fetch(
    context: &Context,
    name: &CredentialName,
    freshness: Freshness,
    purpose: Purpose,
) -> Result<IssuedToken, Failure> {
    Session::with(context, |session| {
        fetch_by(session, name, freshness, purpose)
    })
}

/// The same in a session that is there.
pub fn fetch_by(
    session: &Session,
    name: &CredentialName,
    freshness: Freshness,
    purpose: Purpose,
) -> Result<IssuedToken, Failure> {
    let token = session.ask(|reply| Command::Token {
        name: name.clone(),
        min_ttl: freshness.min_ttl,
        purpose,
        timeout: freshness.timeout,
        reply,
    })?;
    check(name, &token)?;
    Ok(token)
}

/// The token that was chosen. An ID token is renewed by a refresh, where the provider sends a new one with it.
pub fn fetch_chosen(
    session: &Session,
    chosen: &Chosen,
    freshness: Freshness,
    purpose: Purpose,
) -> Result<IssuedToken, Failure> {
    if !chosen.id_token {
        return fetch_by(session, &chosen.name, freshness, purpose);
    }
    let name = &chosen.name;
    let present = || {
        let name = name.clone();
        session.ask(|reply| Command::IdToken {
            name,
            purpose,
            reply,
        })
    };
    // An owner that has just begun may not know of it yet: this waits until it does.
    session.ask(|reply| Command::Show {
        name: name.clone(),
        reply,
    })?;
    let token = present()?;
    if left(&token) >= freshness.min_ttl {
        return Ok(token);
    }
    let refreshed = session.ask(|reply| Command::Refresh {
        name: name.clone(),
        timeout: freshness.timeout,
        reply,
    });
    let newer = match refreshed {
        Ok(_) => present()?,
        // One that lives yet is better than none.
        Err(_) if left(&token) > Duration::ZERO => token,
        Err(failure) => return Err(failure),
    };
    if left(&newer) == Duration::ZERO {
        let text =
            format!("the ID token of {name} has expired, and a refresh brought no newer one");
        return Err(Failure::new(Kind::NeedsLogin, text)
            .hint(format!(
                "sign in again: tokenward login {}",
                name.provider()
            ))
            .hint("or use the access token, where the service takes it"));
    }
    Ok(newer)
}

/// How long a token lives yet; for ever where nothing is said.
fn left(token: &IssuedToken) -> Duration {
    token
        .expires_at
        .map_or(Duration::MAX, |end| clock::now().until(end))
}

/// A token that is bound to a key is of no use without a proof for each request, and one with a line break in it would
/// be taken for two lines of a protocol.
fn check(name: &CredentialName, token: &IssuedToken) -> Result<(), Failure> {
    if token.token_type.eq_ignore_ascii_case("DPoP") {
        let text =
            format!("the token of {name} is bound to a key, and there is no place for its proof");
        return Err(Failure::new(Kind::Failed, text).hint(format!(
            "where the program takes headers: tokenward get {name} --dpop METHOD URL --format header"
        )));
    }
    if !token.access.is_one_line(LONGEST) || token.token_type.contains(char::is_control) {
        let text = format!("the token of {name} cannot be handed on: it is no single line");
        return Err(Failure::new(Kind::Failed, text)
            .hint(format!("look where it is from: tokenward why {name}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::AccessToken;

    fn refusal(token_type: &str, access: &str) -> Option<Kind> {
        let token = IssuedToken {
            access: AccessToken::new(access.to_owned()),
            token_type: token_type.to_owned(),
            expires_at: None,
            scopes: Vec::new(),
        };
        let name = "demo/alice".parse().unwrap();
        check(&name, &token).err().map(|failure| failure.kind)
    }

    #[test]
    fn what_cannot_be_used_is_not_handed_on() {
        assert_eq!(refusal("Bearer", "a.b-c"), None);
        assert_eq!(refusal("token", "a"), None);
        for (token_type, access) in [
            ("dpop", "a"),
            ("Bearer", "a\nb"),
            ("Bearer\n", "a"),
            ("Bearer", "\u{1}"),
        ] {
            assert_eq!(
                refusal(token_type, access),
                Some(Kind::Failed),
                "{access:?}"
            );
        }
    }
}
