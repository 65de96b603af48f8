//! `tokenward why`: the story of one credential: how it is, what was decided and why, what comes next.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::clock::{self, Timestamp};
use crate::engine::api::Command;
use crate::model::name::CredentialName;
use crate::model::why::Why;
use crate::tui::paint;
use crate::tui::telling::{self, Part};
use clap::Args;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// Columns of the text.
const WIDTH: usize = 100;
/// Columns of the labels.
const LABEL: usize = 10;

/// Arguments of `tokenward why`.
#[derive(Debug, Args)]
#[command(after_help = JSON_FIELDS)]
pub struct WhyArgs {
    /// Which credential, provider/account.
    name: CredentialName,
}

const JSON_FIELDS: &str = "\
With --json: one object with name, told_at, health, expires_at, provenance, advice, next (at, rule with its figures, because,
earlier_by_ms), forecast (dies_at, because, text), failure (class, code, cause, fix, provider_words, evidence with
likely causes; null when nothing is wrong) and history (the activity, oldest first). Times are RFC 3339 in UTC, lengths
are seconds.";

/// Tells the story.
pub fn run(args: &WhyArgs, context: &Context) -> Result<(), Failure> {
    let why = Session::with(context, |session| {
        let name = args.name.clone();
        session.ask(|reply| Command::Why { name, reply })
    })?;
    let (now, zone) = (clock::now(), TimeZone::system());
    if context.output.json {
        return context.output.json_line(&entry(&why, now, &zone));
    }
    let name = &why.view.profile.name;
    let parts = telling::parts(&why, now, &zone);
    context.output.data(&text(name, &parts))
}

fn text(name: &CredentialName, parts: &[Part]) -> String {
    let mut text = format!("{name}\n");
    for part in parts {
        text.push_str(&format!("\n{}\n", part.title));
        for said in &part.lines {
            for (at, line) in paint::wrap(&said.text, WIDTH - LABEL - 3)
                .iter()
                .enumerate()
            {
                let label = if at == 0 { said.label.as_str() } else { "" };
                text.push_str(&format!("  {label:<LABEL$} {line}\n"));
            }
        }
    }
    text
}

/// What `--json` tells. These fields are part of the interface.
fn entry(why: &Why, now: Timestamp, zone: &TimeZone) -> Value {
    let view = &why.view;
    let mut next = serde_json::to_value(&why.next).unwrap_or_default();
    if let Some(next) = next.as_object_mut() {
        next.insert("because".to_owned(), telling::rule(&why.next).into());
    }
    json!({
        "name": view.profile.name,
        "told_at": why.told_at,
        "health": view.health.kind(),
        "expires_at": view.profile.expires_at,
        "provenance": view.profile.provenance,
        "advice": telling::advice(view, now).0,
        "next": next,
        "forecast": {
            "dies_at": view.forecast.dies_at,
            "because": view.forecast.because,
            "text": crate::tui::words::forecast(&view.forecast, now, zone),
        },
        "failure": telling::matter(view),
        "history": why.history,
    })
}
