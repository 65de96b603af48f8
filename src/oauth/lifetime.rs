//! Lifetimes, as leniently as providers write them.

use crate::clock::Timestamp;
use crate::model::provider::ExpiresInUnit;
use crate::oauth::fields::Fields;
use serde_json::Value;
use std::time::Duration;

/// No lifetime is believed beyond a hundred years.
const LONGEST: f64 = 100.0 * 365.25 * 86_400.0;

/// How a refresh token's lifetime is called: Keycloak, Microsoft, GitHub, LinkedIn, Intuit, and others' own words.
const REFRESH_LIVES: [&str; 8] = [
    "refresh_expires_in",
    "refresh_token_expires_in",
    "x_refresh_token_expires_in",
    "rt_expires_in",
    "refresh_expires",
    "refresh_token_lifetime",
    "refreshTokenExpiresIn",
    "refreshExpiresIn",
];
/// How the moment at which it expires is called.
const REFRESH_ENDS: [&str; 7] = [
    "refresh_token_expires_at",
    "refresh_expires_at",
    "refresh_token_expires_on",
    "refresh_token_expiration",
    "refresh_token_expires",
    "refreshTokenExpiresAt",
    "refresh_token_expiry",
];
/// A number of seconds this large is a date: no refresh token is said to live for thirty years.
const EARLIEST_DATE: f64 = 1e9;
/// A date this large is in milliseconds.
const EARLIEST_MILLIS: f64 = 1e11;

/// How long the refresh token lives, by whatever name and in whatever form the answer tells it; `None`: it does not, or
/// it is over.
pub fn refresh_life(fields: &Fields, unit: ExpiresInUnit, now: Timestamp) -> Option<Duration> {
    let lives = REFRESH_LIVES.iter().map(|name| {
        let value = fields.value(name)?;
        // A hundred days in milliseconds look like a date.
        let date = match unit {
            ExpiresInUnit::Seconds => date(value),
            ExpiresInUnit::Milliseconds => None,
        };
        Some((value, date))
    });
    // What is too small for a date is a lifetime by a misleading name.
    let ends = REFRESH_ENDS.iter().map(|name| {
        let value = fields.value(name)?;
        Some((value, date(value)))
    });
    let (value, date) = lives.chain(ends).flatten().next()?;
    match date {
        Some(at) => from_seconds(at.since(now).as_secs_f64()),
        None => lifetime(value, unit),
    }
}

/// A date: seconds or milliseconds of the epoch, or RFC 3339.
fn date(value: &Value) -> Option<Timestamp> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(number) => number,
            Err(_) => {
                let at: jiff::Timestamp = text.trim().parse().ok()?;
                return Some(Timestamp::from_millis(at.as_millisecond()));
            }
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    if number < EARLIEST_DATE || !number.is_finite() {
        return None;
    }
    let millis = if number < EARLIEST_MILLIS {
        number * 1000.0
    } else {
        number
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates, and is bounded below"
    )]
    let millis = millis as i64;
    Some(Timestamp::from_millis(millis))
}

/// A lifetime as number, string, or `hours:minutes:seconds`; zero, negative and senseless ones mean that none was
/// named (Keycloak's offline tokens say 0).
pub fn lifetime(value: &Value, unit: ExpiresInUnit) -> Option<Duration> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => {
            let text = text.trim();
            match text.parse::<f64>() {
                Ok(number) => number,
                Err(_) => return clock_time(text),
            }
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let seconds = match unit {
        ExpiresInUnit::Seconds => number,
        ExpiresInUnit::Milliseconds => number / 1000.0,
    };
    from_seconds(seconds)
}

/// The time that is left until a moment, where an answer names that instead: seconds since 1970, or a date of RFC 3339.
pub fn left_until(value: &Value, now: Timestamp) -> Option<Duration> {
    let moment = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(number) => number,
            Err(_) => text.trim().parse::<jiff::Timestamp>().ok()?.as_second() as f64,
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    // What is beyond this is milliseconds, or nonsense; neither is guessed at.
    (moment > 0.0 && moment < 1e11).then(|| Timestamp::from_secs(moment as i64).since(now))
}

fn clock_time(text: &str) -> Option<Duration> {
    let parts: Vec<f64> = text
        .split(':')
        .map(|part| part.parse::<u32>().map(f64::from))
        .collect::<Result<_, _>>()
        .ok()?;
    match parts.as_slice() {
        [hours, minutes, seconds] => from_seconds(hours * 3600.0 + minutes * 60.0 + seconds),
        _ => None,
    }
}

fn from_seconds(seconds: f64) -> Option<Duration> {
    (seconds > 0.0).then(|| Duration::from_secs_f64(seconds.min(LONGEST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_read_in_every_spelling() {
        for (value, seconds) in [
            ("3600", Some(3600)),
            ("\"3600\"", Some(3600)),
            ("\" 3600 \"", Some(3600)),
            ("3599.9", Some(3599)),
            ("\"177:05:38\"", Some(177 * 3600 + 5 * 60 + 38)),
            ("0", None),
            ("-1", None),
            ("null", None),
            ("true", None),
            ("\"soon\"", None),
            ("\"NaN\"", None),
            ("\"1:2\"", None),
            ("[60]", None),
            ("1e300", Some(3_155_760_000)),
            ("\"inf\"", Some(3_155_760_000)),
            ("99999999999999999999", Some(3_155_760_000)),
        ] {
            let read = lifetime(
                &serde_json::from_str(value).unwrap(),
                ExpiresInUnit::Seconds,
            );
            assert_eq!(read.map(|life| life.as_secs()), seconds, "{value}");
        }
    }

    #[test]
    fn a_moment_is_read_as_what_is_left_until_it() {
        let now = Timestamp::from_secs(1_800_000_000);
        for (value, seconds) in [
            ("1800000060", Some(60)),
            ("\"1800000060\"", Some(60)),
            ("1800000060.9", Some(60)),
            ("\"2027-01-15T08:01:00Z\"", Some(60)),
            ("\"2027-01-15T09:01:00+01:00\"", Some(60)),
            ("1700000000", Some(0)),
            ("1800000060000", None),
            ("0", None),
            ("\"soon\"", None),
            ("\"NaN\"", None),
            ("null", None),
            ("[1]", None),
        ] {
            let read = left_until(&serde_json::from_str(value).unwrap(), now);
            assert_eq!(read.map(|left| left.as_secs()), seconds, "{value}");
        }
    }

    #[test]
    fn a_refresh_tokens_life_is_read_by_every_name_and_in_every_form() {
        let now = Timestamp::from_secs(1_800_000_000);
        for (body, seconds) in [
            (r#"{"refresh_expires_in":1800}"#, Some(1800)),
            (
                r#"{"refresh_token_expires_in":"15897600"}"#,
                Some(15_897_600),
            ),
            (r#"{"x_refresh_token_expires_in":8726400}"#, Some(8_726_400)),
            (r#"{"rt_expires_in":60}"#, Some(60)),
            (r#"{"refresh_token_expires_at":1800000090}"#, Some(90)),
            (r#"{"refresh_token_expires_at":1800000090000}"#, Some(90)),
            (
                r#"{"refresh_token_expires_at":"2027-01-15T08:01:30Z"}"#,
                Some(90),
            ),
            (r#"{"refresh_token_expires_in":1800000090}"#, Some(90)),
            (r#"{"refresh_token_expires_at":1700000000}"#, None),
            (r#"{"refresh_expires_in":0}"#, None),
            (r#"{"refresh_token_expires_at":"soon"}"#, None),
            (r#"{"refresh_token_expires_at":1e300}"#, Some(3_155_760_000)),
            (r#"{"expires_in":3600}"#, None),
        ] {
            let fields = Fields::read(body.as_bytes()).unwrap();
            let life = refresh_life(&fields, ExpiresInUnit::Seconds, now);
            assert_eq!(life.map(|life| life.as_secs()), seconds, "{body}");
        }
    }

    #[test]
    fn milliseconds_are_told_from_seconds() {
        let read = |text: &str| {
            let value = serde_json::from_str(text).unwrap();
            lifetime(&value, ExpiresInUnit::Milliseconds)
        };
        assert_eq!(read("1500"), Some(Duration::from_millis(1500)));
        assert_eq!(read("\"60000\""), Some(Duration::from_secs(60)));
    }
}
