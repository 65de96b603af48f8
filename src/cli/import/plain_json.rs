//! Reads JSON in the words of the standard: an answer of a token endpoint and its client, or several.

use crate::cli::import::file::Source;
use crate::cli::import::made::Found;
use crate::cli::import::reading::{Read, Unread, json, moment};
use crate::cli::import::record;
use crate::clock::Timestamp;
use crate::model::client::ClientAuth;
use crate::model::name::CredentialName;
use crate::model::provider::Provider;
use crate::oauth::{catalogue, template};
use crate::secret::{AccessToken, ClientSecret, IdToken, RefreshToken};
use crate::vault::secret_wire::Hidden;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// The longest life that is believed, in seconds: a hundred years.
const LONGEST: u64 = 100 * 366 * 24 * 3600;

/// One credential; all of it may be left out but a token.
#[derive(Deserialize)]
struct One {
    name: Option<CredentialName>,
    provider: Option<String>,
    account: Option<String>,
    issuer: Option<String>,
    #[serde(alias = "token_uri", alias = "token_url")]
    token_endpoint: Option<String>,
    #[serde(alias = "auth_uri")]
    authorization_endpoint: Option<String>,
    client_id: Option<String>,
    client_secret: Option<Hidden>,
    client_auth: Option<ClientAuth>,
    #[serde(alias = "token")]
    access_token: Option<Hidden>,
    refresh_token: Option<Hidden>,
    id_token: Option<Hidden>,
    token_type: Option<String>,
    #[serde(alias = "scopes")]
    scope: Option<Scopes>,
    #[serde(alias = "expiry")]
    expires_at: Option<Moment>,
    expires_in: Option<u64>,
}

/// A list, or a text with spaces between.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scopes {
    Text(String),
    List(Vec<String>),
}

/// Seconds since 1970, or RFC 3339.
#[derive(Deserialize)]
#[serde(untagged)]
enum Moment {
    Seconds(i64),
    Text(String),
}

/// Reads an object, or an array of them.
pub fn read(source: &Source, now: Timestamp) -> Result<Read, Unread> {
    let is_list = source.bytes.trim_ascii_start().starts_with(b"[");
    let all: Vec<One> = match is_list {
        true => json(&source.bytes)?,
        false => vec![json(&source.bytes)?],
    };
    let found = all.into_iter().map(|one| found(one, now));
    Ok(Read {
        found: found.collect::<Result<_, _>>()?,
        elsewhere: Vec::new(),
    })
}

fn found(one: One, now: Timestamp) -> Result<Found, Unread> {
    let provider = provider(&one).ok_or(Unread::Shape)?;
    let account = one
        .account
        .or_else(|| Some(one.name.as_ref()?.account().to_owned()));
    let mut found = Found::of(provider, account.unwrap_or_default());
    let end = match one.expires_at {
        Some(Moment::Seconds(seconds)) => Some(seconds.to_string()),
        Some(Moment::Text(text)) => Some(text).filter(|text| !text.is_empty()),
        None => None,
    };
    let life = one.expires_in.filter(|life| *life <= LONGEST);
    found.expires_at = match end {
        Some(text) => Some(moment(&text).ok_or(Unread::Shape)?),
        None => life.map(|life| now.plus(Duration::from_secs(life))),
    };
    found.client_id = one.client_id.filter(|id| !id.is_empty());
    found.client_secret = some(one.client_secret).map(ClientSecret::new);
    found.client_auth = one.client_auth;
    found.access = some(one.access_token).map(AccessToken::new);
    found.refresh = some(one.refresh_token).map(RefreshToken::new);
    found.id_token = some(one.id_token).map(IdToken::new);
    found.token_type = one
        .token_type
        .filter(|kind| !kind.eq_ignore_ascii_case("bearer"));
    found.scopes = match one.scope {
        Some(Scopes::Text(text)) => text.split_whitespace().map(str::to_owned).collect(),
        Some(Scopes::List(scopes)) => scopes,
        None => Vec::new(),
    };
    Ok(found)
}

fn some(hidden: Option<Hidden>) -> Option<String> {
    hidden.map(Hidden::take).filter(|text| !text.is_empty())
}

/// By its name in the catalogue; else by its token endpoint, its issuer, or its name alone.
fn provider(one: &One) -> Option<Provider> {
    let named = one.name.as_ref().map(|name| name.provider().to_owned());
    let named = one.provider.clone().or(named);
    let listed = named.as_deref().and_then(catalogue::find);
    let listed = listed.and_then(|listed| template::fill(&listed, &BTreeMap::new()).ok());
    let authorization = one.authorization_endpoint.as_deref();
    let told = match (&one.token_endpoint, &one.issuer) {
        (Some(address), _) => Some(record::by_token_endpoint(address, authorization)?),
        (None, Some(issuer)) => Some(record::by_issuer(issuer)?),
        (None, None) => None,
    };
    match (told, listed, named) {
        (None, Some(listed), _) => Some(listed),
        (Some(mut told), _, Some(name)) => {
            told.name = record::own(&name).name;
            Some(told)
        }
        (Some(told), _, None) => Some(told),
        (None, None, Some(name)) => Some(record::own(&name)),
        (None, None, None) => Some(record::own("unknown")),
    }
}
