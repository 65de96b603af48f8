//! Lengths of time as people type and read them: `90s`, `5m`, `1h 12m`.

use crate::model::length;
use std::time::Duration;

/// Reads `60s`, `5m`, `1h`, `2d`, `500ms`; a bare number counts seconds.
pub fn parse(text: &str) -> Result<Duration, String> {
    length::parse(text)
}

/// The two largest units: `41m 07s`, `3d 4h`, `48s`.
pub fn show(length: Duration) -> String {
    let seconds = length.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest}s"),
        (0, 0, _) => format!("{minutes}m {rest:02}s"),
        (0, _, _) => format!("{hours}h {minutes:02}m"),
        _ => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read() {
        for (text, seconds) in [
            ("60s", 60),
            ("90", 90),
            ("5m", 300),
            ("1h", 3600),
            ("2d", 172_800),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
    }

    #[test]
    fn what_is_no_length_of_time_is_refused() {
        for text in [
            "",
            "s",
            "-5s",
            "5 s",
            "1.5h",
            "5x",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_two_largest_units_are_shown() {
        for (seconds, text) in [
            (48, "48s"),
            (2467, "41m 07s"),
            (5520, "1h 32m"),
            (273_600, "3d 4h"),
        ] {
            assert_eq!(show(Duration::from_secs(seconds)), text);
        }
    }
}
