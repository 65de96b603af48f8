//! `tokenward vault backups`: the daily backups, and whether each is whole.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::owner::daily;
use crate::cli::table::Table;
use crate::cli::unlock;
use crate::clock::{self, Timestamp};
use crate::tui::words;
use crate::vault::backup;
use crate::vault::daily::Made;
use crate::vault::error::VaultError;
use crate::vault::file::VaultFile;
use crate::vault::slot::Key;
use crate::vault::verify::verify;
use clap::Args;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::path::Path;

/// Arguments of `tokenward vault backups`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each is looked at as a file: whether it can be read and holds together. With --verify each is opened by the key that opens
the vault, and every row of it is checked. One of them comes back with: tokenward vault restore --at TIME, or restore FILE.
With --json: an array of objects with file, made_at, bytes, credentials and problem (null when there is none), the newest
first.")]
pub struct BackupsArgs {
    /// Open each and check every row.
    #[arg(long)]
    verify: bool,
}

/// One backup, looked at.
#[derive(Serialize)]
struct Seen<'a> {
    file: &'a Path,
    made_at: Timestamp,
    bytes: u64,
    credentials: Option<u64>,
    problem: Option<String>,
}

/// Lists them.
pub fn run(args: &BackupsArgs, context: &Context) -> Result<(), Failure> {
    let daily = daily(context);
    let made = daily.all();
    let answered = match args.verify && !made.is_empty() {
        true => Some(unlock::answer(context)?),
        false => None,
    };
    let key = answered.as_ref().map(unlock::Answered::key);
    let seen: Vec<Seen<'_>> = made.iter().rev().map(|one| look(one, key)).collect();
    if context.output.json {
        return context.output.json_line(&seen);
    }
    if seen.is_empty() {
        let folder = daily.folder.display();
        context.output.say(&format!(
            "no daily backup is in {folder}; make one yourself: tokenward vault backup FILE"
        ));
        return Ok(());
    }
    let (now, zone) = (clock::now(), TimeZone::system());
    let mut table = Table::new(&["MADE", "SIZE", "CREDENTIALS", "STATE", "FILE"]);
    for one in &seen {
        let state = match (&one.problem, args.verify) {
            (Some(problem), _) => problem.clone(),
            (None, true) => "whole".to_owned(),
            (None, false) => "readable".to_owned(),
        };
        table.row(vec![
            words::moment(one.made_at, now, &zone),
            words::bytes(one.bytes),
            one.credentials
                .map_or_else(|| "-".to_owned(), |many| many.to_string()),
            state,
            one.file.display().to_string(),
        ]);
    }
    context.output.data(&table.render())
}

fn look<'a>(one: &'a Made, key: Option<&Key>) -> Seen<'a> {
    let read = backup::look(&one.file);
    let checked = match (&read, key) {
        (Ok(_), Some(key)) => check(&one.file, key),
        (Ok(_) | Err(_), _) => None,
    };
    let credentials = read.as_ref().ok().copied();
    let problem = read.err().map(|error| error.to_string()).or(checked);
    Seen {
        file: &one.file,
        made_at: one.made_at,
        bytes: one.bytes,
        credentials,
        problem,
    }
}

/// What is wrong with a backup that can be read; `None`: nothing.
fn check(file: &Path, key: &Key) -> Option<String> {
    let opened = VaultFile::open_read_only(file).and_then(|locked| locked.unlock_to_verify(key));
    let mut vault = match opened {
        Ok(vault) => vault,
        // It is brought up to date when it comes back.
        Err(VaultError::Older { .. }) => return None,
        Err(error) => return Some(error.to_string()),
    };
    let problems = verify(&mut vault).problems;
    let first = problems.first()?;
    Some(format!("{}: {}", first.place, first.what))
}
