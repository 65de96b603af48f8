//! The part of a story about a refresh token that was used twice: which one, whence, whom to suspect.

use crate::clock::Timestamp;
use crate::model::reuse::{self, Origin, Suspect};
use crate::model::why::Why;
use crate::tui::screens::kept;
use crate::tui::telling::{Part, matter};
use crate::tui::theme::Tone;
use crate::tui::words;
use jiff::tz::TimeZone;

/// What is known of a refresh token that the provider calls reused.
pub fn part(why: &Why, now: Timestamp, zone: &TimeZone) -> Option<Part> {
    let reuse = reuse::of(&why.view, matter(&why.view)?, &why.history)?;
    let moment = |at| words::moment(at, now, zone);
    let told = |origin: &Origin| {
        let how = if origin.by_sign_in {
            "by a sign-in"
        } else {
            "by a refresh"
        };
        let by = origin.by.as_ref().map_or_else(String::new, |by| {
            format!(", asked for by {}", kept::program(by))
        });
        let operation = origin
            .operation
            .map_or_else(String::new, |operation| format!(", operation {operation}"));
        format!("{} {how}{by}{operation}", moment(origin.at))
    };
    let mut part = Part::new("The token that was used twice");
    let presented = match &reuse.came {
        Some(came) => format!(
            "generation {}, here since {}",
            reuse.presented.0,
            told(came)
        ),
        None => format!(
            "generation {}, here since before the activity log begins",
            reuse.presented.0
        ),
    };
    part.say("presented", presented, Tone::Plain);
    if let Some(next) = &reuse.replaced {
        part.say(
            "replaced",
            match matches!(reuse.suspect, Suspect::Restored(_)) {
                true => format!("{}, before a backup took its place", told(next)),
                false => told(next),
            },
            Tone::Plain,
        );
    }
    let (suspect, tone) = suspected(&reuse.suspect, now, zone);
    part.say("suspect", suspect, tone);
    if let Some(operation) = reuse.came.and_then(|came| came.operation) {
        let command = format!("tokenward audit list --operation {operation}");
        part.say("look", command, Tone::Plain);
    }
    Some(part)
}

/// Who may have spent it first: the vault itself wherever that is known, others only where something speaks for it.
fn suspected(suspect: &Suspect, now: Timestamp, zone: &TimeZone) -> (String, Tone) {
    let moment = |at| words::moment(at, now, zone);
    let itself = |what: String| (format!("this vault itself: {what}"), Tone::Soon);
    match suspect {
        Suspect::Restored(restored) => (words::restored(restored, now, zone), Tone::Soon),
        Suspect::Sibling(other) => itself(format!("{other} holds the same token")),
        Suspect::OneBefore => itself(
            "the present one was refused first, and the spent one before it was tried then".to_owned(),
        ),
        Suspect::CutOff { at } => itself(format!(
            "a refresh was cut off at {}, and its answer never came",
            moment(*at)
        )),
        Suspect::Unwritten { at } => itself(format!(
            "new tokens came that could not be written, and were lost at {}",
            moment(*at)
        )),
        Suspect::AnswerLost { at: Some(at) } => itself(format!(
            "the answer to a refresh was lost at {}, and the provider may have replaced the token in it",
            moment(*at)
        )),
        Suspect::AnswerLost { at: None } => itself(
            "the answer to a refresh was lost, and the provider may have replaced the token in it".to_owned(),
        ),
        Suspect::OlderCopy => itself("an older copy was presented after a newer one had come".to_owned()),
        Suspect::Source(source) => (
            format!(
                "where it was taken in from ({}, {}), if it is used there still",
                source.from,
                moment(source.at)
            ),
            Tone::Soon,
        ),
        Suspect::Export { at } => (
            format!("whoever has the file it was exported to at {}", moment(*at)),
            Tone::Soon,
        ),
        Suspect::Untold => (
            "nobody can be told: the log does not reach back to when it came".to_owned(),
            Tone::Plain,
        ),
        Suspect::SecondHolder => (
            "a second holder: the log knows of no second use from here, so another program, machine or copy may have the token"
                .to_owned(),
            Tone::Trouble,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::credential::{CredentialView, Generation, Profile, Restored};
    use crate::model::event::{Activity, Happening};
    use crate::model::failure::{Failure, FailureClass};
    use crate::model::likely::{Evidence, Likelihood, LikelyCause};
    use crate::model::provenance::Provenance;
    use crate::model::why::{Decision, Rule};
    use crate::tui::example;
    use std::time::Duration;

    /// When the family of the present refresh token began, and the present generation came.
    const SIGNED_IN: u64 = 5000;
    const CAME: u64 = 3000;

    fn ago(secs: u64) -> Timestamp {
        example::NOW.minus(Duration::from_secs(secs))
    }

    fn line(secs: u64, what: Happening) -> Activity {
        Activity::new(ago(secs), Some(example::name("github/alice")), what)
    }

    fn refreshed(secs: u64, generation: u64) -> Activity {
        let generation = Generation(generation);
        line(
            secs,
            Happening::Refreshed {
                generation,
                took_ms: 5,
                rotated: true,
            },
        )
    }

    fn failed(secs: u64, code: &str) -> Activity {
        let failure = Failure::new(FailureClass::Transient, code, "No answer.", "");
        line(
            secs,
            Happening::RefreshFailed {
                failure,
                next: None,
            },
        )
    }

    fn evidence(causes: &[LikelyCause]) -> Evidence {
        let likely = causes
            .iter()
            .map(|cause| Likelihood::new(*cause, "said so"));
        Evidence {
            likely: likely.collect(),
            ..Evidence::default()
        }
    }

    /// A credential in its 14th generation, which is refused as it says.
    fn view(known: Evidence, change: impl FnOnce(&mut Profile)) -> CredentialView {
        let cause = example::invalid_grant().with_evidence(known);
        let plain = example::credentials().remove(0);
        example::changed(plain, |profile| {
            profile.standing = crate::model::credential::Standing::NeedsLogin { cause };
            profile.signed_in_at = ago(SIGNED_IN);
            change(profile);
        })
    }

    fn suspect(view: CredentialView, history: Vec<Activity>) -> Option<String> {
        let next = Decision::new(None, Rule::PersonFirst);
        let why = Why {
            told_at: example::NOW,
            view,
            next,
            history,
        };
        let part = part(&why, example::NOW, &TimeZone::UTC)?;
        let said = part.lines.into_iter().find(|said| said.label == "suspect");
        Some(said.unwrap().text)
    }

    fn reused() -> Evidence {
        evidence(&[LikelyCause::Reused])
    }

    fn of(known: Evidence, lines: Vec<Activity>) -> String {
        let mut history = vec![refreshed(4000, 13), refreshed(CAME, 14)];
        history.extend(lines);
        suspect(view(known, |_| {}), history).unwrap()
    }

    #[test]
    fn a_second_holder_is_named_only_where_the_log_reaches_back_and_nothing_from_here_explains_it()
    {
        assert!(of(reused(), Vec::new()).starts_with("a second holder"));
        // What certainly spent nothing explains nothing, and what came before the present generation was made good.
        assert!(of(reused(), vec![failed(60, "http_429")]).starts_with("a second holder"));
        let made_good = vec![line(3500, Happening::TokensLost), refreshed(CAME, 14)];
        let told = suspect(view(reused(), |_| {}), made_good).unwrap();
        assert!(told.starts_with("a second holder"), "{told}");
        let earlier = vec![line(
            10,
            Happening::Recovered {
                generation: Generation(13),
            },
        )];
        assert!(of(reused(), earlier).starts_with("a second holder"));
        let untold = suspect(view(reused(), |_| {}), vec![refreshed(4000, 13)]).unwrap();
        assert!(untold.starts_with("nobody can be told"), "{untold}");
        let other = view(evidence(&[LikelyCause::Expired]), |_| {});
        assert_eq!(suspect(other, vec![refreshed(CAME, 14)]), None);
    }

    #[test]
    fn what_this_vault_did_itself_is_told_as_that() {
        let cut = line(
            60,
            Happening::Recovered {
                generation: Generation(14),
            },
        );
        let lost = evidence(&[LikelyCause::AnswerLost, LikelyCause::Reused]);
        let sibling = Evidence {
            shared_with: Some(example::name("github/twin")),
            ..reused()
        };
        let one_before = Evidence {
            of_one_before: true,
            ..reused()
        };
        for (known, lines, words) in [
            (reused(), vec![cut], "a refresh was cut off at 14:02:22"),
            (
                reused(),
                vec![line(60, Happening::TokensLost)],
                "could not be written",
            ),
            (
                lost.clone(),
                vec![failed(120, "timeout")],
                "was lost at 14:01:22",
            ),
            (lost, Vec::new(), "the answer to a refresh was lost,"),
            (sibling, Vec::new(), "github/twin holds the same token"),
            (one_before, Vec::new(), "the spent one before it was tried"),
            (
                reused(),
                vec![refreshed(60, 15)],
                "an older copy was presented",
            ),
        ] {
            let told = of(known, lines);
            assert!(
                told.starts_with("this vault itself: ") && told.contains(words),
                "{told}"
            );
        }
        let restored = view(reused(), |profile| {
            profile.restored = Some(Restored {
                of: ago(9000),
                behind: Some(2),
                put_back: false,
                imported: false,
            });
        });
        let told = suspect(restored, vec![refreshed(CAME, 14), refreshed(2000, 15)]).unwrap();
        assert!(
            told.contains("backup") && !told.contains("second holder"),
            "{told}"
        );
    }

    #[test]
    fn whoever_was_given_it_is_told_before_a_stranger_is() {
        let taken_in = view(reused(), |profile| {
            profile.provenance = Some(Provenance {
                from: "gh".to_owned(),
                file: None,
                at: ago(4500),
            });
        });
        let told = suspect(taken_in, Vec::new()).unwrap();
        assert!(
            told.starts_with("where it was taken in from (gh, "),
            "{told}"
        );
        let exported = |secs| vec![line(secs, Happening::Exported { credentials: 1 })];
        let told = of(reused(), exported(60));
        assert_eq!(told, "whoever has the file it was exported to at 14:02:22");
        // An export of the sign-in before holds other tokens.
        assert!(of(reused(), exported(SIGNED_IN + 60)).starts_with("a second holder"));
    }
}
