//! Forgets here what an export took along: each as it is in the file, and none unsaid.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Kind};
use crate::cli::gathered::Gathered;
use crate::cli::session::Session;
use crate::cli::unlock::Answered;
use crate::engine::api::Command;
use crate::model::credential::Generation;
use crate::model::name::CredentialName;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What became of each that was to be forgotten.
pub type Forgotten = BTreeMap<CredentialName, Result<(), Failure>>;

/// Forgets what is in the file, each as it is there. The file is there already: whatever fails from here on is told of
/// the credential it is about, and stops no other.
pub fn forget(
    context: &Context,
    answered: &Answered,
    (found, file): (&Gathered, &Path),
) -> Forgotten {
    let held: Vec<(CredentialName, Generation)> = found.generations().collect();
    let mut round = Round::default();
    let ended = Session::with_key(context, Some(answered), |session| {
        round.go(&held, |name, generation| {
            session.ask(|reply| Command::Remove {
                name: name.clone(),
                only: Some(generation),
                reply,
            })
        })
    });
    let cause = ended.err().map(|failure| failure.source.to_string());
    let hint = |name: &CredentialName| {
        let place = file.display();
        format!(
            "what {place} holds of it may be spent: tokenward export --move {name} FILE, to another file"
        )
    };
    for (name, _) in &held {
        let cause = cause.clone().unwrap_or_default();
        let untold = || Err(Failure::new(Kind::Unavailable, cause));
        round.done.entry(name.clone()).or_insert_with(untold);
    }
    let hinted = round.done.into_iter().map(|(name, result)| {
        let result = result.map_err(|failure| {
            let text = format!("{name} is in the file and could not be forgotten here");
            failure.within(text).hint(hint(&name))
        });
        (name, result)
    });
    hinted.collect()
}

/// Goes through the credentials, again with the next owner where one left in the middle.
#[derive(Default)]
struct Round {
    done: Forgotten,
    tried: BTreeSet<CredentialName>,
}

impl Round {
    fn go(
        &mut self,
        held: &[(CredentialName, Generation)],
        remove: impl Fn(&CredentialName, Generation) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for (name, generation) in held {
            if self.done.contains_key(name) {
                continue;
            }
            let is_first = self.tried.insert(name.clone());
            let result = match remove(name, *generation) {
                Err(failure) if failure.kind == Kind::OwnerLeft => return Err(failure),
                // The owner that left had done it before it could say so.
                Err(failure) if failure.kind == Kind::NoSuchCredential && !is_first => Ok(()),
                result => result,
            };
            self.done.insert(name.clone(), result);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn held() -> Vec<(CredentialName, Generation)> {
        let names = ["demo/a", "demo/b", "demo/c"];
        let held = names.map(|name| (name.parse().unwrap(), Generation(1)));
        held.to_vec()
    }

    fn kinds(round: &Round) -> Vec<(&str, Option<Kind>)> {
        let done = round.done.iter();
        let kinds =
            done.map(|(name, result)| (name.as_str(), result.as_ref().err().map(|it| it.kind)));
        kinds.collect()
    }

    #[test]
    fn one_that_is_refused_keeps_no_other_here() {
        let mut round = Round::default();
        let ended = round.go(&held(), |name, _| match name.as_str() {
            "demo/a" => Err(Failure::new(Kind::Refused, "it was refreshed")),
            "demo/b" => Err(Failure::new(Kind::NoSuchCredential, "it is not there")),
            _ => Ok(()),
        });
        assert!(ended.is_ok());
        let expected = [
            ("demo/a", Some(Kind::Refused)),
            // Nobody here had forgotten it: whose doing it was is not known.
            ("demo/b", Some(Kind::NoSuchCredential)),
            ("demo/c", None),
        ];
        assert_eq!(kinds(&round), expected);
    }

    #[test]
    fn after_an_owner_left_it_goes_on_where_it_was_and_what_is_gone_is_done() {
        let mut round = Round::default();
        let asked = RefCell::new(Vec::new());
        let left = round.go(&held(), |name, _| {
            asked.borrow_mut().push(name.to_string());
            match name.as_str() {
                "demo/b" => Err(Failure::new(Kind::OwnerLeft, "it left")),
                _ => Ok(()),
            }
        });
        assert_eq!(left.unwrap_err().kind, Kind::OwnerLeft);
        let again = round.go(&held(), |name, _| {
            asked.borrow_mut().push(name.to_string());
            match name.as_str() {
                "demo/b" => Err(Failure::new(Kind::NoSuchCredential, "it is not there")),
                _ => Ok(()),
            }
        });
        assert!(again.is_ok());
        let expected = [("demo/a", None), ("demo/b", None), ("demo/c", None)];
        assert_eq!(kinds(&round), expected);
        assert_eq!(asked.into_inner(), ["demo/a", "demo/b", "demo/b", "demo/c"]);
    }
}
