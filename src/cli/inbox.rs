//! `tokenward inbox`: what came in while the vault was locked, taken in or refused.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::session::Session;
use crate::cli::span;
use crate::clock;
use crate::engine::api::{Command, RevokeOutcome};
use crate::model::credential::CredentialView;
use crate::model::parcel::{ParcelContent, ParcelView};
use crate::oauth::catalogue;
use clap::{Args, Subcommand};
use serde_json::json;

/// Arguments of `tokenward inbox`.
#[derive(Debug, Args)]
#[command(after_help = "\
A sign-in while the vault is locked (tokenward login --no-unlock) waits here, sealed to the vault. Whoever may write the
vault's file can put something here too: take in only what you know. What does not open was sealed to another key.
With --json: an array of objects with id, at, recipient and content (null where it does not open, else name, provider, from,
file, endpoint - where its refresh token would be sent - and scopes); after accept: one object with name and generation.")]
pub struct InboxArgs {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List what waits.
    List,
    /// Take an item in: it becomes a credential.
    Accept {
        /// Its number.
        id: i64,
        /// The account part of its name, if it shall be another one.
        #[arg(long = "as", value_name = "ACCOUNT")]
        account: Option<String>,
        /// Let it take the place of the credential of that name.
        #[arg(long)]
        replace: bool,
    },
    /// Throw an item away.
    Refuse {
        /// Its number.
        id: i64,
        /// Tell its provider to end the tokens first.
        #[arg(long)]
        revoke: bool,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// Does it.
pub fn run(args: &InboxArgs, context: &Context) -> Result<(), Failure> {
    Session::with(context, |session| {
        match args.what.as_ref().unwrap_or(&What::List) {
            What::List => list(session, context),
            What::Accept {
                id,
                account,
                replace,
            } => {
                let taken = accept(session, *id, account.clone(), *replace)?;
                let (name, generation) = (&taken.profile.name, taken.generation);
                if context.output.json {
                    let said = json!({ "name": name, "generation": generation });
                    return context.output.json_line(&said);
                }
                context
                    .output
                    .say("Taken in; it is kept fresh from now on.");
                context.output.data(&format!("{name}\n"))
            }
            What::Refuse { id, revoke, yes } => refuse(session, context, *id, (*revoke, *yes)),
        }
    })
}

/// What waits.
pub fn waiting(session: &Session) -> Result<Vec<ParcelView>, Failure> {
    session.ask(|reply| Command::Parcels { reply })
}

fn list(session: &Session, context: &Context) -> Result<(), Failure> {
    let parcels = waiting(session)?;
    if context.output.json {
        return context.output.json_line(&parcels);
    }
    if parcels.is_empty() {
        context.output.say("Nothing waits.");
    }
    let lines: String = parcels.iter().map(line).collect();
    context.output.data(&lines)
}

fn line(parcel: &ParcelView) -> String {
    let ago = span::show(clock::now().since(parcel.at));
    match &parcel.content {
        Some(content) => {
            let sent = content.endpoint.as_deref();
            let sent = sent.map_or_else(String::new, |url| format!("; sent to {url}"));
            format!(
                "{}  {}  {}, {ago} ago; scopes {}{sent}\n",
                parcel.id,
                content.name,
                content.told_from(),
                content.scopes.join(" ")
            )
        }
        None => format!(
            "{}  does not open: sealed to {}, {ago} ago; if you did not put it there, ask who can write to the vault's file\n",
            parcel.id, parcel.recipient
        ),
    }
}

fn accept(
    session: &Session,
    id: i64,
    account: Option<String>,
    replaces: bool,
) -> Result<CredentialView, Failure> {
    // A name that is taken is told by who knows all of them.
    session.all()?;
    session.ask(|reply| Command::AcceptParcel {
        id,
        account,
        replaces,
        reply,
    })
}

fn refuse(
    session: &Session,
    context: &Context,
    id: i64,
    (revoke, yes): (bool, bool),
) -> Result<(), Failure> {
    let found = waiting(session)?.into_iter().find(|it| it.id == id);
    let content = found.and_then(|parcel| parcel.content);
    let what = content.as_ref().map_or_else(
        || format!("item {id}"),
        |it| format!("item {id}, {}", it.name),
    );
    ask(context, &what, yes)?;
    match content {
        Some(content) if revoke => end(session, context, id, &content)?,
        content => {
            session.ask(|reply| Command::RefuseParcel { id, reply })?;
            if let Some(content) = content {
                context.output.say(&still_alive(&content));
            }
        }
    }
    if context.output.json {
        return context
            .output
            .json_line(&json!({ "id": id, "revoked": revoke }));
    }
    context.output.say("Refused.");
    Ok(())
}

fn ask(context: &Context, what: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !context.output.can_ask() {
        let text = format!("throw {what} away? Nobody is here to say yes");
        return Err(Failure::new(Kind::Refused, text).hint("say it on the command line: --yes"));
    }
    let answer = context.output.ask(&format!("Throw {what} away? [y/N] "))?;
    match answer.as_str() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::new(Kind::Refused, "nothing was done")),
    }
}

fn still_alive(content: &ParcelContent) -> String {
    let record = catalogue::find(content.name.provider());
    let page = record.and_then(|record| record.page_to_end_grants().map(str::to_owned));
    let at = page.map_or_else(
        || "at its provider".to_owned(),
        |page| format!("at its provider: {page}"),
    );
    format!("Its tokens go on living, which only you can end, {at}")
}

/// Revoking needs a credential: it is taken in under a name of its own, revoked, and forgotten.
fn end(
    session: &Session,
    context: &Context,
    id: i64,
    content: &ParcelContent,
) -> Result<(), Failure> {
    let account = format!("refused-{:08x}", rand::random::<u32>());
    let taken = accept(session, id, Some(account), false)?;
    let name = taken.profile.name.clone();
    let told = name.clone();
    let outcome = session
        .ask(|reply| Command::Revoke { name: told, reply })
        .map_err(|failure| {
            failure
                .within(format!("{} could not be revoked", content.name))
                .hint(format!(
                    "it is kept as {name}; try again: tokenward revoke {name}"
                ))
        })?;
    session.ask(|reply| Command::Remove {
        name,
        only: None,
        reply,
    })?;
    context.output.say(&match outcome {
        RevokeOutcome::Confirmed { .. } => "Its tokens were revoked.".to_owned(),
        RevokeOutcome::ByHand { .. } => still_alive(content),
    });
    Ok(())
}
