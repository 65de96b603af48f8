//! Reads the cache of AWS IAM Identity Center (`aws sso login`).
//!
//! Its refresh tokens are renewed by a protocol of AWS's own (camel-case JSON, camel-case answers), which no provider's
//! record expresses: the token is taken with its end, and the sign-in stays AWS's.

use crate::cli::import::file::Source;
use crate::cli::import::made::Found;
use crate::cli::import::offer::{Haul, Offer};
use crate::cli::import::reading::{Read, Unread, json, moment};
use crate::model::provider::Provider;
use crate::secret::AccessToken;
use crate::vault::secret_wire::Hidden;
use serde::Deserialize;
use url::Url;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cached {
    start_url: Option<String>,
    region: Option<String>,
    access_token: Option<Hidden>,
    expires_at: Option<String>,
    refresh_token: Option<Hidden>,
}

/// Reads one file of the cache; one with a client's registration only holds nothing.
pub fn read(source: &Source) -> Result<Read, Unread> {
    let cached: Cached = json(&source.bytes)?;
    let Some(token) = cached.access_token else {
        return Ok(Read::default());
    };
    let provider = Provider::unknown("aws-sso", "AWS IAM Identity Center");
    let mut found = Found::of(provider, account(cached.start_url.as_deref()));
    found.access = Some(AccessToken::new(token.take()));
    found.expires_at = match &cached.expires_at {
        Some(text) => Some(moment(text).ok_or(Unread::Shape)?),
        None => None,
    };
    if cached.refresh_token.is_some() {
        found.remarks.push(
            "its refresh token is left out: AWS renews it in a way of its own (aws sso login)"
                .to_owned(),
        );
    }
    let told = [("region", cached.region), ("start_url", cached.start_url)];
    let told = told
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    found.kept.extend(told);
    Ok(Read::found(found))
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
