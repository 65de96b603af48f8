//! `tokenward vault backups`: the daily backups, and whether each is whole.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::owner::daily;
use crate::cli::table::Table;
use crate::cli::unlock;
use crate::clock::{self, Timestamp};
use crate::tui::words;
use crate::vault::backup;
use crate::vault::confirm::confirm;
use crate::vault::daily::{Daily, Made};
use crate::vault::error::VaultError;
use crate::vault::file::VaultFile;
use crate::vault::locked::LockedVault;
use crate::vault::permissions::trouble_with_folder;
use crate::vault::slot::Key;
use crate::vault::verify::verify;
use clap::Args;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::json;
use std::path::Path;

/// Arguments of `tokenward vault backups`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each is looked at as a file: whether it can be read and holds together. With --verify each is opened by the key that opens
the vault, and every row of it is checked. One of them comes back with: tokenward vault restore --at TIME, or restore FILE.
Those of other vaults in the same folder are counted and not listed.
Ends with 1 when one of them is broken, when other users can change what is in the folder, and with --verify when there is
none at all.
With --json: one object with folder, folder_problem (null when there is none), of_other_vaults (how many), whole (whether it
ends with 0) and backups: an array of objects with file, vault (the first digits of its number), made_at, bytes, credentials
and problem (null when there is none), the newest first.")]
pub struct BackupsArgs {
    /// Open each and check every row.
    #[arg(long)]
    verify: bool,
}

/// One backup, looked at.
#[derive(Serialize)]
struct Seen<'a> {
    file: &'a Path,
    vault: Option<String>,
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
    let key = answered.map(|it| Tried::new(&it, context)).transpose()?;
    let seen = made.iter().rev().map(|one| look(one, key.as_ref()));
    let seen: Vec<Seen<'_>> = seen.collect();
    let folder_problem = trouble_with_folder(&daily.folder);
    let verdict = verdict(&seen, folder_problem.as_deref(), args, &daily);
    if context.output.json {
        context.output.json_line(&json!({
            "folder": daily.folder,
            "folder_problem": folder_problem,
            "of_other_vaults": daily.of_others(),
            "whole": verdict.is_ok(),
            "backups": seen,
        }))?;
        return verdict;
    }
    if seen.is_empty() && verdict.is_ok() {
        let folder = daily.folder.display();
        context
            .output
            .say(&format!("no daily backup is in {folder}; {BY_HAND}"));
    } else if !seen.is_empty() {
        context.output.data(&table(&seen, args))?;
    }
    let others = daily.of_others();
    if others > 0 {
        let said = of_others(others, &daily);
        context.output.say(&format!("{said}: not listed."));
    }
    verdict
}

const BY_HAND: &str = "make one yourself: tokenward vault backup FILE";

/// How the command ends.
fn verdict(
    seen: &[Seen<'_>],
    folder_problem: Option<&str>,
    args: &BackupsArgs,
    daily: &Daily,
) -> Result<(), Failure> {
    let (folder, all) = (daily.folder.display(), seen.len());
    let broken = seen.iter().filter(|one| one.problem.is_some()).count();
    if broken > 0 {
        let text = format!("{broken} of {all} daily backups cannot be used");
        return Err(Failure::new(Kind::Failed, text)
            .hint(format!("remove what is broken; {BY_HAND}"))
            .hint("and check the disk"));
    }
    if let Some(problem) = folder_problem {
        let text = format!("the backups' folder {folder} is not safe: {problem}");
        let command = format!("ls -ld {folder}; chmod go-w {folder}");
        return Err(Failure::new(Kind::Failed, text).hint(command));
    }
    if args.verify && seen.is_empty() {
        let text = format!("no daily backup is in {folder}");
        let by_itself = "an owner makes one a day: tokenward --daemon";
        return Err(Failure::new(Kind::Failed, text)
            .hint(BY_HAND)
            .hint(by_itself));
    }
    Ok(())
}

/// What is said of backups that are of other vaults.
pub fn of_others(many: usize, daily: &Daily) -> String {
    let folder = daily.folder.display();
    match many {
        1 => format!("1 backup in {folder} is of another vault of this name"),
        _ => format!("{many} backups in {folder} are of other vaults of this name"),
    }
}

fn table(seen: &[Seen<'_>], args: &BackupsArgs) -> String {
    let (now, zone) = (clock::now(), TimeZone::system());
    let mut table = Table::new(&["MADE", "SIZE", "CREDENTIALS", "STATE", "FILE"]);
    for one in seen {
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
    table.render()
}

/// What the backups are opened with.
struct Tried<'a> {
    key: Key,
    /// It opens the vault itself: who has it guesses nothing where a backup has another passphrase.
    is_known: bool,
    context: &'a Context,
}

impl<'a> Tried<'a> {
    /// Tries it on the vault first, where wrong ones are counted.
    fn new(answered: &unlock::Answered, context: &'a Context) -> Result<Self, Failure> {
        let key = answered.key().duplicate();
        let is_known = match &key {
            Key::Passphrase(word) => {
                match confirm(&context.vault, word.duplicate(), context.config.patience()) {
                    Err(
                        wrong @ (VaultError::WrongPassphrase | VaultError::TooManyTries { .. }),
                    ) => return Err(wrong.into()),
                    // What is wrong with the vault itself may be why its backups are looked at.
                    tried => tried.is_ok(),
                }
            }
            Key::Identity(_) | Key::Keyring => true,
        };
        Ok(Self {
            key,
            is_known,
            context,
        })
    }

    fn locked(&self, file: &Path) -> Result<LockedVault, VaultError> {
        let locked = VaultFile::open_copy(file)?.with_patience(self.context.config.patience());
        Ok(match self.is_known {
            true => locked.uncounted(),
            false => locked.counted_at(&self.context.vault),
        })
    }
}

fn look<'a>(one: &'a Made, key: Option<&Tried<'_>>) -> Seen<'a> {
    let read = backup::look(&one.file);
    let checked = match (&read, key) {
        (Ok(_), Some(key)) => check(&one.file, key),
        (Ok(_) | Err(_), _) => None,
    };
    let credentials = read.as_ref().ok().copied();
    let problem = read.err().map(|error| error.to_string()).or(checked);
    Seen {
        file: &one.file,
        vault: one.mark(),
        made_at: one.made_at,
        bytes: one.bytes,
        credentials,
        problem,
    }
}

/// What is wrong with a backup that can be read; `None`: nothing.
fn check(file: &Path, tried: &Tried<'_>) -> Option<String> {
    let locked = tried.locked(file);
    let opened = locked.and_then(|locked| locked.unlock_to_verify(&tried.key));
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
