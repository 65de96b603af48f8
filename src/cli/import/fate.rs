//! A credential whose name is taken: it takes that one's place, gets another name, or stays out.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::import::command::ImportArgs;
use crate::cli::import::offer::Offer;
use crate::engine::naming;
use crate::model::name::CredentialName;
use std::collections::BTreeSet;

/// A credential with what becomes of it.
#[derive(Debug)]
pub struct Fated {
    /// The credential, under the name it gets.
    pub offer: Offer,
    /// Whether it takes the place of the one that is there.
    pub replaces: bool,
}

enum Answer {
    Replace,
    KeepBoth,
    Skip,
}

/// Decides for all of them; `taken` are the names that are there.
pub fn decide(
    offers: Vec<Offer>,
    taken: &BTreeSet<CredentialName>,
    args: &ImportArgs,
    context: &Context,
) -> Result<Vec<Fated>, Failure> {
    let clashing: Vec<&CredentialName> = offers
        .iter()
        .map(Offer::name)
        .filter(|name| taken.contains(name))
        .collect();
    if !clashing.is_empty() && !args.replace && !args.rename && !context.output.can_ask() {
        return Err(refused(&clashing));
    }
    let mut seen = taken.clone();
    let mut fated = Vec::new();
    for offer in offers {
        let is_there = taken.contains(offer.name());
        let is_named_twice = !is_there && seen.contains(offer.name());
        let answer = match (is_there, is_named_twice) {
            (true, _) => ask(&offer, &seen, args, context)?,
            (false, true) => Answer::KeepBoth,
            (false, false) => Answer::Replace,
        };
        if let Some(one) = settle(offer, &answer, is_there, &mut seen) {
            fated.push(one);
        }
    }
    Ok(fated)
}

fn settle(
    mut offer: Offer,
    answer: &Answer,
    is_there: bool,
    seen: &mut BTreeSet<CredentialName>,
) -> Option<Fated> {
    let replaces = match answer {
        Answer::Skip => return None,
        Answer::Replace => is_there,
        Answer::KeepBoth => {
            offer.profile.name = naming::free(offer.name(), |name| seen.contains(name));
            false
        }
    };
    seen.insert(offer.name().clone());
    Some(Fated { offer, replaces })
}

fn ask(
    offer: &Offer,
    seen: &BTreeSet<CredentialName>,
    args: &ImportArgs,
    context: &Context,
) -> Result<Answer, Failure> {
    if args.replace {
        return Ok(Answer::Replace);
    }
    if args.rename {
        return Ok(Answer::KeepBoth);
    }
    let name = offer.name();
    let free = naming::free(name, |name| seen.contains(name));
    let question = format!(
        "There is a credential named {name}. Replace it (r), keep both with this one as {free} (k), or leave this one \
         out (Enter)? "
    );
    Ok(match context.output.ask(&question)?.as_str() {
        "r" | "replace" => Answer::Replace,
        "k" | "keep" => Answer::KeepBoth,
        _ => Answer::Skip,
    })
}

fn refused(clashing: &[&CredentialName]) -> Failure {
    let names: Vec<&str> = clashing.iter().map(|name| name.as_str()).collect();
    let text = format!("there are credentials of these names: {}", names.join(", "));
    Failure::new(Kind::Refused, text).hint(
        "let them be replaced: --replace; or give the new ones other names: --rename, --as NAME",
    )
}
