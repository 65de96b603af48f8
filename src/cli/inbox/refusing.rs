//! `tokenward inbox refuse`: items of the inbox are thrown away, their tokens revoked before on wish.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::inbox::command::waiting;
use crate::cli::inbox::taking::accept;
use crate::cli::session::Session;
use crate::engine::api::{Command, RevokeOutcome};
use crate::model::parcel::{ParcelContent, ParcelView};
use crate::oauth::catalogue;
use crate::vault::error::VaultError;
use clap::Args;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// Arguments of `tokenward inbox refuse`.
#[derive(Debug, Args)]
pub struct RefuseArgs {
    /// Their numbers.
    #[arg(required_unless_present = "all", value_name = "ID")]
    ids: Vec<i64>,
    /// All of them.
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    /// Tell their providers to end the tokens first.
    #[arg(long)]
    revoke: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// Refuses them.
pub fn run(args: &RefuseArgs, context: &Context) -> Result<(), Failure> {
    let mut chosen: Option<VecDeque<ParcelView>> = None;
    let mut gone: Vec<Value> = Vec::new();
    Session::with(context, |session| {
        let chosen = match &mut chosen {
            Some(chosen) => chosen,
            None => chosen.insert(choose(session, args, context)?),
        };
        while let Some(parcel) = chosen.front() {
            let revoked = refuse(session, context, parcel, args.revoke)?;
            gone.push(json!({ "id": parcel.id, "revoked": revoked }));
            chosen.pop_front();
        }
        Ok(())
    })?;
    if !context.output.json {
        let said = match gone.is_empty() {
            true => "Nothing waits.",
            false => "Refused.",
        };
        context.output.say(said);
        return Ok(());
    }
    match (gone.as_slice(), args.all) {
        ([one], false) => context.output.json_line(one),
        (all, _) => context.output.json_line(&all),
    }
}

/// Which ones; a person is asked first.
fn choose(
    session: &Session,
    args: &RefuseArgs,
    context: &Context,
) -> Result<VecDeque<ParcelView>, Failure> {
    let mut waiting = waiting(session)?;
    for id in &args.ids {
        if waiting.iter().all(|it| it.id != *id) {
            return Err(VaultError::NoSuchParcel { id: *id }.into());
        }
    }
    waiting.retain(|it| args.all || args.ids.contains(&it.id));
    let called = |it: &ParcelView| match &it.content {
        Some(content) => format!("item {}, {}", it.id, content.name),
        None => format!("item {}", it.id),
    };
    let called: Vec<String> = waiting.iter().map(called).collect();
    if !called.is_empty() {
        ask(context, &called.join("; "), args.yes)?;
    }
    Ok(waiting.into())
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

/// Throws one away; tells whether its tokens were revoked.
fn refuse(
    session: &Session,
    context: &Context,
    parcel: &ParcelView,
    revokes: bool,
) -> Result<bool, Failure> {
    let id = parcel.id;
    let Some(content) = &parcel.content else {
        session.ask(|reply| Command::RefuseParcel { id, reply })?;
        return Ok(false);
    };
    let is_revoked = match revokes {
        true => end(session, id, content)?,
        false => {
            session.ask(|reply| Command::RefuseParcel { id, reply })?;
            false
        }
    };
    let said = match is_revoked {
        true => format!("{}: its tokens were revoked", content.name),
        false => still_alive(content),
    };
    context.output.say(&said);
    Ok(is_revoked)
}

fn still_alive(content: &ParcelContent) -> String {
    let record = catalogue::find(content.name.provider());
    let page = record.and_then(|record| record.page_to_end_grants().map(str::to_owned));
    let at = page.map_or_else(
        || "at its provider".to_owned(),
        |page| format!("at its provider: {page}"),
    );
    let name = &content.name;
    format!("{name}: its tokens go on living, which only you can end, {at}")
}

/// Revoking needs a credential: it is taken in under a name of its own, revoked, and forgotten. Tells whether the provider
/// could be told at all.
fn end(session: &Session, id: i64, content: &ParcelContent) -> Result<bool, Failure> {
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
    match outcome {
        RevokeOutcome::Confirmed { .. } => Ok(true),
        RevokeOutcome::ByHand { .. } => Ok(false),
    }
}
