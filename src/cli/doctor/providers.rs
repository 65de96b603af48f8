//! Whether providers can be reached, without any secret, and whether their clocks agree with ours.

use crate::cli::doctor::finding::Finding;
use crate::cli::doctor::outlook::Contents;
use crate::cli::span;
use crate::model::credential::Flow;
use crate::oauth::endpoint;
use crate::oauth::error::OAuthError;
use crate::oauth::http::{Http, HttpSettings};
use crate::oauth::step::Step;
use crate::oauth::wire::{Reply, Request};
use futures_util::future::join_all;
use reqwest::Method;
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

const PROVIDERS: &str = "providers";
const CLOCK: &str = "clock";

/// A difference that no provider minds, in seconds.
const UNNOTICED: u64 = 30;
/// From here on proofs and ID tokens are refused, in seconds.
const HARMFUL: u64 = 300;

/// Without `--online` nobody is asked.
pub fn unasked() -> Vec<Finding> {
    let why = "asks the providers: tokenward doctor --online";
    [PROVIDERS, CLOCK]
        .map(|check| Finding::not_looked_at(check, why))
        .to_vec()
}

/// Asks each host that a credential is refreshed at.
pub async fn examine(contents: &Contents) -> Vec<Finding> {
    let views = match contents {
        Contents::NotSeen(why) => {
            return [PROVIDERS, CLOCK]
                .map(|check| Finding::not_looked_at(check, why))
                .to_vec();
        }
        Contents::Seen { views, .. } => views,
    };
    let hosts: BTreeMap<&str, &str> = views
        .iter()
        .filter(|view| view.profile.flow != Flow::ApiKey && !view.profile.host.is_empty())
        .map(|view| (view.profile.host.as_str(), view.profile.name.provider()))
        .collect();
    let http = Http::new(HttpSettings {
        whole: Duration::from_secs(10),
        ..HttpSettings::default()
    });
    let asked = hosts.iter().map(|(host, name)| {
        let http = &http;
        async move { (*host, *name, ask(http, host).await) }
    });
    let mut ahead = Vec::new();
    let mut found = Vec::new();
    for (host, name, answer) in join_all(asked).await {
        ahead.extend(answer.as_ref().ok().and_then(|reply| reply.clock_ahead));
        found.push(reached(host, name, &answer));
    }
    found.push(clock(&mut ahead));
    found
}

async fn ask(http: &Http, host: &str) -> Result<Reply, OAuthError> {
    let is_here = Url::parse(&format!("http://{host}/")).is_ok_and(|it| endpoint::is_loopback(&it));
    let scheme = if is_here { "http" } else { "https" };
    let address = format!("{scheme}://{host}/");
    let request = Request::new(Method::HEAD, &address, "provider's host");
    http.send(Step::Discovery, request).await
}

fn reached(host: &str, name: &str, answer: &Result<Reply, OAuthError>) -> Finding {
    match answer {
        // Whatever it says to a question that it does not know: it is there.
        Ok(reply) if reply.status < 500 => {
            Finding::ok(PROVIDERS, format!("{name} ({host}) answers"))
        }
        Ok(reply) => {
            let what = format!("{name} ({host}) answers HTTP {}", reply.status);
            Finding::warning(PROVIDERS, what, format!("tokenward provider check {name}"))
        }
        Err(error) => {
            let failure = error.failure();
            let what = format!("{name} ({host}): {}", failure.cause);
            Finding::problem(PROVIDERS, what, failure.fix)
        }
    }
}

/// Of several providers the one in the middle is believed: one of them may be wrong itself.
fn clock(ahead: &mut [i64]) -> Finding {
    ahead.sort_unstable();
    let Some(by) = ahead.get(ahead.len() / 2).copied() else {
        return Finding::not_looked_at(CLOCK, "no provider told the time");
    };
    let off = by.unsigned_abs();
    if off <= UNNOTICED {
        return Finding::ok(CLOCK, "as the providers' clocks");
    }
    let side = if by > 0 { "ahead of" } else { "behind" };
    let span = span::show(Duration::from_secs(off));
    let what = format!("this machine's clock is {span} {side} the providers'");
    let mend = "sudo timedatectl set-ntp true";
    match off < HARMFUL {
        true => Finding::warning(CLOCK, what, mend),
        false => Finding::problem(CLOCK, what, mend),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Verdict;

    #[test]
    fn the_provider_in_the_middle_is_believed() {
        let verdict = |ahead: &[i64]| clock(&mut ahead.to_vec()).verdict;
        assert_eq!(verdict(&[]), Verdict::NotLookedAt);
        assert_eq!(verdict(&[2, 7200, -3]), Verdict::Ok);
        assert_eq!(verdict(&[-90]), Verdict::Warning);
        assert_eq!(verdict(&[7200, 7201, 0]), Verdict::Problem);
        assert!(clock(&mut [-7200]).what.contains("2h 00m behind"));
    }
}
