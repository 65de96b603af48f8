//! How a credential is and when its refresh token dies: told from its profile, what is done, and the time.

use crate::clock::Timestamp;
use crate::model::credential::{Flow, Profile, Standing};
use crate::model::failure::{Failure, FailureClass};
use crate::model::health::{Forecast, ForecastReason, Health};
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
    if matches!(profile.standing, Standing::Revoked { .. }) {
        return Health::Revoked;
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
            cause: over_without_refresh_token(),
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

/// When the refresh token will die, by the earliest of what is known.
pub fn forecast(profile: &Profile) -> Forecast {
    if matches!(
        profile.standing,
        Standing::Revoked { .. } | Standing::NeedsLogin { .. }
    ) {
        // It is dead already: nothing keeps it alive.
        return Forecast {
            dies_at: None,
            because: ForecastReason::Unknown,
        };
    }
    if profile.flow == Flow::ClientCredentials {
        // The client asks again whenever it likes: there is nothing that dies.
        return Forecast {
            dies_at: None,
            because: ForecastReason::Unknown,
        };
    }
    if !profile.has_refresh_token {
        return Forecast {
            dies_at: profile.expires_at,
            because: ForecastReason::NoRefreshToken,
        };
    }
    let after = |start: Timestamp, secs: Option<u64>| {
        secs.map(|secs| start.plus(Duration::from_secs(secs)))
    };
    let known = [
        (profile.refresh_expires_at, ForecastReason::ProviderSaid),
        (
            after(profile.signed_in_at, profile.refresh_absolute_life),
            ForecastReason::AbsoluteLife,
        ),
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
            Forecast {
                dies_at: None,
                because: ForecastReason::Unknown,
            },
            |(end, because)| Forecast {
                dies_at: Some(end),
                because,
            },
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sample::profile;
    use crate::model::health::HealthKind;

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
        assert!(forecast(&revoked).dies_at.is_some());
        assert_eq!(revoked.usable_until(), revoked.expires_at);
        let at = revoked.issued_at;
        revoked.standing = Standing::Revoked { at };
        assert_eq!(forecast(&revoked).dies_at, None);
        assert_eq!(revoked.usable_until(), None);
    }

    #[test]
    fn without_a_refresh_token_the_end_needs_a_person() {
        let mut bare = profile(Some(3600));
        bare.has_refresh_token = false;
        assert_eq!(kind_at(&bare, None, 10), HealthKind::Fresh);
        assert_eq!(kind_at(&bare, None, 3300), HealthKind::Expiring);
        assert_eq!(kind_at(&bare, None, 3600), HealthKind::NeedsLogin);
        assert_eq!(forecast(&bare).because, ForecastReason::NoRefreshToken);
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
        assert_eq!(forecast(&known).because, ForecastReason::Unknown);
        known.refresh_idle_life = Some(1_000_000);
        assert_eq!(forecast(&known).because, ForecastReason::IdleLife);
        known.refresh_absolute_life = Some(500_000);
        assert_eq!(forecast(&known).because, ForecastReason::AbsoluteLife);
        known.refresh_expires_at = Some(known.issued_at.plus(Duration::from_secs(9)));
        assert_eq!(
            forecast(&known),
            Forecast {
                dies_at: known.refresh_expires_at,
                because: ForecastReason::ProviderSaid
            }
        );
    }
}
