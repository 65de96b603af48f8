//! `tokenward audit analyze`: what the activity log adds up to, and what in it is out of the ordinary.

use crate::cli::audit::when;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::clock::Timestamp;
use crate::engine::api::Command;
use crate::model::analysis::{Analysis, Counted, Tally, share};
use crate::tui::bar::{self, Life};
use crate::tui::surroundings::Surroundings;
use crate::tui::theme::Theme;
use crate::tui::words;
use clap::Args;

/// Columns of a bar.
const BAR: u16 = 32;
/// Rows of a part.
const ROWS: usize = 10;
/// Alerts that are shown.
const ALERTS: usize = 20;

/// Arguments of `tokenward audit analyze`.
#[derive(Debug, Args)]
#[command(after_help = JSON_FIELDS)]
pub struct AnalyzeArgs {
    /// Not before: a moment (RFC 3339), a day, or how long ago (2d). Older lines still tell what is usual.
    #[arg(long, value_name = "WHEN", value_parser = when::parse)]
    since: Option<Timestamp>,
    /// Before: a moment, a day, or how long ago.
    #[arg(long, value_name = "WHEN", value_parser = when::parse)]
    until: Option<Timestamp>,
}

const JSON_FIELDS: &str = "\
What alarms is set in [audit] of the settings; hours and days are those of the owner's time zone.
With --json: one object with from, to, total (lines, failed, handed_out), kinds, credentials, programs and days (arrays
of objects with name and those three), hours (24 such objects), rates (objects with what, done, failed) and alerts (objects
with at, kind, text, command, and credential or program where it is about one; the newest first).";

/// Prints it.
pub fn run(args: &AnalyzeArgs, context: &Context) -> Result<(), Failure> {
    let (since, until) = (args.since, args.until);
    let analysis = Session::with(context, |session| {
        session.ask(|reply| Command::AuditAnalysis {
            since,
            until,
            reply,
        })
    })?;
    if context.output.json {
        return context.output.json_line(&analysis);
    }
    let surroundings = Surroundings::read();
    let zone = &surroundings.zone;
    let span = analysis.from.zip(analysis.to).map(|(from, to)| {
        let now = crate::clock::now();
        let moment = |at| words::moment(at, now, zone);
        format!(", {} to {}", moment(from), moment(to))
    });
    let mut text = format!(
        "{}{}, {} failed, {} handed out\n",
        words::count(many(analysis.total.lines), "line"),
        span.unwrap_or_default(),
        number(analysis.total.failed),
        words::count(many(analysis.total.handed_out), "token"),
    );
    text.push_str(&alerts(&analysis));
    text.push_str(&rates(&analysis));
    for (title, counted) in [
        ("KIND", &analysis.kinds),
        ("CREDENTIAL", &analysis.credentials),
        ("PROGRAM", &analysis.programs),
    ] {
        text.push_str(&part(title, counted, surroundings.theme));
    }
    let hours = analysis
        .hours
        .iter()
        .enumerate()
        .map(|(hour, tally)| Counted {
            name: format!("{hour:02}:00"),
            tally: *tally,
        });
    let hours: Vec<Counted> = hours.collect();
    text.push_str(&rows("HOUR", hours.iter(), surroundings.theme));
    context.output.data(&text)
}

fn alerts(analysis: &Analysis) -> String {
    if analysis.alerts.is_empty() {
        return "\nNothing alarms.\n".to_owned();
    }
    let mut text = format!("\n{}\n", words::count(analysis.alerts.len(), "alert"));
    for alert in analysis.alerts.iter().take(ALERTS) {
        text.push_str(&format!("! {}\n  look: {}\n", alert.text, alert.command));
    }
    let more = analysis.alerts.len().saturating_sub(ALERTS);
    if more > 0 {
        text.push_str(&format!("  and {} older ones\n", words::grouped(more)));
    }
    text
}

fn rates(analysis: &Analysis) -> String {
    let mut text = String::from("\n");
    for rate in &analysis.rates {
        if let Some(share) = rate.share() {
            let failed = share * 100.0;
            let (done, bad) = (number(rate.done), number(rate.failed));
            text.push_str(&format!(
                "{:<12} {done} done, {bad} failed ({failed:.1} %)\n",
                rate.what
            ));
        }
    }
    text
}

fn part(title: &str, counted: &[Counted], theme: Theme) -> String {
    if counted.is_empty() {
        return String::new();
    }
    let mut text = rows(title, counted.iter().take(ROWS), theme);
    let more = counted.len().saturating_sub(ROWS);
    if more > 0 {
        text.push_str(&format!("and {} more\n", words::grouped(more)));
    }
    text
}

fn rows<'a>(
    title: &str,
    counted: impl Iterator<Item = &'a Counted> + Clone,
    theme: Theme,
) -> String {
    let most = counted.clone().map(|it| it.tally.lines).max().unwrap_or(0);
    let mut table = Table::new(&[title, "  LINES", " FAILED", " TOKENS", ""]);
    for Counted { name, tally } in counted {
        let cell = |count| format!("{:>7}", number(count));
        let Tally {
            lines,
            failed,
            handed_out,
        } = *tally;
        let bar = bar(lines, most, theme);
        table.row(vec![
            name.clone(),
            cell(lines),
            cell(failed),
            cell(handed_out),
            bar,
        ]);
    }
    format!("\n{}", table.render())
}

fn bar(count: u64, most: u64, theme: Theme) -> String {
    let left = share(count, most).unwrap_or_default();
    let life = Life {
        left,
        planned: None,
    };
    bar::cells(life, BAR, theme).concat()
}

fn number(count: u64) -> String {
    words::grouped(many(count))
}

fn many(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
