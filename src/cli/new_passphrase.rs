//! A new passphrase: from a file or a person, measured; a weak one is explained and needs a second yes.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::passphrase::{ask, from_file};
use crate::model::strength::Strength;
use crate::secret::Passphrase;
use clap::Args;
use std::path::Path;

/// How a new passphrase is judged and sealed with.
#[derive(Debug, Args)]
pub struct Sealing {
    /// Cost of guessing the passphrase (scrypt, a power of two); without it as in the settings.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(10..=22))]
    work_factor: Option<u8>,
    /// Take a passphrase from a file although it is weak.
    #[arg(long)]
    accept_weak: bool,
}

impl Sealing {
    /// The work factor to seal with.
    pub fn work_factor(&self, context: &Context) -> u8 {
        self.work_factor.unwrap_or(context.config.vault.work_factor)
    }

    /// The new passphrase: from `file`, or asked for; `None` when there is neither a file nor anybody to ask.
    pub fn new_passphrase(
        &self,
        file: Option<&Path>,
        output: Output,
    ) -> Result<Option<Passphrase>, Failure> {
        match file {
            Some(path) => self.out_of(path, output).map(Some),
            None if output.can_ask() => ask_new(output).map(Some),
            None => Ok(None),
        }
    }

    fn out_of(&self, path: &Path, output: Output) -> Result<Passphrase, Failure> {
        let new = from_file(path)?;
        let strength = Strength::of(&new);
        if strength.is_enough() {
            return Ok(new);
        }
        if self.accept_weak {
            output.say(&explained(&strength));
            return Ok(new);
        }
        let text = format!("the passphrase in {} is {}", path.display(), strength.word);
        Err(Failure::usage(text)
            .hint(reasons(&strength))
            .hint("choose another, or say --accept-weak"))
    }
}

/// Asks for a new passphrase, twice; says how strong it is, and takes a weak one only after a second yes.
fn ask_new(output: Output) -> Result<Passphrase, Failure> {
    loop {
        let first = ask("New passphrase: ")?;
        let strength = Strength::of(&first);
        if strength.word == "empty" {
            output.say("An empty passphrase protects nothing. Try again, or press Ctrl-C.");
            continue;
        }
        output.say(&explained(&strength));
        if !strength.is_enough() && !is_yes(&output.ask("Use it all the same? [y/N] ")?) {
            continue;
        }
        if first.matches(&ask("The same again: ")?) {
            return Ok(first);
        }
        output.say("The two differ. Once more.");
    }
}

/// Whether an answer says yes; anything else is a no.
pub fn is_yes(answer: &str) -> bool {
    ["y", "yes"].contains(&answer.to_lowercase().as_str())
}

/// What is said of a passphrase's strength: a weak one with its reasons.
fn explained(strength: &Strength) -> String {
    let judged = format!("This passphrase is {}.", strength.word);
    if strength.is_enough() {
        return judged;
    }
    format!("{judged} {}", reasons(strength))
}

fn reasons(strength: &Strength) -> String {
    let mut text = strength.meaning();
    for sentence in &strength.advice {
        text.push(' ');
        text.push_str(sentence);
    }
    text
}
