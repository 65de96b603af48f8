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
    settle_all(offers, taken, |offer, seen| ask(offer, seen, args, context))
}

/// One name goes to one credential of the haul: the second that is called so is kept beside it.
fn settle_all(
    offers: Vec<Offer>,
    taken: &BTreeSet<CredentialName>,
    ask: impl Fn(&Offer, &BTreeSet<CredentialName>) -> Result<Answer, Failure>,
) -> Result<Vec<Fated>, Failure> {
    let mut seen = taken.clone();
    let mut fated: Vec<Fated> = Vec::new();
    for offer in offers {
        let is_there = taken.contains(offer.name());
        let is_given = fated.iter().any(|one| one.offer.name() == offer.name());
        let answer = match (is_given, is_there) {
            (true, _) => Answer::KeepBoth,
            (false, true) => ask(&offer, &seen)?,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::import::made::Found;
    use crate::clock::Timestamp;
    use crate::model::provenance::Provenance;
    use crate::model::provider::Provider;
    use crate::secret::AccessToken;

    fn offer(account: &str) -> Offer {
        let mut found = Found::of(Provider::unknown("corp", "Corp"), account);
        found.access = Some(AccessToken::new("hidden".to_owned()));
        let from = Provenance {
            from: "test".to_owned(),
            file: None,
            at: Timestamp::from_secs(0),
        };
        let now = Timestamp::from_secs(1_900_000_000);
        found.offer(&from, now).unwrap().unwrap()
    }

    /// What becomes of offers of these accounts, with `corp/a` there already.
    fn settled(accounts: &[&str], answers: [Answer; 2]) -> Vec<(String, bool)> {
        let offers = accounts.iter().map(|account| offer(account)).collect();
        let taken = BTreeSet::from(["corp/a".parse().unwrap()]);
        let answers = std::cell::RefCell::new(answers.into_iter());
        let ask =
            |_: &Offer, _: &BTreeSet<CredentialName>| Ok(answers.borrow_mut().next().unwrap());
        let fated = settle_all(offers, &taken, ask).unwrap().into_iter();
        let told = fated.map(|one| (one.offer.name().to_string(), one.replaces));
        told.collect()
    }

    #[test]
    fn two_of_one_name_are_both_kept_though_the_first_takes_the_place_of_another() {
        let told = settled(&["a", "a", "b", "b"], [Answer::Replace, Answer::Replace]);
        let told: Vec<(&str, bool)> = told.iter().map(|(name, it)| (&**name, *it)).collect();
        let expected = [
            ("corp/a", true),
            ("corp/a-2", false),
            ("corp/b", false),
            ("corp/b-2", false),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn of_two_of_one_name_the_second_is_asked_about_when_the_first_stays_out() {
        let told = settled(&["a", "a"], [Answer::Skip, Answer::Replace]);
        assert_eq!(told, [("corp/a".to_owned(), true)]);
    }
}
