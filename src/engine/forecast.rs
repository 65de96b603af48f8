//! How a credential is and when its refresh token dies: told from its profile, what is done, and the time.

use crate::clock::Timestamp;
use crate::engine::likely;
use crate::model::credential::{Flow, Profile, Standing};
use crate::model::failure::{Failure, FailureClass};
use crate::model::health::{Forecast, ForecastReason, Health};
use crate::model::policy::Warning;
use std::time::Duration;

/// What the engine is doing about a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Nothing: its time has not come, or it waits for a place.
    Nothing,
    /// A refresh is under way.
    Refreshing,
    /// The last attempt failed for a passing reason.
    Retrying {
        /// When the next is made.
        next: Timestamp,
    },
    /// Held back by the provider's limit.
    Limited {
        /// Until then.
        until: Timestamp,
    },
}

/// How the credential is now; `due` is when its refresh is planned.
pub fn health(profile: &Profile, doing: Doing, due: Option<Timestamp>, now: Timestamp) -> Health {
    match &profile.standing {
        Standing::Revoked { .. } => return Health::Revoked,
        Standing::Revoking { tries, next, .. } => {
            let (attempt, next) = (tries.saturating_add(1), *next);
            return Health::Revoking { attempt, next };
        }
        Standing::Active | Standing::NeedsLogin { .. } | Standing::Misconfigured { .. } => {}
    }
    if doing == Doing::Refreshing {
        return Health::Refreshing;
    }
    match (&profile.standing, doing) {
        (Standing::NeedsLogin { cause }, _) => Health::NeedsLogin {
            cause: cause.clone(),
        },
        (Standing::Misconfigured { cause }, _) => Health::Misconfigured {
            cause: cause.clone(),
        },
        (_, Doing::Limited { until }) => Health::RateLimited { until },
        (_, Doing::Retrying { next }) => Health::Retrying {
            attempt: profile.failures_in_a_row.saturating_add(1),
            next,
        },
        (_, Doing::Nothing | Doing::Refreshing) => by_time(profile, due, now),
    }
}

fn by_time(profile: &Profile, due: Option<Timestamp>, now: Timestamp) -> Health {
    let is_due = due.is_some_and(|due| due <= now);
    match profile.expires_at {
        None if !profile.is_renewable() || due.is_none() => Health::Static,
        Some(expires) if expires <= now && !profile.is_renewable() => Health::NeedsLogin {
            cause: over(profile),
        },
        Some(expires) if expires <= now => Health::Expired,
        Some(expires) if is_due || ends_soon(profile, expires, now) => Health::Expiring,
        None if is_due => Health::Expiring,
        Some(_) | None => Health::Fresh,
    }
}

/// Without a planned refresh the last tenth of a token's life is its end.
fn ends_soon(profile: &Profile, expires: Timestamp, now: Timestamp) -> bool {
    now >= ends_soon_at(profile, expires)
}

/// When the last tenth of a token's life begins.
pub fn ends_soon_at(profile: &Profile, expires: Timestamp) -> Timestamp {
    expires.minus(expires.since(profile.issued_at) / 10)
}

/// Why a credential that nothing refreshes needs a person once its end has come.
pub fn over(profile: &Profile) -> Failure {
    if profile.flow != Flow::ApiKey {
        return over_without_refresh_token();
    }
    Failure::new(
        FailureClass::NeedsLogin,
        "key_ended",
        "the key has come to the end that was said when it was kept",
        "Make a new key at the provider and keep it in the place of this one.",
    )
    .unsent()
}

/// Why a credential without a refresh token needs a person once its access token is over.
pub fn over_without_refresh_token() -> Failure {
    Failure::new(
        FailureClass::NeedsLogin,
        "no_refresh_token",
        "the access token is over and the provider gave no refresh token",
        "Sign in again; ask for offline access if the provider has a scope for it.",
    )
    .unsent()
}

/// When the refresh token will die, by the earliest of what is known, and when to tell of it.
pub fn forecast(profile: &Profile, warning: &Warning) -> Forecast {
    let end = end(profile);
    Forecast {
        warn_at: warn_at(&end, profile, warning),
        ..end
    }
}

/// When the refresh token will die, by the earliest of what is known.
pub fn end(profile: &Profile) -> Forecast {
    let is_over =
        profile.standing.is_revoked() || matches!(profile.standing, Standing::NeedsLogin { .. });
    // What is dead nothing keeps alive; and a client asks again whenever it likes: there is nothing that dies.
    if is_over || profile.flow == Flow::ClientCredentials {
        return Forecast::new(None, ForecastReason::Unknown);
    }
    if profile.flow == Flow::ApiKey {
        let because = match profile.expires_at {
            Some(_) => ForecastReason::KeyEnds,
            None => ForecastReason::Unknown,
        };
        return Forecast::new(profile.expires_at, because);
    }
    if !profile.has_refresh_token {
        return Forecast::new(profile.expires_at, ForecastReason::NoRefreshToken);
    }
    let said = if profile.refresh_end_moves == Some(true) {
        ForecastReason::MovesWithRefresh
    } else {
        ForecastReason::ProviderSaid
    };
    let after = |start: Timestamp, secs: Option<u64>| {
        secs.map(|secs| start.plus(Duration::from_secs(secs)))
    };
    let known = [
        (profile.refresh_expires_at, said),
        (
            after(profile.signed_in_at, profile.refresh_absolute_life),
            ForecastReason::AbsoluteLife,
        ),
        (by_test_mode(profile), ForecastReason::TestMode),
        (by_seen_lives(profile), ForecastReason::SeenLife),
        (
            after(profile.issued_at, profile.refresh_idle_life),
            ForecastReason::IdleLife,
        ),
    ];
    known
        .into_iter()
        .filter_map(|(end, because)| Some((end?, because)))
        .min_by_key(|(end, _)| *end)
        .map_or(
            Forecast::new(None, ForecastReason::Unknown),
            |(end, because)| Forecast::new(Some(end), because),
        )
}

/// Test mode is taken for granted only when the sign-in before ended after as long as it gives.
fn by_test_mode(profile: &Profile) -> Option<Timestamp> {
    let life = Duration::from_secs(profile.test_life?);
    let last = Duration::from_secs(*profile.seen_lives.last()?);
    let fits = last >= life.mul_f64(0.95) && last <= life.mul_f64(1.1);
    fits.then_some(())?;
    outlives_not(profile, life)
}

/// What ended twice at about the same age is expected to do so again.
fn by_seen_lives(profile: &Profile) -> Option<Timestamp> {
    outlives_not(profile, likely::alike(&profile.seen_lives)?)
}

/// The end after so long a life, unless the present family has worked beyond it already.
fn outlives_not(profile: &Profile, life: Duration) -> Option<Timestamp> {
    let worked = profile.issued_at.since(profile.signed_in_at);
    (worked <= life.mul_f64(1.05)).then(|| profile.signed_in_at.plus(life))
}

/// What lives no longer than that is renewed by whoever works with it, and no news.
const NO_NEWS: Duration = Duration::from_secs(3600);
/// The same for an access token without a refresh token.
const NO_NEWS_ALONE: Duration = Duration::from_secs(86_400);

fn warn_at(end: &Forecast, profile: &Profile, warning: &Warning) -> Option<Timestamp> {
    let dies = end.sign_in_before()?;
    let (start, shortest) = match end.because {
        ForecastReason::NoRefreshToken => (profile.issued_at, NO_NEWS_ALONE),
        ForecastReason::KeyEnds
        | ForecastReason::ProviderSaid
        | ForecastReason::MovesWithRefresh
        | ForecastReason::TestMode
        | ForecastReason::SeenLife
        | ForecastReason::AbsoluteLife
        | ForecastReason::IdleLife
        | ForecastReason::Unknown => (profile.signed_in_at, NO_NEWS),
    };
    let life = dies.since(start);
    let by_days = Duration::from_secs(warning.days_before.saturating_mul(86_400));
    let by_share = life.mul_f64(warning.share_before.clamp(0.0, 0.5));
    (life > shortest).then(|| dies.minus(by_days.min(by_share)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sample::profile;
    use crate::model::health::HealthKind;
    use crate::model::inquiry::Liveness;

    fn kind_at(profile: &Profile, due: Option<u64>, secs: u64) -> HealthKind {
        let at = |secs| profile.issued_at.plus(Duration::from_secs(secs));
        health(profile, Doing::Nothing, due.map(at), at(secs)).kind()
    }

    #[test]
    fn a_token_is_fresh_then_expiring_then_expired() {
        let hour = profile(Some(3600));
        assert_eq!(kind_at(&hour, Some(3240), 10), HealthKind::Fresh);
        assert_eq!(kind_at(&hour, Some(3240), 3240), HealthKind::Expiring);
        assert_eq!(kind_at(&hour, Some(3240), 3600), HealthKind::Expired);
    }

    #[test]
    fn of_what_was_revoked_nothing_is_foretold() {
        let mut revoked = profile(Some(3600));
        revoked.refresh_idle_life = Some(86_400);
        assert!(end(&revoked).dies_at.is_some());
        assert_eq!(revoked.usable_until(), revoked.expires_at);
        let at = revoked.issued_at;
        revoked.standing = Standing::Revoked {
            at,
            proof: Liveness::Unknown,
        };
        assert_eq!(end(&revoked).dies_at, None);
        assert_eq!(revoked.usable_until(), None);
    }

    #[test]
    fn without_a_refresh_token_the_end_needs_a_person() {
        let mut bare = profile(Some(3600));
        bare.has_refresh_token = false;
        assert_eq!(kind_at(&bare, None, 10), HealthKind::Fresh);
        assert_eq!(kind_at(&bare, None, 3300), HealthKind::Expiring);
        assert_eq!(kind_at(&bare, None, 3600), HealthKind::NeedsLogin);
        assert_eq!(end(&bare).because, ForecastReason::NoRefreshToken);
    }

    #[test]
    fn a_key_is_expiring_in_its_last_tenth_and_then_wants_a_new_one() {
        let mut key = profile(Some(3600));
        (key.flow, key.has_refresh_token) = (Flow::ApiKey, false);
        assert_eq!(kind_at(&key, None, 3230), HealthKind::Fresh);
        assert_eq!(kind_at(&key, None, 3240), HealthKind::Expiring);
        let end = key.issued_at.plus(Duration::from_secs(3600));
        let health = health(&key, Doing::Nothing, None, end);
        assert!(matches!(health, Health::NeedsLogin { cause } if cause.code == "key_ended"));
    }

    #[test]
    fn no_expiry_is_static_unless_a_refresh_is_planned() {
        let unknown = profile(None);
        assert_eq!(kind_at(&unknown, None, 10), HealthKind::Static);
        assert_eq!(kind_at(&unknown, Some(100), 10), HealthKind::Fresh);
        assert_eq!(kind_at(&unknown, Some(100), 100), HealthKind::Expiring);
    }

    #[test]
    fn the_forecast_is_the_earliest_end_and_says_on_what_it_rests() {
        let mut known = profile(Some(3600));
        assert_eq!(end(&known).because, ForecastReason::Unknown);
        known.refresh_idle_life = Some(1_000_000);
        assert_eq!(end(&known).because, ForecastReason::IdleLife);
        known.refresh_absolute_life = Some(500_000);
        assert_eq!(end(&known).because, ForecastReason::AbsoluteLife);
        known.refresh_expires_at = Some(known.issued_at.plus(Duration::from_secs(9)));
        assert_eq!(
            end(&known),
            Forecast::new(known.refresh_expires_at, ForecastReason::ProviderSaid)
        );
    }

    const DAY: u64 = 86_400;

    /// A credential signed in at the sample's moment and refreshed that many seconds later.
    fn worked(secs: u64) -> Profile {
        let mut it = profile(Some(3600));
        it.issued_at = it.signed_in_at.plus(Duration::from_secs(secs));
        it
    }

    #[test]
    fn an_end_that_refreshing_moves_asks_nobody_to_sign_in() {
        let mut known = worked(0);
        known.refresh_expires_at = Some(known.issued_at.plus(Duration::from_secs(90 * DAY)));
        let still = forecast(&known, &Warning::default());
        assert_eq!(still.sign_in_before(), known.refresh_expires_at);
        known.refresh_end_moves = Some(true);
        let moving = forecast(&known, &Warning::default());
        assert_eq!(moving.because, ForecastReason::MovesWithRefresh);
        assert_eq!((moving.sign_in_before(), moving.warn_at), (None, None));
    }

    #[test]
    fn test_mode_is_expected_once_it_was_seen_and_forgotten_once_it_was_outlived() {
        let mut known = worked(3600);
        known.test_life = Some(7 * DAY);
        assert_eq!(end(&known).because, ForecastReason::Unknown);
        known.seen_lives = vec![7 * DAY + 2000];
        assert_eq!(end(&known).because, ForecastReason::TestMode);
        let week = known.signed_in_at.plus(Duration::from_secs(7 * DAY));
        assert_eq!(end(&known).dies_at, Some(week));
        known.seen_lives = vec![3 * DAY];
        assert_eq!(end(&known).because, ForecastReason::Unknown);
        let mut older = worked(8 * DAY);
        older.test_life = Some(7 * DAY);
        older.seen_lives = vec![7 * DAY];
        assert_eq!(end(&older).because, ForecastReason::Unknown);
    }

    #[test]
    fn lives_that_were_alike_are_expected_again() {
        let mut known = worked(3600);
        known.seen_lives = vec![30 * DAY, 30 * DAY + 3000];
        assert_eq!(end(&known).because, ForecastReason::SeenLife);
        known.seen_lives = vec![30 * DAY, 3 * DAY];
        assert_eq!(end(&known).because, ForecastReason::Unknown);
    }

    #[test]
    fn it_is_told_seven_days_or_a_tenth_of_its_life_before_whichever_is_shorter() {
        for (life, before) in [
            (365 * DAY, Some(7 * DAY)),
            (10 * DAY, Some(DAY)),
            (1800, None),
        ] {
            let mut known = worked(0);
            known.refresh_absolute_life = Some(life);
            let told = forecast(&known, &Warning::default());
            let end = told.dies_at.unwrap();
            let expected = before.map(|secs| end.minus(Duration::from_secs(secs)));
            assert_eq!(told.warn_at, expected, "{life}");
            if let Some(at) = expected {
                assert!(told.is_soon(at) && !told.is_soon(at.minus(Duration::from_secs(1))));
            }
        }
        let mut known = worked(0);
        known.refresh_absolute_life = Some(100 * DAY);
        let never = Warning {
            days_before: 0,
            share_before: 0.1,
        };
        let told = forecast(&known, &never);
        assert_eq!(told.warn_at, told.dies_at);
    }
}
