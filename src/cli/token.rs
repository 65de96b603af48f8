//! An access token on its way out: as text to print, or as an environment variable.

use crate::cli::template::{Piece, Place, Template};
use crate::clock::Timestamp;
use crate::model::name::CredentialName;
use crate::model::token::IssuedToken;
use crate::secret::{AccessToken, FoundToken, Proof};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::builder::{PossibleValue, TypedValueParser};
use std::ffi::{OsStr, OsString};
use zeroize::Zeroizing;

/// How a token is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// The token alone.
    Raw,
    /// An object: name, access_token, token_type, expires_at, expires_in, scopes.
    Json,
    /// The HTTP header `Authorization: Bearer ...`.
    Header,
    /// A line for a shell: `TOKENWARD_GITHUB_ALICE='...'`.
    Env,
    /// Text of one's own.
    Template(Template),
}

/// Reads a format: one of the words, or a template, which is known by its braces.
#[derive(Debug, Clone)]
pub struct FormatParser;

const WORDS: [(&str, Format, &str); 4] = [
    ("raw", Format::Raw, "The token alone"),
    ("json", Format::Json, "An object"),
    ("header", Format::Header, "The HTTP header"),
    ("env", Format::Env, "A line for a shell"),
];

impl Format {
    /// Reads it.
    pub fn read(text: &str) -> Result<Self, String> {
        if let Some((_, format, _)) = WORDS.iter().find(|(word, _, _)| *word == text) {
            return Ok(format.clone());
        }
        if text.contains(['{', '}']) {
            let template = Template::read(text).map_err(|error| error.to_string())?;
            return Ok(Self::Template(template));
        }
        Err(format!(
            "`{text}` is no format: it is raw, json, header, env, or a template ('{{provider}}: {{access_token}}')"
        ))
    }
}

impl TypedValueParser for FormatParser {
    type Value = Format;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Format, clap::Error> {
        (|text: &str| Format::read(text)).parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let values = WORDS.iter();
        Some(Box::new(values.map(|(word, _, help)| {
            PossibleValue::new(*word).help(*help)
        })))
    }
}

/// The text to print, ending in a newline. Zeroized when dropped.
pub fn text(
    name: &CredentialName,
    token: &IssuedToken,
    proof: Option<&Proof>,
    format: &Format,
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
                "expires_in": expires_in(token, now),
                "scopes": token.scopes,
            });
            if let Some(proof) = proof {
                object["dpop"] = proof.into();
            }
            format!("{object}\n")
        }
        Format::Template(template) => filled(template, name, token, now),
    })
}

fn filled(
    template: &Template,
    name: &CredentialName,
    token: &IssuedToken,
    now: Timestamp,
) -> String {
    let or_nothing = |text: Option<String>| text.unwrap_or_default();
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Place(Place::AccessToken) => token.access.expose_secret().to_owned(),
        Piece::Place(Place::TokenType) => token.token_type.clone(),
        Piece::Place(Place::ExpiresAt) => or_nothing(token.expires_at.map(|end| end.to_string())),
        Piece::Place(Place::ExpiresIn) => {
            or_nothing(expires_in(token, now).map(|it| it.to_string()))
        }
        Piece::Place(Place::Account) => name.account().to_owned(),
        Piece::Place(Place::Provider) => name.provider().to_owned(),
        Piece::Place(Place::Scopes) => token.scopes.join(" "),
    };
    let mut text: String = template.0.iter().map(piece).collect();
    text.push('\n');
    text
}

fn expires_in(token: &IssuedToken, now: Timestamp) -> Option<u64> {
    token.expires_at.map(|end| now.until(end).as_secs())
}

/// How a mail program sends a token.
#[derive(Debug, Clone, Copy)]
pub enum SaslAnswer<'a> {
    /// The initial response of XOAUTH2.
    Xoauth2 {
        /// The user name at the server.
        user: &'a str,
    },
    /// The initial response of OAUTHBEARER (RFC 7628 3.1).
    Oauthbearer {
        /// The user name at the server.
        user: &'a str,
        /// The server.
        host: Option<&'a str>,
        /// Its port.
        port: Option<u16>,
    },
    /// The token alone: the program does the rest.
    Token,
}

/// The line a mail program gets, in base64 but for a bare token.
pub fn for_sasl(token: &IssuedToken, answer: SaslAnswer<'_>) -> Zeroizing<String> {
    let secret = token.access.expose_secret();
    let response = Zeroizing::new(match answer {
        SaslAnswer::Token => return Zeroizing::new(format!("{secret}\n")),
        SaslAnswer::Xoauth2 { user } => format!("user={user}\x01auth=Bearer {secret}\x01\x01"),
        SaslAnswer::Oauthbearer { user, host, port } => {
            // RFC 5801 4: what separates is written otherwise in a name.
            let user = user.replace('=', "=3D").replace(',', "=2C");
            let host = host.map(|host| format!("host={host}\x01"));
            let port = port.map(|port| format!("port={port}\x01"));
            let (host, port) = (host.unwrap_or_default(), port.unwrap_or_default());
            format!("n,a={user},\x01{host}{port}auth=Bearer {secret}\x01\x01")
        }
    });
    Zeroizing::new(format!("{}\n", STANDARD.encode(response.as_bytes())))
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

/// The answer to docker's credential protocol.
pub fn for_docker(token: &IssuedToken, server: &str, user: &str) -> Zeroizing<String> {
    let object = serde_json::json!({
        "ServerURL": server,
        "Username": user,
        "Secret": token.access.expose_secret(),
    });
    Zeroizing::new(format!("{object}\n"))
}

/// The version of the protocol that a client of Kubernetes speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KubeVersion {
    /// `client.authentication.k8s.io/v1`.
    V1,
    /// `client.authentication.k8s.io/v1beta1`.
    V1beta1,
}

/// The answer to a client of Kubernetes, an `ExecCredential`.
pub fn for_kube(token: &IssuedToken, version: KubeVersion) -> Zeroizing<String> {
    let version = match version {
        KubeVersion::V1 => "client.authentication.k8s.io/v1",
        KubeVersion::V1beta1 => "client.authentication.k8s.io/v1beta1",
    };
    let mut status = serde_json::json!({ "token": token.access.expose_secret() });
    if let Some(end) = token.expires_at {
        status["expirationTimestamp"] = end.to_string().into();
    }
    let object = serde_json::json!({
        "apiVersion": version,
        "kind": "ExecCredential",
        "status": status,
    });
    Zeroizing::new(format!("{object}\n"))
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
        text(&name, &token, proof, &format, Timestamp::from_secs(100)).to_string()
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

    #[test]
    fn a_template_is_filled_with_all_that_is_known() {
        let read = Format::read(
            "{provider} {account} {token_type} {access_token} {expires_at} {expires_in} [{scopes}] {{}}",
        );
        assert_eq!(
            print(read.unwrap()),
            "gitlab.corp alice@ex.org Bearer it's-a-token 1970-01-01T00:02:40.000Z 60 [api] {}\n"
        );
        assert!(Format::read("yaml").unwrap_err().contains("raw, json"));
        assert!(Format::read("{password}").unwrap_err().contains("{scopes}"));
    }

    #[test]
    fn mail_programs_get_what_their_servers_read() {
        let token = IssuedToken {
            access: AccessToken::new("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==".into()),
            token_type: "Bearer".into(),
            expires_at: None,
            scopes: Vec::new(),
        };
        let said = |answer| for_sasl(&token, answer).to_string();
        // The examples of RFC 7628 4.1 and of Google's page on XOAUTH2.
        let (user, host, port) = ("user@example.com", Some("server.example.com"), Some(143));
        assert_eq!(
            said(SaslAnswer::Oauthbearer { user, host, port }).trim_end(),
            "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52\
             YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
        );
        let decoded = |line: String| {
            let bytes = STANDARD.decode(line.trim_end()).unwrap();
            String::from_utf8(bytes).unwrap()
        };
        let secret = token.access.expose_secret();
        assert_eq!(
            decoded(said(SaslAnswer::Xoauth2 { user })),
            format!("user=user@example.com\x01auth=Bearer {secret}\x01\x01")
        );
        let odd = SaslAnswer::Oauthbearer {
            user: "a=b,c",
            host: None,
            port: None,
        };
        assert_eq!(
            decoded(said(odd)),
            format!("n,a=a=3Db=2Cc,\x01auth=Bearer {secret}\x01\x01")
        );
        assert_eq!(said(SaslAnswer::Token), format!("{secret}\n"));
    }
}
