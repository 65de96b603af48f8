//! An access token on its way out: as text to print, or as an environment variable.

use crate::clock::Timestamp;
use crate::model::name::CredentialName;
use crate::model::token::IssuedToken;
use crate::secret::{AccessToken, FoundToken, Proof};
use std::ffi::OsString;
use zeroize::Zeroizing;

/// How a token is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// The token alone.
    Raw,
    /// An object: name, access_token, token_type, expires_at, expires_in, scopes.
    Json,
    /// The HTTP header `Authorization: Bearer ...`.
    Header,
    /// A line for a shell: `TOKENWARD_GITHUB_ALICE='...'`.
    Env,
}

/// The text to print, ending in a newline. Zeroized when dropped.
pub fn text(
    name: &CredentialName,
    token: &IssuedToken,
    proof: Option<&Proof>,
    format: Format,
    now: Timestamp,
) -> Zeroizing<String> {
    let secret = token.access.expose_secret();
    let proof = proof.map(Proof::expose_secret);
    let second = |line: &dyn Fn(&str) -> String| proof.map(line).unwrap_or_default();
    Zeroizing::new(match format {
        Format::Raw => format!("{secret}\n{}", second(&|proof| format!("{proof}\n"))),
        Format::Header => format!(
            "Authorization: {} {secret}\n{}",
            token.token_type,
            second(&|proof| format!("DPoP: {proof}\n"))
        ),
        Format::Env => format!(
            "{}={}\n{}",
            variable(name),
            quoted(secret),
            second(&|proof| format!("{}_DPOP={}\n", variable(name), quoted(proof)))
        ),
        Format::Json => {
            let mut object = serde_json::json!({
                "name": name,
                "access_token": secret,
                "token_type": token.token_type,
                "expires_at": token.expires_at,
                "expires_in": token.expires_at.map(|end| now.until(end).as_secs()),
                "scopes": token.scopes,
            });
            if let Some(proof) = proof {
                object["dpop"] = proof.into();
            }
            format!("{object}\n")
        }
    })
}

/// How git sends a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitAnswer {
    /// As the password of this user.
    User(String),
    /// With its own scheme, `Bearer` (git 2.46 and later).
    Scheme,
}

/// The answer to git's credential protocol; `None`: something in it would be taken for a line of its own.
pub fn for_git(token: &IssuedToken, answer: &GitAnswer) -> Option<Zeroizing<String>> {
    let secret = token.access.expose_secret();
    let first = match answer {
        GitAnswer::User(user) => user,
        GitAnswer::Scheme => &token.token_type,
    };
    if secret.chars().chain(first.chars()).any(char::is_control) {
        return None;
    }
    let end = token
        .expires_at
        .map(|end| format!("password_expiry_utc={}\n", end.as_secs()))
        .unwrap_or_default();
    Some(Zeroizing::new(match answer {
        GitAnswer::User(user) => format!("username={user}\npassword={secret}\n{end}"),
        GitAnswer::Scheme => format!(
            "capability[]=authtype\nauthtype={}\ncredential={secret}\nephemeral=1\n{end}",
            token.token_type
        ),
    }))
}

/// Whether somebody else's copy of a token is this one.
pub fn is_same(token: &IssuedToken, copy: &FoundToken) -> bool {
    token
        .access
        .matches(&AccessToken::new(copy.expose_secret().to_owned()))
}

/// The token alone, for a file or a protocol. Zeroized when dropped.
pub fn bare(token: &IssuedToken) -> Zeroizing<String> {
    Zeroizing::new(token.access.expose_secret().to_owned())
}

/// The value of an environment variable: the operating system wants a copy of its own.
pub fn value(token: &IssuedToken) -> OsString {
    OsString::from(token.access.expose_secret())
}

/// The variable of a credential: `TOKENWARD_` and its name in capitals, all but letters and digits as `_`.
pub fn variable(name: &CredentialName) -> String {
    let mut variable = String::from("TOKENWARD_");
    for letter in name.as_str().chars() {
        if letter.is_ascii_alphanumeric() {
            variable.push(letter.to_ascii_uppercase());
        } else {
            variable.push('_');
        }
    }
    variable
}

/// Quotes for a POSIX shell, whatever the token contains.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(format: Format) -> String {
        proven(format, None)
    }

    fn proven(format: Format, proof: Option<&Proof>) -> String {
        let name = "gitlab.corp/alice@ex.org".parse().unwrap();
        let token = IssuedToken {
            access: AccessToken::new("it's-a-token".into()),
            token_type: "Bearer".into(),
            expires_at: Some(Timestamp::from_secs(160)),
            scopes: vec!["api".into()],
        };
        text(&name, &token, proof, format, Timestamp::from_secs(100)).to_string()
    }

    #[test]
    fn the_proof_goes_beside_the_token_in_every_format() {
        let proof = Proof::new("the-proof".to_owned());
        let print = |format| proven(format, Some(&proof));
        assert_eq!(print(Format::Raw), "it's-a-token\nthe-proof\n");
        assert!(print(Format::Header).ends_with("\nDPoP: the-proof\n"));
        assert!(print(Format::Env).ends_with("_DPOP='the-proof'\n"));
        let json: serde_json::Value = serde_json::from_str(&print(Format::Json)).unwrap();
        assert_eq!(json["dpop"], "the-proof");
    }

    #[test]
    fn every_format_is_as_it_is_documented() {
        assert_eq!(print(Format::Raw), "it's-a-token\n");
        assert_eq!(
            print(Format::Header),
            "Authorization: Bearer it's-a-token\n"
        );
        assert_eq!(
            print(Format::Env),
            "TOKENWARD_GITLAB_CORP_ALICE_EX_ORG='it'\\''s-a-token'\n"
        );
        let json: serde_json::Value = serde_json::from_str(&print(Format::Json)).unwrap();
        assert_eq!(json["access_token"], "it's-a-token");
        assert_eq!(json["expires_in"], 60);
        assert_eq!(json["expires_at"], "1970-01-01T00:02:40.000Z");
    }
}
