//! `tokenward vault restore`: a backup becomes the vault; the one there was is kept beside it.

use crate::cli::audit::when;
use crate::cli::backups::of_others;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::owner::daily;
use crate::cli::unlock::{self, Answered};
use crate::cli::{passphrase, seat};
use crate::clock::{Timestamp, now};
use crate::vault::error::VaultError;
use crate::vault::file::VaultFile;
use crate::vault::open::OpenVault;
use crate::vault::overtaken::{self, Overtaken};
use crate::vault::owner::OwnerLock;
use crate::vault::restore::Staged;
use crate::vault::verify::verify;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Arguments of `tokenward vault restore`.
#[derive(Debug, Args)]
#[command(after_help = "\
The backup opens in the ways in which the vault opened when it was made. It is checked whole before anything is
moved; then it takes the place of the vault (or of the one that --vault names, which need not be there). The one
before is kept beside it as NAME.before-restore.TIME, and comes back in the same way.

Where the one before opens with the same key, the two are compared: a refresh token that was replaced since is
probably spent, and is tried only once, when somebody asks, and so is that of one that was removed or moved away since;
what was revoked since stays revoked.
With --json: one object with vault, file (the backup), credentials, of (the moment whose state it is), kept (where the one before is,
or null), compared, overtaken (objects with name and behind), and lists of names: revoked, returned (forgotten since, and back) and
only_before (in the vault before alone).")]
pub struct RestoreArgs {
    /// The backup: a file that `vault backup` wrote, or any vault.
    #[arg(required_unless_present = "at")]
    file: Option<PathBuf>,
    /// The newest daily backup that was made at this moment or before: 2026-11-20, 2026-11-20T14:00:00Z, or how long ago,
    /// 3d.
    #[arg(long, value_name = "TIME", value_parser = when::parse, conflicts_with = "file")]
    at: Option<Timestamp>,
    /// The age identity that opens a backup made with --recipient; without it, --identity-file is tried.
    #[arg(long, value_name = "FILE")]
    backup_identity: Option<PathBuf>,
}

/// What a restore did.
struct Done {
    of: Timestamp,
    kept: Option<PathBuf>,
    compared: bool,
    found: Overtaken,
}

/// Restores.
pub fn run(args: &RestoreArgs, context: &Context) -> Result<(), Failure> {
    let _lock = OwnerLock::acquire(&context.vault).map_err(|error| owned(error, context))?;
    let identity = args
        .backup_identity
        .as_ref()
        .or(context.globals.identity_file.as_ref())
        .map(|path| passphrase::identity_from_file(path))
        .transpose()?;
    let file = chosen(args, context)?;
    let staged = Staged::bring(&file, identity.as_ref(), &context.vault)?;
    bring_up_to_date(&staged)?;
    let answered = unlock::answer(&at(context, staged.path()))?;
    let done = bring_back(staged, &answered, context)?;
    tell(&file, &done, context)
}

/// The file that is named, else the daily backup of that time.
fn chosen(args: &RestoreArgs, context: &Context) -> Result<PathBuf, Failure> {
    if let Some(file) = &args.file {
        return Ok(file.clone());
    }
    let at = args.at.unwrap_or_else(now);
    let daily = daily(context);
    if let Some(made) = daily.not_after(at)? {
        return Ok(made.file);
    }
    let text = format!("no daily backup is as old as {}", at.to_rfc3339());
    let mut failure = Failure::new(Kind::Failed, text)
        .hint("see which there are: tokenward vault backups")
        .hint("or name a file: tokenward vault restore FILE");
    if let Some(oldest) = daily.all().first() {
        failure = failure.hint(format!("the oldest is of {}", oldest.made_at.to_rfc3339()));
    }
    Err(match daily.of_others() {
        0 => failure,
        many => failure.hint(format!("{}: left out", of_others(many, &daily))),
    })
}

/// The same with a vault elsewhere.
fn at(context: &Context, vault: &Path) -> Context {
    Context {
        vault: vault.to_path_buf(),
        ..context.clone()
    }
}

fn owned(error: VaultError, context: &Context) -> Failure {
    let VaultError::Owned { .. } = error else {
        return error.into();
    };
    let who = seat::holder(context);
    let text = format!("the vault is in use by its owner{who}");
    Failure::new(Kind::Unavailable, text).hint("stop the owner, restore, start it again")
}

fn bring_back(staged: Staged, answered: &Answered, context: &Context) -> Result<Done, Failure> {
    let now = now();
    let mut vault = open(&staged, answered, context)?;
    let of = overtaken::moment_of(&mut vault)?;
    let mut old = before(context, answered);
    let compared = old
        .as_ref()
        .is_some_and(|old| old.keys().vault_id() == vault.keys().vault_id());
    let found = overtaken::mark(&mut vault, old.as_mut(), now)?;
    // Both are closed: nothing may be read through their logs while names change.
    drop((vault, old));
    let kept = staged.take_place(now)?;
    Ok(Done {
        of,
        kept,
        compared,
        found,
    })
}

fn bring_up_to_date(staged: &Staged) -> Result<(), Failure> {
    let locked = VaultFile::open(staged.path())?;
    if let Some(copy) = locked.migrated_from() {
        // The backup itself is the copy of the old format.
        let _ = std::fs::remove_file(copy);
    }
    Ok(())
}

/// Opens the copy, and refuses one that is not whole. A wrong passphrase is counted where the vault is.
fn open(staged: &Staged, answered: &Answered, context: &Context) -> Result<OpenVault, Failure> {
    let locked = VaultFile::open(staged.path())?.with_patience(context.config.patience());
    let locked = locked.counted_at(&context.vault);
    let mut vault = locked.unlock(answered.key())?;
    let report = verify(&mut vault);
    match report.problems.first() {
        None => Ok(vault),
        Some(problem) => {
            let text = format!(
                "the backup is not as it was written, in {} ways: {}: {}",
                report.problems.len(),
                problem.place,
                problem.what
            );
            Err(Failure::new(Kind::Failed, text).hint("nothing was changed; take another backup"))
        }
    }
}

/// The vault that is there, if it opens.
fn before(context: &Context, answered: &Answered) -> Option<OpenVault> {
    let locked = VaultFile::open_read_only(&context.vault).ok()?;
    let locked = locked.with_patience(context.config.patience());
    locked.unlock(answered.key()).ok()
}

fn tell(file: &Path, done: &Done, context: &Context) -> Result<(), Failure> {
    let (output, found) = (context.output, &done.found);
    if output.json {
        let behind = found.behind.iter();
        let behind = behind.map(|(name, behind)| json!({ "name": name, "behind": behind }));
        return output.json_line(&json!({
            "vault": context.vault,
            "file": file,
            "credentials": found.credentials,
            "of": done.of,
            "kept": done.kept,
            "compared": done.compared,
            "overtaken": behind.collect::<Vec<_>>(),
            "revoked": found.revoked,
            "returned": found.returned,
            "only_before": found.only_before,
        }));
    }
    let (vault, file, many) = (context.vault.display(), file.display(), found.credentials);
    let plural = if many == 1 { "" } else { "s" };
    output.say(&format!(
        "The vault {vault} is what {file} held: {many} credential{plural}, as of {}.",
        done.of.to_rfc3339()
    ));
    if let Some(kept) = &done.kept {
        output.say(&format!("The one before is kept as {}.", kept.display()));
        if !done.compared {
            output.say(
                "It could not be compared: refresh tokens that were replaced since the backup are not known.",
            );
        }
    }
    for (name, behind) in &found.behind {
        output.say(&format!(
            "{name}: {behind} behind; its refresh token is probably spent, sign in again when it is refused"
        ));
    }
    for name in &found.revoked {
        output.say(&format!("{name}: revoked since, and stays so"));
    }
    for name in &found.returned {
        output.say(&format!(
            "{name}: forgotten here since, and back; where it was moved to another vault, sign in again when it is refused"
        ));
    }
    for name in &found.only_before {
        output.say(&format!(
            "{name}: only in the vault before, not in the backup"
        ));
    }
    Ok(())
}
