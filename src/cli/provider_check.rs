//! `tokenward provider check`: whether a record can be signed in with, point by point.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::provider;
use crate::cli::provider_probe::{self, Probed};
use crate::cli::provider_rehearsal;
use crate::cli::session;
use crate::cli::table::Table;
use crate::model::client::{Client, ClientAuth, ClientView};
use crate::model::credential::Flow;
use crate::model::finding::{Intent, Weight};
use crate::model::preflight;
use crate::model::provider::{Provider, Revocation};
use crate::oauth::callback::Listener;
use crate::oauth::{catalogue, template};
use crate::secret::ClientSecret;
use clap::Args;
use regex_lite::Regex;
use serde::Serialize;
use std::collections::BTreeMap;

/// As wide as a terminal is that nobody has widened.
const COLUMNS: usize = 80;

/// Arguments of `tokenward provider check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Which provider; left out: all records of your own.
    name: Option<String>,
    /// A value for a placeholder in the record, tenant=contoso.
    #[arg(long, value_name = "NAME=VALUE", value_parser = provider::read_pair, requires = "name")]
    param: Vec<(String, String)>,
    /// Ask nobody: look at the record alone.
    #[arg(long)]
    offline: bool,
    /// Sign in, refresh and revoke by the record, against the built-in provider that behaves like the one it resembles
    /// most. Nothing leaves this machine.
    #[arg(long)]
    against_demo: bool,
}

/// How a point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It may be in the way.
    Warning,
    /// It stops a sign-in.
    Failed,
}

/// One point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Of which provider.
    pub provider: String,
    /// What was looked at.
    pub check: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was found.
    pub detail: String,
    /// What to change; `None`: nothing.
    pub fix: Option<String>,
}

/// The points of one provider, as they come.
#[derive(Debug)]
pub struct Report {
    provider: String,
    /// The points.
    pub rows: Vec<Row>,
}

impl Report {
    /// Nothing yet.
    pub fn new(provider: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            rows: Vec::new(),
        }
    }

    /// A point that is as it should be.
    pub fn ok(&mut self, check: &str, detail: impl Into<String>) {
        self.add(check, Verdict::Ok, detail.into(), None);
    }

    /// A point that is not.
    pub fn finds(&mut self, check: &str, verdict: Verdict, detail: impl Into<String>, fix: &str) {
        let fix = (!fix.is_empty()).then(|| fix.to_owned());
        self.add(check, verdict, detail.into(), fix);
    }

    fn add(&mut self, check: &str, verdict: Verdict, detail: String, fix: Option<String>) {
        self.rows.push(Row {
            provider: self.provider.clone(),
            check: check.to_owned(),
            verdict,
            detail,
            fix,
        });
    }
}

/// Checks.
pub fn run(args: &CheckArgs, context: &Context) -> Result<(), Failure> {
    let names = match &args.name {
        Some(name) => vec![name.clone()],
        None => catalogue::own_names(),
    };
    if names.is_empty() {
        context.output.say(
            "there is no record of your own; name one of the catalogue: tokenward provider check NAME",
        );
    }
    let runtime = session::runtime()?;
    let clients = runtime.block_on(provider_probe::kept_clients(context));
    let mut rows = Vec::new();
    for name in &names {
        let record = catalogue::find(name).ok_or_else(|| provider::unknown(name))?;
        let mut given: BTreeMap<String, String> = args.param.iter().cloned().collect();
        if args.against_demo {
            provider_rehearsal::fill_in(&record, &mut given);
        }
        let client = clients.iter().find(|client| client.provider == *name);
        let report = runtime.block_on(check(&record, &given, client, args));
        rows.extend(report.rows);
    }
    runtime.shutdown_background();
    show(&rows, context)?;
    let failed = rows.iter().filter(|row| row.verdict == Verdict::Failed);
    match failed.count() {
        0 => Ok(()),
        many => Err(Failure::new(
            Kind::Failed,
            format!("{many} of these stop a sign-in"),
        )),
    }
}

fn show(rows: &[Row], context: &Context) -> Result<(), Failure> {
    if context.output.json {
        return context.output.json_line(&rows);
    }
    let mut table = Table::new(&["", "CHECK", "FOUND"]);
    let mut heading = "";
    for row in rows {
        if heading != row.provider {
            heading = &row.provider;
            table.heading(heading);
        }
        let word = match row.verdict {
            Verdict::Ok => "  ok",
            Verdict::Warning => "  warning",
            Verdict::Failed => "  failed",
        };
        table.row(vec![word.to_owned(), row.check.clone(), row.detail.clone()]);
        if let Some(fix) = &row.fix {
            table.row(vec![String::new(), String::new(), fix.clone()]);
        }
    }
    context.output.data(&table.wrapped(COLUMNS).render())
}

async fn check(
    record: &Provider,
    given: &BTreeMap<String, String>,
    client: Option<&ClientView>,
    args: &CheckArgs,
) -> Report {
    let is_offline = args.offline || args.against_demo;
    let mut report = Report::new(&record.name);
    patterns(record, &mut report);
    let filled = match template::fill(record, given) {
        Ok(filled) => filled,
        Err(error) => {
            // Whoever signs in says it then.
            let fix =
                "Say it: --param NAME=VALUE here and at a login, or [providers.NAME.parameters].";
            let detail = error.to_string();
            report.finds("placeholders", Verdict::Warning, detail, fix);
            return report;
        }
    };
    if filled.flows == [Flow::ApiKey] {
        report.ok(
            "sign-in",
            "only keys are kept: there is nothing to sign in to",
        );
        return report;
    }
    let probed = match is_offline {
        true => Probed::untouched(filled),
        false => provider_probe::probe(filled, &mut report).await,
    };
    let provider = &probed.provider;
    endpoints(provider, is_offline, &mut report);
    redirect(provider, &mut report);
    wishes(provider, client, &mut report);
    revocation(provider, &mut report);
    if args.against_demo {
        provider_rehearsal::rehearse(provider, &mut report).await;
    }
    report
}

fn patterns(record: &Provider, report: &mut Report) {
    let keys = record
        .api_key
        .as_ref()
        .and_then(|keys| keys.pattern.as_ref());
    let named = [
        ("client_id_pattern", record.setup.client_id_pattern.as_ref()),
        ("api_key.pattern", keys),
    ];
    for (what, pattern) in named {
        if pattern.is_some_and(|pattern| Regex::new(pattern).is_err()) {
            let detail = format!("{what} is no regular expression and says nothing");
            report.finds("patterns", Verdict::Warning, detail, "Write it anew.");
        }
    }
    report.ok("record", "every member can be read");
}

fn endpoints(provider: &Provider, is_offline: bool, report: &mut Report) {
    let may_come = is_offline && provider.issuer.is_some();
    if provider.endpoints.token.is_none() && !may_come {
        let fix = "Give an issuer that publishes it, or endpoints.token.";
        let detail = "there is no token endpoint";
        report.finds("endpoints", Verdict::Failed, detail, fix);
    }
}

fn redirect(provider: &Provider, report: &mut Report) {
    let is_offered = provider.flows.is_empty() || provider.flows.contains(&Flow::Loopback);
    if !is_offered || preflight::redirect_rule(&provider.redirect).is_some() {
        return; // The wishes tell of a rule that cannot be used.
    }
    match Listener::bind(&provider.redirect, None) {
        Ok(listener) => match listener.taken_port() {
            Some(port) => {
                let detail = format!("another program has port {port}");
                let fix = format!("Register {} too.", listener.redirect_uri());
                report.finds("redirect", Verdict::Warning, detail, &fix);
            }
            None => report.ok("redirect", "its port is free"),
        },
        Err(error) => {
            let fix = "End the program that has the port, or name another in the record and at the provider.";
            report.finds("redirect", Verdict::Failed, error.to_string(), fix);
        }
    }
}

/// What a sign-in by each way that is offered would meet.
fn wishes(provider: &Provider, client: Option<&ClientView>, report: &mut Report) {
    let flows = match provider.flows.as_slice() {
        [] => &[Flow::Loopback][..],
        flows => flows,
    };
    let client = client.map(stand_in);
    let mut told: Vec<(Weight, String)> = Vec::new();
    for flow in flows.iter().filter(|flow| **flow != Flow::ApiKey) {
        let found = preflight::findings(&Intent {
            provider,
            flow: *flow,
            scopes: &provider.default_scopes,
            client: client.as_ref(),
            redirect_port: None,
            dpop: false,
        });
        for one in found {
            // Without the network nobody knows which endpoints there are.
            let is_unknown = one.topic == "flow" && provider.metadata.is_empty();
            let weight = match is_unknown && provider.issuer.is_some() {
                true => Weight::Warns,
                false => one.weight,
            };
            let told_already = told.iter().any(|(_, what)| *what == one.what);
            if told_already {
                continue;
            }
            told.push((weight, one.what.clone()));
            let verdict = match weight {
                Weight::Stops => Verdict::Failed,
                Weight::Warns => Verdict::Warning,
            };
            report.finds(one.topic, verdict, one.what, &one.fix);
        }
    }
    if told.is_empty() {
        report.ok("sign-in", "nothing known stands in its way");
    }
}

/// The kept client as far as it is shown: whether there is a secret counts, not which.
fn stand_in(view: &ClientView) -> Client {
    let secret = (view.has_secret || view.has_key).then(|| ClientSecret::new(String::new()));
    Client::new(view.client_id.clone(), secret, ClientAuth::None)
}

fn revocation(provider: &Provider, report: &mut Report) {
    match &provider.revocation {
        Revocation::Standard if provider.endpoints.revocation.is_some() => {
            report.ok("revocation", "by the provider's endpoint (RFC 7009)");
        }
        Revocation::Standard => {
            let detail = "there is no way to revoke: a token ends by its expiry";
            let fix = "Name the page where a person ends it: [providers.NAME.revocation] kind = \"page\", url = ...";
            report.finds("revocation", Verdict::Warning, detail, fix);
        }
        Revocation::Page { url } => report.ok("revocation", format!("by hand: {url}")),
        Revocation::Request { method, .. } => {
            report.ok(
                "revocation",
                format!("by a request of the provider's own ({method})"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(change: impl FnOnce(&mut Provider)) -> Vec<(String, Verdict)> {
        let mut record = Provider::unknown("p", "P");
        record.endpoints.authorization = Some("https://p.example/authorize".to_owned());
        record.endpoints.token = Some("https://p.example/token".to_owned());
        record.flows = vec![Flow::Loopback];
        change(&mut record);
        let args = CheckArgs {
            name: None,
            param: Vec::new(),
            offline: true,
            against_demo: false,
        };
        let runtime = session::runtime().unwrap();
        let report = runtime.block_on(check(&record, &BTreeMap::new(), None, &args));
        let bad = report
            .rows
            .into_iter()
            .filter(|row| row.verdict != Verdict::Ok);
        bad.map(|row| (row.check, row.verdict)).collect()
    }

    fn one(check: &str, verdict: Verdict) -> Vec<(String, Verdict)> {
        vec![(check.to_owned(), verdict)]
    }

    #[test]
    fn what_stops_a_sign_in_fails_and_what_may_only_warns() {
        let page = |p: &mut Provider| {
            let url = "https://p.example/apps".to_owned();
            p.revocation = Revocation::Page { url };
        };
        assert_eq!(verdicts(|_| {}), one("revocation", Verdict::Warning));
        assert_eq!(verdicts(page), []);
        let with = |change: fn(&mut Provider)| {
            verdicts(|p| {
                page(p);
                change(p);
            })
        };
        assert_eq!(
            with(|p| p.endpoints.token = None),
            one("endpoints", Verdict::Failed)
        );
        assert_eq!(
            with(|p| p.endpoints.authorization = None),
            one("flow", Verdict::Failed)
        );
        assert_eq!(
            with(|p| p.redirect.path = "/a#b".to_owned()),
            one("redirect", Verdict::Failed)
        );
        assert_eq!(
            with(|p| p.setup.client_id_pattern = Some("(".to_owned())),
            one("patterns", Verdict::Warning)
        );
        let hole = |p: &mut Provider| {
            p.parameters = BTreeMap::from([("host".to_owned(), String::new())]);
            p.endpoints.token = Some("https://{host}/token".to_owned());
        };
        assert_eq!(with(hole), one("placeholders", Verdict::Warning));
        assert_eq!(
            with(|p| p.offline_scope = Some("offline".to_owned())),
            one("offline_scope", Verdict::Warning)
        );
    }
}
