//! What the checks look at: the context, a living owner, the credentials where nobody has to be asked.

use crate::agent::call::Caller;
use crate::cli::context::Context;
use crate::cli::doctor::finding::{Finding, Verdict};
use crate::cli::doctor::outlook::Contents;
use crate::cli::doctor::unlocking;
use crate::clock::Timestamp;
use crate::engine::api::EngineStatus;
use std::path::PathBuf;

/// One examination.
#[derive(Debug)]
pub struct Case<'a> {
    /// Where things are.
    pub context: &'a Context,
    /// When it is.
    pub now: Timestamp,
    /// The owner that answers, if one does.
    pub owner: Option<EngineStatus>,
}

impl<'a> Case<'a> {
    /// Asks whether there is an owner.
    pub fn open(context: &'a Context, now: Timestamp) -> Self {
        Self {
            context,
            now,
            owner: Caller::new(context.socket()).status().ok(),
        }
    }

    /// The file of the settings.
    pub fn settings(&self) -> PathBuf {
        self.context.settings.clone()
    }

    /// Opens what opens without a question, when the files were found in order: to open a vault is to take rights away
    /// from others, and only `--fix` may do that here.
    pub fn contents(&self, files: &[Finding]) -> (Vec<Finding>, Contents) {
        if files.iter().any(|it| it.verdict == Verdict::Problem) {
            let why = "others can reach its files: mend that first";
            let finding = Finding::not_looked_at("vault", why);
            return (vec![finding], Contents::NotSeen(why.to_owned()));
        }
        let tried = unlocking::examine(self.context, self.owner.is_some());
        let contents = match (&self.owner, tried.vault) {
            (Some(owner), _) => self.of_owner(owner),
            (None, Ok(mut vault)) => {
                Contents::of_vault(&mut vault, &self.context.config.forecast, self.now)
            }
            (None, Err(why)) => Contents::NotSeen(why),
        };
        (tried.findings, contents)
    }

    fn of_owner(&self, owner: &EngineStatus) -> Contents {
        match Caller::new(self.context.socket()).list() {
            Ok(views) => Contents::Seen {
                views,
                unreadable: owner.unreadable,
                is_kept_fresh: true,
            },
            Err(error) => Contents::NotSeen(error.to_string()),
        }
    }
}
