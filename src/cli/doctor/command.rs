//! The command itself: runs the checks, mends what it may, prints one line each.

use crate::cli::args::Globals;
use crate::cli::context::Context;
use crate::cli::doctor::case::Case;
use crate::cli::doctor::finding::{Finding, Verdict};
use crate::cli::doctor::{backups, files, hooks, machine, outlook, owner, providers, terminal};
use crate::cli::failure::{Failure, Kind};
use crate::cli::session;
use crate::cli::table::Table;
use crate::clock;
use clap::Args;
use serde_json::json;

/// Arguments of `tokenward doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Ends with 0 when there is no problem, with 1 when there is one; warnings are none. Nobody is asked for a passphrase: what
needs the vault is not looked at while it is locked, unless a living owner has it open.
With --json: one object with ok and findings, an array of objects with check, verdict (ok, mended, not_looked_at, warning,
problem), what and mend (null, or what to type).")]
pub struct DoctorArgs {
    /// Ask the providers too: whether they can be reached, and whether the clocks agree. Sends no secret.
    #[arg(long)]
    online: bool,
    /// Mend what can be mended safely: rights of others are taken away, a dead owner's socket is removed.
    #[arg(long)]
    fix: bool,
}

/// Examines; also with settings that cannot be read.
pub fn run(args: &DoctorArgs, globals: Globals) -> Result<(), Failure> {
    let (context, settings) = match Context::new(globals.clone()) {
        Ok(context) => (context, None),
        Err(failure) => (Context::without_settings(globals)?, Some(unread(&failure))),
    };
    let mut found: Vec<Finding> = settings.into_iter().collect();
    found.extend(examine(args, &context)?);
    show(&found, &context)?;
    let problems = found.iter().filter(|it| it.verdict == Verdict::Problem);
    match problems.count() {
        0 => Ok(()),
        1 => Err(Failure::new(Kind::Failed, "there is a problem")),
        many => Err(Failure::new(
            Kind::Failed,
            format!("there are {many} problems"),
        )),
    }
}

fn unread(failure: &Failure) -> Finding {
    let what = format!("they cannot be used: {}", failure.source);
    Finding::problem("settings", what, failure.hints.join("; "))
}

fn examine(args: &DoctorArgs, context: &Context) -> Result<Vec<Finding>, Failure> {
    let now = clock::now();
    let case = Case::open(context, now);
    let pid = case.owner.as_ref().map(|owner| owner.pid);
    let mended = |finding: Finding| match args.fix {
        true => finding.mended(),
        false => finding,
    };
    let files: Vec<Finding> = files::examine(context, &case.settings())
        .into_iter()
        .map(mended)
        .collect();
    let (unlocking, contents) = case.contents(&files);
    let mut found = files;
    found.extend(unlocking);
    found.extend(owner::examine(&case).into_iter().map(mended));
    found.extend(machine::examine(&case, pid));
    found.extend(hooks::examine(&case));
    found.push(backups::examine(context, now));
    found.push(terminal::examine());
    found.extend(outlook::examine(&contents, now));
    found.extend(match args.online {
        true => session::runtime()?.block_on(providers::examine(&contents)),
        false => providers::unasked(),
    });
    Ok(found)
}

fn show(found: &[Finding], context: &Context) -> Result<(), Failure> {
    if context.output.json {
        let ok = found.iter().all(|it| it.verdict != Verdict::Problem);
        return context
            .output
            .json_line(&json!({ "ok": ok, "findings": found }));
    }
    let mut table = Table::new(&["", "CHECK", "FOUND"]);
    for finding in found {
        let word = finding.verdict.word().to_owned();
        table.row(vec![word, finding.check.to_owned(), finding.what.clone()]);
        if let Some(mend) = &finding.mend {
            table.row(vec![String::new(), String::new(), format!("-> {mend}")]);
        }
    }
    context.output.data(&table.render())
}
