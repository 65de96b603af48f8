//! The likely causes of a refused refresh token, from what is known; never more than is known.

use crate::clock::Timestamp;
use crate::engine::spell::spell;
use crate::model::credential::Profile;
use crate::model::failure::{Failure, FailureClass};
use crate::model::likely::{Evidence, Likelihood, LikelyCause};
use crate::model::name::CredentialName;
use std::time::Duration;

/// Clocks that are no further apart than that are right.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(120);
/// What was in order so lately did not die of age.
const LATELY: Duration = Duration::from_secs(86_400);
/// A limit is taken for the cause from this share of it on: providers round, and clocks differ.
const NEARLY: f64 = 0.99;

/// What is known of a refused refresh token.
#[derive(Debug)]
pub struct Known<'a> {
    /// Its credential, as it was when the request was sent.
    pub profile: &'a Profile,
    /// Now.
    pub now: Timestamp,
    /// A refresh before it was cut off, and its answer may be lost.
    pub answer_may_be_lost: bool,
    /// The refresh token before it was tried too, and refused.
    pub both_refused: bool,
    /// What the provider's other credentials here tell.
    pub siblings: Siblings,
}

/// What other credentials of the same provider tell.
#[derive(Debug, Default)]
pub struct Siblings {
    /// One that holds the same refresh token.
    pub same_token: Option<CredentialName>,
    /// How many were signed in later with the same client and, as far as is known, the same account.
    pub signed_in_later: usize,
    /// One that was signed in later with another client.
    pub other_client: Option<CredentialName>,
}

impl Siblings {
    /// Looks at the provider's credentials.
    pub fn of<'a>(profile: &Profile, others: impl Iterator<Item = &'a Profile>) -> Self {
        let mut found = Self::default();
        for other in others.filter(|other| other.name != profile.name) {
            let is_later = other.signed_in_at > profile.signed_in_at;
            let has_same = profile.refresh_fingerprint.is_some()
                && other.refresh_fingerprint == profile.refresh_fingerprint;
            if has_same && found.same_token.is_none() {
                found.same_token = Some(other.name.clone());
            }
            if is_later && other.client_id == profile.client_id {
                found.signed_in_later += usize::from(may_be_same_person(profile, other));
            }
            if is_later && other.client_id != profile.client_id && found.other_client.is_none() {
                found.other_client = Some(other.name.clone());
            }
        }
        found
    }
}

fn may_be_same_person(one: &Profile, other: &Profile) -> bool {
    let subject = |it: &Profile| it.claims.as_ref().and_then(|claims| claims.subject.clone());
    match (subject(one), subject(other)) {
        (Some(one), Some(other)) => one == other,
        (None, _) | (_, None) => false,
    }
}

/// The failure with its likely causes, the likeliest first. Failures that are about something else stay as they are.
pub fn explained(mut failure: Failure, known: &Known<'_>) -> Failure {
    let evidence = failure.evidence.take().map(|it| *it).unwrap_or_default();
    let is_refused_token = failure.class == FailureClass::NeedsLogin
        && (evidence.is_open || !evidence.likely.is_empty());
    if !is_refused_token {
        return failure.with_evidence(evidence);
    }
    let likely = causes(&evidence, known);
    let shared_with = known.siblings.same_token.clone();
    failure.with_evidence(Evidence {
        likely,
        shared_with,
        ..evidence
    })
}

/// Whether the refresh token may have died of age: then its life says something about the next one's.
pub fn is_of_age(failure: &Failure) -> bool {
    let is_refused = failure.evidence.as_ref().is_some_and(|it| it.is_open);
    match failure.likely().first().map(|it| it.cause) {
        None => is_refused,
        Some(
            LikelyCause::Expired
            | LikelyCause::Unused
            | LikelyCause::TestMode
            | LikelyCause::SessionEnded
            | LikelyCause::EndedEarly,
        ) => true,
        Some(
            LikelyCause::PasswordChanged
            | LikelyCause::Reused
            | LikelyCause::AnswerLost
            | LikelyCause::AccountChanged
            | LikelyCause::ClientChanged
            | LikelyCause::PushedOut
            | LikelyCause::Revoked
            | LikelyCause::ClockWrong,
        ) => false,
    }
}

fn causes(evidence: &Evidence, known: &Known<'_>) -> Vec<Likelihood> {
    let mut found: Vec<Likelihood> = Vec::new();
    let all = evidence
        .likely
        .iter()
        .cloned()
        .chain(of_the_journal(known))
        .chain(of_a_restore(known))
        .chain(of_siblings(known))
        .chain(of_age(known))
        .chain(of_the_clock(evidence))
        .chain(of_weak_signs(known));
    for one in all {
        match found.iter_mut().find(|other| other.cause == one.cause) {
            Some(other) => {
                other.evidence.push(' ');
                other.evidence.push_str(&one.evidence);
            }
            None => found.push(one),
        }
    }
    if found.is_empty() {
        found.extend(ended_early(known));
    }
    found
}

/// A refresh that was cut off, from our own journal.
fn of_the_journal(known: &Known<'_>) -> Option<Likelihood> {
    known.answer_may_be_lost.then(|| {
        Likelihood::new(
            LikelyCause::AnswerLost,
            "A refresh before this one was cut off before its answer was kept here; a provider that replaces refresh \
             tokens may have done so then.",
        )
    })
}

/// A backup that the token came back with.
fn of_a_restore(known: &Known<'_>) -> Option<Likelihood> {
    let restored = known.profile.restored?;
    let since = match restored.behind {
        Some(0) => {
            "it was forgotten here since, so that another vault may have gone on with it".to_owned()
        }
        Some(times) => format!("it was replaced since, {times} generations ago"),
        None => "nobody knows whether it was replaced since".to_owned(),
    };
    let of = restored.of.to_rfc3339();
    Some(Likelihood::new(
        LikelyCause::Reused,
        match (restored.put_back, restored.imported) {
            (true, _) => format!("It was put back as it was at {of}, and {since}."),
            (false, true) => format!("It was imported as it was at {of}, and {since}."),
            (false, false) => format!("It came back with a backup of {of}, and {since}."),
        },
    ))
}

fn of_siblings(known: &Known<'_>) -> Option<Likelihood> {
    let other = known.siblings.same_token.as_ref()?;
    Some(Likelihood::new(
        LikelyCause::Reused,
        format!("{other} holds the same refresh token here, and each of the two spends it."),
    ))
}

/// The age of the refresh token against every limit that is known.
fn of_age(known: &Known<'_>) -> Vec<Likelihood> {
    let Known { profile, now, .. } = known;
    let (lived, unused) = (
        now.since(profile.signed_in_at),
        now.since(profile.issued_at),
    );
    let mut found = Vec::new();
    if let Some(end) = profile.refresh_expires_at.filter(|end| end <= now) {
        let since = spell(now.since(end));
        found.push(Likelihood::new(
            LikelyCause::Expired,
            format!("The provider said in its last answer that it would end {since} ago."),
        ));
    }
    if let Some(limit) = reached(profile.refresh_idle_life, unused) {
        found.push(Likelihood::new(
            LikelyCause::Unused,
            format!(
                "It was last used {} ago; this provider ends one that is not used for {}.",
                spell(unused),
                spell(limit)
            ),
        ));
    }
    if let Some(limit) = reached(profile.refresh_absolute_life, lived) {
        found.push(Likelihood::new(
            LikelyCause::Expired,
            format!(
                "The sign-in was {} ago; this provider ends a refresh token after {}.",
                spell(lived),
                spell(limit)
            ),
        ));
    }
    found.extend(of_test_mode(profile, lived));
    found.extend(of_earlier_lives(profile, lived));
    found
}

/// A limit that has run out, or nearly so.
fn reached(limit: Option<u64>, age: Duration) -> Option<Duration> {
    let limit = Duration::from_secs(limit?);
    (age >= limit.mul_f64(NEARLY)).then_some(limit)
}

/// Test mode is a guess: it fits only a token that worked before its limit, and never after it.
fn of_test_mode(profile: &Profile, lived: Duration) -> Option<Likelihood> {
    let limit = reached(profile.test_life, lived)?;
    let worked_until = profile.issued_at.since(profile.signed_in_at);
    (worked_until <= limit).then(|| {
        Likelihood::new(
            LikelyCause::TestMode,
            format!(
                "It was refused {} after the sign-in, having last worked {} after it; in this provider's test mode it ends \
                 after {}.",
                spell(lived),
                spell(worked_until),
                spell(limit)
            ),
        )
    })
}

/// Earlier sign-ins of this credential that ended at about the same age.
fn of_earlier_lives(profile: &Profile, lived: Duration) -> Option<Likelihood> {
    let life = alike(&profile.seen_lives)?;
    let (shortest, longest) = (life.mul_f64(0.9), life.mul_f64(1.1));
    (lived >= shortest && lived <= longest).then(|| {
        Likelihood::new(
            LikelyCause::Expired,
            format!(
                "Earlier sign-ins of this credential ended after about {} too.",
                spell(life)
            ),
        )
    })
}

/// The shortest of lives that were seen, when the last two at least are about the same: then it is a rule.
pub fn alike(seen: &[u64]) -> Option<Duration> {
    let [.., before, last] = seen else {
        return None;
    };
    let (short, long) = (*before.min(last), *before.max(last));
    // Neither a minute nor a moment makes a rule.
    (short >= 3600 && long - short <= short / 10).then(|| Duration::from_secs(short))
}

fn of_the_clock(evidence: &Evidence) -> Option<Likelihood> {
    let ahead = evidence.clock_ahead_secs?;
    let by = Duration::from_secs(ahead.unsigned_abs());
    (by > CLOCK_TOLERANCE).then(|| {
        let how = if ahead > 0 { "ahead of" } else { "behind" };
        Likelihood::new(
            LikelyCause::ClockWrong,
            format!(
                "By the date on its answer, this machine's clock is {} {how} the provider's.",
                spell(by)
            ),
        )
    })
}

/// What alone proves little.
fn of_weak_signs(known: &Known<'_>) -> Vec<Likelihood> {
    let mut found = Vec::new();
    let later = known.siblings.signed_in_later;
    if later > 0 {
        let what = if later == 1 {
            "1 credential here was".to_owned()
        } else {
            format!("{later} credentials here were")
        };
        found.push(Likelihood::new(
            LikelyCause::PushedOut,
            format!("{what} signed in later with the same client and account."),
        ));
    }
    if let Some(other) = &known.siblings.other_client {
        found.push(Likelihood::new(
            LikelyCause::ClientChanged,
            format!("{other} was signed in later with another client of this provider."),
        ));
    }
    found
}

/// Nothing that is known had run out, and it was in order lately.
fn ended_early(known: &Known<'_>) -> Option<Likelihood> {
    let unused = known.now.since(known.profile.issued_at);
    (unused <= LATELY).then(|| {
        let both = if known.both_refused {
            " The one before it was refused too."
        } else {
            ""
        };
        Likelihood::new(
            LikelyCause::EndedEarly,
            format!(
                "It was in order {} ago, and no limit that is known here had run out.{both}",
                spell(unused)
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sample::profile;
    use crate::model::token::IdClaims;

    const DAY: u64 = 86_400;

    fn open() -> Failure {
        Failure::new(
            FailureClass::NeedsLogin,
            "invalid_grant",
            "It is refused.",
            "Sign in again.",
        )
        .with_evidence(Evidence {
            is_open: true,
            ..Evidence::default()
        })
    }

    /// A credential that was signed in so long ago and refreshed last so long ago.
    fn aged(signed_in: u64, refreshed: u64) -> (Profile, Timestamp) {
        let mut profile = profile(Some(3600));
        let now = profile.signed_in_at.plus(Duration::from_secs(signed_in));
        profile.issued_at = now.minus(Duration::from_secs(refreshed));
        (profile, now)
    }

    fn told(failure: Failure, profile: &Profile, now: Timestamp) -> Vec<Likelihood> {
        told_with(failure, profile, now, Siblings::default())
    }

    fn told_with(
        failure: Failure,
        profile: &Profile,
        now: Timestamp,
        siblings: Siblings,
    ) -> Vec<Likelihood> {
        let known = Known {
            profile,
            now,
            answer_may_be_lost: false,
            both_refused: false,
            siblings,
        };
        explained(failure, &known).likely().to_vec()
    }

    #[test]
    fn a_limit_that_ran_out_is_named_with_its_figures() {
        let (mut profile, now) = aged(400 * DAY, 190 * DAY);
        profile.refresh_idle_life = Some(180 * DAY);
        let [one] = &told(open(), &profile, now)[..] else {
            panic!("one cause")
        };
        assert_eq!(one.cause, LikelyCause::Unused);
        assert!(one.evidence.contains("190 days ago") && one.evidence.contains("180 days"));
        profile.refresh_absolute_life = Some(365 * DAY);
        let causes: Vec<_> = told(open(), &profile, now)
            .iter()
            .map(|it| it.cause)
            .collect();
        assert_eq!(causes, [LikelyCause::Unused, LikelyCause::Expired]);
    }

    #[test]
    fn test_mode_is_guessed_only_when_the_token_never_outlived_it() {
        let (mut young, now) = aged(7 * DAY + 600, 3000);
        young.test_life = Some(7 * DAY);
        assert_eq!(told(open(), &young, now)[0].cause, LikelyCause::TestMode);
        let (mut older, now) = aged(40 * DAY, 3000);
        older.test_life = Some(7 * DAY);
        assert_eq!(told(open(), &older, now)[0].cause, LikelyCause::EndedEarly);
        let (mut early, now) = aged(3 * DAY, 3000);
        early.test_life = Some(7 * DAY);
        assert_eq!(told(open(), &early, now)[0].cause, LikelyCause::EndedEarly);
    }

    #[test]
    fn what_the_provider_named_comes_first_and_is_joined_by_what_is_known() {
        let (mut profile, now) = aged(100 * DAY, 95 * DAY);
        profile.refresh_idle_life = Some(90 * DAY);
        profile.refresh_absolute_life = Some(60 * DAY);
        let said = Likelihood::new(LikelyCause::Unused, "The provider says so.");
        let failure = open().with_evidence(Evidence {
            likely: vec![said],
            ..Evidence::default()
        });
        let told = told(failure, &profile, now);
        assert_eq!(told.len(), 2);
        assert!(
            told[0]
                .evidence
                .starts_with("The provider says so. It was last used 95 days")
        );
    }

    #[test]
    fn a_clock_that_is_off_is_told_by_how_much_and_a_right_one_is_not() {
        let (profile, now) = aged(40 * DAY, 50 * DAY);
        let off = |secs| {
            let failure = open().with_evidence(Evidence {
                is_open: true,
                clock_ahead_secs: Some(secs),
                ..Evidence::default()
            });
            told(failure, &profile, now)
        };
        assert!(off(-10_800)[0].evidence.contains("3 hours behind"));
        assert!(off(10_800)[0].evidence.contains("3 hours ahead of"));
        assert!(off(60).is_empty(), "nothing is known, so nothing is said");
    }

    #[test]
    fn other_credentials_of_the_provider_speak() {
        let (mut one, now) = aged(40 * DAY, 40 * DAY);
        one.claims = Some(IdClaims {
            subject: Some("s".to_owned()),
            ..IdClaims::default()
        });
        let mut twin = one.clone();
        twin.name = "demo/copy".parse().unwrap();
        let both = Siblings::of(&one, [&one, &twin].into_iter());
        let told = told_with(open(), &one, now, both);
        assert_eq!(told[0].cause, LikelyCause::Reused);
        assert!(told[0].evidence.contains("demo/copy"));
        twin.refresh_fingerprint = None;
        twin.signed_in_at = now;
        let later = Siblings::of(&one, [&one, &twin].into_iter());
        let told = told_with(open(), &one, now, later);
        assert_eq!(told[0].cause, LikelyCause::PushedOut);
        twin.client_id = "another".to_owned();
        let client = Siblings::of(&one, [&twin].into_iter());
        let told = told_with(open(), &one, now, client);
        assert_eq!(told[0].cause, LikelyCause::ClientChanged);
    }

    #[test]
    fn what_is_about_something_else_gets_no_guess() {
        let (mut profile, now) = aged(400 * DAY, 190 * DAY);
        profile.refresh_idle_life = Some(180 * DAY);
        for class in [FailureClass::NeedsLogin, FailureClass::Transient] {
            let failure = Failure::new(class, "mfa_required", "It is asked for.", "Answer it.");
            assert!(told(failure, &profile, now).is_empty());
        }
    }

    #[test]
    fn lives_make_a_rule_only_when_the_last_two_are_alike() {
        let secs = |life: Option<Duration>| life.map(|life| life.as_secs());
        assert_eq!(secs(alike(&[7 * DAY, 7 * DAY + 3000])), Some(7 * DAY));
        assert_eq!(secs(alike(&[DAY, 7 * DAY + 3000, 7 * DAY])), Some(7 * DAY));
        assert_eq!(alike(&[7 * DAY]), None);
        assert_eq!(alike(&[7 * DAY, 9 * DAY]), None);
        assert_eq!(alike(&[60, 61]), None, "too short to be a rule");
    }
}
