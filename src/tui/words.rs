//! Times, counts and states as people say them.

use crate::clock::Timestamp;
use crate::model::client::ClientAuth;
use crate::model::credential::{CredentialView, Flow, Profile, Restored, Standing};
use crate::model::health::{Forecast, ForecastReason, Health, HealthKind};
use crate::model::inquiry::Liveness;
use crate::model::provenance::Provenance;
use jiff::tz::TimeZone;
use std::time::Duration;

/// A duration in its two largest units, `7h 12m`, `41m 07s`, `48s`.
pub fn span(duration: Duration) -> String {
    let secs = duration.as_secs();
    let (minutes, hours, days) = (secs / 60, secs / 3600, secs / 86_400);
    if days >= 365 {
        format!("{}y {:02}d", days / 365, days % 365)
    } else if days >= 1 {
        format!("{days}d {:02}h", hours % 24)
    } else if hours >= 1 {
        format!("{hours}h {:02}m", minutes % 60)
    } else if minutes >= 1 {
        format!("{minutes}m {:02}s", secs % 60)
    } else {
        format!("{secs}s")
    }
}

/// A duration in its largest unit alone, `2h`, `41m`.
pub fn about(duration: Duration) -> String {
    let whole = span(duration);
    whole.split(' ').next().unwrap_or_default().to_owned()
}

/// `1st`, `2nd`, `3rd`, `4th`.
pub fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// `1 credential`, `7 credentials`.
pub fn count(number: usize, noun: &str) -> String {
    let thousands = grouped(number);
    if number == 1 {
        format!("{thousands} {noun}")
    } else {
        format!("{thousands} {noun}s")
    }
}

/// A number with its thousands apart: `10,000`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A size in decimal units: `640 kB`, `1.2 MB`, `34 MB`.
pub fn bytes(bytes: u64) -> String {
    let mut unit = 0;
    #[allow(clippy::cast_precision_loss, reason = "two digits are shown")]
    let mut size = bytes as f64;
    while size >= 999.5 && unit + 1 < UNITS.len() {
        (size, unit) = (size / 1000.0, unit + 1);
    }
    let digits = usize::from(unit > 0 && size < 9.95);
    format!("{size:.digits$} {}", UNITS[unit])
}

const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];

fn zoned(moment: Timestamp, zone: &TimeZone) -> jiff::Zoned {
    jiff::Timestamp::from_millisecond(moment.as_millis())
        .unwrap_or_default()
        .to_zoned(zone.clone())
}

/// The time of day with seconds, `14:03:22`.
pub fn clock(moment: Timestamp, zone: &TimeZone) -> String {
    zoned(moment, zone).strftime("%H:%M:%S").to_string()
}

/// The day, `27 Nov`, with the year when it is not this one.
pub fn day(moment: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (then, now) = (zoned(moment, zone), zoned(now, zone));
    let format = if then.year() == now.year() {
        "%-d %b"
    } else {
        "%-d %b %Y"
    };
    then.strftime(format).to_string()
}

/// The time of day when it is today, else the day and the time.
pub fn moment(moment: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    if zoned(moment, zone).date() == zoned(now, zone).date() {
        clock(moment, zone)
    } else {
        format!(
            "{} {}",
            day(moment, now, zone),
            zoned(moment, zone).strftime("%H:%M")
        )
    }
}

/// That a credential came back with a backup, and what that means for it.
pub fn restored(restored: &Restored, now: Timestamp, zone: &TimeZone) -> String {
    let of = moment(restored.of, now, zone);
    let from = match (restored.put_back, restored.imported) {
        (true, _) => format!("put back from {of}"),
        (false, true) => format!("imported as it was at {of}"),
        (false, false) => format!("from a backup of {of}"),
    };
    match restored.behind {
        Some(0) => format!(
            "{from}, and forgotten here since: its refresh token may have been spent elsewhere"
        ),
        Some(behind) => format!(
            "{from}, {} behind: its refresh token is probably spent",
            count(usize::try_from(behind).unwrap_or(usize::MAX), "generation")
        ),
        None => format!("{from}; whether its refresh token was replaced since is not known"),
    }
}

/// Where a credential was taken in from.
pub fn provenance(provenance: &Provenance, now: Timestamp, zone: &TimeZone) -> String {
    let at = moment(provenance.at, now, zone);
    let from = &provenance.from;
    match &provenance.file {
        Some(file) => format!("imported from {from} ({file}), {at}"),
        None => format!("imported from {from}, {at}"),
    }
}

/// A health in words, with its detail: `retrying, 3rd in 12s`.
pub fn health(health: &Health, now: Timestamp, zone: &TimeZone) -> String {
    let word = health.kind().word();
    match health {
        Health::Retrying { attempt, next } => {
            format!(
                "{word}, {} in {}",
                ordinal(*attempt),
                span(now.until(*next))
            )
        }
        Health::RateLimited { until } => {
            format!("{word} until {}", zoned(*until, zone).strftime("%H:%M"))
        }
        Health::Revoking { attempt, next } => revoking(*attempt, *next, now),
        Health::Fresh
        | Health::Expiring
        | Health::Refreshing
        | Health::Expired
        | Health::NeedsLogin { .. }
        | Health::Misconfigured { .. }
        | Health::Revoked
        | Health::Static => word.to_owned(),
    }
}

/// A revocation that has not come to its end: `revoking, 3rd try in 12s`.
pub fn revoking(attempt: u32, next: Timestamp, now: Timestamp) -> String {
    let word = HealthKind::Revoking.word();
    match attempt {
        0 | 1 if next <= now => word.to_owned(),
        _ if next <= now => format!("{word}, {} try due", ordinal(attempt)),
        _ => format!(
            "{word}, {} try in {}",
            ordinal(attempt),
            span(now.until(next))
        ),
    }
}

/// What to do about tokens that a revocation left alive; `page`: where the provider lets a person end the grant.
pub fn still_alive(page: Option<&str>) -> String {
    let there = match page {
        Some(page) => format!("End the grant at {page}"),
        None => "End the grant in the account's settings at the provider".to_owned(),
    };
    format!(
        "It was revoked, and its tokens were alive there afterwards. {there}, then revoke it again: that looks once more. \
         Or remove it."
    )
}

/// What happens next to a credential, for the list: `refresh 6h 24m`, `3rd try in 12s`; short: `in 6h 24m`.
pub fn next(view: &CredentialView, now: Timestamp, short: bool) -> String {
    match &view.health {
        Health::Refreshing => "now".to_owned(),
        Health::Retrying { next, .. } if short => format!("retry {}", brief(now.until(*next))),
        Health::Retrying { attempt, next } => {
            format!("{} try in {}", ordinal(*attempt), brief(now.until(*next)))
        }
        Health::RateLimited { until } if short => format!("waits {}", brief(now.until(*until))),
        Health::RateLimited { until } => format!("waits {}", span(now.until(*until))),
        Health::Revoking { next, .. } if *next <= now => "being told".to_owned(),
        Health::Revoking { next, .. } if short => format!("retry {}", brief(now.until(*next))),
        Health::Revoking { attempt, next } => {
            format!("{} try in {}", ordinal(*attempt), brief(now.until(*next)))
        }
        Health::Revoked => revocation(view, short),
        Health::Static => String::new(),
        Health::NeedsLogin { .. } | Health::Misconfigured { .. } => ended(view, now, short),
        Health::Expired if view.refresh_at.is_none() => ended(view, now, short),
        Health::Fresh | Health::Expiring if view.forecast.is_soon(now) => ends(view, now, short),
        Health::Fresh | Health::Expiring | Health::Expired => match view.refresh_at {
            Some(at) if at <= now => "now".to_owned(),
            Some(at) if short => format!("in {}", span(now.until(at))),
            Some(at) => format!("refresh {}", span(now.until(at))),
            None if view.profile.is_renewable() => "on demand".to_owned(),
            None => "no refresh".to_owned(),
        },
    }
}

// What became of a revocation, for the list.
fn revocation(view: &CredentialView, short: bool) -> String {
    match view.profile.standing {
        Standing::Revoked { proof, .. } if short => proof.word().to_owned(),
        Standing::Revoked { proof, .. } => match proof {
            Liveness::Alive => "still alive".to_owned(),
            Liveness::Dead | Liveness::Unknown => self::proof(proof).to_owned(),
        },
        Standing::Active
        | Standing::NeedsLogin { .. }
        | Standing::Misconfigured { .. }
        | Standing::Revoking { .. } => String::new(),
    }
}

// Seconds matter in the last minute only, and the column is narrow.
fn brief(duration: Duration) -> String {
    if duration.as_secs() < 60 {
        span(duration)
    } else {
        about(duration)
    }
}

// While everything works, a sign-in that is coming is what a person wants to know of.
fn ends(view: &CredentialView, now: Timestamp, short: bool) -> String {
    match view.forecast.sign_in_before() {
        Some(end) if short => format!("ends {}", about(now.until(end))),
        Some(end) => format!("ends in {}", span(now.until(end))),
        None => String::new(),
    }
}

fn ended(view: &CredentialView, now: Timestamp, short: bool) -> String {
    match view.profile.expires_at {
        Some(end) if end <= now && view.profile.ended_untold() => "expired".to_owned(),
        Some(end) if end <= now && short => format!("ended {}", about(now.since(end))),
        Some(end) if end <= now => format!("expired {} ago", about(now.since(end))),
        Some(_) | None => String::new(),
    }
}

// `14:20 today`, `02:05 tomorrow`, `3 March`, with the year when it is not this one.
fn by_when(moment: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (then, now) = (zoned(moment, zone), zoned(now, zone));
    let hour = then.strftime("%H:%M");
    if then.date() == now.date() {
        format!("{hour} today")
    } else if now.date().tomorrow().is_ok_and(|next| then.date() == next) {
        format!("{hour} tomorrow")
    } else if then.year() == now.year() {
        then.strftime("%-d %B").to_string()
    } else {
        then.strftime("%-d %B %Y").to_string()
    }
}

/// When the refresh token dies, a sentence; `None` when nothing is known that ends it.
pub fn forecast(forecast: &Forecast, now: Timestamp, zone: &TimeZone) -> Option<String> {
    let when = by_when(forecast.dies_at?, now, zone);
    let text = ended_by(forecast.because)?;
    Some(match forecast.sign_in_before() {
        Some(_) if forecast.because == ForecastReason::KeyEnds => {
            format!("keep a new key before {when}: {text}")
        }
        Some(_) => format!("sign in again before {when}: {text}"),
        None => format!("unused, it would end by {when}; {text}"),
    })
}

/// What ends a refresh token, and what stands behind `EndsSoon`.
pub const fn ended_by(because: ForecastReason) -> Option<&'static str> {
    Some(match because {
        ForecastReason::NoRefreshToken => "the access token expires, and there is no refresh token",
        ForecastReason::KeyEnds => "the key ends, as was said when it was kept",
        ForecastReason::ProviderSaid => "the provider ends the refresh token then",
        ForecastReason::AbsoluteLife => {
            "this provider ends a refresh token so long after the sign-in, however it is used"
        }
        ForecastReason::TestMode => {
            "the sign-in before ended after as long, as in the provider's test mode"
        }
        ForecastReason::SeenLife => "earlier sign-ins ended after as long",
        ForecastReason::IdleLife | ForecastReason::MovesWithRefresh => "refreshing keeps it alive",
        ForecastReason::Unknown => return None,
    })
}

/// A sentence as a part of another one: `The vault is locked.` becomes `the vault is locked`.
pub fn within(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    match sentence.strip_prefix("The ") {
        Some(rest) => format!("the {rest}"),
        None => sentence.to_owned(),
    }
}

/// A failure's code as people write it: `HTTP 503`; an OAuth error code as it is, since that is what one looks up.
pub fn code(code: &str) -> String {
    match code.strip_prefix("http_") {
        Some(status) => format!("HTTP {status}"),
        None => code.to_owned(),
    }
}

/// What is known of tokens that were revoked.
pub const fn proof(proof: Liveness) -> &'static str {
    match proof {
        Liveness::Dead => "proved dead",
        Liveness::Alive => "still alive there",
        Liveness::Unknown => "not proved",
    }
}

/// The same as a sentence.
pub const fn proof_sentence(proof: Liveness) -> &'static str {
    match proof {
        Liveness::Dead => "The provider takes the tokens no more: they are dead.",
        Liveness::Alive => {
            "The tokens still work there: the provider said yes and did not do it, or not yet. Revoke it again, or end \
             the grant on the provider's own page."
        }
        Liveness::Unknown => "Whether the tokens are dead nobody could be asked.",
    }
}

/// A flow, as people call it.
pub const fn flow(flow: Flow) -> &'static str {
    match flow {
        Flow::Device => "device code",
        Flow::Loopback => "browser",
        Flow::ClientCredentials => "client credentials",
        Flow::ApiKey => "API key",
    }
}

/// The client a credential was minted with, as it follows its flow; nothing where there was none, as for a pasted key.
pub fn client(profile: &Profile) -> String {
    match profile.client_id.as_str() {
        "" => String::new(),
        id => format!(", client {id}"),
    }
}

/// How a client authenticates, as people say it.
pub const fn client_auth(auth: ClientAuth) -> &'static str {
    match auth {
        ClientAuth::None => "public client, no secret",
        ClientAuth::ClientSecretBasic => "secret in the header",
        ClientAuth::ClientSecretPost => "secret in the body",
        ClientAuth::PrivateKeyJwt => "signed by its key",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_digits_and_their_unit() {
        for (size, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (9_949, "9.9 kB"),
            (9_950, "10 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (34_200_000, "34 MB"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }

    #[test]
    fn spans_show_their_two_largest_units() {
        for (secs, text) in [
            (0, "0s"),
            (48, "48s"),
            (340, "5m 40s"),
            (2467, "41m 07s"),
            (25_920, "7h 12m"),
            (273_600, "3d 04h"),
            (34_560_000, "1y 35d"),
        ] {
            assert_eq!(span(Duration::from_secs(secs)), text);
        }
        assert_eq!(about(Duration::from_secs(7300)), "2h");
    }

    #[test]
    fn ordinals_and_counts_are_english() {
        let ordinals: Vec<_> = [1, 2, 3, 4, 11, 12, 21, 102].map(ordinal).to_vec();
        assert_eq!(
            ordinals,
            ["1st", "2nd", "3rd", "4th", "11th", "12th", "21st", "102nd"]
        );
        assert_eq!(count(1, "credential"), "1 credential");
        assert_eq!(count(10_000, "credential"), "10,000 credentials");
    }

    #[test]
    fn a_forecast_for_today_or_tomorrow_names_the_hour() {
        let now = crate::tui::example::NOW;
        let told = |hours: u64, because| {
            let dies_at = now.plus(Duration::from_secs(hours * 3600));
            let known = Forecast::new(Some(dies_at), because);
            forecast(&known, now, &TimeZone::UTC).unwrap()
        };
        let said = ForecastReason::ProviderSaid;
        assert!(told(2, said).starts_with("sign in again before 16:03 today: "));
        assert!(told(12, said).starts_with("sign in again before 02:03 tomorrow: "));
        assert!(told(48, said).starts_with("sign in again before 22 November: "));
        let spring = told(103 * 24, ForecastReason::AbsoluteLife);
        assert!(
            spring.starts_with("sign in again before 3 March 2027: "),
            "{spring}"
        );
        for moved in [ForecastReason::IdleLife, ForecastReason::MovesWithRefresh] {
            assert!(told(48, moved).starts_with("unused, it would end by 22 November; "));
        }
    }

    #[test]
    fn a_moment_of_another_day_names_the_day() {
        let now = Timestamp::from_secs(1_795_205_000);
        let zone = TimeZone::UTC;
        assert_eq!(moment(now, now, &zone), "20:03:20");
        let later = now.plus(Duration::from_secs(7 * 86_400));
        assert_eq!(moment(later, now, &zone), "27 Nov 20:03");
        assert_eq!(
            day(now.plus(Duration::from_secs(90 * 86_400)), now, &zone),
            "18 Feb 2027"
        );
    }
}
