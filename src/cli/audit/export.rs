//! `tokenward audit export`: the activity log as JSON lines, to stdout, to a rotated file or to the journal.

use crate::cli::audit::filter::FilterArgs;
use crate::cli::audit::journal::{JOURNAL, Journal};
use crate::cli::audit::line::Line;
use crate::cli::audit::list::ask;
use crate::cli::audit::mark::Mark;
use crate::cli::audit::rotated::Rotated;
use crate::cli::audit::tail::Tail;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::shown;
use crate::model::audit::{Filter, Search};
use crate::model::event::Entry;
use clap::Args;
use std::path::PathBuf;

/// Lines that are asked for at once.
const PORTION: usize = 2000;

/// Arguments of `tokenward audit export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each line is the object that `audit list --json` prints. Accounts are keyed hashes, always the same in one vault, and the
providers' own words, which may name one, are left out; with --accounts both stand there as they are.
A file begins anew each day and at 10 MB; five old ones stay beside it (FILE.1 is the newest). What stands in it already is
not written again: the export goes on after its last line. So it does with the journal: how far it came is kept beside the
vault, for each set of lines (but for --since and --until) on its own; --after begins elsewhere. To stdout it begins with --after.")]
pub struct ExportArgs {
    /// Write to this file, readable by you alone.
    #[arg(long, value_name = "FILE", conflicts_with = "journal")]
    to: Option<PathBuf>,
    /// Write to systemd's journal.
    #[arg(long)]
    journal: bool,
    #[arg(long, value_name = "PATH", default_value = JOURNAL, hide = true)]
    journal_socket: PathBuf,
    /// Write the accounts as they are, not as keyed hashes.
    #[arg(long)]
    accounts: bool,
    /// Only lines after this number.
    #[arg(long, value_name = "NUMBER", conflicts_with = "to")]
    after: Option<u64>,
    /// Then go on with those that come, as long as the owner lives.
    #[arg(long)]
    follow: bool,
    /// Which lines.
    #[command(flatten)]
    filter: FilterArgs,
}

/// Where lines go.
enum Sink {
    Stdout(Output),
    File(Box<Rotated>),
    Journal(Box<(Journal, Mark)>),
}

impl Sink {
    fn open(args: &ExportArgs, context: &Context) -> Result<Self, Failure> {
        Ok(match &args.to {
            Some(path) => Self::File(Box::new(Rotated::open(path)?)),
            None if args.journal => {
                let journal = Journal::new(&args.journal_socket)?;
                let mark = Mark::open(&context.vault, &args.filter.filter(), args.accounts)?;
                Self::Journal(Box::new((journal, mark)))
            }
            None => Self::Stdout(context.output),
        })
    }

    fn write(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        match self {
            Self::Stdout(output) => {
                let lines = entries.iter().map(|entry| Line::of(entry).json() + "\n");
                output.exact(&shown::json(&lines.collect::<String>()))
            }
            Self::File(file) => entries
                .iter()
                .try_for_each(|entry| file.write(&(Line::of(entry).json() + "\n"))),
            Self::Journal(place) => {
                let (journal, mark) = &mut **place;
                entries.iter().try_for_each(|entry| {
                    journal.send(entry)?;
                    mark.set(entry).map_err(|error| {
                        Failure::from(error).within("how far it came cannot be kept")
                    })
                })
            }
        }
    }

    /// The number after which it goes on, if it knows.
    fn last(&self, session: &Session, output: Output) -> Result<u64, Failure> {
        let place = match self {
            Self::Stdout(_) => return Ok(0),
            Self::File(file) => return Ok(file.last()),
            Self::Journal(place) => place.1.last(),
        };
        let Some(place) = place else { return Ok(0) };
        // The line itself, or the first that is kept where it was pruned.
        let same = Search {
            filter: Filter::default(),
            after: place.number.checked_sub(1),
            limit: 1,
            hides_accounts: true,
        };
        let there = ask(session, same)?;
        let is_same = there
            .first()
            .is_some_and(|entry| entry.number > place.number || entry.activity.at == place.at);
        if is_same {
            return Ok(place.number);
        }
        output.say("The log is not the one that was exported before (a backup was restored?): it is exported anew.");
        Ok(0)
    }
}

/// Exports.
pub fn run(args: &ExportArgs, context: &Context) -> Result<(), Failure> {
    let mut sink = Sink::open(args, context)?;
    let (mut written, mut after) = (0, 0);
    Session::with(context, |session| {
        after = match args.after {
            Some(after) => after,
            None => sink.last(session, context.output)?,
        };
        let tail = args.follow.then(|| Tail::of(session, context.output));
        let mut tail = tail.transpose()?;
        let search = |after| Search {
            filter: args.filter.filter(),
            after: Some(after),
            limit: PORTION,
            hides_accounts: !args.accounts,
        };
        let mut portion = ask(session, search(after))?;
        loop {
            sink.write(&portion)?;
            written += portion.len();
            after = portion.last().map_or(after, |entry| entry.number);
            let has_more = portion.len() == PORTION;
            portion = match (&mut tail, has_more) {
                (Some(tail), true) => tail.read(session, &search(after))?,
                (Some(tail), false) => tail.next(session, &search(after))?,
                (None, true) => ask(session, search(after))?,
                (None, false) => return Ok(()),
            };
        }
    })?;
    if args.to.is_some() || args.journal {
        let count = crate::tui::words::count(written, "line");
        context
            .output
            .say(&format!("Exported {count}, up to number {after}."));
    }
    Ok(())
}
