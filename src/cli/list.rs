//! `tokenward list`: the credentials with their health, expiry and next refresh.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::span;
use crate::cli::table::Table;
use crate::clock::{self, Timestamp};
use crate::model::credential::{CredentialView, Flow, Generation, Standing};
use crate::model::failure::Failure as ProviderFailure;
use crate::model::health::{ForecastReason, Health};
use crate::model::name::CredentialName;
use crate::model::provenance::Provenance;
use crate::tui::{telling, words};
use clap::Args;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeMap;

/// Arguments of `tokenward list`.
#[derive(Debug, Args)]
#[command(after_help = JSON_FIELDS)]
pub struct ListArgs {
    /// Only credentials of this provider.
    provider: Option<String>,
}

const JSON_FIELDS: &str = "\
With --json: an array of objects with name, provider, account, health (fresh, expiring, refreshing, retrying,
expired, needs_login, misconfigured, rate_limited, revoking, revoked, static), cause and fix (when something is wrong),
expires_at, expires_in, refresh_at, refreshed_at, scopes, flow, generation, dies_at and dies_because (of the
refresh token), revocation (dead, alive or
unknown after a revocation, pending while the provider could not be told, else null), revoke_at (when a pending one is
told again), revoke_tries (how often it could not be told), provenance (null, or from, file and at of what was imported), sign_in_before (null when refreshing moves the end, or none is known) and ends_soon (it is time). Times are RFC 3339 in UTC, lengths are seconds, what is not known is null.";

/// Prints the list.
pub fn run(args: &ListArgs, context: &Context) -> Result<(), Failure> {
    let mut views = Session::with(context, Session::all)?;
    if let Some(provider) = &args.provider {
        views.retain(|view| view.profile.name.provider() == provider);
    }
    let now = clock::now();
    if context.output.json {
        let entries: Vec<Entry<'_>> = views.iter().map(|view| Entry::of(view, now)).collect();
        return context.output.json_line(&entries);
    }
    if views.is_empty() {
        context.output.say(
            "no credential yet; sign in: tokenward login PROVIDER (see: tokenward provider list)",
        );
        return Ok(());
    }
    context.output.data(&table(&views, now))
}

fn table(views: &[CredentialView], now: Timestamp) -> String {
    let mut table = Table::new(&[
        "NAME",
        "HEALTH",
        "EXPIRES IN",
        "NEXT REFRESH",
        "SIGN IN BEFORE",
    ]);
    let zone = TimeZone::system();
    for view in views {
        table.row(vec![
            view.profile.name.to_string(),
            health(view, now),
            expiry(view, now),
            planned(view, now),
            sign_in_before(view, now, &zone),
        ]);
    }
    table.render()
}

/// The health in words, with what comes next.
fn health(view: &CredentialView, now: Timestamp) -> String {
    let health = &view.health;
    let word = health.kind().word();
    match health {
        Health::Retrying { attempt, next } => {
            format!(
                "{word}, attempt {attempt} in {}",
                span::show(now.until(*next))
            )
        }
        Health::RateLimited { until } => format!("{word} {}", span::show(now.until(*until))),
        Health::NeedsLogin { cause } | Health::Misconfigured { cause } => {
            format!("{word} ({})", cause.code)
        }
        Health::Revoking { attempt, next } => words::revoking(*attempt, *next, now),
        Health::Revoked => match view.profile.standing {
            Standing::Revoked { proof, .. } => format!("{word} ({})", words::proof(proof)),
            Standing::Active
            | Standing::NeedsLogin { .. }
            | Standing::Misconfigured { .. }
            | Standing::Revoking { .. } => word.to_owned(),
        },
        Health::Fresh
        | Health::Expiring
        | Health::Refreshing
        | Health::Expired
        | Health::Static => word.to_owned(),
    }
}

/// The day by which a person has to sign in again; with a mark when that is soon.
fn sign_in_before(view: &CredentialView, now: Timestamp, zone: &TimeZone) -> String {
    match view.forecast.sign_in_before() {
        None => "-".to_owned(),
        Some(end) if view.forecast.is_soon(now) => format!("{} !", words::moment(end, now, zone)),
        Some(end) => words::moment(end, now, zone),
    }
}

fn expiry(view: &CredentialView, now: Timestamp) -> String {
    match view.profile.usable_until() {
        None => "-".to_owned(),
        Some(end) if end <= now && view.profile.ended_untold() => "over".to_owned(),
        Some(end) if end <= now => format!("{} ago", span::show(now.since(end))),
        Some(end) => span::show(now.until(end)),
    }
}

fn planned(view: &CredentialView, now: Timestamp) -> String {
    match view.refresh_at {
        None => "-".to_owned(),
        Some(at) if at <= now => "now".to_owned(),
        Some(at) => span::show(now.until(at)),
    }
}

/// What is known of a revocation.
fn revocation(standing: &Standing) -> Option<&'static str> {
    match standing {
        Standing::Revoked { proof, .. } => Some(proof.word()),
        Standing::Revoking { .. } => Some("pending"),
        Standing::Active | Standing::NeedsLogin { .. } | Standing::Misconfigured { .. } => None,
    }
}

/// One credential in `--json`. These fields are part of the interface.
#[derive(Serialize)]
pub struct Entry<'a> {
    name: &'a CredentialName,
    provider: &'a str,
    account: &'a str,
    health: serde_json::Value,
    cause: Option<&'a str>,
    fix: Option<&'a str>,
    expires_at: Option<Timestamp>,
    expires_in: Option<u64>,
    refresh_at: Option<Timestamp>,
    refreshed_at: Timestamp,
    scopes: &'a [String],
    wanted_scopes: &'a [String],
    resources: &'a [String],
    bound_to: Option<&'a str>,
    kept: &'a BTreeMap<String, String>,
    provenance: Option<&'a Provenance>,
    flow: Flow,
    generation: Generation,
    dies_at: Option<Timestamp>,
    dies_because: ForecastReason,
    revocation: Option<&'static str>,
    revoke_at: Option<Timestamp>,
    revoke_tries: Option<u32>,
    sign_in_before: Option<Timestamp>,
    ends_soon: bool,
}

impl<'a> Entry<'a> {
    /// What `--json` tells of a credential at this moment.
    pub fn of(view: &'a CredentialView, now: Timestamp) -> Self {
        let profile = &*view.profile;
        let wrong = trouble(view);
        let pending = match view.health {
            Health::Revoking { attempt, next } => Some((attempt, next)),
            _ => None,
        };
        Self {
            name: &profile.name,
            provider: profile.name.provider(),
            account: profile.name.account(),
            health: serde_json::to_value(view.health.kind()).unwrap_or_default(),
            cause: wrong.map(|failure| failure.cause.as_str()),
            fix: wrong.map(|failure| failure.fix.as_str()),
            expires_at: profile.expires_at,
            expires_in: profile.expires_at.map(|end| now.until(end).as_secs()),
            refresh_at: view.refresh_at,
            refreshed_at: profile.issued_at,
            scopes: &profile.scopes,
            wanted_scopes: &profile.wanted_scopes,
            resources: &profile.resources,
            bound_to: profile.bound_to.as_deref(),
            kept: &profile.kept,
            provenance: profile.provenance.as_ref(),
            flow: profile.flow,
            generation: view.generation,
            dies_at: view.forecast.dies_at,
            dies_because: view.forecast.because,
            revocation: revocation(&profile.standing),
            revoke_at: pending.map(|(_, next)| next),
            revoke_tries: pending.map(|(attempt, _)| attempt.saturating_sub(1)),
            sign_in_before: view.forecast.sign_in_before(),
            ends_soon: view.forecast.is_soon(now),
        }
    }
}

fn trouble(view: &CredentialView) -> Option<&ProviderFailure> {
    match &view.health {
        Health::NeedsLogin { cause } | Health::Misconfigured { cause } => Some(cause),
        Health::Revoking { .. } => telling::matter(view),
        Health::Fresh
        | Health::Expiring
        | Health::Refreshing
        | Health::Retrying { .. }
        | Health::Expired
        | Health::RateLimited { .. }
        | Health::Revoked
        | Health::Static => view.profile.last_failure.as_ref(),
    }
}
