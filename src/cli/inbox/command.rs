//! `tokenward inbox`: what came in while the vault was locked, taken in or refused.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::inbox::{refusing, taking};
use crate::cli::session::Session;
use crate::cli::span;
use crate::clock;
use crate::engine::api::Command;
use crate::model::parcel::ParcelView;
use clap::{Args, Subcommand};

/// Arguments of `tokenward inbox`.
#[derive(Debug, Args)]
#[command(after_help = "\
A sign-in or an import while the vault is locked (tokenward login --no-unlock, tokenward import --no-unlock) waits here,
sealed to the vault. Whoever may write the vault's file can put something here too: take in only what you know. What does
not open was sealed to another key.
With --json: an array of objects with id, at, recipient and content (null where it does not open, else name, provider, from,
file, endpoint - where its refresh token would be sent - and scopes); after accept: one object with name and generation, of
several an array of objects with name and ok, id and generation, or error, code and hint; after refuse: one object with id,
revoked (the provider confirmed it), and with --revoke outcome (confirmed, by_hand), proof and page, or error, code and hint,
and kept_as (what it is kept as, handed out to nobody, where its tokens live on); of several an array.")]
pub struct InboxArgs {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List what waits.
    List,
    /// Take items in: they become credentials.
    Accept(taking::AcceptArgs),
    /// Throw items away.
    Refuse(refusing::RefuseArgs),
}

/// Does it.
pub fn run(args: &InboxArgs, context: &Context) -> Result<(), Failure> {
    match args.what.as_ref().unwrap_or(&What::List) {
        What::List => Session::with(context, |session| list(session, context)),
        What::Accept(args) => taking::run(args, context),
        What::Refuse(args) => refusing::run(args, context),
    }
}

/// What waits.
pub fn waiting(session: &Session) -> Result<Vec<ParcelView>, Failure> {
    session.ask(|reply| Command::Parcels { reply })
}

/// What one is called in a question.
pub fn called(parcel: &ParcelView) -> String {
    match &parcel.content {
        Some(content) => format!("item {}, {}", parcel.id, content.name),
        None => format!("item {}", parcel.id),
    }
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
            let scopes = match content.scopes.is_empty() {
                true => String::new(),
                false => format!("; scopes {}", content.scopes.join(" ")),
            };
            let sent = content.endpoint.as_deref();
            let sent = sent.map_or_else(String::new, |url| format!("; sent to {url}"));
            format!(
                "{}  {}  {}, {ago} ago{scopes}{sent}\n",
                parcel.id,
                content.name,
                content.told_from()
            )
        }
        None => format!(
            "{}  does not open: sealed to {}, {ago} ago; if you did not put it there, ask who can write to the vault's file\n",
            parcel.id, parcel.recipient
        ),
    }
}
