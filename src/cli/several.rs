//! One act on several credentials: which ones, the question before, the report after.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::session::Session;
use crate::model::credential::CredentialView;
use crate::model::name::CredentialName;
use clap::Args;
use serde_json::json;

/// Which credentials.
#[derive(Debug, Args)]
pub struct Which {
    /// Names, provider/account.
    #[arg(required_unless_present = "all", value_name = "NAME")]
    pub names: Vec<CredentialName>,
    /// All of them.
    #[arg(long, conflicts_with = "names")]
    pub all: bool,
}

impl Which {
    /// One credential.
    pub fn one(name: CredentialName) -> Self {
        Self {
            names: vec![name],
            all: false,
        }
    }

    /// The names; with `--all` those that `suits`.
    pub fn resolve(
        &self,
        session: &Session,
        suits: impl Fn(&CredentialView) -> bool,
    ) -> Result<Vec<CredentialName>, Failure> {
        if !self.all {
            return Ok(self.names.clone());
        }
        let views = session.all()?;
        let suitable = views.iter().filter(|view| suits(view));
        Ok(suitable.map(|view| view.profile.name.clone()).collect())
    }
}

/// Asks before something that cannot be taken back; without a terminal only `--yes` will do.
pub fn confirm(
    context: &Context,
    yes: bool,
    what: &str,
    names: &[impl ToString],
) -> Result<(), Failure> {
    if yes || names.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = names.iter().map(ToString::to_string).collect();
    let question = format!("{what} {}?", list.join(", "));
    if !context.output.can_ask() {
        return Err(Failure::new(
            Kind::Refused,
            format!("{question} Nobody is here to say yes"),
        )
        .hint("say it on the command line: --yes"));
    }
    let answer = context.output.ask(&format!("{question} [y/N] "))?;
    if matches!(answer.as_str(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Failure::new(Kind::Refused, "nothing was done"))
}

/// What became of each, in the order of the names.
pub struct Report {
    lines: Vec<(CredentialName, Result<serde_json::Value, Failure>)>,
}

impl Report {
    /// A report on these results.
    pub fn new(lines: Vec<(CredentialName, Result<serde_json::Value, Failure>)>) -> Self {
        Self { lines }
    }

    /// Prints it, `done` said of each success; fails like the first failure when there was one.
    pub fn print(
        self,
        context: &Context,
        done: impl Fn(&CredentialName, &serde_json::Value) -> String,
    ) -> Result<(), Failure> {
        if context.output.json {
            let entries: Vec<_> = self.lines.iter().map(entry).collect();
            context.output.json_line(&entries)?;
        } else {
            let is_one = self.lines.len() == 1;
            for (name, result) in &self.lines {
                match result {
                    Ok(detail) => context.output.say(&done(name, detail)),
                    // Of one alone it is said at the end.
                    Err(_) if is_one => {}
                    Err(failure) => context.output.say(&format!("{name}: {}", failure.source)),
                }
            }
        }
        self.verdict()
    }

    /// Fails like the first failure when there was one; prints nothing.
    pub fn verdict(self) -> Result<(), Failure> {
        let all = self.lines.len();
        let mut failures: Vec<_> = self
            .lines
            .into_iter()
            .filter_map(|(name, result)| result.err().map(|failure| (name, failure)))
            .collect();
        match failures.len() {
            0 => Ok(()),
            1 if all == 1 => Err(failures.swap_remove(0).1),
            failed => {
                let (name, first) = failures.swap_remove(0);
                Err(first
                    .within(name.to_string())
                    .within(format!("{failed} of {all} failed")))
            }
        }
    }
}

fn entry(
    (name, result): &(CredentialName, Result<serde_json::Value, Failure>),
) -> serde_json::Value {
    match result {
        Ok(detail) => {
            let mut entry = json!({ "name": name, "ok": true });
            if let (Some(entry), Some(detail)) = (entry.as_object_mut(), detail.as_object()) {
                entry.extend(detail.clone());
            }
            entry
        }
        Err(failure) => json!({
            "name": name,
            "ok": false,
            "error": failure.source.to_string(),
            "code": failure.kind.word(),
            "hint": failure.hints.join("; "),
        }),
    }
}
