//! Reads what git keeps: the lines of `git credential-store`, or the answer of `git credential fill`.

use crate::cli::import::file::Source;
use crate::cli::import::made::Found;
use crate::cli::import::reading::{Read, Unread, moment};
use crate::cli::import::record;
use crate::secret::{AccessToken, RefreshToken};
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;
use url::Url;

/// User names that tools put where the account's own is of no matter.
const NOBODYS: [&str; 4] = ["oauth2", "x-access-token", "x-token-auth", "git"];

/// Reads either of the two forms.
pub fn read(source: &Source) -> Result<Read, Unread> {
    let text = source.text().ok_or(Unread::Shape)?;
    let is_store = text.lines().any(|line| line.contains("://"));
    let found = match is_store {
        true => text.lines().filter_map(stored).collect::<Result<_, _>>()?,
        false => answers(text)?,
    };
    Ok(Read {
        found,
        elsewhere: Vec::new(),
    })
}

/// One line of the store: `https://user:password@host`, both parts percent-encoded.
fn stored(line: &str) -> Option<Result<Found, Unread>> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let Ok(url) = Url::parse(line) else {
        return Some(Err(Unread::Shape));
    };
    let decode = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .ok()
            .map(|it| it.into_owned())
    };
    let parts = url.host_str().zip(url.password());
    let (Some((host, password)), Some(user)) = (parts, decode(url.username())) else {
        return Some(Err(Unread::Shape));
    };
    let host = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let Some(password) = decode(password) else {
        return Some(Err(Unread::Shape));
    };
    Some(Ok(one(&host, &user, password)))
}

fn one(host: &str, user: &str, password: String) -> Found {
    let account = match NOBODYS.contains(&user) {
        true => "git",
        false => user,
    };
    let mut found = Found::of(record::by_host(host), account);
    found.access = Some(AccessToken::new(password));
    if !user.is_empty() {
        found.kept.insert("username".to_owned(), user.to_owned());
    }
    found
}

/// Blocks of `key=value` (gitcredentials(7)), an empty line between them.
fn answers(text: &str) -> Result<Vec<Found>, Unread> {
    let mut found = Vec::new();
    for block in text.split("\n\n") {
        let pairs: BTreeMap<&str, &str> = block
            .lines()
            .filter_map(|line| line.split_once('='))
            .collect();
        if pairs.is_empty() {
            continue;
        }
        found.push(answer(&pairs).ok_or(Unread::Shape)?);
    }
    match found.is_empty() {
        true => Err(Unread::Shape),
        false => Ok(found),
    }
}

fn answer(pairs: &BTreeMap<&str, &str>) -> Option<Found> {
    let password = pairs.get("password").or(pairs.get("credential"))?;
    let user = pairs.get("username").copied().unwrap_or_default();
    let mut found = one(pairs.get("host")?, user, (*password).to_owned());
    found.expires_at = match pairs.get("password_expiry_utc") {
        Some(text) => Some(moment(text)?),
        None => None,
    };
    let refresh = pairs.get("oauth_refresh_token").filter(|it| !it.is_empty());
    found.refresh = refresh.map(|it| RefreshToken::new((*it).to_owned()));
    Some(found)
}
