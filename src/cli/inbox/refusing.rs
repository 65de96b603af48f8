//! `tokenward inbox refuse`: items of the inbox are thrown away, their tokens revoked before on wish.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::inbox::command::{called, waiting};
use crate::cli::session::Session;
use crate::engine::api::{Command, Fate, FateOf, RevokeOutcome};
use crate::model::parcel::{ParcelContent, ParcelView};
use crate::oauth::catalogue;
use crate::tui::words;
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
    /// Tell their providers to end the tokens; what cannot be told now is told again by the daemon or the UI.
    #[arg(long)]
    revoke: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// What became of the chosen ones so far.
#[derive(Default)]
struct Refusing {
    chosen: Option<VecDeque<ParcelView>>,
    gone: Vec<Value>,
    failed: Option<Failure>,
}

/// Refuses them.
pub fn run(args: &RefuseArgs, context: &Context) -> Result<(), Failure> {
    let mut refusing = Refusing::default();
    Session::with(context, |session| refusing.go_on(session, args, context))?;
    refusing.report(args, context)
}

impl Refusing {
    /// Goes on where an owner left; what was chosen and agreed to before stays so.
    fn go_on(
        &mut self,
        session: &Session,
        args: &RefuseArgs,
        context: &Context,
    ) -> Result<(), Failure> {
        let chosen = match &mut self.chosen {
            Some(chosen) => chosen,
            None => self.chosen.insert(choose(session, args, context)?),
        };
        while let Some(parcel) = chosen.front() {
            let id = parcel.id;
            match &parcel.content {
                Some(_) if args.revoke => {
                    let fate = session.ask(|reply| Command::EndParcel { id, reply })?;
                    let (row, failure) = ended(context, fate);
                    self.gone.push(row);
                    self.failed = self.failed.take().or(failure);
                }
                content => {
                    session.ask(|reply| Command::RefuseParcel { id, reply })?;
                    self.gone.push(json!({ "id": id, "revoked": false }));
                    let said = content.as_ref().map_or_else(
                        || format!("item {id} did not open: of its tokens nothing is known"),
                        still_alive,
                    );
                    context.output.say(&said);
                }
            }
            chosen.pop_front();
        }
        Ok(())
    }

    fn report(self, args: &RefuseArgs, context: &Context) -> Result<(), Failure> {
        if context.output.json {
            match (self.gone.as_slice(), args.all) {
                ([one], false) => context.output.json_line(one)?,
                (all, _) => context.output.json_line(&all)?,
            }
        } else if self.gone.is_empty() {
            context.output.say("Nothing waits.");
        } else if self.failed.is_none() {
            context.output.say("Refused.");
        }
        self.failed.map_or(Ok(()), Err)
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
    let all: Vec<String> = waiting.iter().map(called).collect();
    if !all.is_empty() {
        ask(context, &all.join("; "), args.yes)?;
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

/// What became of one that was to be revoked: says it, and gives its row and why it was not.
fn ended(context: &Context, fate: FateOf) -> (Value, Option<Failure>) {
    let name = fate.name.clone();
    let mut row = json!({ "id": fate.item, "revoked": false, "kept_as": fate.kept_as });
    let kept = fate
        .kept_as
        .map(|name| format!("; it is kept as {name}, handed out to nobody"));
    let kept = kept.unwrap_or_default();
    let mut failed = None;
    let detail = match fate.fate {
        Fate::Revoked(outcome) => {
            let proof = words::proof(outcome.proof());
            let said = match &outcome {
                RevokeOutcome::Confirmed { .. } => format!(
                    "{name}: its tokens were revoked, the provider confirmed it; {proof}{kept}"
                ),
                RevokeOutcome::ByHand { page, .. } => {
                    let page = page.as_ref().map(|page| format!(": {page}"));
                    format!(
                        "{name}: its tokens were not revoked ({proof}), its provider has no revocation: end the grant there by hand{}{kept}",
                        page.unwrap_or_default()
                    )
                }
            };
            context.output.say(&said);
            row["revoked"] = json!(matches!(outcome, RevokeOutcome::Confirmed { .. }));
            json!(outcome)
        }
        Fate::Refused(refusal) => {
            let failure = Failure::from(refusal);
            let detail = json!({
                "error": failure.source.to_string(),
                "code": failure.kind.word(),
                "hint": failure.hints.join("; "),
            });
            failed = Some(failure.within(format!("{name} could not be revoked{kept}")));
            detail
        }
    };
    if let (Some(row), Some(detail)) = (row.as_object_mut(), detail.as_object()) {
        row.extend(detail.clone());
    }
    (row, failed)
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
