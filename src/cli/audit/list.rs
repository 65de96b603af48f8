//! `tokenward audit list`: the lines of the activity log that fit, and those that come.

use crate::agent::audit_route::MOST_LINES;
use crate::cli::audit::filter::FilterArgs;
use crate::cli::audit::line::{self, Line};
use crate::cli::audit::tail::Tail;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::shown;
use crate::engine::api::Command;
use crate::model::audit::{Filter, Search};
use crate::model::event::Entry;
use clap::Args;
use jiff::tz::TimeZone;

/// Arguments of `tokenward audit list`.
#[derive(Debug, Args)]
#[command(after_help = JSON_FIELDS)]
pub struct ListArgs {
    /// Which lines.
    #[command(flatten)]
    filter: FilterArgs,
    /// At most so many of the newest, 1 to 10000; `audit export` has all.
    #[arg(long, value_name = "NUMBER", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(1..=MOST_LINES as i64))]
    limit: u32,
    /// Then go on with those that come, as long as the owner lives.
    #[arg(long)]
    follow: bool,
}

const JSON_FIELDS: &str = "\
A line has its number, its moment, ! when it tells of a failure, whose it is, what happened, who asked (program and
process), and its operation: what belongs together has one.
Kinds: signed_in, sign_in_failed, handed_out, asked, validated, checked, refreshed, refresh_failed, revoked,
revoke_failed, removed, renamed, limit_exceeded, wrong_passphrase, slot_added, slot_removed, backed_up, restored,
exported, imported and others, as --json shows them.
With --json: one object a line with number, at, event (its kind), outcome (done, failed), text, and where there are:
name, operation, by (uid, pid, executable, address, user_agent) and the members of its kind.";

/// Prints them.
pub fn run(args: &ListArgs, context: &Context) -> Result<(), Failure> {
    Session::with(context, |session| {
        let tail = args.follow.then(|| Tail::of(session, context.output));
        let tail = tail.transpose()?;
        let filter = args.filter.filter();
        let end = newest(session, Filter::default(), 1)?;
        let listed = newest(session, filter.clone(), args.limit as usize)?;
        print(&listed, context.output)?;
        let Some(mut tail) = tail else {
            if listed.is_empty() {
                context.output.say("no line of the activity log fits");
            }
            return Ok(());
        };
        let mut after = [&end, &listed]
            .into_iter()
            .filter_map(|lines| lines.last())
            .map(|entry| entry.number)
            .max()
            .unwrap_or(0);
        loop {
            let search = Search {
                filter: filter.clone(),
                after: Some(after),
                limit: MOST_LINES,
                hides_accounts: false,
            };
            let come = tail.next(session, &search)?;
            print(&come, context.output)?;
            after = come.last().map_or(after, |entry| entry.number);
        }
    })
}

fn newest(session: &Session, filter: Filter, limit: usize) -> Result<Vec<Entry>, Failure> {
    let search = Search {
        filter,
        limit,
        ..Search::default()
    };
    ask(session, search)
}

/// Asks for lines.
pub fn ask(session: &Session, search: Search) -> Result<Vec<Entry>, Failure> {
    let search = Box::new(search);
    session.ask(|reply| Command::Audit { search, reply })
}

fn print(entries: &[Entry], output: Output) -> Result<(), Failure> {
    let zone = TimeZone::system();
    let lines = entries.iter().map(|entry| {
        if output.json {
            Line::of(entry).json() + "\n"
        } else {
            line::text(entry, &zone)
        }
    });
    let text: String = lines.collect();
    match output.json {
        true => output.exact(&shown::json(&text)),
        false => output.data(&text),
    }
}
