//! Lifetimes, as leniently as providers write them.

use crate::clock::Timestamp;
use crate::model::provider::ExpiresInUnit;
use serde_json::Value;
use std::time::Duration;

/// No lifetime is believed beyond a hundred years.
const LONGEST: f64 = 100.0 * 365.25 * 86_400.0;

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
    fn milliseconds_are_told_from_seconds() {
        let read = |text: &str| {
            let value = serde_json::from_str(text).unwrap();
            lifetime(&value, ExpiresInUnit::Milliseconds)
        };
        assert_eq!(read("1500"), Some(Duration::from_millis(1500)));
        assert_eq!(read("\"60000\""), Some(Duration::from_secs(60)));
    }
}
