//! `tokenward panic`: revoke everything at once, hand nothing out any more, and lock.

use crate::agent::call::Caller;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::inbox::command::waiting;
use crate::cli::revoke;
use crate::cli::seat::has_left;
use crate::cli::session::Session;
use crate::cli::several::Report;
use crate::engine::api::{Command, FateOf};
use crate::tui::words;
use crate::vault::parcel;
use clap::Args;

/// The word that has to be typed.
const WORD: &str = "revoke";

/// Arguments of `tokenward panic`.
#[derive(Debug, Args)]
#[command(after_help = "\
From the first moment nothing is handed out; sign-ins under way are given up. Then every provider is told, and the tokens are
looked for as by `revoke`. What cannot be told now is queued in the vault and told again by the daemon or the UI as soon as
the provider can be reached and the vault is open; so it works offline too. At the end a living owner is locked; with
--stay-open it goes on telling those providers. What waits in the inbox is revoked too, and leaves it. A locked vault has to
be unlocked for that: nothing of it can be reached before, the inbox neither.
With --json: an array of objects as `revoke --json` has them; a queued one has ok false and code unavailable; one of the
inbox has its number, item, too.")]
pub struct PanicArgs {
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
    /// Do not lock at the end: providers that cannot be told now are told again without an unlocking.
    #[arg(long)]
    stay_open: bool,
}

/// Does it.
pub fn run(args: &PanicArgs, context: &Context) -> Result<(), Failure> {
    let fates = Session::with(context, |session| {
        if !args.yes {
            let (views, items) = (session.all()?, waiting(session)?);
            ask(context, views.len(), items.len())?;
        }
        session.ask(|reply| Command::RevokeAll { reply })
    })
    .map_err(|failure| unreached(failure, context))?;
    let queued = fates.iter().filter(|it| it.fate.is_queued()).count();
    if fates.is_empty() {
        context.output.say("There was nothing to revoke.");
    }
    let reported = report(context, fates);
    if queued > 0 {
        let many = words::count(queued, "credential");
        let (are, them) = match queued {
            1 => ("is", "it"),
            _ => ("are", "them"),
        };
        context.output.say(&format!(
            "{many} could not be told of yet and {are} queued; nothing of {them} is handed out meanwhile."
        ));
    }
    if !args.stay_open {
        lock(context, queued)?;
    }
    reported
}

/// Says of a locked vault that nothing of it was revoked, its inbox neither.
fn unreached(failure: Failure, context: &Context) -> Failure {
    if failure.kind != Kind::Locked {
        return failure;
    }
    let items = match parcel::count(&context.vault).unwrap_or_default() {
        0 => String::new(),
        many => format!(", nor can the {} of its inbox", words::count(many, "item")),
    };
    let text = format!("nothing was revoked: what is in a locked vault cannot be reached{items}");
    failure
        .within(text)
        .hint("unlock it, then do it again: tokenward unlock && tokenward panic")
}

fn ask(context: &Context, credentials: usize, items: usize) -> Result<(), Failure> {
    let mut what = words::count(credentials, "credential");
    if items > 0 {
        what.push_str(&format!(
            " and {} of the inbox",
            words::count(items, "item")
        ));
    }
    let question = format!(
        "This revokes {what} at their providers, all at once; it cannot be taken back. Type {WORD} to do it: "
    );
    if !context.output.can_ask() {
        let text = format!("{question}nobody is here to do so");
        return Err(Failure::new(Kind::Refused, text).hint("say it on the command line: --yes"));
    }
    if context.output.ask(&question)?.trim() == WORD {
        return Ok(());
    }
    Err(Failure::new(Kind::Refused, "nothing was done"))
}

fn report(context: &Context, fates: Vec<FateOf>) -> Result<(), Failure> {
    Report::new(fates.into_iter().map(revoke::line).collect()).print(context, revoke::row)
}

fn lock(context: &Context, queued: usize) -> Result<(), Failure> {
    match Caller::new(context.socket()).lock() {
        Ok(_) if queued > 0 => context
            .output
            .say("The owner is locked; what is queued is told after: tokenward unlock"),
        Ok(_) => context
            .output
            .say("The owner is locked; open it again: tokenward unlock"),
        // Of an owner for a moment nothing is left to lock.
        Err(error) if has_left(&error) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
