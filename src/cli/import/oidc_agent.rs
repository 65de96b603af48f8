//! Reads an account of oidc-agent as `oidc-gen -p` prints it, and recognises the encrypted files.

use crate::cli::import::file::Source;
use crate::cli::import::made::Found;
use crate::cli::import::offer::Elsewhere;
use crate::cli::import::reading::{Read, Unread, json};
use crate::cli::import::record;
use crate::model::client::ClientAuth;
use crate::secret::{ClientSecret, RefreshToken};
use crate::vault::secret_wire::Hidden;
use serde::Deserialize;

#[derive(Deserialize)]
struct Account {
    #[serde(default)]
    name: String,
    issuer_url: Option<String>,
    issuer: Option<String>,
    client_id: Option<String>,
    client_secret: Option<Hidden>,
    refresh_token: Option<Hidden>,
    #[serde(default)]
    scope: String,
}

/// Reads one account. Its endpoints are not told: they are found by its issuer.
pub fn read(source: &Source) -> Result<Read, Unread> {
    if is_encrypted(&source.bytes) {
        return Ok(Read::elsewhere(encrypted(source)));
    }
    let account: Account = json(&source.bytes)?;
    let issuer = account.issuer_url.or(account.issuer).ok_or(Unread::Shape)?;
    let provider = record::by_issuer(&issuer).ok_or(Unread::Shape)?;
    let mut found = Found::of(provider, account.name);
    found.client_id = account.client_id.filter(|id| !id.is_empty());
    let secret = account
        .client_secret
        .map(Hidden::take)
        .filter(|it| !it.is_empty());
    found.client_secret = secret.map(ClientSecret::new);
    found.client_auth = Some(ClientAuth::ClientSecretBasic);
    let refresh = account
        .refresh_token
        .map(Hidden::take)
        .filter(|it| !it.is_empty());
    found.refresh = refresh.map(RefreshToken::new);
    found.scopes = account
        .scope
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    Ok(Read::found(found))
}

/// Lines of numbers and base64, the version of oidc-agent last; before version 2.1 one line of hexadecimal digits.
fn is_encrypted(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let starts_plain = text.trim_start().starts_with(['{', '[']);
    let is_cipher = |c: char| c.is_ascii_alphanumeric() || "+/=:-_. ".contains(c);
    let mut lines = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .peekable();
    let has_some = lines.peek().is_some();
    !starts_plain && has_some && lines.all(|line| line.chars().all(is_cipher))
}

fn encrypted(source: &Source) -> Elsewhere {
    let path = source.path.as_deref();
    let name = path.and_then(|path| path.file_name()?.to_str());
    let name = name.unwrap_or("NAME");
    Elsewhere {
        what: format!("oidc-agent's account {name}"),
        why: "it is encrypted with a password of its own".to_owned(),
        hint: format!(
            "let oidc-agent open it: oidc-gen -p {name} | tokenward import --from oidc-agent -"
        ),
    }
}
