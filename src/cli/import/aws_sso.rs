//! Reads the cache of AWS IAM Identity Center (`aws sso login`).
//!
//! A refresh token is taken with the client that the tool registered for itself, as long as that registration lives: it ends
//! after ninety days, and the sign-in with it. It is renewed at the region's own endpoint, in AWS's spelling.

use crate::cli::import::file::Source;
use crate::cli::import::made::Found;
use crate::cli::import::offer::{Haul, Offer};
use crate::cli::import::reading::{Read, Unread, json, moment};
use crate::clock::Timestamp;
use crate::model::client::ClientAuth;
use crate::model::provider::{BodyFormat, Provider};
use crate::secret::{AccessToken, ClientSecret, RefreshToken};
use crate::vault::secret_wire::Hidden;
use serde::Deserialize;
use std::time::Duration;
use url::Url;

/// No region's name is longer.
const LONGEST_REGION: usize = 32;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cached {
    start_url: Option<String>,
    region: Option<String>,
    access_token: Option<Hidden>,
    expires_at: Option<String>,
    refresh_token: Option<Hidden>,
    client_id: Option<String>,
    client_secret: Option<Hidden>,
    registration_expires_at: Option<String>,
}

/// Reads one file of the cache; one with a client's registration only holds nothing.
pub fn read(source: &Source, now: Timestamp) -> Result<Read, Unread> {
    let mut cached: Cached = json(&source.bytes)?;
    let Some(token) = cached.access_token.take() else {
        return Ok(Read::default());
    };
    let end = |text: &Option<String>| match text {
        Some(text) => moment(text).map(Some).ok_or(Unread::Shape),
        None => Ok(None),
    };
    let provider = Provider::unknown("aws-sso", "AWS IAM Identity Center");
    let mut found = Found::of(provider, account(cached.start_url.as_deref()));
    found.access = Some(AccessToken::new(token.take()));
    found.expires_at = end(&cached.expires_at)?;
    let registered_until = end(&cached.registration_expires_at)?;
    match cached.renewal(registered_until, now) {
        Ok(Some(renewal)) => renewal.add_to(&mut found),
        Ok(None) => {}
        Err(why) => found
            .remarks
            .push(format!("its refresh token is left out: {why}")),
    }
    let told = [("region", cached.region), ("start_url", cached.start_url)];
    let told = told
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    found.kept.extend(told);
    Ok(Read::found(found))
}

/// What it takes to renew the token.
struct Renewal {
    refresh: RefreshToken,
    client_id: String,
    client_secret: ClientSecret,
    endpoint: String,
    /// How long the client is registered yet, where that is told.
    life: Option<Duration>,
}

impl Cached {
    /// What the file tells of that; an error says why a refresh token that is there is of no use.
    fn renewal(
        &mut self,
        registered_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Option<Renewal>, &'static str> {
        let Some(refresh) = self.refresh_token.take() else {
            return Ok(None);
        };
        if registered_until.is_some_and(|end| end <= now) {
            return Err("the client it belongs to is not registered any more (aws sso login)");
        }
        let (Some(client_id), Some(secret)) = (self.client_id.take(), self.client_secret.take())
        else {
            return Err("the client it belongs to is not told (aws sso login)");
        };
        let endpoint = self.region.as_deref().and_then(endpoint);
        Ok(Some(Renewal {
            refresh: RefreshToken::new(refresh.take()),
            client_id,
            client_secret: ClientSecret::new(secret.take()),
            endpoint: endpoint.ok_or("its region is none of AWS's")?,
            life: registered_until.map(|end| now.until(end)),
        }))
    }
}

impl Renewal {
    fn add_to(self, found: &mut Found) {
        found.refresh = Some(self.refresh);
        found.client_id = Some(self.client_id);
        found.client_secret = Some(self.client_secret);
        let provider = &mut found.provider;
        provider.endpoints.token = Some(self.endpoint);
        provider.body_format = BodyFormat::CamelJson;
        provider.client_auth = Some(ClientAuth::ClientSecretPost);
        provider.refresh_absolute_life = self.life.map(|life| life.as_secs());
        provider.notes = vec![
            "The tool's client is registered for ninety days; then `aws sso login`, and import it again."
                .to_owned(),
        ];
        found.remarks.push(
            "the aws command renews it too, in its own cache: where each renewal ends the token before, one of both has \
             to sign in again"
                .to_owned(),
        );
    }
}

/// Where tokens of that region are renewed. A region that is none would lead the token elsewhere.
fn endpoint(region: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if region.is_empty() || region.len() > LONGEST_REGION || !region.chars().all(fits) {
        return None;
    }
    let china = if region.starts_with("cn-") { ".cn" } else { "" };
    Some(format!("https://oidc.{region}.amazonaws.com{china}/token"))
}

/// Leaves, of several tokens of one sign-in (the tool keeps a file for each of its versions), the one that ends last.
pub fn keep_latest(haul: &mut Haul) {
    let mut kept: Vec<Offer> = Vec::new();
    for offer in std::mem::take(&mut haul.offers) {
        let is_same = |other: &&mut Offer| {
            other.name() == offer.name() && other.profile.kept == offer.profile.kept
        };
        let Some(other) = kept.iter_mut().find(is_same) else {
            kept.push(offer);
            continue;
        };
        let is_later = offer.profile.expires_at > other.profile.expires_at;
        if is_later {
            *other = offer;
        }
        let said = "another one of the same sign-in, which ends sooner, is left out".to_owned();
        if !other.remarks.contains(&said) {
            other.remarks.push(said);
        }
    }
    haul.offers = kept;
}

/// `corp` of `https://corp.awsapps.com/start`.
fn account(start: Option<&str>) -> String {
    let host = start.and_then(|start| Url::parse(start).ok()?.host_str().map(str::to_owned));
    let host = host.unwrap_or_default();
    let short = host.strip_suffix(".awsapps.com").unwrap_or(&host);
    short.to_owned()
}
