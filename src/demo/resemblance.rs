//! Which profile of the built-in provider a record resembles most: by its name, its hosts, or its features.

use crate::demo::profiles::{PROFILES, Profile};
use crate::model::client::ClientAuth;
use crate::model::provider::{ExpiresInUnit, Provider, Revocation};

/// A feature that both have and that hardly anybody has.
const SHARED: i32 = 4;
/// A feature that one of them has and the other has not.
const DIFFERENT: i32 = -2;

/// The profile that a record resembles most. Where its name is known, that decides, and after it whose hosts it names; a
/// record without any feature is of a well-behaved provider.
pub fn resembling(record: &Provider) -> &'static Profile {
    let name = record.name.as_str();
    let named = PROFILES
        .iter()
        .find(|profile| profile.name == name || profile.aliases.contains(&name));
    let of_its_hosts = || {
        PROFILES
            .iter()
            .filter(|profile| is_at(record, profile.hosts))
    };
    named
        .or_else(|| by_features(record, of_its_hosts()))
        .or_else(|| by_features(record, PROFILES.iter()))
        .unwrap_or(&PROFILES[0])
}

/// Whether the record sends people or tokens to one of these domains.
fn is_at(record: &Provider, domains: &[&str]) -> bool {
    let endpoints = &record.endpoints;
    let addresses = [&record.issuer, &endpoints.authorization, &endpoints.token];
    let mut hosts = addresses
        .into_iter()
        .flatten()
        .filter_map(|address| url::Url::parse(address).ok()?.host_str().map(str::to_owned));
    hosts.any(|host| {
        let is_under = |domain: &str| {
            host.strip_suffix(domain)
                .is_some_and(|before| before.is_empty() || before.ends_with('.'))
        };
        domains.iter().any(|domain| is_under(domain))
    })
}

fn by_features(
    record: &Provider,
    among: impl Iterator<Item = &'static Profile>,
) -> Option<&'static Profile> {
    let theirs = features(record);
    let mut best: Option<(&'static Profile, i32)> = None;
    for profile in among {
        let found = likeness(&theirs, &features(&profile.provider("")));
        // The first of several wins: the well-behaved one stands first.
        if best.is_none_or(|(_, most)| found > most) {
            best = Some((profile, found));
        }
    }
    best.map(|(profile, _)| profile)
}

fn likeness(one: &[Option<String>], other: &[Option<String>]) -> i32 {
    one.iter()
        .zip(other)
        .map(|pair| match pair {
            (None, None) => 0,
            (Some(one), Some(other)) if one == other => SHARED,
            (Some(_), Some(_)) | (Some(_), None) | (None, Some(_)) => DIFFERENT,
        })
        .sum()
}

/// What tells providers apart; `None`: as most have it.
fn features(record: &Provider) -> Vec<Option<String>> {
    let shown = |value: &dyn std::fmt::Debug| Some(format!("{value:?}"));
    let extra = &record.extra;
    let mut features = vec![
        record.token_at.clone(),
        record.success_flag.clone(),
        (record.scope_separator != ' ').then(|| record.scope_separator.to_string()),
        record.scope_parameter.clone(),
        (record.body_format != Default::default()).then(|| "json".to_owned()),
        (record.expires_in_unit != ExpiresInUnit::Seconds).then(|| "milliseconds".to_owned()),
        record.endpoints.refresh.as_ref().map(|_| "own".to_owned()),
        record.earliest_refresh.map(|_| "late".to_owned()),
        (record.reuse_grace > 0).then(|| "grace".to_owned()),
        (record.rotation != Default::default())
            .then(|| shown(&record.rotation))
            .flatten(),
        (record.issuer.is_none() && record.endpoints.token.is_some()).then(|| "by hand".to_owned()),
        match &record.revocation {
            Revocation::Standard => None,
            Revocation::Page { .. } => Some("page".to_owned()),
            Revocation::Request { method, auth, .. } => Some(format!("{method} {auth:?}")),
        },
        record
            .client_auth
            .filter(|auth| *auth != ClientAuth::None)
            .and_then(|auth| shown(&auth)),
        record
            .refresh_by
            .as_ref()
            .map(|_| "by access token".to_owned()),
        record.offline_scope.clone(),
    ];
    // One that holds for a parameter of either kind, so that a record with all of them stands out.
    for known in [
        "access_type",
        "audience",
        "owner",
        "duration",
        "token_access_type",
    ] {
        features.push(extra.authorize.get(known).cloned());
    }
    for known in ["type", "grant_type"] {
        features.push(extra.refresh.get(known).cloned());
    }
    features
}
