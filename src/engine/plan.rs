//! When a credential is refreshed, and how failures are spaced. Pure: time and seeds are arguments.

use crate::clock::Timestamp;
use crate::model::credential::{CredentialId, Generation, Profile};
use crate::model::policy::{Limits, Policy};
use crate::model::why::{Decision, Rule};
use std::time::Duration;

/// After so many transient failures in a row the longest pause grows, so that a dead host costs little.
const SLOWER_AFTER: u32 = 50;
/// By how much it grows then.
const SLOWER_BY: u32 = 4;
/// Shortest pause after a failure; full jitter alone would allow none.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// Shortest time from one token set to the next refresh in the background, whatever lifetime the provider claims.
const SHORTEST_LIFE: Duration = Duration::from_secs(1);
/// A token issued so far in the future was issued under another clock: its times say nothing.
const CLOCK_SKEW: Duration = Duration::from_secs(60);
/// Share of a refresh token's life after which it is used, so that it does not die unused.
const REFRESH_TOKEN_SHARE: f64 = 0.9;

/// What makes one credential's jitter its own, and the same each time it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salt {
    /// Whose.
    pub id: CredentialId,
    /// Of which token set.
    pub generation: Generation,
    /// The engine's own seed.
    pub seed: u64,
}

impl Salt {
    /// A number from 0 up to, not including, 1; `turn` tells apart what is asked of one salt.
    pub fn fraction(self, turn: u64) -> f64 {
        let mixed =
            mix(self.seed ^ mix(self.id.0.cast_unsigned()) ^ mix(self.generation.0 ^ (turn << 48)));
        // 53 bits are what an f64 holds exactly.
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let part = (mixed >> 11) as f64;
        part / 9_007_199_254_740_992.0
    }
}

/// Splitmix64's finalizer: spreads neighbouring numbers over the whole range.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// When the credential is refreshed in the background; `None`: only when somebody asks.
pub fn planned(profile: &Profile, policy: &Policy, salt: Salt) -> Option<Timestamp> {
    decided(profile, policy, salt).at
}

/// When the credential is refreshed in the background, and by which rule.
///
/// The earliest of the share of the lifetime, the pause before expiry and what keeps the refresh token itself alive;
/// never before the provider allows it; jittered towards earlier.
pub fn decided(profile: &Profile, policy: &Policy, salt: Salt) -> Decision {
    if !profile.is_renewable() {
        return Decision::new(None, Rule::NoRefreshToken);
    }
    if !policy.background {
        return Decision::new(None, Rule::BackgroundOff);
    }
    let by_access = by_access_token(profile, policy, salt);
    let mut decision = match (by_access, by_refresh_token(profile)) {
        (Some(access), Some(refresh)) if refresh.at < access.at => refresh,
        (Some(access), _) => access,
        (None, Some(refresh)) => refresh,
        (None, None) => return Decision::new(None, Rule::ExpiryUnknown),
    };
    let soonest = profile.issued_at.plus(SHORTEST_LIFE);
    decision.at = decision.at.map(|at| at.max(soonest));
    decision
}

fn by_access_token(profile: &Profile, policy: &Policy, salt: Salt) -> Option<Decision> {
    let issued = profile.issued_at;
    let Some(expires) = profile.expires_at else {
        let secs = policy.unknown_expiry_secs?;
        let after = Duration::from_secs(secs);
        let rule = Rule::UnknownExpiry { after: secs };
        return Some(jittered(
            issued.plus(after),
            jitter(after, policy, salt),
            rule,
        ));
    };
    let life = expires.since(issued);
    let (due, rule) = due_after(life, policy);
    let target = issued.plus(due);
    let earlier = jitter(life, policy, salt).min(due);
    let decision = jittered(target, earlier, rule);
    match earliest_allowed(profile) {
        Some(allowed) if decision.at < Some(allowed) => {
            let before = profile.earliest_refresh.unwrap_or_default();
            Some(Decision::new(Some(allowed), Rule::Earliest { before }))
        }
        Some(_) | None => Some(decision),
    }
}

fn jittered(target: Timestamp, earlier: Duration, rule: Rule) -> Decision {
    Decision {
        at: Some(target.minus(earlier)),
        rule,
        earlier_by_ms: u64::try_from(earlier.as_millis()).unwrap_or(u64::MAX),
    }
}

/// How long after its issue a token of that lifetime is due, and by which rule.
fn due_after(life: Duration, policy: &Policy) -> (Duration, Rule) {
    let share = policy.lifetime_share.clamp(0.1, 0.99);
    let by_share = life.mul_f64(share);
    let before = Duration::from_secs(policy.before_expiry_secs);
    let by_end = life.saturating_sub(before);
    if life >= before.saturating_mul(2) && by_end < by_share {
        let before = policy.before_expiry_secs;
        return (by_end, Rule::BeforeExpiry { before });
    }
    let life = life.as_secs();
    (by_share, Rule::Share { share, life })
}

fn jitter(life: Duration, policy: &Policy, salt: Salt) -> Duration {
    life.mul_f64(policy.jitter_share.clamp(0.0, 0.2) * salt.fraction(0))
}

/// The moment before which the provider refuses to refresh, where it does.
pub fn earliest_allowed(profile: &Profile) -> Option<Timestamp> {
    let before = Duration::from_secs(profile.earliest_refresh?);
    Some(profile.expires_at?.minus(before).max(profile.issued_at))
}

/// When the refresh token has to be used so that it does not die of age or idleness.
fn by_refresh_token(profile: &Profile) -> Option<Decision> {
    let by_age = profile
        .refresh_expires_at
        .map(|end| end.since(profile.issued_at));
    let by_idleness = profile.refresh_idle_life.map(Duration::from_secs);
    let life = match (by_age, by_idleness) {
        (Some(a), Some(b)) => a.min(b),
        (a, b) => a.or(b)?,
    };
    // Where each refresh brings the same end again, the pauses shrink tenfold each time: stop before they are nothing.
    (life >= CLOCK_SKEW).then(|| {
        let at = profile.issued_at.plus(life.mul_f64(REFRESH_TOKEN_SHARE));
        let life = life.as_secs();
        Decision::new(Some(at), Rule::RefreshTokenDies { life })
    })
}

/// Whether the token's times were written under a clock that has been set back since.
pub fn is_from_the_future(profile: &Profile, now: Timestamp) -> bool {
    profile.issued_at > now.plus(CLOCK_SKEW)
}

/// The pause after the `failures`th transient failure in a row (1 is the first): exponential with full jitter, never
/// shorter than `retry_after`.
pub fn backoff(
    failures: u32,
    retry_after: Option<Duration>,
    limits: &Limits,
    salt: Salt,
) -> Duration {
    let ceiling = ceiling(failures, limits);
    let floor = SHORTEST_PAUSE.min(ceiling);
    let pause = floor + (ceiling - floor).mul_f64(salt.fraction(1 + u64::from(failures)));
    let asked = retry_after.unwrap_or_default();
    if asked.is_zero() {
        return pause;
    }
    // Whoever was sent away together must not come back together.
    asked + pause.min(limits.backoff_first)
}

fn ceiling(failures: u32, limits: &Limits) -> Duration {
    let longest = if failures > SLOWER_AFTER {
        limits.backoff_longest.saturating_mul(SLOWER_BY)
    } else {
        limits.backoff_longest
    };
    let doublings = failures.saturating_sub(1).min(30);
    limits
        .backoff_first
        .saturating_mul(1_u32 << doublings)
        .min(longest)
}

/// A part of `within`, to spread what would otherwise happen at once.
pub fn spread(within: Duration, salt: Salt) -> Duration {
    within.mul_f64(salt.fraction(u64::from(u16::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sample::profile;
    use proptest::prelude::*;

    fn salt(id: i64) -> Salt {
        Salt {
            id: CredentialId(id),
            generation: Generation(1),
            seed: 7,
        }
    }

    fn steady() -> Policy {
        Policy {
            jitter_share: 0.0,
            ..Policy::default()
        }
    }

    fn secs_after_issue(profile: &Profile, policy: &Policy) -> u64 {
        planned(profile, policy, salt(1))
            .unwrap()
            .since(profile.issued_at)
            .as_secs()
    }

    #[test]
    fn an_hour_is_refreshed_at_54_minutes_and_a_day_five_minutes_before_its_end_or_at_its_share() {
        assert_eq!(secs_after_issue(&profile(Some(3600)), &steady()), 54 * 60);
        let late = Policy {
            lifetime_share: 0.99,
            ..steady()
        };
        assert_eq!(secs_after_issue(&profile(Some(3600)), &late), 55 * 60);
    }

    #[test]
    fn a_minute_is_refreshed_at_54_seconds_and_five_seconds_at_four_and_a_half() {
        assert_eq!(secs_after_issue(&profile(Some(60)), &steady()), 54);
        let five = planned(&profile(Some(5)), &steady(), salt(1)).unwrap();
        assert_eq!(
            five.since(profile(Some(5)).issued_at),
            Duration::from_millis(4500)
        );
    }

    #[test]
    fn a_provider_that_refuses_early_refreshes_is_asked_when_it_allows_them() {
        let mut strict = profile(Some(600));
        strict.earliest_refresh = Some(30);
        assert_eq!(secs_after_issue(&strict, &Policy::default()), 570);
    }

    #[test]
    fn an_unknown_expiry_follows_the_policy() {
        let unknown = profile(None);
        assert_eq!(planned(&unknown, &steady(), salt(1)), None);
        let daily = Policy {
            unknown_expiry_secs: Some(86_400),
            ..steady()
        };
        assert_eq!(secs_after_issue(&unknown, &daily), 86_400);
    }

    #[test]
    fn a_refresh_token_that_dies_first_decides() {
        let mut short = profile(Some(3600));
        short.refresh_expires_at = Some(short.issued_at.plus(Duration::from_secs(1800)));
        assert_eq!(secs_after_issue(&short, &steady()), 1620);
        let mut idle = profile(None);
        idle.refresh_idle_life = Some(1000);
        assert_eq!(secs_after_issue(&idle, &steady()), 900);
    }

    #[test]
    fn nothing_is_planned_without_a_refresh_token_or_with_the_background_off() {
        let mut bare = profile(Some(3600));
        bare.has_refresh_token = false;
        assert_eq!(planned(&bare, &steady(), salt(1)), None);
        let off = Policy {
            background: false,
            ..steady()
        };
        assert_eq!(planned(&profile(Some(3600)), &off, salt(1)), None);
    }

    #[test]
    fn retry_after_is_a_minimum_and_neighbours_come_back_apart() {
        let asked = Duration::from_secs(120);
        let pauses: Vec<_> = (0..50)
            .map(|id| backoff(1, Some(asked), &Limits::default(), salt(id)))
            .collect();
        assert!(pauses.iter().all(|pause| *pause >= asked));
        let (first, last) = (pauses.iter().min().unwrap(), pauses.iter().max().unwrap());
        assert!(*last - *first > Duration::from_secs(2));
    }

    #[test]
    fn neighbours_of_one_moment_are_planned_apart() {
        let planned: Vec<_> = (0..50)
            .map(|id| planned(&profile(Some(3600)), &Policy::default(), salt(id)).unwrap())
            .collect();
        let (first, last) = (planned.iter().min().unwrap(), planned.iter().max().unwrap());
        assert!(
            last.since(*first) > Duration::from_secs(60),
            "{first} {last}"
        );
    }

    #[test]
    fn pauses_grow_up_to_the_longest_and_for_a_dead_host_beyond() {
        let limits = Limits::default();
        let longest = |failures| {
            let pauses = (0..200).map(|id| backoff(failures, None, &limits, salt(id)));
            pauses.max().unwrap()
        };
        assert!(longest(1) <= limits.backoff_first);
        assert!(longest(3) > limits.backoff_first * 3);
        assert!(longest(3) <= limits.backoff_first * 4);
        assert!(longest(20) <= limits.backoff_longest);
        assert!(longest(20) > limits.backoff_longest / 2);
        assert!(longest(SLOWER_AFTER + 1) > limits.backoff_longest * 2);
    }

    proptest! {
        #[test]
        fn a_planned_refresh_lies_between_issue_and_expiry(
            life in 2_u64..40_000_000, share in 0.0_f64..2.0, before in 0_u64..10_000_000,
            jitter in 0.0_f64..0.5, earliest in proptest::option::of(0_u64..40_000_000), id in any::<i64>(),
        ) {
            let mut profile = profile(Some(life));
            profile.earliest_refresh = earliest;
            let policy = Policy { lifetime_share: share, before_expiry_secs: before, jitter_share: jitter,
                ..Policy::default() };
            let at = planned(&profile, &policy, salt(id)).unwrap();
            prop_assert!(at >= profile.issued_at);
            prop_assert!(at <= profile.expires_at.unwrap());
            prop_assert!(earliest_allowed(&profile).is_none_or(|bound| at >= bound));
        }

        #[test]
        fn jitter_never_makes_a_refresh_later(life in 2_u64..40_000_000, id in any::<i64>()) {
            let profile = profile(Some(life));
            let jittered = planned(&profile, &Policy::default(), salt(id)).unwrap();
            prop_assert!(jittered <= planned(&profile, &steady(), salt(id)).unwrap());
        }

        #[test]
        fn a_pause_lies_between_a_second_and_its_ceiling(failures in 1_u32..10_000, id in any::<i64>()) {
            let limits = Limits::default();
            let pause = backoff(failures, None, &limits, salt(id));
            prop_assert!(pause >= SHORTEST_PAUSE);
            prop_assert!(pause <= limits.backoff_longest * SLOWER_BY);
            if failures <= 1 { prop_assert!(pause <= limits.backoff_first); }
        }
    }
}
