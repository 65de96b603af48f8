//! `tokenward audit verify`: whether every line of the activity log is as it was written.

use crate::agent::call::Caller;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::seat::has_left;
use crate::cli::unlock;
use crate::model::audit::Verdict;
use crate::vault::log_check::LogCheck;
use serde_json::json;

/// What `--json` tells.
pub const JSON_FIELDS: &str = "\
Reads only: a living owner is asked, else the vault is opened as always.
With --json: one object with ok, lines (how many are as they were written, from the first on), first (the number of the
first line that is kept) and broken (null, or an object with line, its number or null, and what).";

/// Checks it.
pub fn run(context: &Context) -> Result<(), Failure> {
    let verdict = match Caller::new(context.socket()).verify_audit() {
        Ok(verdict) => verdict,
        Err(error) if has_left(&error) => without_owner(context)?,
        Err(error) => return Err(error.into()),
    };
    if context.output.json {
        context.output.json_line(&json!({
            "ok": verdict.broken.is_none(),
            "lines": verdict.lines,
            "first": verdict.first,
            "broken": verdict.broken,
        }))?;
    } else {
        context.output.data(&text(&verdict))?;
    }
    match &verdict.broken {
        None => Ok(()),
        Some(broken) => {
            let place = broken
                .line
                .map_or_else(String::new, |line| format!(" at line {line}"));
            let text = format!("the activity log is not as it was written{place}");
            Err(Failure::new(Kind::Failed, text).hint(
                "credentials are not touched by this; `tokenward vault verify` checks everything. Ask who else can write \
                 to the vault's file",
            ))
        }
    }
}

/// Nobody else may write meanwhile that could hide what is wrong: so no owner is made for this.
fn without_owner(context: &Context) -> Result<Verdict, Failure> {
    let answered = unlock::answer(context)?;
    let mut vault = unlock::look_at(context)?.unlock_to_verify(answered.key())?;
    let mut check = LogCheck::default();
    loop {
        if let Some(verdict) = check.step(&mut vault)? {
            return Ok(verdict);
        }
    }
}

fn text(verdict: &Verdict) -> String {
    let lines = verdict.lines;
    let first = verdict.first.unwrap_or(0);
    let whole = match verdict.first {
        Some(first) => format!("whole    {lines} lines, {first} to {}\n", first + lines - 1),
        None => "whole    no line\n".to_owned(),
    };
    match &verdict.broken {
        None => whole,
        Some(broken) => {
            let line = broken.line.map_or("-".to_owned(), |line| line.to_string());
            let before = match lines {
                0 => String::new(),
                _ => format!("whole    {lines} lines, {first} to {}\n", first + lines - 1),
            };
            format!("{before}broken   line {line}: {}\n", broken.what)
        }
    }
}
