//! Asks a provider, without any secret, whether its record is right: metadata, endpoints, TLS.

use crate::agent::client;
use crate::cli::context::Context;
use crate::cli::provider_check::{Report, Verdict};
use crate::engine::api::Command;
use crate::model::client::ClientView;
use crate::model::provider::Provider;
use crate::model::signin::ProviderChoice;
use crate::oauth::discovery;
use crate::oauth::error::OAuthError;
use crate::oauth::http::{Http, HttpSettings};
use crate::oauth::metadata::{documents, named};
use crate::oauth::step::Step;
use crate::oauth::transport::Transport;
use crate::oauth::wire::Request;
use futures_util::future::join_all;
use reqwest::Method;
use std::collections::BTreeMap;
use std::time::Duration;

/// A record with what its provider said.
#[derive(Debug)]
pub struct Probed {
    /// The record, its holes filled by discovery.
    pub provider: Provider,
}

impl Probed {
    /// A record nobody was asked about.
    pub fn untouched(provider: Provider) -> Self {
        Self { provider }
    }
}

/// The clients that a living owner keeps; none where nobody owns the vault just now: nothing is unlocked for this.
pub async fn kept_clients(context: &Context) -> Vec<ClientView> {
    let Ok(link) = client::connect(&context.socket()).await else {
        return Vec::new();
    };
    let clients = link.ask(|reply| Command::Clients { reply }).await;
    clients.unwrap_or_default()
}

/// Reads the metadata and knocks at every endpoint.
pub async fn probe(record: Provider, report: &mut Report) -> Probed {
    let http = Http::new(HttpSettings {
        whole: Duration::from_secs(10),
        ..HttpSettings::default()
    });
    let provider = discovered(&http, record, report).await;
    knock(&http, &provider, report).await;
    Probed { provider }
}

async fn discovered(http: &Http, record: Provider, report: &mut Report) -> Provider {
    let Some(issuer) = record.issuer.clone() else {
        return record;
    };
    match documents(http, &issuer).await {
        Ok(found) => {
            report.ok("metadata", format!("published by {issuer}"));
            for document in &found {
                differences(&record, &document.endpoints, report);
            }
            // What was filled in counts as it is: the same record is asked for by its own name.
            let choice = ProviderChoice::Known {
                name: record.name.clone(),
                parameters: BTreeMap::new(),
            };
            let whole = discovery::resolve(http, choice, Some(record.clone())).await;
            let mut provider = record;
            if let Ok(whole) = whole
                && whole.issuer == provider.issuer
            {
                provider = whole;
            }
            provider
        }
        Err(error) => {
            let is_needed = record.endpoints.token.is_none();
            let is_wrong = matches!(error, OAuthError::IssuerMismatch { .. });
            let verdict = match is_needed || is_wrong {
                true => Verdict::Failed,
                false => Verdict::Warning,
            };
            let failure = error.failure();
            report.finds("metadata", verdict, failure.cause, &failure.fix);
            record
        }
    }
}

/// Endpoints of the record that its metadata puts elsewhere.
fn differences(record: &Provider, said: &crate::model::provider::Endpoints, report: &mut Report) {
    for ((what, mine), (_, theirs)) in named(&record.endpoints).into_iter().zip(named(said)) {
        if let (Some(mine), Some(theirs)) = (mine, theirs)
            && mine != theirs
        {
            let detail = format!("the {what} is {mine} in the record and {theirs} in the metadata");
            let fix = "The record wins; take the endpoint out of it to follow the metadata.";
            report.finds("metadata", Verdict::Warning, detail, fix);
        }
    }
}

async fn knock(http: &Http, provider: &Provider, report: &mut Report) {
    let endpoints = named(&provider.endpoints);
    let there = endpoints
        .into_iter()
        .filter_map(|(what, address)| Some((what, address?.as_str())));
    let asked = there.map(|(what, address)| async move {
        let request = Request::new(Method::HEAD, address, what);
        (what, address, http.send(Step::Discovery, request).await)
    });
    for (what, address, answer) in join_all(asked).await {
        match answer {
            Ok(reply) if matches!(reply.status, 404 | 410 | 500..) => {
                let detail = format!("the {what} answers HTTP {} to HEAD", reply.status);
                let fix = format!("Look whether it is right: {address}");
                report.finds("endpoints", Verdict::Warning, detail, &fix);
            }
            Ok(_) => report.ok("endpoints", format!("the {what} answers")),
            Err(error) => unanswered(what, &error, report),
        }
    }
}

fn unanswered(what: &str, error: &OAuthError, report: &mut Report) {
    // Half an answer is an answer.
    if let OAuthError::Transport { problem, .. } = error
        && matches!(problem, Transport::Cut | Transport::TooLarge)
    {
        report.ok("endpoints", format!("the {what} answers"));
        return;
    }
    let failure = error.failure();
    let is_needed = matches!(what, "token endpoint" | "authorization endpoint");
    let verdict = match is_needed {
        true => Verdict::Failed,
        false => Verdict::Warning,
    };
    let detail = format!("the {what}: {}", failure.cause);
    report.finds("endpoints", verdict, detail, &failure.fix);
}
